//! What is selected next when a selection grows: the nodes of the tree around the cursor.

use rowan::{TextSize, TokenAtOffset};

use crate::base::source::SourceFile;
use crate::base::span::Span;
use crate::syntax::tree::tree;

/// From the smallest to the whole file.
#[must_use]
pub fn selections(source: &SourceFile, offset: usize) -> Vec<Span> {
    let root = tree(source);
    let offset = u32::try_from(offset.min(source.text.len())).unwrap_or(u32::MAX);
    let token = match root.token_at_offset(TextSize::from(offset)) {
        TokenAtOffset::None => None,
        TokenAtOffset::Single(token) => Some(token),
        // Of two, the one that is a word rather than a blank.
        TokenAtOffset::Between(left, right) => Some(if right.text().trim().is_empty() { left } else { right }),
    };
    let span = |range: rowan::TextRange| Span::new(range.start().into(), range.end().into());
    let mut found: Vec<Span> = Vec::new();
    if let Some(token) = token {
        found.push(span(token.text_range()));
        found.extend(token.parent_ancestors().map(|node| span(node.text_range())));
    }
    found.push(Span::new(0, source.text.len()));
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::selections;
    use crate::ide::cursor::Case;

    #[test]
    fn each_selection_holds_the_one_before() {
        let case = Case::new("pipeline p {\n  phase a { wait 1m + 2§m }\n}\n");
        let source = case.known.source(case.file).expect("the file");
        let found = selections(source, case.offset);
        assert_eq!(source.slice(found[0]), "2m");
        assert!(found.iter().any(|span| source.slice(*span).trim() == "1m + 2m"), "{found:?}");
        for pair in found.windows(2) {
            assert!(pair[1].start <= pair[0].start && pair[0].end <= pair[1].end);
        }
    }
}
