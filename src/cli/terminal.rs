//! What the terminal can show.

use std::env;
use std::io::{self, IsTerminal};

use crate::report::diagnostics::text::Look;

/// Columns where there is no terminal to ask.
const WIDTH_ELSEWHERE: usize = 120;

/// How to draw on standard output. Colours are asked for always: `output` takes them out where they are not wanted.
#[must_use]
pub fn look() -> Look {
    let terminal = io::stdout().is_terminal();
    let columns = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    let asked = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    let width = columns.or_else(|| if terminal { asked() } else { None }).unwrap_or(WIDTH_ELSEWHERE);
    Look { colour: true, unicode: !terminal || shows_unicode(), width, spoken: wants_sentences() }
}

/// Whether whoever is at the terminal listens instead of looking, and says so.
#[must_use]
pub fn wants_sentences() -> bool {
    let says = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty() && value != "0");
    says("PHASEGATE_SCREEN_READER") || says("NO_GRAPHICS")
}

/// As the locale says; no word about it is taken as yes.
fn shows_unicode() -> bool {
    if env::var_os("TERM").is_some_and(|term| term == "linux" || term == "dumb") {
        return false;
    }
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().filter_map(|name| env::var(name).ok()).find(|it| !it.is_empty());
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}
