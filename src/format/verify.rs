//! The check of every result against its source: same tree, same tokens, same comments.

use crate::syntax::elements::Element;
use crate::syntax::tree::{Rule, SyntaxKind};

/// A text with its elements.
#[derive(Clone, Copy)]
pub(super) struct Version<'a> {
    pub(super) text: &'a str,
    pub(super) elements: &'a [Element],
}

/// Whether two versions of a file say the same.
pub(super) fn same(left: Version<'_>, right: Version<'_>) -> bool {
    left.significant().eq(right.significant()) && left.comments().eq(right.comments())
}

impl<'a> Version<'a> {
    fn text_of(self, element: Element) -> &'a str {
        &self.text[element.start as usize..element.end as usize]
    }

    /// What the elements are, how deep each stands, and what the tokens say, without commas at the end of lists.
    fn significant(self) -> impl Iterator<Item = (SyntaxKind, usize, &'a str)> {
        let mut around: Vec<u32> = Vec::new();
        (0u32..).zip(self.elements).filter_map(move |(index, element)| {
            while around.last().is_some_and(|end| *end <= index) {
                around.pop();
            }
            let depth = around.len();
            if is_trivia(element.kind) || self.is_last_comma(index as usize) {
                return None;
            }
            if element.next > index + 1 {
                around.push(element.next);
                return Some((element.kind, depth, ""));
            }
            Some((element.kind, depth, self.meaning(*element)))
        })
    }

    /// What a token says, however it is written.
    fn meaning(self, element: Element) -> &'a str {
        match (element.kind, self.text_of(element)) {
            (SyntaxKind::Rule(Rule::operator), "±") => "+-",
            (SyntaxKind::Rule(Rule::operator), text) if text.starts_with("not") => "not in",
            (_, text) => text,
        }
    }

    fn is_last_comma(self, index: usize) -> bool {
        if self.elements[index].kind != SyntaxKind::Rule(Rule::comma) {
            return false;
        }
        let behind = self.elements[index + 1..].iter().find(|element| !is_trivia(element.kind));
        behind.is_some_and(|element| matches!(self.text_of(*element), ")" | "]" | "}"))
    }

    fn comments(self) -> impl Iterator<Item = &'a str> {
        let is_comment = |element: &&Element| matches!(element.kind, SyntaxKind::Comment | SyntaxKind::DocComment);
        self.elements.iter().filter(is_comment).map(move |element| self.text_of(*element).trim_end())
    }
}

fn is_trivia(kind: SyntaxKind) -> bool {
    matches!(kind, SyntaxKind::Whitespace | SyntaxKind::Newline | SyntaxKind::Comment | SyntaxKind::DocComment)
}
