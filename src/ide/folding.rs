//! What can be folded away: blocks, imports and comments of several lines.

use rowan::NodeOrToken;

use crate::base::source::SourceFile;
use crate::base::span::Span;
use crate::syntax::tree::{Rule, SyntaxKind, tree};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoldKind {
    Code,
    Comment,
    Imports,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fold {
    pub kind: FoldKind,
    /// From the end of what stays to the end of what goes.
    pub span: Span,
}

#[must_use]
pub fn folds(source: &SourceFile) -> Vec<Fold> {
    let mut found = Vec::new();
    let mut open: Vec<(u8, usize)> = Vec::new();
    let mut comments: Option<Span> = None;
    let mut blank_lines = 0;
    for element in tree(source).descendants_with_tokens() {
        let NodeOrToken::Token(token) = element else { continue };
        let range = token.text_range();
        let span = Span::new(range.start().into(), range.end().into());
        match token.kind() {
            SyntaxKind::Comment | SyntaxKind::DocComment => {
                comments = Some(match comments {
                    Some(before) if blank_lines <= 1 => before.to(span),
                    before => {
                        found.extend(before.map(|span| Fold { kind: FoldKind::Comment, span }));
                        span
                    }
                });
                blank_lines = 0;
                continue;
            }
            SyntaxKind::Newline => {
                blank_lines += 1;
                continue;
            }
            SyntaxKind::Whitespace => continue,
            SyntaxKind::Punctuation | SyntaxKind::Rule(Rule::stray_close) => match token.text().as_bytes() {
                [bracket @ (b'{' | b'[' | b'(')] => open.push((*bracket, span.end as usize)),
                [bracket @ (b'}' | b']' | b')')] => close(*bracket, span.start as usize, &mut open, &mut found),
                _ => {}
            },
            _ => {}
        }
        found.extend(comments.take().map(|span| Fold { kind: FoldKind::Comment, span }));
        blank_lines = 0;
    }
    found.extend(comments.map(|span| Fold { kind: FoldKind::Comment, span }));
    found.extend(imports(source));
    found.retain(|fold| lines(source, fold.span) > 1);
    found.sort_by_key(|fold| fold.span);
    found
}

fn close(bracket: u8, at: usize, open: &mut Vec<(u8, usize)>, found: &mut Vec<Fold>) {
    let opening = match bracket {
        b'}' => b'{',
        b']' => b'[',
        _ => b'(',
    };
    // What was left open within is passed over.
    let Some(place) = open.iter().rposition(|(open, _)| *open == opening) else { return };
    found.push(Fold { kind: FoldKind::Code, span: Span::new(open[place].1, at) });
    open.truncate(place);
}

/// The run of `use` lines at the top.
fn imports(source: &SourceFile) -> Option<Fold> {
    let parsed = crate::syntax::parse(source).file;
    let is_use = |item: &&crate::syntax::ast::Item| matches!(item.kind, crate::syntax::ast::ItemKind::Use(_));
    let mut uses = parsed.items().skip_while(|item| !is_use(item)).take_while(is_use);
    let first = uses.next()?;
    let last = uses.last()?;
    Some(Fold { kind: FoldKind::Imports, span: Span::new(first.at.start as usize, last.at.end as usize) })
}

fn lines(source: &SourceFile, span: Span) -> usize {
    source.line_column(span.end as usize).line - source.line_column(span.start as usize).line + 1
}

#[cfg(test)]
mod tests {
    use super::{FoldKind, folds};
    use crate::base::source::SourceFile;
    use crate::base::span::FileId;

    #[test]
    fn blocks_comments_and_imports_fold() {
        let text = "// one\n// two\nuse std.shell\nuse std.exec\n\npipeline p {\n  phase a {\n    gate { require 1 == 1 }\n  }\n}\n";
        let source = SourceFile::new(FileId(0), "a.deploy", text);
        let found: Vec<(FoldKind, usize, usize)> = folds(&source)
            .iter()
            .map(|fold| {
                let line = |offset: u32| source.line_column(offset as usize).line;
                (fold.kind, line(fold.span.start), line(fold.span.end))
            })
            .collect();
        let expected =
            [(FoldKind::Comment, 1, 2), (FoldKind::Imports, 3, 4), (FoldKind::Code, 6, 10), (FoldKind::Code, 7, 9)];
        assert_eq!(found, expected);
    }
}
