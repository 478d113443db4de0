//! What can be written where the cursor is: keywords, names, steps, arguments, fields, units.

pub mod before;
mod elsewhere;
mod keywords;
mod names;
pub mod visible;

use super::known::Known;
use crate::base::diagnostic::Edit;
use crate::base::span::{FileId, Span};
use before::Before;

pub use elsewhere::Elsewhere;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CompletionKind {
    Keyword,
    Step,
    Function,
    Value,
    Field,
    Argument,
    Type,
    Module,
    Unit,
    Phase,
    Environment,
    Channel,
    Metrics,
    Word,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    pub label: String,
    pub kind: CompletionKind,
    /// Its type or signature.
    pub detail: Option<String>,
    pub doc: Option<String>,
    /// What is written instead of what stands at `replaces`: with `${1:…}` where a person goes on.
    pub snippet: String,
    pub replaces: Span,
    /// What it needs elsewhere in the file.
    pub also: Option<Edit>,
}

impl Completion {
    fn new(label: impl Into<String>, kind: CompletionKind, replaces: Span) -> Self {
        let label = label.into();
        Self { snippet: label.clone(), label, kind, detail: None, doc: None, replaces, also: None }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    fn snippet(mut self, snippet: impl Into<String>) -> Self {
        self.snippet = snippet.into();
        self
    }
}

/// In the order they are likely to be meant; what other files declare comes last, with the import that it needs.
#[must_use]
pub fn completion(known: &Known, file: FileId, offset: usize, elsewhere: &[Elsewhere]) -> Vec<Completion> {
    let Some(source) = known.source(file) else { return Vec::new() };
    let before = Before::new(source, offset);
    if before.is_text {
        return Vec::new();
    }
    let prefix = source.slice(before.prefix);
    let scene = names::Scene { known, file, offset, before: &before, elsewhere };
    let found = if prefix.starts_with(|first: char| first.is_ascii_digit()) {
        keywords::units(prefix, before.prefix)
    } else if before.last() == "." {
        scene.behind_a_dot()
    } else {
        scene.by_context()
    };
    let mut seen = std::collections::BTreeSet::new();
    let begun = prefix.to_ascii_lowercase();
    let is_digit = begun.starts_with(|first: char| first.is_ascii_digit());
    let fits = |item: &Completion| is_digit || is_subsequence(&begun, &item.label.to_ascii_lowercase());
    found.into_iter().filter(fits).filter(|item| seen.insert(item.label.clone())).collect()
}

/// Whether the letters stand in the word in this order.
fn is_subsequence(letters: &str, word: &str) -> bool {
    let mut rest = word.chars();
    letters.chars().all(|letter| rest.any(|other| other == letter))
}

#[cfg(test)]
mod tests {
    use super::completion;
    use crate::ide::cursor::Case;

    fn labels(marked: &str) -> Vec<String> {
        let case = Case::new(marked);
        completion(&case.known, case.file, case.offset, &[]).into_iter().map(|item| item.label).collect()
    }

    fn offers(marked: &str, expected: &[&str]) {
        let found = labels(marked);
        for label in expected {
            assert!(found.iter().any(|other| other == label), "`{label}` in {found:?}");
        }
    }

    #[test]
    fn keywords_fit_their_place() {
        offers("§", &["pipeline", "use", "environment"]);
        offers("pipeline p {\n  §\n}\n", &["phase", "param", "let", "rollback when"]);
        offers("pipeline p {\n  phase a {\n    §\n  }\n}\n", &["step", "gate", "hold", "ramp"]);
        assert!(!labels("pipeline p {\n  phase a {\n    §\n  }\n}\n").contains(&"param".to_owned()));
    }

    #[test]
    fn steps_bring_their_import() {
        let case = Case::new("use std.exec\npipeline p {\n  phase a {\n    step backup.cr§\n  }\n}\n");
        let found = completion(&case.known, case.file, case.offset, &[]);
        let create = found.iter().find(|item| item.label == "create").expect("the step");
        assert_eq!(create.also.as_ref().map(|edit| edit.text.as_str()), Some("\nuse std.backup"));
        assert!(create.doc.as_ref().is_some_and(|doc| doc.contains("Archives")), "{create:?}");
        offers("pipeline p {\n  phase a {\n    step §\n  }\n}\n", &["backup.create", "shell"]);
    }

    #[test]
    fn names_in_scope_and_behind_dots() {
        offers(
            "environment e { soak = 5m, url = \"x\" }\npipeline p {\n  phase a { wait env.§ }\n}\n",
            &["soak", "url", "name"],
        );
        offers(
            "pipeline p {\n  param n: int\n  let m = 1\n  phase a { gate { require § > 1 } }\n}\n",
            &["n", "m", "max", "env"],
        );
        offers(
            "use std.exec\npipeline p {\n  phase a {\n    step built = exec([\"true\"], timeout: 1m)\n    gate { require \
             built.§ == 0 }\n  }\n}\n",
            &["exit_code", "stdout"],
        );
        offers("pipeline p {\n  phase one { wait 1m }\n  phase two after §\n}\n", &["one"]);
        offers(
            "use std.backup\npipeline p {\n  phase a { step saved = backup.create([\"x\"]) }\n  phase b after a { step \
             backup.verify(a.saved.§) }\n}\n",
            &["archive", "sha256"],
        );
    }

    #[test]
    fn arguments_and_units() {
        offers("use std.backup\npipeline p { phase a { step backup.create([\"x\"], §) } }\n", &["to:", "retain:"]);
        offers("pipeline p { phase a { wait 10§ } }\n", &["10m", "10s", "10%"]);
        offers("use std.§", &["backup", "shell"]);
        offers("use std.{backup, §", &["shell"]);
    }

    #[test]
    fn texts_and_comments_are_left_alone() {
        assert_eq!(labels("// pip§"), [""; 0]);
        assert_eq!(labels("pipeline p { lock \"pi§"), [""; 0]);
    }

    #[test]
    fn a_broken_file_keeps_completion_in_its_healthy_parts() {
        offers(
            "metrics m from = = {\npipeline q { phase }\npipeline p {\n  let wanted = 5m\n  phase a { wait § }\n}\n",
            &["wanted"],
        );
    }
}
