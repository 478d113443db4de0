//! How long blocks and phases last, as far as it is known before the run.

use std::time::Duration;

use crate::model::expr::Expr;
use crate::model::phase::{Block, Phase, Statement, StatementKind, Step};
use crate::model::program::{MetricsGroup, Pipeline};

use super::constants::Constants;
use super::graph::Order;

/// The sampling interval of a group that says nothing about it.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
/// The longest pause between attempts of a step that says nothing about it.
const DEFAULT_LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The time that surely passes in a block: its holds and waits, those in a ramp once per weight.
pub fn known(block: &Block, constants: &Constants<'_>) -> Duration {
    block.statements.iter().fold(Duration::ZERO, |sum, statement| sum.saturating_add(known_of(statement, constants)))
}

fn known_of(statement: &Statement, constants: &Constants<'_>) -> Duration {
    match &statement.kind {
        StatementKind::Hold { duration, .. } | StatementKind::Wait(duration) => {
            constants.duration(duration).unwrap_or_default()
        }
        StatementKind::Ramp { weights, body, .. } => times(known(body, constants), weights.len()),
        StatementKind::Parallel(body) => {
            body.statements.iter().map(|statement| known_of(statement, constants)).max().unwrap_or_default()
        }
        StatementKind::Scope(body) => known(body, constants),
        StatementKind::Step(_) | StatementKind::Gate { .. } | StatementKind::Approve { .. } => Duration::ZERO,
    }
}

/// The longest that a block can last; none when nothing bounds it.
pub fn bound(block: &Block, constants: &Constants<'_>) -> Option<Duration> {
    block
        .statements
        .iter()
        .try_fold(Duration::ZERO, |sum, statement| Some(sum.saturating_add(bound_of(statement, constants)?)))
}

/// The longest that a statement can last.
pub fn bound_of(statement: &Statement, constants: &Constants<'_>) -> Option<Duration> {
    match &statement.kind {
        StatementKind::Hold { duration, .. } | StatementKind::Wait(duration) => constants.duration(duration),
        StatementKind::Ramp { weights, body, .. } => Some(times(bound(body, constants)?, weights.len())),
        StatementKind::Parallel(body) => body
            .statements
            .iter()
            .try_fold(Duration::ZERO, |longest, statement| Some(longest.max(bound_of(statement, constants)?))),
        StatementKind::Scope(body) => bound(body, constants),
        StatementKind::Step(step) => step_bound(step, constants),
        StatementKind::Gate { .. } => Some(Duration::ZERO),
        StatementKind::Approve { within, .. } => constants.duration(within.as_ref()?),
    }
}

fn step_bound(step: &Step, constants: &Constants<'_>) -> Option<Duration> {
    let timeout = constants.duration(step.timeout.as_ref()?)?;
    let Some(retry) = &step.retry else { return Some(timeout) };
    let retries = usize::try_from(constants.integer(retry)?).ok()?;
    let pause = match &step.backoff {
        None => DEFAULT_LONGEST_PAUSE,
        Some(range) => match constants.value(range)? {
            crate::contract::value::Value::Range(_, longest) => longest.as_duration()?,
            _ => return None,
        },
    };
    Some(times(timeout, retries.saturating_add(1)).saturating_add(times(pause, retries)))
}

fn times(duration: Duration, count: usize) -> Duration {
    duration.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Whether a phase surely does not run in this environment.
pub fn is_switched_off(phase: &Phase, constants: &Constants<'_>) -> bool {
    phase.when.as_ref().is_some_and(|when| constants.truth(when) == Some(false))
}

/// Which phases may run in this environment: not those that are switched off, nor what waits for one of them.
pub fn running(pipeline: &Pipeline, order: &Order<'_>, constants: &Constants<'_>) -> Vec<bool> {
    let mut runs: Vec<bool> = pipeline.phases.iter().map(|phase| !is_switched_off(phase, constants)).collect();
    if runs.iter().all(|runs| *runs) {
        return runs;
    }
    let before = order.predecessors();
    for phase in in_order(before).unwrap_or_default() {
        runs[phase] &= before[phase].iter().all(|before| runs[*before]);
    }
    runs
}

/// The longest path through the phases, each with its length, and the phases on it; none when one has no length.
pub fn longest_path(
    predecessors: &[Vec<usize>],
    mut length: impl FnMut(usize) -> Option<Duration>,
) -> Option<(Duration, Vec<usize>)> {
    let order = in_order(predecessors)?;
    let mut longest: Vec<(Duration, Option<usize>)> = vec![(Duration::ZERO, None); predecessors.len()];
    for phase in order {
        let before = predecessors[phase].iter().map(|before| (longest[*before].0, Some(*before))).max();
        let (sum, from) = before.unwrap_or_default();
        longest[phase] = (sum.saturating_add(length(phase)?), from);
    }
    let last = (0..longest.len()).max_by_key(|phase| longest[*phase].0);
    let Some(mut at) = last else { return Some((Duration::ZERO, Vec::new())) };
    let total = longest[at].0;
    let mut path = vec![at];
    while let Some(before) = longest[at].1 {
        path.push(before);
        at = before;
    }
    path.reverse();
    Some((total, path))
}

/// The phases so that each stands behind those it waits for; none when they wait for each other.
fn in_order(predecessors: &[Vec<usize>]) -> Option<Vec<usize>> {
    let mut waiting: Vec<usize> = predecessors.iter().map(Vec::len).collect();
    let mut followers: Vec<Vec<usize>> = vec![Vec::new(); predecessors.len()];
    for (phase, before) in predecessors.iter().enumerate() {
        before.iter().for_each(|before| followers[*before].push(phase));
    }
    let mut order: Vec<usize> = (0..waiting.len()).filter(|phase| waiting[*phase] == 0).collect();
    let mut next = 0;
    while let Some(&phase) = order.get(next) {
        next += 1;
        for follower in &followers[phase] {
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                order.push(*follower);
            }
        }
    }
    (order.len() == predecessors.len()).then_some(order)
}

/// How often a group is sampled.
pub fn every(group: &MetricsGroup, constants: &Constants<'_>) -> Option<Duration> {
    group.every.as_ref().map_or(Some(DEFAULT_INTERVAL), |every| constants.duration(every))
}

/// How old the samples of a group are when they come.
pub fn lag(group: &MetricsGroup, constants: &Constants<'_>) -> Option<Duration> {
    group.lag.as_ref().map_or(Some(Duration::ZERO), |lag| constants.duration(lag))
}

/// Every hold and wait of a block, with the place of its length.
pub fn waits<'p>(block: &'p Block, found: &mut Vec<(&'p Expr, bool)>) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Hold { duration, .. } => found.push((duration, true)),
            StatementKind::Wait(duration) => found.push((duration, false)),
            other => other.inner().into_iter().for_each(|inner| waits(inner, found)),
        }
    }
}

/// The longest that the whole pipeline can last.
pub fn pipeline_bound(pipeline: &Pipeline, predecessors: &[Vec<usize>], constants: &Constants<'_>) -> Option<Duration> {
    let whole = longest_path(predecessors, |phase| {
        let phase = &pipeline.phases[phase];
        // One after the other they last as long as there are elements.
        let bounded = phase.each.as_ref().is_none_or(|each| each.at_once.is_none()) && phase.window.is_none();
        if bounded { bound(&phase.body, constants) } else { None }
    });
    whole.map(|(duration, _)| duration).filter(|_| pipeline.window.is_none())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::longest_path;

    #[test]
    fn the_longest_path_adds_what_waits_for_each_other() {
        let lengths = [10, 20, 5, 1];
        let length = |phase: usize| Some(Duration::from_secs(lengths[phase]));
        let found = longest_path(&[vec![], vec![0], vec![0], vec![2]], length);
        assert_eq!(found, Some((Duration::from_secs(30), vec![0, 1])));
    }

    #[test]
    fn a_circle_has_no_longest_path() {
        assert_eq!(longest_path(&[vec![1], vec![0]], |_| Some(Duration::ZERO)), None);
    }
}
