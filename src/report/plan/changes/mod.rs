//! What differs between two plans, and what it means: what guards less now, what can no longer be taken back.
//!
//! - [`pairing`]: what was which, where nothing but its place and its words tell.
//! - [`phases`], [`body`], [`details`], [`conditions`], [`triggers`], [`surroundings`]: the parts of a plan, pair by pair.
//! - [`text`], [`json`], [`markdown`]: how it is shown.
//!
//! Invariants: pure; a change is said once. That a condition is looser is proved, never guessed: what cannot be compared is
//! only shown. Nothing is quadratic in the size of a plan but the order of the statements of one phase.

use serde::Serialize;

use super::timing::Timing;
use super::{span_text, timing};
use crate::base::counted::counted;
use crate::plan::program::Plan;
use crate::report::escape::printable;

mod body;
mod conditions;
mod details;
pub mod json;
pub mod markdown;
mod pairing;
mod phases;
mod surroundings;
pub mod text;
mod triggers;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Added,
    Removed,
    Changed,
}

/// What a change does to the safety of the rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    Riskier,
    Safer,
    Neither,
}

/// One thing to be said about a change, as a sentence that stands by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    pub risk: Risk,
    pub words: String,
}

impl Note {
    fn riskier(words: impl Into<String>) -> Self {
        Self { risk: Risk::Riskier, words: words.into() }
    }

    fn safer(words: impl Into<String>) -> Self {
        Self { risk: Risk::Safer, words: words.into() }
    }

    fn neither(words: impl Into<String>) -> Self {
        Self { risk: Risk::Neither, words: words.into() }
    }

    /// Safer or riskier, as `is_safer` says.
    fn weighed(is_safer: bool, words: impl Into<String>) -> Self {
        if is_safer { Self::safer(words) } else { Self::riskier(words) }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    pub kind: Kind,
    /// `phase`, `step`, `gate`, `trigger`, `parameter`, …
    pub subject: &'static str,
    /// The id it has now, or had.
    pub id: String,
    /// Of what stands in a phase; none for what concerns the whole run.
    pub phase: Option<String>,
    /// Its lines as they were.
    pub before: Vec<String>,
    /// Its lines as they are.
    pub after: Vec<String>,
    pub notes: Vec<Note>,
}

impl Change {
    /// The highest of its risks.
    #[must_use]
    pub fn risk(&self) -> Risk {
        self.notes.iter().map(|note| note.risk).min().unwrap_or(Risk::Neither)
    }
}

/// How long something takes, where that has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Takes {
    /// None: the whole run.
    pub phase: Option<String>,
    pub before: String,
    pub after: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub riskier: usize,
    pub safer: usize,
    pub others: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Those of the whole run first, then phase by phase.
    pub changes: Vec<Change>,
    pub timing: Vec<Takes>,
}

impl Changes {
    #[must_use]
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for change in &self.changes {
            match change.risk() {
                Risk::Riskier => summary.riskier += 1,
                Risk::Safer => summary.safer += 1,
                Risk::Neither => summary.others += 1,
            }
        }
        summary
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.timing.is_empty()
    }

    /// All that is to be said of one risk.
    pub fn notes(&self, risk: Risk) -> impl Iterator<Item = &Note> {
        self.changes.iter().flat_map(|change| &change.notes).filter(move |note| note.risk == risk)
    }
}

/// What a plan was compared with.
#[derive(Debug, Clone, Copy)]
pub struct Against<'a> {
    /// As it was asked for: `main`, `old.deploy`.
    pub name: &'a str,
    /// The commit it means; none when it is a file.
    pub commit: Option<&'a str>,
    /// Why there is nothing to compare with.
    pub nothing: Option<&'a str>,
    /// What else is to be known about the comparison.
    pub remarks: &'a [String],
}

impl Against<'_> {
    /// `main (1a2b3c4d5e)`
    fn label(&self) -> String {
        let name = printable(self.name);
        match self.commit.and_then(|commit| commit.get(..10)) {
            Some(commit) if !self.name.starts_with(commit) => format!("{name} ({commit})"),
            _ => name,
        }
    }
}

/// `in production`, or nothing.
fn place(plan: &Plan) -> String {
    plan.environment.as_ref().map_or(String::new(), |environment| format!(" in {environment}"))
}

/// `2 changes make it riskier, 1 makes it safer, 3 do neither`
fn sum_up(changes: &Changes) -> String {
    let Summary { riskier, safer, others } = changes.summary();
    let count = |count: usize| counted(count, "change");
    let make = |count: usize| if count == 1 { "makes" } else { "make" };
    let mut parts = Vec::new();
    if riskier > 0 {
        parts.push(format!("{} {} it riskier", count(riskier), make(riskier)));
    }
    if safer > 0 {
        let what = if parts.is_empty() { count(safer) } else { safer.to_string() };
        parts.push(format!("{what} {} it safer", make(safer)));
    }
    if others > 0 {
        parts.push(if parts.is_empty() {
            format!("{}, and no guard is weaker", count(others))
        } else {
            format!("{others} more {} neither", if others == 1 { "does" } else { "do" })
        });
    }
    if parts.is_empty() { "only the timing changes".to_owned() } else { parts.join(", ") }
}

/// What differs. Without an earlier plan all is new, and there is nothing that it could be riskier than.
#[must_use]
pub fn compare(before: Option<&Plan>, after: &Plan) -> Changes {
    let Some(before) = before else { return Changes { changes: phases::all(after), timing: Vec::new() } };
    let mut changes = surroundings::compare(before, after);
    changes.extend(phases::compare(before, after));
    Changes { changes, timing: compare_timing(before, after) }
}

fn compare_timing(before: &Plan, after: &Plan) -> Vec<Takes> {
    let (old, new) = (Timing::new(before), Timing::new(after));
    let takes = |phase: Option<String>, before: timing::Span, after: timing::Span| {
        let (before, after) = (span_text(before), span_text(after));
        (before != after).then_some(Takes { phase, before, after })
    };
    let mut changed: Vec<Takes> = takes(None, old.total, new.total).into_iter().collect();
    for (was, is) in phases::pairs(before, after) {
        let (was, is) = (before.phase(was), after.phase(is));
        if is.hook.is_none() {
            changed.extend(takes(Some(is.id.clone()), old.node(was.node), new.node(is.node)));
        }
    }
    changed
}
