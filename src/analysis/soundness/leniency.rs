//! What a gate or a hold lets through although a trigger around it takes it back.

use crate::model::phase::Condition;
use crate::model::program::Program;

use super::exact::Fraction;
use super::linear::{Row, Solved, Variable};
use super::machine::{Run, rhythm, run_of};
use super::order::{Machine, Precedence, machine_of, precedes};
use super::sets::Cell;
use super::survey::{Look, Surveyed, Watch, World};
use super::witness::{TimeLine, time_line, values};

/// A requirement that is too lenient, and the samples that show it.
pub struct Leniency {
    /// Which of the conditions.
    pub require: usize,
    pub shown: Option<TimeLine>,
}

/// All requirements of a gate together: what passes, and which requirement each row comes from.
#[derive(Clone, Default)]
struct Passage {
    cell: Cell,
    origins: Vec<usize>,
    /// Requirements that can be met in another way, too.
    alternatives: Vec<usize>,
}

const MOST_PASSAGES: usize = 32;

/// Samples that pass a gate and, when they stay like that, let the trigger fire; with the requirement that limits them.
#[must_use]
pub fn of_gate(program: &Program, look: &Look<'_>, watch: &Watch<'_>, world: &World<'_>) -> Option<Leniency> {
    let reading = &world.readings[watch.condition];
    let fires = reading.truth.as_ref().filter(|_| !reading.is_never && !reading.is_always)?;
    let passages = passages(look, world)?;
    for fires in fires {
        for passage in &passages {
            let Some((require, limit)) = tightest(passage, fires) else { continue };
            let both = passage.cell.and(fires);
            let Solved::Point(point) = both.solve(&world.table) else { continue };
            let limited: Vec<Variable> = limit.terms.iter().map(|(variable, _)| *variable).collect();
            let involved = both.about(&limited).variables();
            if !is_reachable(&involved, world) {
                continue;
            }
            let shown = show(program, &watch.trigger.condition, (&point, &involved), world);
            return Some(Leniency { require, shown });
        }
    }
    None
}

fn passages(look: &Look<'_>, world: &World<'_>) -> Option<Vec<Passage>> {
    let mut passages = vec![Passage::default()];
    for (index, condition) in look.conditions.iter().enumerate().filter(|(_, condition)| !condition.warns) {
        let reading = &world.readings[look.first + index];
        if condition.expr.ty == crate::contract::types::Type::Error || reading.is_never {
            return None;
        }
        let own = reading.truth.as_ref()?;
        let mut more = Vec::new();
        for passage in &passages {
            for cell in own {
                let mut next = passage.clone();
                next.cell.extend(cell);
                next.origins.extend(std::iter::repeat_n(index, cell.rows.len()));
                if own.len() > 1 {
                    next.alternatives.push(index);
                }
                more.push(next);
            }
        }
        passages = more;
        if passages.len() > MOST_PASSAGES {
            return None;
        }
    }
    Some(passages)
}

/// The requirement that limits most what the trigger limits, too, and the row that does.
fn tightest<'c>(passage: &'c Passage, fires: &Cell) -> Option<(usize, &'c Row)> {
    let mut found: Option<(usize, &Row, Fraction)> = None;
    for (row, origin) in passage.cell.rows.iter().zip(&passage.origins) {
        let is_limited = fires.rows.iter().any(|other| faces(row, other));
        let is_enclosed = fires.rows.iter().any(|other| points_like(row, other));
        let (true, false, Some((_, factor))) = (is_limited, is_enclosed, row.terms.first()) else { continue };
        // One of several ways to pass (`or`) may have nothing to do with what the trigger is about.
        if passage.alternatives.contains(origin) {
            continue;
        }
        let size = if factor.sign() < 0 { factor.negate() } else { Some(*factor) };
        let Some(limit) = size.and_then(|size| row.limit.divide(size)) else { continue };
        let is_tighter = found.is_none_or(|(_, _, known)| limit.compare(known) == Some(std::cmp::Ordering::Less));
        if is_tighter {
            found = Some((*origin, row, limit));
        }
    }
    found.map(|(origin, row, _)| (origin, row))
}

/// One limits from above what the other limits from below.
fn faces(row: &Row, other: &Row) -> bool {
    same_variables(row, other) && pairs(row, other).all(|(left, right)| left.sign() == -right.sign())
}

fn points_like(row: &Row, other: &Row) -> bool {
    same_variables(row, other) && pairs(row, other).all(|(left, right)| left.sign() == right.sign())
}

fn same_variables(row: &Row, other: &Row) -> bool {
    row.terms.len() == other.terms.len()
        && row.terms.iter().zip(&other.terms).all(|((left, _), (right, _))| left == right)
}

fn pairs<'r>(row: &'r Row, other: &'r Row) -> impl Iterator<Item = (Fraction, Fraction)> + 'r {
    row.terms.iter().zip(&other.terms).map(|((_, left), (_, right))| (*left, *right))
}

/// Whether data can give the variables any values, each by itself.
fn is_reachable(variables: &[Variable], world: &World<'_>) -> bool {
    let mut metrics: Vec<&String> = Vec::new();
    for variable in variables {
        let facts = world.table.facts(*variable);
        if !facts.is_free || facts.metrics.iter().any(|metric| metrics.contains(&metric)) {
            return false;
        }
        metrics.extend(&facts.metrics);
    }
    true
}

fn show(
    program: &Program,
    trigger: &Condition,
    (point, involved): (&[(Variable, Fraction)], &[Variable]),
    world: &World<'_>,
) -> Option<TimeLine> {
    let run = match &trigger.sustain {
        Some(sustain) => run_of(sustain, &world.constants)?,
        None => Run::Samples(1),
    };
    let rhythm = rhythm(program, &trigger.expr, &world.constants)?;
    time_line(&values(&world.table, point, involved)?, run, &rhythm)
}

/// A requirement of a hold that fails only after the trigger has fired, and lets something through that fires it.
#[must_use]
pub fn of_hold(
    program: &Program,
    surveyed: &Surveyed<'_>,
    (look, index): (&Look<'_>, usize),
    watch: &Watch<'_>,
    world: &World<'_>,
) -> Option<Leniency> {
    let condition = &look.conditions[index];
    let reading = &world.readings[look.first + index];
    let bad = reading.falsehood.as_deref().filter(|_| !reading.is_never && !reading.is_always)?;
    let good = reading.truth.as_deref()?;
    let strict = machine_of(surveyed, watch, world)?;
    let every = look.hold.and_then(|hold| hold.every);
    let is_immediate = |condition: &Condition| condition.sustain.is_none();
    if strict.condition.after.is_some() || (every.is_some() && !is_immediate(strict.condition)) {
        return None;
    }
    let ramp = surveyed.places[look.place].ramp;
    let loose = Machine { condition, bad, stretches: 1, ramp };
    let precedence = precedes(program, strict, loose, world)?;
    // Something passes the requirement, or is not bad for long enough, and is taken back all the same.
    let tolerated = if precedence == Precedence::Earlier { bad } else { &[] };
    let passes = || good.iter().chain(tolerated);
    let both = strict.bad.iter().flat_map(|fires| passes().map(|passes| passes.and(fires)));
    for both in both {
        let Solved::Point(point) = both.solve(&world.table) else { continue };
        let involved = both.variables();
        if is_reachable(&involved, world) {
            let shown = show(program, strict.condition, (&point, &involved), world);
            return Some(Leniency { require: index, shown });
        }
    }
    None
}
