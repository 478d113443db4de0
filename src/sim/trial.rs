//! One test: its plan, its world, its run in virtual time, and what became of what it expects.

use std::sync::Arc;

use super::composites;
use super::computed;
use super::constants::Constants;
use super::given::{self, Recordings};
use super::stand_in;
use super::story::{Happened, Story, live};
use super::verdict::{self, Failure};
use super::watch::Watch;
use crate::base::source::Sources;
use crate::contract::registry::Registry;
use crate::model::program::Program;
use crate::model::scenario::Test;
use crate::plan::build_launch;
use crate::plan::request::PlanError;

/// A test with what came of it.
#[derive(Debug)]
pub struct Trial {
    pub failures: Vec<Failure>,
    /// None: there was nothing to run.
    pub story: Option<Story>,
}

/// Runs a test of a program that has no errors.
#[must_use]
pub fn run(program: &Program, test: &Test, real: &Registry, recordings: &Recordings) -> Trial {
    let environment = test.launch.environment.as_deref();
    let environment = match environment {
        Some(name) => program.environments.get(name),
        None => program.environments.values().next(),
    };
    let constants = Constants::new(environment);
    let failed = |failures| Trial { failures, story: None };
    let files = match given::files(test, &constants) {
        Ok(files) => files,
        Err(failures) => return failed(failures),
    };
    let (mut plan, places) = match build_launch(program, &test.launch, &Sources::default(), &files) {
        Ok(built) => built,
        Err(errors) => return failed(errors.into_iter().map(|error| unplanned(test, error)).collect()),
    };
    composites::stand_in(&mut plan);
    computed::take_as_sampled(&mut plan, computed::valued(test));
    let script = match given::script(program, test, (&plan, files), (&constants, recordings)) {
        Ok(script) => script,
        Err(failures) => return failed(failures),
    };
    let mut watch = Watch::new(test, &constants);
    let (Happened { events, count, state, performed, refusals }, end) =
        live(&plan, &script, stand_in::registry(real), &mut watch);
    let reading = watch.reading.take();
    let watched = watch.watched;
    let (plan, script) = (Arc::new(plan), Arc::new(script));
    let story = Story { plan, places, script, events, count, state, performed, end, refusals, watched };
    let failures = match reading {
        Some((at, reading)) => {
            let message = format!("`{}` reads `{}`, which nobody gave", reading.reader, reading.field);
            let around = Some(at);
            vec![Failure { at: test.at, expected: None, message, around }]
        }
        None => verdict::judge(test, &story, &constants),
    };
    Trial { failures, story: Some(story) }
}

fn unplanned(test: &Test, error: PlanError) -> Failure {
    let help = error.help.map_or(String::new(), |help| format!(" ({help})"));
    let message = format!("there is no plan: {}{help}", error.message);
    Failure { at: error.at.unwrap_or(test.launch.at), expected: None, message, around: None }
}
