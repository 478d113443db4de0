//! What is surely meant where something is missing: the edits that cure a fault without a guess.
//!
//! A sign or word is put in only where the text goes on, on the same line, with what would follow it.

use crate::base::diagnostic::{Diagnostic, Edit, Fix};
use crate::base::span::Span;
use crate::base::suggest::Suggestion;

use super::grammar::{Node, Rule};
use super::lower::{Lower, is_blank, token_length};

/// What can begin a statement or a declaration, for suggestions.
const STATEMENTS: [&str; 35] = [
    "param",
    "let",
    "lock",
    "timeout",
    "window",
    "phase",
    "on",
    "parallel",
    "step",
    "gate",
    "hold",
    "ramp",
    "approve",
    "wait",
    "run",
    "require",
    "warn",
    "rollback",
    "pause",
    "abort",
    "notify",
    "expect",
    "given",
    "return",
    "probe",
    "trip",
    "recover",
    "summary",
    "runbook",
    "tier",
    "criterion",
    "award",
    "pass",
    "off",
    "freeze",
];
/// Words that begin a declaration.
pub const DECLARATIONS: [&str; 15] = [
    "use",
    "type",
    "environment",
    "metrics",
    "threshold",
    "channel",
    "component",
    "killswitch",
    "sentinel",
    "freeze",
    "alert",
    "rubric",
    "schedule",
    "pipeline",
    "test",
];

/// Words that go on with what stands before them, so no value begins with them.
const CLAUSES: [&str; 24] = [
    "after",
    "and",
    "at",
    "backoff",
    "by",
    "effect",
    "else",
    "every",
    "for",
    "from",
    "idempotent",
    "in",
    "lag",
    "max",
    "missing",
    "or",
    "retry",
    "then",
    "through",
    "timeout",
    "to",
    "undo",
    "when",
    "within",
];

/// The beginning of what should be a statement or a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Begins {
    Statement,
    Declaration,
}

pub(super) fn is_statement_word(word: &str) -> bool {
    STATEMENTS.contains(&word)
}

impl Lower<'_> {
    /// The diagnostic about `word`, which begins nothing, with the keyword that is near.
    pub(super) fn suggest_keyword(&self, diagnostic: Diagnostic, word: &str, at: Span, begins: Begins) -> Diagnostic {
        let near = match begins {
            Begins::Statement => Suggestion::of(word, STATEMENTS),
            Begins::Declaration => Suggestion::of(word, DECLARATIONS),
        };
        let mut diagnostic = diagnostic.suggest(&near, at);
        // `notfy.send(…)`, `stp = 5`: a name, whatever it looks like.
        let rest = self.text.get(at.end as usize..).unwrap_or_default().trim_start_matches(is_blank);
        if rest.starts_with(['=', ':', '.', '(']) || is_statement_word(word) {
            diagnostic.fix = None;
        }
        diagnostic
    }

    /// Puts in what is missing at `node`, when the token at `found` surely belongs behind it.
    pub(super) fn cure_missing(&self, node: &Node<'_>, found: usize) -> Option<Fix> {
        let (sign, spaced) = inserted_at(node.as_rule())?;
        let behind = self.end_before(found);
        if !self.on_one_line(behind, found) || !self.begins_value(found, node.as_rule()) {
            return None;
        }
        let text = if spaced { format!(" {sign}") } else { sign.to_owned() };
        Some(self.insertion(sign, behind, text))
    }

    /// Closes a bracket at `behind`, when all of its line belongs to it and the next line to something else.
    pub(super) fn cure_unclosed(&self, opening: usize, closing: char, found: usize) -> Option<Fix> {
        let behind = self.end_before(found);
        let rest_is_elsewhere = found >= self.prepared.len() || !self.on_one_line(behind, found);
        if closing == '}' || !rest_is_elsewhere || !self.on_one_line(opening, behind) {
            return None;
        }
        Some(self.insertion(&closing.to_string(), behind, closing.to_string()))
    }

    fn insertion(&self, sign: &str, behind: usize, text: String) -> Fix {
        Fix { title: format!("insert `{sign}`"), edits: vec![Edit { span: self.covering(behind, behind), text }] }
    }

    fn on_one_line(&self, from: usize, to: usize) -> bool {
        self.prepared.get(from..to).is_some_and(|between| !between.contains(['\n', '\u{1E}', '\u{1D}']))
    }

    /// Whether the token at `found` begins a value, a type or a source, and not what comes after one.
    fn begins_value(&self, found: usize, missing: Rule) -> bool {
        let rest = &self.prepared[found.min(self.prepared.len())..];
        let token = &rest[..token_length(rest)];
        let next = rest[token.len()..].trim_start_matches(is_blank);
        let Some(first) = token.chars().next() else { return false };
        // `a b = 1`: the name before is one too many, or a line was torn.
        let is_next_name = next.starts_with(':') || (next.starts_with('=') && !next.starts_with("=="));
        match first {
            '{' => missing == Rule::missing_equals && self.prepared[..found].trim_end().ends_with(is_word),
            '"' | '0'..='9' | '[' => true,
            _ if !is_word(first) => false,
            _ => {
                let is_keyword = is_statement_word(token) || CLAUSES.contains(&token);
                let is_param_type = missing == Rule::missing_colon && next.starts_with('=');
                !is_keyword && (!is_next_name || is_param_type)
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '_'
}

/// The sign or word that a `missing_…` rule stands for, and whether a space belongs before it.
fn inserted_at(rule: Rule) -> Option<(&'static str, bool)> {
    Some(match rule {
        Rule::missing_equals => ("=", true),
        Rule::missing_colon => (":", false),
        Rule::missing_when => ("when", true),
        Rule::missing_then => ("then", true),
        Rule::missing_from => ("from", true),
        Rule::missing_to => ("to", true),
        _ => return None,
    })
}
