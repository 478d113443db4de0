//! What deciding a run anew came to: for people, and for machines.

use jiff::tz::TimeZone;
use serde_json::{Map, Value as Json, json};

use super::amounts::time_of_day;
use super::record::to_json;
use super::sentences::Teller;
use crate::base::counted::counted;
use crate::engine::event::Recorded;
use crate::engine::replay::{Divergence, Replayed};
use crate::engine::state::State;
use crate::plan::program::Plan;

/// A run and what is said of it whatever comes out.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    pub plan: &'a Plan,
    /// How the run stands behind its last event.
    pub state: &'a State,
    /// The version that began the run, and this one.
    pub versions: (&'a str, &'a str),
    /// The first event that can be decided anew, when it is not the very first.
    pub first: Option<u64>,
}

/// Narrower than this no two columns are drawn.
const NARROWEST: usize = 60;
/// The widest name of a field that has a column of its own.
const NAME: usize = 14;

/// One line when everything came out, else what did not.
#[must_use]
pub fn text(subject: &Subject<'_>, replayed: &Replayed, (width, zone): (usize, &TimeZone)) -> String {
    let id = &subject.state.run_id;
    let Some(divergence) = &replayed.divergence else {
        return format!("run {id}: {}\n", equal(subject, replayed));
    };
    let mut lines = vec![format!(
        "run {id}: event {} does not come out as it stands in the journal; the {} before it do",
        divergence.seq,
        counted(replayed.events, "event")
    )];
    let teller = Teller { plan: subject.plan, state: subject.state, zone };
    let told = |recorded: &Recorded| {
        let name = to_json(subject.plan, id, recorded)["event"].as_str().unwrap_or_default().replace('_', " ");
        let sentences = teller.tell(recorded);
        let words = if sentences.is_empty() { name } else { sentences.join("; ") };
        format!("{}  {words}", time_of_day(recorded.at, zone))
    };
    lines.push(format!("  journal  {}", told(&divergence.journal)));
    let now = divergence.decided.as_ref().map_or("nothing is decided here".to_owned(), told);
    lines.push(format!("  now      {now}"));
    lines.push(String::new());
    lines.extend(side_by_side(subject.plan, id, divergence, width));
    lines.extend(notes(subject).into_iter().map(|note| format!("note: {note}")));
    lines.join("\n") + "\n"
}

fn equal(subject: &Subject<'_>, replayed: &Replayed) -> String {
    let mut words = format!(
        "{} in {}, every decision comes out as it stands in the journal",
        counted(replayed.events, "event"),
        counted(replayed.turns, "turn")
    );
    if let Some(first) = subject.first {
        words.push_str(&format!("; decided anew from event {first} on, samples before it were dropped"));
    }
    if !replayed.recoveries.is_empty() {
        let at: Vec<String> = replayed.recoveries.iter().map(u64::to_string).collect();
        words.push_str(&format!("; the run was taken up again before event {}", at.join(", ")));
    }
    if replayed.cut > 0 {
        let rest = counted(replayed.cut as u64, "event");
        words.push_str(&format!("; the journal ends inside of a decision, {rest} of it are not in it"));
    } else if subject.state.outcome.is_none() {
        words.push_str("; the run is not over");
    }
    words
}

fn notes(subject: &Subject<'_>) -> Vec<String> {
    let (then, now) = subject.versions;
    if then == now {
        return vec![
            "the journal was written by this version: it was changed, or this is a fault of Phasegate".to_owned(),
        ];
    }
    vec![format!("the run was begun by Phasegate {then}, this is {now}: they may decide differently")]
}

/// The fields that differ, the journal's on the left.
fn side_by_side(plan: &Plan, run: &str, divergence: &Divergence, width: usize) -> Vec<String> {
    let journal = fields(plan, run, Some(&divergence.journal));
    let decided = fields(plan, run, divergence.decided.as_ref());
    let mut names: Vec<&String> = journal.keys().chain(decided.keys()).collect();
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(name.as_str()));
    let differing = names.into_iter().filter(|name| journal.get(*name) != decided.get(*name));
    let shown = |fields: &Map<String, Json>, name: &str| fields.get(name).map_or("-".to_owned(), Json::to_string);
    let rows: Vec<[String; 3]> =
        differing.map(|name| [name.clone(), shown(&journal, name), shown(&decided, name)]).collect();
    if rows.is_empty() {
        return vec!["  both read the same; they differ in how a number is written".to_owned()];
    }
    let header = ["".to_owned(), "journal".to_owned(), "now".to_owned()];
    std::iter::once(&header).chain(&rows).flat_map(|row| draw(row, width)).collect()
}

fn fields(plan: &Plan, run: &str, recorded: Option<&Recorded>) -> Map<String, Json> {
    match recorded.map(|recorded| to_json(plan, run, recorded)) {
        Some(Json::Object(fields)) => fields,
        _ => Map::new(),
    }
}

/// A row in two columns that wrap; below one another where there is no room for columns.
fn draw([name, left, right]: &[String; 3], width: usize) -> Vec<String> {
    if width < NARROWEST {
        let lines = [("journal", left), ("now", right)];
        return if name.is_empty() {
            Vec::new()
        } else {
            lines.map(|(who, value)| format!("  {name}, {who}: {value}")).to_vec()
        };
    }
    let column = (width - NAME - 6) / 2;
    let (left, right) = (wrapped(left, column), wrapped(right, column));
    let empty = String::new();
    (0..left.len().max(right.len()))
        .map(|line| {
            let name = if line == 0 { name.as_str() } else { "" };
            let (left, right) = (left.get(line).unwrap_or(&empty), right.get(line).unwrap_or(&empty));
            format!("  {name:NAME$}  {left:column$}  {right}").trim_end().to_owned()
        })
        .collect()
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    letters.chunks(width.max(1)).map(|line| line.iter().collect()).collect()
}

/// For machines.
#[must_use]
pub fn json(subject: &Subject<'_>, replayed: &Replayed) -> Json {
    let run = &subject.state.run_id;
    let divergence = replayed.divergence.as_ref().map(|divergence| {
        json!({
            "seq": divergence.seq,
            "journal": to_json(subject.plan, run, &divergence.journal),
            "now": divergence.decided.as_ref().map(|decided| to_json(subject.plan, run, decided)),
        })
    });
    json!({
        "run": run,
        "equal": replayed.divergence.is_none(),
        "events": replayed.events,
        "turns": replayed.turns,
        "first": subject.first.unwrap_or(1),
        "recoveries": replayed.recoveries,
        "cut": replayed.cut,
        "status": subject.state.status(),
        "begun_by": subject.versions.0,
        "version": subject.versions.1,
        "divergence": divergence,
    })
}
