//! `test --coverage`: what the tests of a file have reached, as a table, and the places they have not.

use std::fmt::Write as _;

use serde_json::{Map, Value as Json, json};

use crate::base::source::Sources;
use crate::base::span::Location;
use crate::sim::coverage::{Kind, Point, Reached};

/// The points of one file, and what became of them.
pub struct Coverage<'a> {
    pub file: &'a str,
    pub sources: &'a Sources,
    pub points: Vec<Point>,
    pub reached: Reached,
    /// Statements that need not be tested, with the reason.
    pub untested: Vec<(Location, &'a str)>,
}

/// How many of how many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    pub reached: usize,
    pub total: usize,
}

impl Share {
    /// Nothing to reach is all of it.
    #[must_use]
    pub fn percent(self) -> f64 {
        if self.total == 0 {
            return 100.0;
        }
        let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        100.0 * count(self.reached) / count(self.total)
    }

    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self { reached: self.reached + other.reached, total: self.total + other.total }
    }
}

impl Coverage<'_> {
    fn is_reached(&self, point: &Point) -> bool {
        self.reached.contains(&(point.at, point.kind, point.way))
    }

    /// Why it need not be reached.
    fn allowed(&self, point: &Point) -> Option<&str> {
        let within = |at: &Location| {
            at.file == point.at.file && at.span.start <= point.at.span.start && point.at.span.end <= at.span.end
        };
        self.untested.iter().find(|(at, _)| within(at)).map(|(_, reason)| *reason)
    }

    /// What is allowed to go untested does not count, unless it is reached.
    #[must_use]
    pub fn share(&self, counts: impl Fn(Kind) -> bool) -> Share {
        let points = self.points.iter().filter(|point| counts(point.kind));
        let counted = points.filter(|point| self.is_reached(point) || self.allowed(point).is_none());
        counted.fold(Share::default(), |share, point| {
            share.plus(Share { reached: usize::from(self.is_reached(point)), total: 1 })
        })
    }

    fn missed(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|point| !self.is_reached(point))
    }

    /// The table, then each place that no test has reached, with its line.
    #[must_use]
    pub fn to_text(&self) -> String {
        let share = self.share(Kind::counts);
        let mut text = String::new();
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "{}: {} of gates, triggers and undo paths", self.file, shown(share.percent()));
        for kind in Kind::ALL {
            let Share { reached, total } = self.share(|other| other == kind);
            if total > 0 {
                let _ = writeln!(text, "  {:<13} {reached} of {total}", kind.name());
            }
        }
        for point in self.missed() {
            let (place, line) = self.place(point.at);
            let said = format!("{} was never {}", point.what, point.way.name());
            match self.allowed(point) {
                Some(reason) => {
                    let _ = writeln!(text, "  {place}: {said}, which is allowed: {reason}");
                }
                None => {
                    let _ = writeln!(text, "  {place}: {said}\n      | {line}");
                }
            }
        }
        text
    }

    #[must_use]
    pub fn to_json(&self) -> Json {
        let rows: Map<String, Json> = Kind::ALL
            .into_iter()
            .map(|kind| {
                let Share { reached, total } = self.share(|other| other == kind);
                (kind.name().replace(' ', "_"), json!({ "reached": reached, "total": total }))
            })
            .collect();
        let missed = self.missed().map(|point| {
            json!({
                "file": self.sources.get(point.at.file).map(|file| file.name.clone()),
                "line": self.line(point.at),
                "kind": point.kind.name(),
                "what": point.what,
                "never": point.way.name(),
                "allowed": self.allowed(point),
            })
        });
        json!({
            "file": self.file,
            "percent": (self.share(Kind::counts).percent() * 10.0).round() / 10.0,
            "rows": rows,
            "missed": missed.collect::<Vec<_>>(),
        })
    }

    fn line(&self, at: Location) -> usize {
        self.sources.get(at.file).map_or(0, |file| file.line_column(at.span.start as usize).line)
    }

    /// `search.deploy:12`, and the text of that line.
    fn place(&self, at: Location) -> (String, String) {
        let Some(file) = self.sources.get(at.file) else { return (self.file.to_owned(), String::new()) };
        let line = self.line(at);
        let text = file.slice(file.line_span(line)).trim();
        let text: String =
            text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(120).collect();
        (format!("{}:{line}", file.name), text)
    }
}

/// Never 100% when something is missing.
fn shown(percent: f64) -> String {
    format!("{:.1}%", (percent * 10.0).floor() / 10.0)
}
