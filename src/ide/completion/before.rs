//! What stands before the cursor: only the declaration around it is read, so that it costs the same in a file of any size.

use rowan::NodeOrToken;

use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};
use crate::syntax::tree::{Rule, SyntaxKind, tree};

/// A word or sign before the cursor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub text: String,
    /// It begins its line.
    pub begins_line: bool,
    pub end: usize,
}

/// The call that the cursor stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `backup.create`
    pub callee: String,
    /// The words before the name: `step x =` or `run`.
    pub before: Vec<String>,
    /// How many arguments stand before the one that is written.
    pub position: usize,
    /// The name of the argument that is written.
    pub naming: Option<String>,
    /// The names of all before it.
    pub named: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Before {
    /// What is being written: letters right before the cursor.
    pub prefix: Span,
    /// Before that, in order.
    pub pieces: Vec<Piece>,
    /// In a comment or a text, where nothing of the language stands.
    pub is_text: bool,
}

/// Texts are one piece.
const TEXT: &str = "\"";

impl Before {
    #[must_use]
    pub fn new(source: &SourceFile, offset: usize) -> Self {
        let text = &source.text;
        let mut offset = offset.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let is_letter = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let letters = text.as_bytes()[..offset].iter().rev().take_while(|byte| is_letter(byte)).count();
        let prefix = Span::new(offset - letters, offset);
        let start = declaration_start(text, offset - letters);
        let part = SourceFile::new(FileId(0), "", &text[start..offset - letters]);
        let mut found = Self { prefix, pieces: Vec::new(), is_text: false };
        found.read(&part, start);
        found
    }

    fn read(&mut self, part: &SourceFile, start: usize) {
        let mut begins_line = true;
        let end_of_part = part.text.len();
        for element in tree(part).descendants_with_tokens() {
            let NodeOrToken::Token(token) = element else { continue };
            let end: usize = token.text_range().end().into();
            let is_last = end == end_of_part;
            match token.kind() {
                SyntaxKind::Newline => begins_line = true,
                SyntaxKind::Whitespace => {}
                SyntaxKind::Comment | SyntaxKind::DocComment => {
                    let is_closed = token.text().starts_with("/*") && token.text().ends_with("*/");
                    self.is_text |= is_last && !is_closed;
                }
                kind @ (SyntaxKind::StringText
                | SyntaxKind::Escape
                | SyntaxKind::Rule(_)
                | SyntaxKind::Word
                | SyntaxKind::Punctuation
                | SyntaxKind::Interpolation) => {
                    let text = token.text();
                    let is_string =
                        matches!(kind, SyntaxKind::StringText | SyntaxKind::Escape) || text.starts_with('"');
                    if is_string {
                        // A text that is still open ends where the cursor is.
                        let is_open = !text.ends_with('"') || text == "\"";
                        self.is_text |= is_last && is_open && kind != SyntaxKind::Rule(Rule::number);
                    }
                    let text = if is_string { TEXT.to_owned() } else { text.to_owned() };
                    self.pieces.push(Piece { text, begins_line, end: start + end });
                    begins_line = false;
                }
            }
        }
    }

    /// The last words, the latest first.
    pub fn back(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().rev().map(|piece| piece.text.as_str())
    }

    #[must_use]
    pub fn last(&self) -> &str {
        self.back().next().unwrap_or_default()
    }

    /// `a.b.` before the cursor: `a`, `b`.
    #[must_use]
    pub fn chain(&self) -> Vec<&str> {
        let pieces = &self.pieces;
        let mut names = Vec::new();
        let mut at = pieces.len();
        let mut follows = self.prefix.start as usize;
        while at >= 2 && pieces[at - 1].text == "." && pieces[at - 1].end == follows && is_word(&pieces[at - 2].text) {
            names.push(pieces[at - 2].text.as_str());
            follows = pieces[at - 2].end - pieces[at - 2].text.len();
            at -= 2;
        }
        names.reverse();
        // `a.b` may be one piece where the grammar takes it as one.
        names.into_iter().flat_map(|name| name.split('.')).collect()
    }

    /// The innermost block's header: the words between what stood before and its `{`.
    #[must_use]
    pub fn blocks(&self) -> Vec<&str> {
        let mut open: Vec<&str> = Vec::new();
        let mut statement = "";
        for piece in &self.pieces {
            match piece.text.as_str() {
                "{" => open.push(statement),
                "}" => drop(open.pop()),
                word if is_word(word) && (piece.begins_line || statement.is_empty() || begins(word)) => {
                    statement = word
                }
                _ => {}
            }
        }
        open
    }

    /// The call whose parenthesis is open.
    #[must_use]
    pub fn call(&self) -> Option<Call> {
        let mut depth = 0_usize;
        for (at, piece) in self.pieces.iter().enumerate().rev() {
            match piece.text.as_str() {
                ")" | "]" | "}" => depth += 1,
                "(" if depth == 0 => return self.call_at(at),
                // A block is no argument, but a record is.
                "{" if depth == 0 && at.checked_sub(1).is_none_or(|before| is_word(&self.pieces[before].text)) => {
                    return None;
                }
                "(" | "[" | "{" => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        None
    }

    fn call_at(&self, open: usize) -> Option<Call> {
        let mut start = open;
        let mut callee = String::new();
        while let Some(piece) = start.checked_sub(1).map(|at| &self.pieces[at]) {
            let continues = callee.is_empty() || callee.starts_with('.') != (piece.text == ".");
            if !continues || !(piece.text == "." || is_word(&piece.text)) {
                break;
            }
            callee.insert_str(0, &piece.text);
            start -= 1;
        }
        if callee.is_empty() || callee.starts_with('.') {
            return None;
        }
        let before = self.pieces[start.saturating_sub(3)..start].iter().map(|piece| piece.text.clone()).collect();
        let mut call = Call { callee, before, position: 0, naming: None, named: Vec::new() };
        let mut depth = 0_usize;
        for (at, piece) in self.pieces.iter().enumerate().skip(open + 1) {
            match piece.text.as_str() {
                "(" | "[" | "{" => depth += 1,
                ")" | "]" | "}" => depth = depth.saturating_sub(1),
                "," if depth == 0 => {
                    call.position += 1;
                    call.named.extend(call.naming.take());
                }
                ":" if depth == 0 => call.naming = Some(self.pieces[at - 1].text.clone()),
                _ => {}
            }
        }
        Some(call)
    }
}

/// Words that begin a statement also behind another one on the same line.
fn begins(word: &str) -> bool {
    matches!(
        word,
        "phase" | "step" | "gate" | "hold" | "ramp" | "parallel" | "pipeline" | "environment" | "metrics" | "component"
    )
}

#[must_use]
pub fn is_word(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
}

/// Where the unindented line begins that the place belongs to.
fn declaration_start(text: &str, offset: usize) -> usize {
    let mut end = offset;
    loop {
        let start = text[..end].rfind('\n').map_or(0, |at| at + 1);
        let begins = text[start..].bytes().next().is_some_and(|first| first.is_ascii_alphabetic());
        if begins || start == 0 {
            return start;
        }
        end = start - 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Before;
    use crate::base::source::SourceFile;
    use crate::base::span::FileId;

    fn before(marked: &str) -> Before {
        let offset = marked.find('§').expect("a cursor");
        Before::new(&SourceFile::new(FileId(0), "a.deploy", marked.replace('§', "")), offset)
    }

    #[test]
    fn chains_and_calls_are_found() {
        assert_eq!(before("pipeline p {\n  phase a { wait env.so§").chain(), ["env"]);
        assert_eq!(before("pipeline p {\n  phase a { gate { require a.b.§").chain(), ["a", "b"]);
        let call = before("pipeline p { phase a { step x = backup.create([1, 2], retain: 5§ ").call().expect("a call");
        assert_eq!((call.callee.as_str(), call.position, call.naming.as_deref()), ("backup.create", 1, Some("retain")));
        assert_eq!(before("pipeline p { phase a { §").call(), None);
    }

    #[test]
    fn texts_and_comments_are_told_apart_from_the_language() {
        assert!(before("channel x = notify.slack(\"a§").is_text);
        assert!(before("// a§").is_text);
        assert!(!before("channel x = notify.slack(\"a\", §").is_text);
    }

    #[test]
    fn open_blocks_are_known_by_what_began_them() {
        assert_eq!(before("pipeline p {\n  param n: int\n  phase a {\n    §").blocks(), ["pipeline", "phase"]);
    }
}
