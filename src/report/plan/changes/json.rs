//! What differs between two plans, for programs: the member `against` of the plan's JSON.

use serde::Serialize;

use super::{Against, Change, Changes, Summary, Takes};

/// One JSON value.
#[must_use]
pub fn render(changes: &Changes, against: Against<'_>) -> String {
    let report = Report {
        name: against.name,
        commit: against.commit,
        nothing: against.nothing,
        remarks: against.remarks,
        summary: changes.summary(),
        changes: &changes.changes,
        timing: &changes.timing,
    };
    // Text and numbers only, which always have a JSON form.
    serde_json::to_string(&report).unwrap_or_else(|_| "null".to_owned())
}

#[derive(Serialize)]
struct Report<'a> {
    name: &'a str,
    commit: Option<&'a str>,
    nothing: Option<&'a str>,
    remarks: &'a [String],
    summary: Summary,
    changes: &'a [Change],
    timing: &'a [Takes],
}
