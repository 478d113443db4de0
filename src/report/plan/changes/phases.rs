//! Phases: which are new, gone or called otherwise, and when they start.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::pairing::Pairing;
use super::{Change, Kind, Note, body, triggers};
use crate::model::phase::FailurePolicy;
use crate::plan::program::{NodeKind, Phase, PhaseIndex, Plan};
use crate::report::plan::calls::expr_text;
use crate::report::plan::structure::lines_of;

/// Ids of phases as they are now, by what they were.
pub struct Names(HashMap<String, String>);

impl Names {
    pub fn now<'a>(&'a self, id: &'a str) -> &'a str {
        self.0.get(id).map_or(id, String::as_str)
    }
}

/// The phases that both plans have, in the order they have now.
pub fn pairs(before: &Plan, after: &Plan) -> Vec<(PhaseIndex, PhaseIndex)> {
    let pairing = pair(before, after);
    let both = (0..after.phases.len()).filter_map(|new| Some((index(pairing.old_of(new)?), index(new))));
    both.collect()
}

/// All of a plan that has no earlier version.
pub fn all(plan: &Plan) -> Vec<Change> {
    let mut changes = Vec::new();
    for phase in (0..plan.phases.len()).map(index) {
        changes.push(whole(plan, phase, Kind::Added));
        changes.extend(body::all(plan, phase, Kind::Added).into_iter().map(|one| Change { notes: Vec::new(), ..one }));
    }
    changes.extend(triggers::all(plan));
    in_order(plan, changes)
}

pub fn compare(before: &Plan, after: &Plan) -> Vec<Change> {
    let pairing = pair(before, after);
    let mut names = HashMap::new();
    for new in 0..after.phases.len() {
        if let Some(old) = pairing.old_of(new) {
            names.insert(before.phases[old].id.clone(), after.phases[new].id.clone());
        }
    }
    let names = Names(names);
    let mut changes = Vec::new();
    for new in 0..after.phases.len() {
        let Some(old) = pairing.old_of(new) else {
            changes.push(whole(after, index(new), Kind::Added));
            changes.extend(body::all(after, index(new), Kind::Added));
            continue;
        };
        changes.extend(changed((before, index(old)), (after, index(new)), &names));
        changes.extend(body::compare((before, index(old)), (after, index(new))));
    }
    for old in pairing.removed() {
        changes.push(whole(before, index(old), Kind::Removed));
        changes.extend(body::all(before, index(old), Kind::Removed));
    }
    changes.extend(triggers::compare(before, after, &names));
    in_order(after, changes)
}

/// By name; one that is called otherwise by what is done in it.
fn pair(before: &Plan, after: &Plan) -> Pairing {
    let mut pairing = Pairing::new(before.phases.len(), after.phases.len());
    pairing.pair(|old| Some(&before.phases[old].id), |new| Some(&after.phases[new].id));
    let content = |plan: &Plan, at: usize| {
        let content = body::signatures(plan, index(at));
        (plan.phases[at].hook.is_none() && !content.is_empty()).then_some(content)
    };
    pairing.pair(|old| content(before, old), |new| content(after, new));
    pairing
}

fn index(at: usize) -> PhaseIndex {
    PhaseIndex(u32::try_from(at).unwrap_or(u32::MAX))
}

/// Those of the whole run, then phase by phase as the plan has them, what is gone last.
fn in_order(plan: &Plan, mut changes: Vec<Change>) -> Vec<Change> {
    let places: HashMap<&str, usize> = (1..).zip(&plan.phases).map(|(at, phase)| (phase.id.as_str(), at)).collect();
    changes.sort_by_key(|change| match &change.phase {
        None => 0,
        Some(phase) => places.get(phase.as_str()).copied().unwrap_or(usize::MAX),
    });
    changes
}

fn whole(plan: &Plan, at: PhaseIndex, kind: Kind) -> Change {
    let phase = plan.phase(at);
    let line = vec![line(plan, phase)];
    let (before, after) = if kind == Kind::Added { (Vec::new(), line) } else { (line, Vec::new()) };
    Change {
        kind,
        subject: subject(phase),
        id: phase.id.clone(),
        phase: Some(phase.id.clone()),
        before,
        after,
        notes: Vec::new(),
    }
}

fn subject(phase: &Phase) -> &'static str {
    if phase.hook.is_some() { "hook" } else { "phase" }
}

/// `phase release "Shift the traffic" after prepare when …`
fn line(plan: &Plan, phase: &Phase) -> String {
    if phase.hook.is_some() {
        return phase.id.clone();
    }
    let mut text = format!("phase {}", phase.id);
    if let Some(title) = &phase.title {
        text.push_str(&format!(" \"{}\"", crate::contract::value::escape(title)));
    }
    let after: Vec<&str> = phase.after.iter().map(|before| plan.phase(*before).id.as_str()).collect();
    if !after.is_empty() {
        text.push_str(&format!(" after {}", after.join(", ")));
    }
    if let Some(places) = phase.at_once {
        text.push_str(&format!(" max {places} at once"));
    }
    if let Some(when) = &phase.when {
        text.push_str(&format!(" when {}", expr_text(when)));
    }
    for window in &phase.windows {
        text.push_str(&format!(" window \"{}\"", window.text()));
    }
    if let Some(policy) = phase.on_failure {
        text.push_str(&format!(" on failure {}", policy_name(policy)));
    }
    if phase.skipped {
        text.push_str(", switched off");
    }
    text
}

fn policy_name(policy: FailurePolicy) -> &'static str {
    match policy {
        FailurePolicy::Rollback => "rollback",
        FailurePolicy::Stop => "stop",
        FailurePolicy::Continue => "continue",
    }
}

type At<'p> = (&'p Plan, PhaseIndex);

fn changed(was: At<'_>, is: At<'_>, names: &Names) -> Option<Change> {
    let (old, new) = (was.0.phase(was.1), is.0.phase(is.1));
    let mut notes = Vec::new();
    let id = &new.id;
    if old.id != new.id {
        notes.push(Note::neither(format!("`{}` is called `{id}` now", old.id)));
    }
    if old.title != new.title {
        notes.push(Note::neither(format!("`{id}` has another title")));
    }
    match (old.skipped, new.skipped) {
        (false, true) => notes.push(Note::neither(format!("`{id}` is switched off"))),
        (true, false) => notes.push(Note::neither(format!("`{id}` is no longer switched off"))),
        _ => {}
    }
    notes.extend(compare_edges(was, is, names));
    if old.when.as_ref().map(expr_text) != new.when.as_ref().map(expr_text) {
        notes.push(Note::neither(format!("`{id}` runs under another condition")));
    }
    notes.extend(compare_windows(old, new));
    if old.on_failure != new.on_failure {
        notes.push(compare_policies(old, new));
    }
    match (old.at_once, new.at_once) {
        (was, is) if was == is => {}
        (Some(was), Some(is)) => {
            notes.push(Note::weighed(is < was, format!("{is} of `{}` run at once instead of {was}", new.name)));
        }
        (Some(was), None) => notes.push(Note::riskier(format!("all of `{}` run at once, no longer {was}", new.name))),
        (None, _) => notes.push(Note::safer(format!("no longer all of `{}` run at once", new.name))),
    }
    (!notes.is_empty()).then(|| Change {
        kind: Kind::Changed,
        subject: subject(new),
        id: id.clone(),
        phase: Some(id.clone()),
        before: vec![line(was.0, old)],
        after: vec![line(is.0, new)],
        notes,
    })
}

fn compare_edges((before, was): At<'_>, (after, is): At<'_>, names: &Names) -> Vec<Note> {
    let id = &after.phase(is).id;
    let old: BTreeSet<&str> = before.phase(was).after.iter().map(|index| names.now(&before.phase(*index).id)).collect();
    let new: BTreeSet<&str> = after.phase(is).after.iter().map(|index| after.phase(*index).id.as_str()).collect();
    if old == new {
        return Vec::new();
    }
    let earlier = ancestors(after, is);
    let mut notes: Vec<Note> =
        new.difference(&old).map(|added| Note::neither(format!("`{id}` waits for `{added}` too"))).collect();
    for gone in old.difference(&new) {
        let still = after.dag().find(|(_, phase)| phase.id == *gone);
        notes.extend(still.map(|(index, _)| {
            let words = format!("`{id}` no longer waits for `{gone}`");
            if earlier.contains(&index) {
                Note::neither(format!("{words} itself, but for what comes after it"))
            } else if guards(after, index) {
                Note::riskier(format!("{words}, which checks something"))
            } else {
                Note::neither(words)
            }
        }));
    }
    notes
}

fn ancestors(plan: &Plan, phase: PhaseIndex) -> HashSet<PhaseIndex> {
    let mut found = HashSet::new();
    let mut open = plan.phase(phase).after.clone();
    while let Some(next) = open.pop() {
        if found.insert(next) {
            open.extend(&plan.phase(next).after);
        }
    }
    found
}

fn guards(plan: &Plan, phase: PhaseIndex) -> bool {
    lines_of(plan, phase).iter().any(|line| {
        matches!(plan.node(line.node).kind, NodeKind::Gate(_) | NodeKind::Hold { .. } | NodeKind::Approve { .. })
    })
}

fn compare_windows(old: &Phase, new: &Phase) -> Vec<Note> {
    let texts = |phase: &Phase| phase.windows.iter().map(|window| window.text().to_owned()).collect::<BTreeSet<_>>();
    let (old, now, id) = (texts(old), texts(new), &new.id);
    let gone =
        old.difference(&now).map(|window| Note::riskier(format!("`{id}` no longer keeps to the window `{window}`")));
    let added = now.difference(&old).map(|window| Note::safer(format!("`{id}` keeps to the window `{window}`")));
    gone.chain(added).collect()
}

fn compare_policies(old: &Phase, new: &Phase) -> Note {
    let strength = |policy: Option<FailurePolicy>| match policy {
        None | Some(FailurePolicy::Rollback) => 2,
        Some(FailurePolicy::Stop) => 1,
        Some(FailurePolicy::Continue) => 0,
    };
    let words = match new.on_failure {
        None | Some(FailurePolicy::Rollback) => format!("when `{}` fails, the run rolls back", new.id),
        Some(FailurePolicy::Stop) => format!("when `{}` fails, the run stops and nothing is taken back", new.id),
        Some(FailurePolicy::Continue) => format!("when `{}` fails, the run goes on", new.id),
    };
    match strength(new.on_failure).cmp(&strength(old.on_failure)) {
        std::cmp::Ordering::Equal => Note::neither(words),
        ordering => Note::weighed(ordering == std::cmp::Ordering::Greater, words),
    }
}
