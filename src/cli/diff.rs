//! What would change in a text, for people.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use similar::TextDiff;

/// A diff that takes longer is given less neatly.
const LONGEST: Duration = Duration::from_secs(2);

/// A unified diff; `output` takes the colours out where they are not wanted.
#[must_use]
pub fn unified(name: &str, before: &str, after: &str) -> String {
    let diff = TextDiff::configure().timeout(LONGEST).diff_lines(before, after);
    let plain = diff.unified_diff().context_radius(3).header(name, name).to_string();
    let paint = |line: &str| {
        let style = match line.as_bytes().first() {
            Some(b'+') => AnsiColor::Green.on_default(),
            Some(b'-') => AnsiColor::Red.on_default(),
            Some(b'@') => AnsiColor::Cyan.on_default(),
            _ => Style::new(),
        };
        let end = line.trim_end_matches('\n');
        format!("{style}{end}{style:#}{}", &line[end.len()..])
    };
    plain.split_inclusive('\n').map(paint).collect()
}
