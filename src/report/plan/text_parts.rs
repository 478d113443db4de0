//! Colours, columns and spans of time for the drawn plan.

use std::time::Duration;

use anstyle::{AnsiColor, Style};

use super::timing::Span;
use crate::base::time::format_duration;
use crate::report::diagnostics::text::Look;
use crate::report::escape::{printable, shorten};

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const GOOD: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Green)));
pub const CHANGE: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Yellow)));
pub const DANGER: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Red)));
pub const PATH: Style = Style::new().fg_color(Some(anstyle::Color::Ansi(AnsiColor::Cyan)));

/// A page that grows by lines.
pub struct Page {
    pub look: Look,
    pub text: String,
}

impl Page {
    /// Starts a section.
    pub fn heading(&mut self, heading: &str) {
        self.text.push('\n');
        self.line(&[(BOLD, heading)]);
    }

    /// One line of styled pieces, cut at the width there is.
    pub fn line(&mut self, pieces: &[(Style, &str)]) {
        let mut left = self.look.width.max(40);
        let start = self.text.len();
        for (style, piece) in pieces {
            let shown = shorten(&printable(piece), left);
            left -= shown.chars().count();
            self.paint(*style, &shown);
            if left == 0 {
                break;
            }
        }
        let kept = self.text[start..].trim_end().len();
        self.text.truncate(start + kept);
        self.text.push('\n');
    }

    /// Lines are for people to copy from, so what matters whole goes on without being cut.
    pub fn whole_line(&mut self, pieces: &[(Style, &str)]) {
        for (style, piece) in pieces {
            self.paint(*style, &printable(piece));
        }
        self.text.push('\n');
    }

    fn paint(&mut self, style: Style, text: &str) {
        if self.look.colour && style != Style::new() && !text.trim().is_empty() {
            self.text.push_str(&format!("{style}{text}{style:#}"));
        } else {
            self.text.push_str(text);
        }
    }

    /// What is drawn with more than ASCII, or its stand-in.
    pub fn glyph(&self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.look.unicode { unicode } else { ascii }
    }
}

/// `10m`, `0s..1h`, `10m or more`
pub fn span_text(span: Span) -> String {
    match span.max {
        Some(max) if max == span.min => format_duration(max),
        Some(max) => format!("{}..{}", format_duration(span.min), format_duration(max)),
        None if span.min == Duration::ZERO => "open".to_owned(),
        None => format!("{} or more", format_duration(span.min)),
    }
}

/// Pads to `width` characters.
pub fn pad(text: &str, width: usize) -> String {
    let missing = width.saturating_sub(text.chars().count());
    format!("{text}{}", " ".repeat(missing))
}
