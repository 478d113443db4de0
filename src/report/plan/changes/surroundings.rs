//! What concerns the whole run: parameters, limits, and what its conditions and steps read.

use indexmap::IndexMap;

use super::super::calls::{expr_text, target_text};
use super::{Change, Kind, Note};
use crate::base::time::format_duration;
use crate::contract::registry::{Args, FieldQuery};
use crate::plan::program::{Group, Inputs, Plan, Target};
use crate::syntax::ast::SignatureKind;

const VARIABLE: &str = "environment variable";

pub fn compare(before: &Plan, after: &Plan) -> Vec<Change> {
    let mut changes = Vec::new();
    limits(before, after, &mut changes);
    parameters(before, after, &mut changes);
    let texts = |plan: &Plan| {
        plan.groups.iter().map(|group| (group.name.clone(), group_lines(group))).collect::<IndexMap<_, _>>()
    };
    let start = changes.len();
    listed("metrics", &texts(before), &texts(after), &mut changes);
    for change in &mut changes[start..] {
        let find = |plan: &'_ Plan| plan.groups.iter().find(|group| group.name == change.id).cloned();
        if let (Some(was), Some(is)) = (find(before), find(after)) {
            change.notes = group_notes(&was, &is);
        }
    }
    let channels = |plan: &Plan| {
        let line = |target: &Target| vec![target_text(SignatureKind::Channel, target)];
        plan.channels.iter().map(|(name, target)| (name.clone(), line(target))).collect::<IndexMap<_, _>>()
    };
    listed("channel", &channels(before), &channels(after), &mut changes);
    rubrics(before, after, &mut changes);
    let secrets = |plan: &Plan| {
        plan.secrets.iter().map(|name| (name.clone(), vec![format!("secret(\"{name}\")")])).collect::<IndexMap<_, _>>()
    };
    listed("secret", &secrets(before), &secrets(after), &mut changes);
    inputs("file", |inputs| &inputs.files, (before, after), &mut changes);
    inputs(VARIABLE, |inputs| &inputs.variables, (before, after), &mut changes);
    changes
}

fn limits(before: &Plan, after: &Plan, changes: &mut Vec<Change>) {
    if before.lock != after.lock {
        let line = |lock: &Option<String>| lock.iter().map(|lock| format!("lock \"{lock}\"")).collect::<Vec<_>>();
        let note = match (&before.lock, &after.lock) {
            (Some(_), None) => Note::riskier("the lock is gone: two runs may go on at once"),
            (None, Some(lock)) => Note::safer(format!("one run at a time holds the lock `{lock}`")),
            _ => Note::neither("the run holds another lock: it no longer excludes those that hold the old one"),
        };
        changes.push(fact("lock", "lock", (line(&before.lock), line(&after.lock)), note));
    }
    if before.timeout != after.timeout {
        let line = |plan: &Plan| {
            plan.timeout.iter().map(|time| format!("timeout {}", format_duration(*time))).collect::<Vec<_>>()
        };
        let note = match (before.timeout, after.timeout) {
            (Some(_), None) => Note::riskier("the timeout of the run is gone"),
            (None, Some(time)) => Note::safer(format!("the run has a timeout of {}", format_duration(time))),
            (Some(was), Some(is)) => Note::neither(format!(
                "the timeout of the run is {} instead of {}",
                format_duration(is),
                format_duration(was)
            )),
            (None, None) => return,
        };
        changes.push(fact("timeout", "timeout", (line(before), line(after)), note));
    }
    let freezes = |plan: &Plan| {
        let line = |from, to| vec![format!("from {from} to {to}")];
        plan.freezes.iter().map(|one| (one.name.clone(), line(one.from, one.to))).collect::<IndexMap<_, _>>()
    };
    let (old, new) = (freezes(before), freezes(after));
    let start = changes.len();
    listed("freeze", &old, &new, changes);
    for change in &mut changes[start..] {
        change.notes = match change.kind {
            Kind::Added => vec![Note::safer(format!("new freeze `{}`", change.id))],
            Kind::Removed => vec![Note::riskier(format!("freeze `{}` removed", change.id))],
            Kind::Changed => vec![Note::neither(format!("freeze `{}` has other times", change.id))],
        };
    }
}

fn parameters(before: &Plan, after: &Plan, changes: &mut Vec<Change>) {
    let shown = |plan: &Plan| {
        plan.params
            .iter()
            .map(|(name, value)| (name.clone(), vec![format!("{name} = {value}")]))
            .collect::<IndexMap<_, _>>()
    };
    let start = changes.len();
    listed("parameter", &shown(before), &shown(after), changes);
    for change in &mut changes[start..] {
        if let (Some(was), Some(is)) = (before.params.get(&change.id), after.params.get(&change.id)) {
            change.notes = vec![Note::neither(format!("parameter `{}` is `{is}` instead of `{was}`", change.id))];
        }
    }
}

/// What is new, gone or other by its name.
fn listed(
    subject: &'static str,
    before: &IndexMap<String, Vec<String>>,
    after: &IndexMap<String, Vec<String>>,
    changes: &mut Vec<Change>,
) {
    for (name, lines) in after {
        let words = match before.get(name) {
            Some(was) if was == lines => continue,
            Some(_) => format!("{subject} `{name}` is another one"),
            None => format!("new {subject} `{name}`"),
        };
        let was = before.get(name).cloned().unwrap_or_default();
        changes.push(fact(subject, name, (was, lines.clone()), Note::neither(words)));
    }
    for (name, lines) in before.iter().filter(|(name, _)| !after.contains_key(*name)) {
        let words = Note::neither(format!("{subject} `{name}` is no longer used"));
        changes.push(fact(subject, name, (lines.clone(), Vec::new()), words));
    }
}

fn fact(subject: &'static str, id: &str, (before, after): (Vec<String>, Vec<String>), note: Note) -> Change {
    let kind = match (before.is_empty(), after.is_empty()) {
        (true, _) => Kind::Added,
        (_, true) => Kind::Removed,
        _ => Kind::Changed,
    };
    Change { kind, subject, id: id.to_owned(), phase: None, before, after, notes: vec![note] }
}

fn group_lines(group: &Group) -> Vec<String> {
    let source = Target { name: group.source.clone(), args: group.args.clone() };
    let lag = if group.lag.is_zero() { String::new() } else { format!(" lag {}", format_duration(group.lag)) };
    let source = target_text(SignatureKind::Source, &source);
    let mut lines = vec![format!("metrics {} from {source} every {}{lag}", group.name, format_duration(group.every))];
    lines.extend(group.fields.iter().map(|field| format!("  {}: {} = {}", field.field, field.ty, query_text(field))));
    lines.extend(
        group.derived.iter().map(|field| format!("  {}: {} = {}", field.field, field.ty, expr_text(&field.expr))),
    );
    lines
}

fn query_text(field: &FieldQuery) -> String {
    let args = |args: &Args| args.values().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    format!("{}({})", field.extractor, args(&field.args))
}

fn group_notes(was: &Group, is: &Group) -> Vec<Note> {
    let name = &is.name;
    let mut notes = Vec::new();
    if was.every != is.every {
        let words =
            format!("`{name}` is read every {} instead of {}", format_duration(is.every), format_duration(was.every));
        notes.push(Note::weighed(is.every < was.every, words));
    }
    if was.lag != is.lag {
        let words =
            format!("`{name}` has a lag of {} instead of {}", format_duration(is.lag), format_duration(was.lag));
        notes.push(Note::neither(words));
    }
    if (&was.source, &was.args) != (&is.source, &is.args) {
        notes.push(Note::neither(format!("`{name}` is read from elsewhere")));
    }
    let lines = |group: &Group| {
        let queries = group.fields.iter().map(|field| (field.field.clone(), query_text(field)));
        queries
            .chain(group.derived.iter().map(|one| (one.field.clone(), expr_text(&one.expr))))
            .collect::<IndexMap<_, _>>()
    };
    let (old, new) = (lines(was), lines(is));
    let other = new.iter().filter(|(field, query)| old.get(*field).is_some_and(|was| was != *query));
    notes.extend(other.map(|(field, _)| Note::neither(format!("`{name}.{field}` measures something else"))));
    if notes.is_empty() {
        notes.push(Note::neither(format!("other fields of `{name}` are read")));
    }
    notes
}

fn rubrics(before: &Plan, after: &Plan, changes: &mut Vec<Change>) {
    for (name, rubric) in &after.rubrics {
        if before.rubrics.get(name).is_some_and(|was| was != rubric) {
            let line = || vec![format!("rubric {name}")];
            changes.push(fact(
                "rubric",
                name,
                (line(), line()),
                Note::neither(format!("rubric `{name}` scores otherwise")),
            ));
        }
    }
}

/// What was read while planning: its content counts, and is not shown.
fn inputs(
    subject: &'static str,
    of: fn(&Inputs) -> &IndexMap<String, String>,
    (before, after): (&Plan, &Plan),
    changes: &mut Vec<Change>,
) {
    let sums = |plan: &Plan| {
        let short = |sum: &String| sum.get(..12).unwrap_or(sum).to_owned();
        of(&plan.inputs)
            .iter()
            .map(|(name, sum)| (name.clone(), vec![format!("{name}  {}", short(sum))]))
            .collect::<IndexMap<_, _>>()
    };
    let start = changes.len();
    listed(subject, &sums(before), &sums(after), changes);
    for change in &mut changes[start..] {
        if change.kind == Kind::Changed {
            change.notes = vec![Note::neither(format!("{subject} `{}` has other content", change.id))];
        }
        // Few know what stands in a variable; a sum would let others guess it.
        if subject == VARIABLE {
            let name = vec![change.id.clone()];
            [&mut change.before, &mut change.after]
                .into_iter()
                .filter(|lines| !lines.is_empty())
                .for_each(|lines| *lines = name.clone());
        }
    }
}
