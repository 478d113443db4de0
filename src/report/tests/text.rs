//! Tests for people: one line for each, and for one that failed what happened.

use std::fmt::Write as _;

use super::{Tested, timeline};
use crate::report::diagnostics::text::Look;
use crate::sim::verdict::{Failure, clock};

/// Colours as the terminal writes them; `output` takes them out where they are not wanted.
const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const DIM: &str = "\u{1b}[2m";
const PLAIN: &str = "\u{1b}[0m";

/// The line of a test, and its failures.
#[must_use]
pub fn render(tested: &Tested<'_>, look: Look) -> String {
    let paint = |colour: &'static str| if look.colour { colour } else { "" };
    let (word, colour) = if tested.passed() { ("ok", GREEN) } else { ("FAILED", RED) };
    let title: String = tested.title.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    let mut text = format!("{}{word:<6}{} {title}\n", paint(colour), paint(PLAIN));
    let mut told = None;
    for failure in &tested.trial.failures {
        render_failure(&mut text, tested, failure);
        // What happened at one instant is told once.
        let instant = failure.around.or(tested.trial.story.as_ref().map(|story| story.end.at()));
        if told != Some(instant) {
            told = Some(instant);
            render_time_line(&mut text, tested, failure, look);
        }
    }
    text
}

fn render_failure(text: &mut String, tested: &Tested<'_>, failure: &Failure) {
    let place = tested.place(failure.at);
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "       {place}: {}", failure.expected.as_deref().unwrap_or("this test cannot pass"));
    let _ = writeln!(text, "         {}", failure.message);
}

fn render_time_line(text: &mut String, tested: &Tested<'_>, failure: &Failure, look: Look) {
    let (dim, plain) = if look.colour { (DIM, PLAIN) } else { ("", "") };
    let Some(story) = &tested.trial.story else { return };
    let lines = timeline::around(story, failure.around);
    let clocks: Vec<String> = lines.iter().map(|line| clock(story, line.at)).collect();
    let widest = clocks.iter().map(|clock| clock.chars().count()).max().unwrap_or(0);
    for (line, clock) in lines.iter().zip(clocks) {
        let _ = writeln!(text, "         {dim}{clock:>widest$}  {}{plain}", line.words);
    }
}

/// `12 passed, 1 failed`
#[must_use]
pub fn render_summary(passed: usize, failed: usize) -> String {
    match failed {
        0 => format!("{passed} passed\n"),
        _ => format!("{passed} passed, {failed} failed\n"),
    }
}
