//! `test --format junit`: one suite for each file, as build servers read it.

use std::fmt::Write as _;

use super::{Tested, timeline};
use crate::report::escape::xml;
use crate::sim::verdict::clock;

/// A file whose tests could not be run, and why.
pub struct Broken<'a> {
    pub file: &'a str,
    /// The first of what is wrong with it.
    pub problem: String,
}

/// The whole document. A file that cannot be tested is an error in it: a build server that counts no test sees no failure.
#[must_use]
pub fn render(tests: &[Tested<'_>], broken: &[Broken<'_>]) -> String {
    let failed = tests.iter().filter(|tested| !tested.passed()).count();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a `String` cannot fail.
    let _ = writeln!(
        text,
        "<testsuites name=\"phasegate\" tests=\"{}\" failures=\"{failed}\" errors=\"{}\">",
        tests.len() + broken.len(),
        broken.len()
    );
    let mut rest = tests;
    while let Some(first) = rest.first() {
        let end = rest.iter().position(|tested| tested.file != first.file).unwrap_or(rest.len());
        let (suite, behind) = rest.split_at(end);
        render_suite(&mut text, suite);
        rest = behind;
    }
    broken.iter().for_each(|broken| render_broken(&mut text, broken));
    text.push_str("</testsuites>\n");
    text
}

fn render_broken(text: &mut String, broken: &Broken<'_>) {
    let (file, problem) = (xml(broken.file), xml(&broken.problem));
    let _ = writeln!(
        text,
        "  <testsuite name=\"{file}\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\">\n    \
         <testcase name=\"can be tested\" classname=\"{file}\">\n      <error message=\"{problem}\" type=\"program\"/>\n    \
         </testcase>\n  </testsuite>"
    );
}

fn render_suite(text: &mut String, tests: &[Tested<'_>]) {
    let file = tests.first().map_or("", |tested| tested.file);
    let failed = tests.iter().filter(|tested| !tested.passed()).count();
    let _ = writeln!(
        text,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"0\">",
        xml(file),
        tests.len()
    );
    for tested in tests {
        render_case(text, tested);
    }
    text.push_str("  </testsuite>\n");
}

fn render_case(text: &mut String, tested: &Tested<'_>) {
    let (title, file) = (xml(tested.title), xml(tested.file));
    let _ = write!(text, "    <testcase name=\"{title}\" classname=\"{file}\"");
    if tested.passed() {
        text.push_str("/>\n");
        return;
    }
    text.push_str(">\n");
    for failure in &tested.trial.failures {
        let message = xml(&tested.words(failure));
        let _ = writeln!(
            text,
            "      <failure message=\"{message}\" type=\"expectation\">{}",
            xml(&tested.place(failure.at))
        );
        if let Some(story) = &tested.trial.story {
            for line in timeline::around(story, failure.around) {
                let _ = writeln!(text, "{}  {}", clock(story, line.at), xml(&line.words));
            }
        }
        text.push_str("</failure>\n");
    }
    text.push_str("    </testcase>\n");
}
