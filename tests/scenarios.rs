//! Runs the literate cases of `tests/scenarios/*.md`: programs with tests, and what `phasegate test` says of them.
//!
//! A case is a `deploy` block, named by its heading; `csv NAME` blocks under the same heading are its recordings. The
//! `text` block behind it is what the tests give for people, a `json` block for programs. `PHASEGATE_BLESS=1` rewrites
//! both.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use phasegate::analysis::analyze;
use phasegate::base::source::Sources;
use phasegate::contract::types::Type;
use phasegate::contract::value::Value;
use phasegate::model::expr::Expr;
use phasegate::model::scenario::{Given, GivenKind, Test};
use phasegate::report::diagnostics::text::{Look, render as render_diagnostic};
use phasegate::report::tests::{Tested, json, text};
use phasegate::sim::given::Recordings;
use phasegate::sim::story::Story;
use phasegate::sim::trial;
use phasegate::steps::registry;

const LOOK: Look = Look { colour: false, unicode: true, width: 100, spoken: false };

#[test]
fn the_literate_scenarios_hold() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let bless = std::env::var_os("PHASEGATE_BLESS").is_some_and(|value| value == "1");
    let mut paths: Vec<PathBuf> =
        fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    let mut cases = 0;
    let mut failures = Vec::new();
    for path in paths {
        let document = fs::read_to_string(&path).expect("a document");
        let fresh = renew(&document, &mut cases);
        if fresh != document {
            if bless {
                fs::write(&path, &fresh).expect("a document that can be written");
            } else {
                failures.push(difference(&path, &document, &fresh));
            }
        }
    }
    assert!(cases >= 19, "only {cases} cases found");
    assert!(failures.is_empty(), "{}\n\nREAD the difference, then bless with PHASEGATE_BLESS=1", failures.join("\n\n"));
}

/// The first lines that differ.
fn difference(path: &Path, old: &str, new: &str) -> String {
    let place = old.lines().zip(new.lines()).position(|(old, new)| old != new);
    let place = place.unwrap_or_else(|| old.lines().count().min(new.lines().count()));
    let around = |text: &str| text.lines().skip(place.saturating_sub(2)).take(6).collect::<Vec<_>>().join("\n");
    format!("{}:{}\n--- written\n{}\n--- given\n{}", path.display(), place + 1, around(old), around(new))
}

/// The document with every answer as it is now.
fn renew(document: &str, cases: &mut usize) -> String {
    let mut fresh = String::new();
    let mut case = Case::default();
    let mut lines = document.lines();
    while let Some(line) = lines.next() {
        fresh.push_str(line);
        fresh.push('\n');
        if line.starts_with('#') {
            case = Case::default();
        }
        let Some(info) = line.strip_prefix("```").filter(|info| !info.is_empty()) else { continue };
        let body: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
        let body = body.join("\n");
        let answer = match info {
            "deploy" => {
                *cases += 1;
                case.source = format!("{body}\n");
                body
            }
            "text" => case.text(),
            "json" => case.json(),
            _ => {
                if let Some(name) = info.strip_prefix("csv ") {
                    case.recordings.insert(name.to_owned(), Ok(format!("{body}\n")));
                }
                body
            }
        };
        fresh.push_str(&answer);
        if !answer.is_empty() {
            fresh.push('\n');
        }
        fresh.push_str("```\n");
    }
    fresh
}

#[derive(Default)]
struct Case {
    source: String,
    recordings: Recordings,
}

impl Case {
    fn tested<T>(&self, show: impl Fn(&Tested<'_>) -> T) -> Result<Vec<T>, String> {
        let mut sources = Sources::default();
        let mut load = |_: &str| Ok(self.source.as_bytes().to_vec());
        let analysis = analyze(&mut load, "case.deploy", &mut sources).expect("the loader answers");
        if analysis.has_errors() {
            let shown = analysis.diagnostics.iter().map(|diagnostic| render_diagnostic(&sources, diagnostic, LOOK));
            return Err(shown.collect());
        }
        let real = registry();
        let tests = analysis.program.tests.iter().map(|test| {
            let trial = trial::run(&analysis.program, test, &real, &self.recordings);
            show(&Tested { file: "case.deploy", title: &test.title, at: test.at, sources: &sources, trial: &trial })
        });
        Ok(tests.collect())
    }

    fn text(&self) -> String {
        let shown = self.tested(|tested| text::render(tested, LOOK)).map_or_else(|wrong| wrong, |tests| tests.concat());
        shown.trim_end().to_owned()
    }

    fn json(&self) -> String {
        match self.tested(json::to_json) {
            Ok(tests) => serde_json::to_string_pretty(&serde_json::json!({ "tests": tests })).expect("plain data"),
            Err(wrong) => wrong,
        }
    }
}

/// Whatever instant the engine is killed at, the run ends as it would have: steps that take time are repeated, and end later by what they had done.
#[test]
fn a_crash_at_any_instant_changes_nothing() {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios/crash.md"));
    let document = document.expect("a document");
    let source = document.split("```deploy\n").nth(1).and_then(|rest| rest.split("```").next()).expect("a program");
    let mut sources = Sources::default();
    let mut load = |_: &str| Ok(source.as_bytes().to_vec());
    let analysis = analyze(&mut load, "crash.deploy", &mut sources).expect("the loader answers");
    assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics);
    let real = registry();
    let run = |test: &Test| trial::run(&analysis.program, test, &real, &Recordings::new());
    let mut crashes = 0;
    for test in &analysis.program.tests {
        let whole = run(test);
        assert_eq!(whole.failures, [], "{}", test.title);
        let whole = whole.story.expect("a run");
        for at in instants(&whole) {
            let mut crashed = test.clone();
            let kind = GivenKind::Crash { at: Expr::literal(Value::duration(at), Type::Duration, test.at) };
            crashed.given.push(Given { kind, at: test.at });
            let again = run(&crashed);
            assert_eq!(again.failures, [], "{}: crash at {at:?}", test.title);
            let again = again.story.expect("a run");
            assert_eq!(facts(&again), facts(&whole), "{}: crash at {at:?}", test.title);
            crashes += 1;
        }
    }
    assert!(crashes > 100, "only {crashes} crashes");
}

/// Every instant at which something happened, and one between each two.
fn instants(story: &Story) -> Vec<Duration> {
    let mut instants: Vec<Duration> = story.events.iter().map(|event| event.at.since(story.script.start)).collect();
    instants.sort();
    instants.dedup();
    let between: Vec<Duration> = instants.windows(2).map(|pair| (pair[0] + pair[1]) / 2).collect();
    instants.extend(between);
    // After the end there is nothing to kill.
    instants.retain(|at| *at < story.end.at().since(story.script.start));
    instants
}

/// Outcome, reason, states with their times, weights with theirs.
fn facts(story: &Story) -> serde_json::Value {
    let mut facts = json::run(story);
    // Of what was repeated there are more events.
    facts.as_object_mut().expect("an object").remove("events");
    facts
}
