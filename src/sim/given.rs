//! From `given …` to a script: every value evaluated, every name looked up in the plan.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value as Json;

use super::computed;
use super::constants::Constants;
use super::files::GivenFiles;
use super::names;
use super::recording;
use super::script::{Behaviour, Course, Deed, Fails, Noise, Origin, START, Script};
use super::verdict::Failure;
use crate::base::span::Location;
use crate::base::time::Timestamp;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::engine::turn::Answer as Resolution;
use crate::model::expr::Expr;
use crate::model::phase::STANDS;
use crate::model::program::Program;
use crate::model::scenario::{self, Answer, Decision, GivenKind, StepRef, Test};
use crate::plan::program::{Node, NodeIndex, NodeKind, Plan};

/// The texts of recordings by their paths as tests write them, or why one cannot be read.
pub type Recordings = HashMap<String, Result<String, String>>;

/// The files that are given: the plan is made with them.
pub(super) fn files(test: &Test, constants: &Constants<'_>) -> Result<GivenFiles, Vec<Failure>> {
    let mut files = GivenFiles::default();
    let mut failures = Vec::new();
    for given in &test.given {
        if let GivenKind::File { path, content } = &given.kind {
            match (constants.text(path), constants.value(content)) {
                (Ok(path), Ok(content)) => files.insert(&path, &content.to_json()),
                (Err(reason), _) | (_, Err(reason)) => failures.push(unusable(given.at, &reason)),
            }
        }
    }
    if failures.is_empty() { Ok(files) } else { Err(failures) }
}

/// The script of a test for its plan.
pub(super) fn script(
    program: &Program,
    test: &Test,
    (plan, files): (&Plan, GivenFiles),
    (constants, recordings): (&Constants<'_>, &Recordings),
) -> Result<Script, Vec<Failure>> {
    let mut script = Script {
        title: test.title.clone(),
        start: START,
        steps: HashMap::new(),
        undos: HashMap::new(),
        courses: Arc::default(),
        deeds: Vec::new(),
        files,
    };
    let mut failures = Vec::new();
    // Times count from the start, wherever it is given.
    for given in &test.given {
        if let GivenKind::Start { at } = &given.kind {
            match constants.value(at) {
                Ok(Value::Time(time)) if time < Timestamp::default() => {
                    failures.push(unusable(given.at, "a run does not start before 1970"));
                }
                Ok(Value::Time(time)) => script.start = time,
                Ok(other) => failures.push(unusable(given.at, &format!("`{other}` is no time"))),
                Err(reason) => failures.push(unusable(given.at, &reason)),
            }
        }
    }
    let mut reader = Reader { program, plan, constants, recordings, script };
    for given in &test.given {
        if let Err(reason) = reader.read(&given.kind) {
            failures.push(unusable(given.at, &reason));
        }
    }
    reader.script.deeds.sort_by_key(|(at, _)| *at);
    if failures.is_empty() { Ok(reader.script) } else { Err(failures) }
}

fn unusable(at: Location, reason: &str) -> Failure {
    Failure { at, expected: None, message: format!("what is given here cannot be used: {reason}"), around: None }
}

struct Reader<'a> {
    program: &'a Program,
    plan: &'a Plan,
    constants: &'a Constants<'a>,
    recordings: &'a Recordings,
    script: Script,
}

impl Reader<'_> {
    fn read(&mut self, given: &GivenKind) -> Result<(), String> {
        match given {
            GivenKind::Step { step, what } => self.step(step, what),
            GivenKind::Undo { step, what } => self.undo(step, what),
            GivenKind::Metric { group, field, what } => {
                computed::refuse_gap(self.plan, (group, field))?;
                let course = self.course((group, field), what)?;
                Arc::make_mut(&mut self.script.courses).entry((group.clone(), field.clone())).or_default().push(course);
                Ok(())
            }
            GivenKind::Approval { phase, at, by } => {
                let meant = names::phases(self.plan, phase);
                let asks = |node: &Node| meant.contains(&node.phase) && matches!(node.kind, NodeKind::Approve { .. });
                // A phase that is switched off has no nodes.
                let stands = |node: &Node| meant.contains(&node.phase) && !matches!(node.kind, NodeKind::Phase);
                if self.plan.nodes.iter().any(stands) && !self.plan.nodes.iter().any(asks) {
                    return Err(format!("`{}` asks for no approval", names::phase_text(phase)));
                }
                let phases = meant.into_iter().map(|phase| self.plan.phase(phase).id.clone()).collect();
                let by = self.person(by.as_ref())?;
                self.deed(at, Deed::Approve { phases, by })
            }
            GivenKind::Resume { at, by } => {
                let by = self.person(by.as_ref())?;
                self.deed(at, Deed::Resume { by })
            }
            GivenKind::Resolve { step, decision, at } => {
                let answer = match decision {
                    Decision::Done => Resolution::Done,
                    Decision::Redo => Resolution::Redo,
                    Decision::Undo => Resolution::Undo,
                };
                let nodes = names::steps(self.plan, step).into_iter();
                let nodes = nodes.flat_map(|named| named.all().collect::<Vec<_>>());
                let nodes = nodes.map(|node| self.plan.node(node).id.clone()).collect();
                self.deed(at, Deed::Resolve { nodes, answer })
            }
            GivenKind::Crash { at } => self.deed(at, Deed::Crash),
            GivenKind::File { .. } | GivenKind::Start { .. } => Ok(()),
        }
    }

    fn person(&self, by: Option<&Expr>) -> Result<String, String> {
        by.map_or_else(|| Ok("somebody".to_owned()), |by| self.constants.text(by))
    }

    fn deed(&mut self, at: &Expr, deed: Deed) -> Result<(), String> {
        let at = self.script.start.plus(self.constants.duration(at)?);
        self.script.deeds.push((at, deed));
        Ok(())
    }

    fn step(&mut self, step: &StepRef, what: &Answer) -> Result<(), String> {
        for named in names::steps(self.plan, step) {
            let output = matches!(what, Answer::Output(_));
            let node = if output { named.node } else { named.acting(self.plan) };
            // What the turn of a kill switch gives was found out before it.
            let begins = named.first().filter(|first| output && looks_at_switch(self.plan, *first));
            for node in node.or(named.first()).into_iter().chain(begins) {
                let behaviour = self.script.steps.entry(node).or_default();
                answer(self.constants, behaviour, what)?;
            }
        }
        Ok(())
    }

    fn undo(&mut self, step: &StepRef, what: &Answer) -> Result<(), String> {
        for named in names::steps(self.plan, step) {
            let undoable = |node: &NodeIndex| names::step(self.plan, *node).is_some_and(|step| step.can_undo());
            if named.all().count() > 0 && !named.all().any(|node| undoable(&node)) {
                let first = named.all().next().map_or("it", |node| self.plan.node(node).id.as_str());
                return Err(format!("`{first}` has no undo"));
            }
            for node in named.all().filter(undoable) {
                answer(self.constants, self.script.undos.entry(node).or_default(), what)?;
            }
        }
        Ok(())
    }

    fn course(&self, (group, field): (&str, &str), what: &scenario::Course) -> Result<Course, String> {
        let ty = self.program.groups.get(group).and_then(|group| group.fields.get(field)).map(|field| &field.ty);
        match what {
            scenario::Course::Values { first, then, noise } => {
                let mut series = vec![(Duration::ZERO, Some(self.constants.value(first)?))];
                for change in then {
                    series.push((self.constants.duration(&change.at)?, Some(self.constants.value(&change.value)?)));
                }
                // Of two changes at one time the later one counts.
                series.sort_by_key(|(at, _)| *at);
                let whole = ty.is_some_and(|ty| matches!(ty.plain(), Type::Int));
                let noise = noise.as_ref().map(|noise| self.deviation(noise, whole)).transpose()?;
                Ok(Course::Values { series, noise, origin: Origin::Written })
            }
            scenario::Course::From(path) => {
                let path = self.constants.text(path)?;
                let ty = ty.ok_or_else(|| format!("there is no metric `{group}.{field}`"))?;
                let text = self.recordings.get(&path).cloned();
                let text = text.unwrap_or_else(|| Err(format!("there is no file `{path}`")))?;
                let series = recording::read(&path, &text, (group, field), ty)?;
                Ok(Course::Values { series, noise: None, origin: Origin::Recorded { repeats: None } })
            }
            scenario::Course::Missing { from, to } => Ok(Course::Missing {
                from: from.as_ref().map_or(Ok(Duration::ZERO), |from| self.constants.duration(from))?,
                to: to.as_ref().map(|to| self.constants.duration(to)).transpose()?,
            }),
        }
    }

    fn deviation(&self, noise: &Expr, whole: bool) -> Result<Noise, String> {
        let value = self.constants.value(noise)?;
        let deviation = value.as_number().ok_or_else(|| format!("`{value}` is no amount of noise"))?.to_f64();
        if deviation.is_finite() && deviation >= 0.0 {
            Ok(Noise { deviation, whole })
        } else {
            Err(format!("noise is a standard deviation, and `{value}` is none"))
        }
    }
}

fn looks_at_switch(plan: &Plan, node: NodeIndex) -> bool {
    names::step(plan, node).is_some_and(|step| step.call.name == STANDS)
}

/// Several lines for one step combine.
fn answer(constants: &Constants<'_>, behaviour: &mut Behaviour, what: &Answer) -> Result<(), String> {
    match what {
        Answer::Output(output) => {
            let output = constants.value(output)?.to_json();
            match &mut behaviour.output {
                Some(before) => merge(before, output),
                None => behaviour.output = Some(output),
            }
        }
        Answer::Fails(None) => behaviour.fails = Some(Fails::Always),
        Answer::Fails(Some(times)) => behaviour.fails = Some(Fails::Times(constants.count(times)?)),
        Answer::Takes(time) => behaviour.takes = constants.duration(time)?,
    }
    Ok(())
}

/// Fields are put together; of what is given twice the later one counts.
fn merge(before: &mut Json, later: Json) {
    match (before, later) {
        (Json::Object(before), Json::Object(later)) => {
            for (name, value) in later {
                match before.get_mut(&name) {
                    Some(known) => merge(known, value),
                    None => drop(before.insert(name, value)),
                }
            }
        }
        (before, later) => *before = later,
    }
}

/// The paths of the recordings that a test reads, as it writes them.
#[must_use]
pub fn recordings_of(test: &Test) -> Vec<String> {
    let constants = Constants::new(None);
    let paths = test.given.iter().filter_map(|given| match &given.kind {
        GivenKind::Metric { what: scenario::Course::From(path), .. } => constants.text(path).ok(),
        _ => None,
    });
    paths.collect()
}
