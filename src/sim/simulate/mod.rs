//! `simulate`: one pipeline through what was recorded, or through what goes by chance, once or many times. Pure.
//!
//! [`prepare`] makes a plan and a script, [`Setup::run`] lets the engine go through it as the engine of a real run would.
//! Invariant: a run is a function of setup, seed and number; neither how many there are nor what ran before changes it.

pub mod assumed;
pub mod record;
pub mod recordings;
mod rows;
pub mod summary;
pub mod traces;
pub mod wording;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::composites;
use super::computed;
use super::constants::Constants;
use super::files::Overlay;
use super::given::{self, Recordings as GivenRecordings};
use super::people::Run;
use super::script::{Course, Courses, Deed, Origin, START, Script};
use super::stand_in;
use super::story::{Happened, Onlooker, Story, live};
use super::verdict::Failure;
use crate::base::span::Location;
use crate::base::time::Timestamp;
use crate::contract::registry::Registry;
use crate::engine::event::Event;
use crate::model::operations::Launch;
use crate::model::program::Program;
use crate::model::scenario::Test;
use crate::plan::build;
use crate::plan::places::Places;
use crate::plan::program::Plan;
use crate::plan::request::{PlanError, PlanRequest, Surroundings};

use assumed::Assumed;
use recordings::{Ending, Recordings};
use wording::{Chance, Fault, Subject};

/// What a simulation starts from, beside the program.
pub struct Wanted<'a> {
    /// The lines of the model that a test could have, as the checker has read them.
    pub given: Option<&'a Test>,
    /// Those about chance.
    pub chances: &'a [Chance],
    pub recordings: Recordings,
    /// Of paths in lines `given … from`.
    pub files: &'a GivenRecordings,
    pub ending: Ending,
    /// None: when the recordings begin, or some Monday.
    pub start: Option<Timestamp>,
    pub approvals: Approvals,
    pub seed: u64,
    /// When the version begins to be bad, if no model says so.
    pub shift_at: Option<Duration>,
}

/// How approvals are given that the model says nothing about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Approvals {
    /// So long after they were asked for.
    After(Duration),
    Never,
}

/// Why nothing can be simulated.
#[derive(Debug)]
pub enum Complaint {
    /// About the line of this place among `chances`.
    Chance(usize, Fault),
    Given(Failure),
    Plan(PlanError),
}

/// A change for the worse, with its metric.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricShift {
    pub group: String,
    pub field: String,
    /// In the metric's unit.
    pub by: f64,
    /// In standard deviations of its noise, when they are known.
    pub sigmas: Option<f64>,
    pub at: Duration,
}

/// Everything that is the same in all runs.
pub struct Setup {
    pub plan: Arc<Plan>,
    pub places: Places,
    pub assumed: Vec<Assumed>,
    pub shifts: Vec<MetricShift>,
    /// When the version begins to be bad.
    pub onset: Option<Duration>,
    /// Metrics of the plan that nothing is given for.
    pub silent: Vec<String>,
    /// What else is to be said.
    pub notes: Vec<String>,
    script: Script,
    /// The courses without their shifts.
    healthy: Option<Arc<Courses>>,
    approvals: Approvals,
    seed: u64,
}

/// Which of the two worlds a run is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum World {
    /// As the model says.
    Modelled,
    /// The same without its changes for the worse, and otherwise the same chance.
    Healthy,
}

/// The plan of the pipeline in a world as it is wanted.
///
/// # Errors
/// Everything that is wrong with the model or keeps the plan from being made.
pub fn prepare(
    program: &Program,
    request: &PlanRequest<'_>,
    wanted: Wanted<'_>,
    surroundings: &dyn Surroundings,
) -> Result<Setup, Vec<Complaint>> {
    let environment = match request.environment {
        Some(name) => program.environments.get(name),
        None => program.environments.values().next(),
    };
    let constants = Constants::new(environment);
    let nothing = nothing_given(request);
    let test = wanted.given.unwrap_or(&nothing);
    let complain_of = |failures: Vec<Failure>| failures.into_iter().map(Complaint::Given).collect::<Vec<_>>();
    let files = given::files(test, &constants).map_err(complain_of)?;
    let overlay = Overlay { given: &files, beneath: surroundings };
    let plan = build(program, request, &overlay);
    let mut plan = plan.map_err(|errors| errors.into_iter().map(Complaint::Plan).collect::<Vec<_>>())?;
    composites::stand_in(&mut plan);
    let by_chance = wanted.chances.iter().map(|chance| (chance.group.as_str(), chance.field.as_str()));
    computed::take_as_sampled(&mut plan, computed::valued(test).chain(by_chance));
    let mut script = given::script(program, test, (&plan, files), (&constants, wanted.files)).map_err(complain_of)?;
    let given_start = Some(script.start).filter(|start| *start != START);
    script.start = wanted.start.or(given_start).or(wanted.recordings.start).unwrap_or(START);
    let shifted_by = script.start.0 - given_start.unwrap_or(START).0;
    script.deeds.iter_mut().for_each(|(at, _)| at.0 = at.0.saturating_add(shifted_by));
    add_courses(program, &plan, &wanted, &mut script)?;
    let assumed = assumed::take_out(&mut plan, &script);
    let shifts = shifts(&plan, &script);
    let onset = wanted.shift_at.or(shifts.iter().map(|shift| shift.at).min());
    let healthy = (!shifts.is_empty()).then(|| Arc::new(without_shifts(&script.courses)));
    Ok(Setup {
        silent: silent(&plan, &script),
        notes: wanted.recordings.notes,
        plan: Arc::new(plan),
        places: Places::default(),
        assumed,
        shifts,
        onset,
        script,
        healthy,
        approvals: wanted.approvals,
        seed: wanted.seed,
    })
}

fn nothing_given(request: &PlanRequest<'_>) -> Test {
    let launch = Launch {
        pipeline: request.pipeline.unwrap_or_default().to_owned(),
        args: Vec::new(),
        environment: request.environment.map(str::to_owned),
        at: Location::default(),
    };
    let title = "a simulation".to_owned();
    Test { title, doc: None, launch, given: Vec::new(), expect: Vec::new(), at: Location::default() }
}

/// Recordings first, since what is written counts before them.
fn add_courses(program: &Program, plan: &Plan, wanted: &Wanted<'_>, script: &mut Script) -> Result<(), Vec<Complaint>> {
    let start = script.start;
    let courses = Arc::make_mut(&mut script.courses);
    let in_plan = |group: &str, field: &str| {
        plan.groups.iter().any(|known| known.name == group && known.fields.iter().any(|query| query.field == field))
    };
    let repeats = |series| if wanted.ending == Ending::Repeat { recordings::length(series) } else { None };
    for ((group, field), series) in &wanted.recordings.series {
        if !in_plan(group, field) {
            continue;
        }
        let origin = Origin::Recorded { repeats: repeats(series) };
        let mut series = series.clone();
        if wanted.ending == Ending::Missing {
            series.extend(recordings::length(&series).map(|end| (end, None)));
        }
        let course = Course::Values { series, noise: None, origin };
        courses.entry((group.clone(), field.clone())).or_default().insert(0, course);
    }
    let mut complaints = Vec::new();
    for (place, chance) in wanted.chances.iter().enumerate() {
        let key = (chance.group.clone(), chance.field.clone());
        let declared = program.groups.get(&chance.group).and_then(|group| group.fields.get(&chance.field));
        let Some(declared) = declared else {
            complaints.push(Complaint::Chance(place, unknown_metric(program, chance)));
            continue;
        };
        let recorded = wanted.recordings.series.get(&key);
        let every = plan.groups.iter().find(|group| group.name == chance.group).map(|group| group.every);
        let subject = Subject {
            ty: &declared.ty,
            every: every.unwrap_or(Duration::from_secs(60)),
            start,
            recorded,
            repeats: recorded.and_then(repeats),
        };
        match chance.read(&subject) {
            Ok(model) => courses.entry(key).or_default().push(Course::Model(model)),
            Err(faults) => complaints.extend(faults.into_iter().map(|fault| Complaint::Chance(place, fault))),
        }
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints) }
}

fn unknown_metric(program: &Program, chance: &Chance) -> Fault {
    let groups = program.groups.iter();
    let names = groups.flat_map(|(group, it)| it.fields.keys().map(move |field| format!("{group}.{field}")));
    let names: Vec<String> = names.collect();
    let name = format!("{}.{}", chance.group, chance.field);
    let help = match crate::base::suggest::nearest(&name, names.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the metrics of this program are `{}`", names.join("`, `")),
    };
    Fault { at: chance.metric_at, message: format!("there is no metric `{name}`"), help }
}

/// The changes in what is given, of metrics that the plan reads.
fn shifts(plan: &Plan, script: &Script) -> Vec<MetricShift> {
    let mut found = Vec::new();
    for group in &plan.groups {
        for field in &group.fields {
            let courses = script.courses.get(&(group.name.clone(), field.field.clone()));
            let shift = |by: f64, deviation: Option<f64>, at: Duration| MetricShift {
                group: group.name.clone(),
                field: field.field.clone(),
                by,
                sigmas: deviation.filter(|deviation| *deviation > 0.0).map(|deviation| by / deviation),
                at,
            };
            match courses.and_then(|courses| courses.iter().rev().find(|it| !matches!(it, Course::Missing { .. }))) {
                Some(Course::Model(model)) => {
                    found.extend(model.shifts().map(|it| shift(it.by, model.deviation(), it.at)));
                }
                Some(Course::Values { series, noise, origin: Origin::Written }) => {
                    let amount = |value: &Option<crate::contract::value::Value>| {
                        value.as_ref().and_then(crate::contract::value::Value::as_number).map(|it| it.to_f64())
                    };
                    let deviation = noise.map(|noise| noise.deviation);
                    found.extend(series.windows(2).filter_map(|pair| {
                        let by = amount(&pair[1].1)? - amount(&pair[0].1)?;
                        Some(shift(by, deviation, pair[1].0))
                    }));
                }
                _ => {}
            }
        }
    }
    found.sort_by_key(|shift| shift.at);
    found
}

fn without_shifts(courses: &Courses) -> Courses {
    let healthy = |course: &Course| match course {
        Course::Model(model) => Course::Model(model.without_shifts()),
        Course::Values { series, noise, origin: Origin::Written } => {
            let first = series.first().cloned().into_iter().collect();
            Course::Values { series: first, noise: *noise, origin: Origin::Written }
        }
        other => other.clone(),
    };
    courses.iter().map(|(metric, all)| (metric.clone(), all.iter().map(healthy).collect())).collect::<HashMap<_, _>>()
}

fn silent(plan: &Plan, script: &Script) -> Vec<String> {
    let fields = plan.groups.iter().flat_map(|group| group.fields.iter().map(move |field| (group, field)));
    let silent = fields.filter(|(group, field)| {
        let courses = script.courses.get(&(group.name.clone(), field.field.clone()));
        courses.is_none_or(|courses| courses.iter().all(|course| matches!(course, Course::Missing { .. })))
    });
    silent.map(|(group, field)| format!("{}.{}", group.name, field.field)).collect()
}

impl Setup {
    /// The run of this number, from 0.
    #[must_use]
    pub fn run(&self, number: u64, world: World, real: &Registry) -> Story {
        let mut script = self.script.clone();
        script.title = format!("{} {number}", self.seed);
        if let (World::Healthy, Some(healthy)) = (world, &self.healthy) {
            script.courses = healthy.clone();
        }
        let mut approver = Approver::new(self, &script);
        let registry = stand_in::registry(real);
        let (Happened { events, count, state, performed, refusals }, end) =
            live(&self.plan, &script, registry, &mut approver);
        Story {
            plan: self.plan.clone(),
            places: self.places.clone(),
            script: Arc::new(script),
            events,
            count,
            state,
            performed,
            end,
            refusals,
            watched: Vec::new(),
        }
    }

    /// There is something that goes by chance, so that runs differ.
    #[must_use]
    pub fn is_random(&self) -> bool {
        self.script.courses.values().flatten().any(|course| match course {
            Course::Model(model) => model.is_random(),
            Course::Values { noise, .. } => noise.is_some_and(|noise| noise.deviation > 0.0),
            Course::Missing { .. } => false,
        })
    }

    #[must_use]
    pub fn has_healthy_twin(&self) -> bool {
        self.healthy.is_some()
    }

    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.script.start
    }
}

/// Gives the approvals that the model says nothing about.
struct Approver<'s> {
    plan: &'s Plan,
    approvals: Approvals,
    /// Phases whose approval is given, or not, as the model says.
    spoken_for: Vec<String>,
    seen: usize,
    due: Vec<(Timestamp, Deed)>,
}

impl<'s> Approver<'s> {
    fn new(setup: &'s Setup, script: &Script) -> Self {
        let spoken_for = script.deeds.iter().filter_map(|(_, deed)| match deed {
            Deed::Approve { phases, .. } => Some(phases.clone()),
            Deed::Resume { .. } | Deed::Resolve { .. } | Deed::Crash => None,
        });
        Self {
            plan: &setup.plan,
            approvals: setup.approvals,
            spoken_for: spoken_for.flatten().collect(),
            seen: 0,
            due: Vec::new(),
        }
    }
}

impl Onlooker for Approver<'_> {
    fn see(&mut self, run: &Run<'_>) {
        let events = run.events.get(self.seen..).unwrap_or_default();
        self.seen = run.events.len();
        let Approvals::After(pause) = self.approvals else { return };
        for recorded in events {
            let Event::ApprovalAsked { node, .. } = &recorded.event else { continue };
            let phase = &self.plan.phase(self.plan.node(*node).phase).id;
            if !self.spoken_for.contains(phase) {
                let deed = Deed::Approve { phases: vec![phase.clone()], by: "somebody".to_owned() };
                self.due.push((recorded.at.plus(pause), deed));
            }
        }
    }

    fn deeds(&mut self) -> Vec<(Timestamp, Deed)> {
        std::mem::take(&mut self.due)
    }
}
