//! Diagnostics as GitLab's code quality report, which merge requests show beside the lines they are about.
//!
//! A finding keeps its fingerprint when it only moves: that is how GitLab tells the new ones from the old.

use std::collections::HashMap;

use serde::Serialize;

use crate::base::diagnostic::{Diagnostic, Severity};
use crate::base::source::Sources;
use crate::plan::fingerprint::hash;

/// A JSON list with an entry for each diagnostic.
#[must_use]
pub fn render(sources: &Sources, diagnostics: &[Diagnostic]) -> String {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let entries: Vec<Entry> = diagnostics.iter().map(|diagnostic| entry(sources, diagnostic, &mut seen)).collect();
    // Text and numbers only, which always have a JSON form.
    let json = serde_json::to_string_pretty(&entries).unwrap_or_else(|_| "[]".to_owned());
    format!("{json}\n")
}

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Place,
}

#[derive(Serialize)]
struct Place {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
    end: usize,
}

fn entry(sources: &Sources, diagnostic: &Diagnostic, seen: &mut HashMap<String, usize>) -> Entry {
    let (id, name) = (diagnostic.code.id(), diagnostic.code.name());
    let mut place = Place { path: String::new(), lines: Lines { begin: 1, end: 1 } };
    let mut line = String::new();
    if let Some(file) = sources.get(diagnostic.at.file) {
        let begin = file.line_column(diagnostic.at.span.start as usize).line;
        let end = file.line_column(diagnostic.at.span.end as usize).line;
        line = file.slice(file.line_span(begin)).trim().to_owned();
        // From the top of the repository, where the job runs.
        let path = file.name.strip_prefix("./").unwrap_or(&file.name).to_owned();
        place = Place { path, lines: Lines { begin, end: end.max(begin) } };
    }
    let subject = format!("{id}\n{}\n{}\n{line}", place.path, diagnostic.message);
    let again = seen.entry(subject.clone()).or_default();
    let fingerprint = hash(format!("{subject}\n{again}").as_bytes());
    *again += 1;
    let help = diagnostic.help.as_ref().map(|help| format!(": {help}")).unwrap_or_default();
    Entry {
        description: format!("{}{help}", diagnostic.message),
        check_name: format!("{id} {name}"),
        fingerprint,
        severity: match diagnostic.severity() {
            Severity::Error => "critical",
            Severity::Warning => "minor",
        },
        location: place,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;

    use super::render;
    use crate::base::diagnostic::{Code, Diagnostic};
    use crate::base::source::{SourceFile, Sources};
    use crate::base::span::{FileId, Location, Span};

    fn report(text: &str, diagnostics: &[Diagnostic]) -> Json {
        let mut sources = Sources::default();
        sources.add(|id| SourceFile::new(id, "./a.deploy", text));
        serde_json::from_str(&render(&sources, diagnostics)).expect("JSON")
    }

    fn wrong(start: usize) -> Diagnostic {
        let at = Location::new(FileId(0), Span::new(start, start + 1));
        Diagnostic::new(Code::PG202, at, "no unit").help("write one")
    }

    #[test]
    fn an_entry_has_what_gitlab_asks_for() {
        let found = report("x\nwait 5\n", &[wrong(7)]);
        let entry = &found[0];
        assert_eq!(entry["description"], "no unit: write one");
        assert_eq!(entry["check_name"], "PG202 unit-mismatch");
        assert_eq!(entry["severity"], "critical");
        assert_eq!(entry["location"], serde_json::json!({ "path": "a.deploy", "lines": { "begin": 2, "end": 2 } }));
        assert_eq!(report("", &[]), Json::Array(Vec::new()));
    }

    #[test]
    fn what_only_moves_keeps_its_fingerprint_and_no_two_share_one() {
        let one = report("wait 5\n", &[wrong(5)]);
        let moved = report("\n\nwait 5\n", &[wrong(7)]);
        assert_eq!(one[0]["fingerprint"], moved[0]["fingerprint"]);
        let twice = report("wait 5\nwait 5\n", &[wrong(5), wrong(12)]);
        assert_ne!(twice[0]["fingerprint"], twice[1]["fingerprint"]);
        assert_eq!(twice[0]["fingerprint"], one[0]["fingerprint"]);
    }
}
