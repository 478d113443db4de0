//! How often each trigger fires although nothing is wrong, and how soon it sees a shift: before anything runs.
//!
//! Closed forms and computed run lengths where they exist, a simulation of bounded length elsewhere; each with what it assumes.
//! Of a condition that looks at no metric nothing is said.

use std::time::Duration;

use rustc_hash::FxHashSet;

use crate::base::number::Number;
use crate::base::span::Location;
use crate::base::time::format_duration;
use crate::contract::value::Value;
use crate::eval::reduce::constant;
use crate::model::expr::{Expr, ExprKind, Operator};
use crate::model::phase::{Block, StatementKind, Sustain, Trigger};
use crate::model::program::Program;
use crate::sim::alarms::{Answer, Question, Statistic, answer, early};
use crate::stats::run_length::{CusumChart, Sides, cusum, limit_for, shewhart};

/// What can be said of a trigger.
#[derive(Debug, Clone, PartialEq)]
pub struct Rate {
    pub at: Location,
    /// `rollback when …`
    pub trigger: String,
    pub sentence: String,
}

/// A metric has one bad sample in so many when nothing is wrong: an assumption, since nothing else is known of it.
const ONE_BAD_IN: f64 = 100.0;

/// The triggers of all pipelines of which something can be said, in order.
#[must_use]
pub fn rates(program: &Program) -> Vec<Rate> {
    let mut found = Vec::new();
    for pipeline in program.pipelines.values() {
        let blocks = std::iter::once(&pipeline.scope).chain(pipeline.phases.iter().map(|phase| &phase.body));
        blocks.for_each(|block| in_block(program, block, &mut found));
    }
    // The triggers of a component are there once for each use; what differs from use to use is said of each.
    let mut said = FxHashSet::default();
    found.retain(|rate| said.insert((rate.at, rate.sentence.clone())));
    found
}

/// The trigger at a place, said at once: what takes a simulation says so instead of its figures.
#[must_use]
pub fn rate_at(program: &Program, is_there: impl Fn(Location) -> bool) -> Option<Rate> {
    let mut triggers = Vec::new();
    for pipeline in program.pipelines.values() {
        let blocks = std::iter::once(&pipeline.scope).chain(pipeline.phases.iter().map(|phase| &phase.body));
        blocks.for_each(|block| triggers_in(block, &mut triggers));
    }
    let trigger = triggers.into_iter().find(|trigger| is_there(trigger.at))?;
    if !takes_simulation(program, trigger) {
        return rate_of(program, trigger);
    }
    let sentence = "how often it fires falsely takes a simulation: `phasegate check --rates` says it".to_owned();
    Some(Rate { at: trigger.at, trigger: text_of(trigger), sentence })
}

fn triggers_in<'p>(block: &'p Block, found: &mut Vec<&'p Trigger>) {
    found.extend(&block.triggers);
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Ramp { body, .. } | StatementKind::Parallel(body) | StatementKind::Scope(body) => {
                triggers_in(body, found);
            }
            _ => {}
        }
    }
}

/// Whether there is no closed form for what can be said of it.
fn takes_simulation(program: &Program, trigger: &Trigger) -> bool {
    let expr = &trigger.condition.expr;
    let Some(every) = interval(program, expr) else { return false };
    match &*expr.kind {
        ExprKind::Field(_, field) if field == "alarm" => {
            needed(trigger.condition.sustain.as_ref(), every).is_some_and(|needed| needed > 1.0)
        }
        ExprKind::Binary(_, left, _) if is_sum(left) => {
            needed(trigger.condition.sustain.as_ref(), every).is_some_and(|needed| needed > 1.0)
        }
        ExprKind::Binary(_, left, right) => [left, right].into_iter().any(|side| windowed(side, every).is_some()),
        _ => false,
    }
}

fn rate_of(program: &Program, trigger: &Trigger) -> Option<Rate> {
    let sentence = sentence(program, trigger)?;
    Some(Rate { at: trigger.at, trigger: text_of(trigger), sentence })
}

fn text_of(trigger: &Trigger) -> String {
    format!("{} when {}", trigger.action.name(), trigger.condition.text)
}

fn in_block(program: &Program, block: &Block, found: &mut Vec<Rate>) {
    let mut triggers = Vec::new();
    triggers_in(block, &mut triggers);
    found.extend(triggers.into_iter().filter_map(|trigger| rate_of(program, trigger)));
}

fn sentence(program: &Program, trigger: &Trigger) -> Option<String> {
    let expr = &trigger.condition.expr;
    let every = interval(program, expr)?;
    let sustain = trigger.condition.sustain.as_ref();
    let needed = needed(sustain, every)?;
    match &*expr.kind {
        ExprKind::Field(sum, field) if field == "alarm" => {
            let ExprKind::Call(function, args) = &*sum.kind else { return None };
            if function.as_str() != "cusum" {
                return None;
            }
            of_cusum(&chart_of(args, every)?, every, needed)
        }
        ExprKind::Call(function, args) if function.as_str() == "worse" => of_worse(args),
        ExprKind::Binary(Operator::Greater | Operator::GreaterEqual, left, right) if is_sum(left) => {
            of_cusum(&chart_of_side(left, right, every)?, every, needed)
        }
        ExprKind::Binary(
            Operator::Greater | Operator::GreaterEqual | Operator::Less | Operator::LessEqual,
            left,
            right,
        ) => {
            let window = [left, right].into_iter().find_map(|side| windowed(side, every));
            match window {
                Some(window) => of_window(window, needed, every, trigger.condition.after.is_some()),
                None => of_drift(left, right, every, needed).or_else(|| Some(of_samples(expr, needed, every))),
            }
        }
        _ => Some(of_samples(expr, needed, every)),
    }
}

/// A condition on samples: what they have in common from look to look is not known.
fn of_samples(expr: &Expr, needed: f64, every: Duration) -> String {
    if has_windows(expr) {
        return "its looks have samples in common, and no closed form is known: `phasegate simulate --runs 1000` with a model of \
                the metric says how often it fires falsely"
            .to_owned();
    }
    of_limit(needed, every)
}

/// `cusum(…).up`, `cusum(…).down`
fn is_sum(expr: &Expr) -> bool {
    matches!(&*expr.kind, ExprKind::Field(sum, field) if matches!(field.as_str(), "up" | "down")
        && matches!(&*sum.kind, ExprKind::Call(function, _) if function.as_str() == "cusum"))
}

/// How many looks in a row have to be bad.
fn needed(sustain: Option<&Sustain>, every: Duration) -> Option<f64> {
    let needed = match sustain {
        None => 1.0,
        Some(Sustain::Samples(count)) => constant(count).ok()?.as_number()?.to_f64(),
        Some(Sustain::Time(time)) => {
            let time = constant(time).ok().as_ref().and_then(Value::as_duration)?;
            1.0 + (time.as_secs_f64() / every.as_secs_f64()).ceil()
        }
    };
    Some(needed.max(1.0))
}

/// A function over several samples, whose looks are not independent.
fn windowed(expr: &Expr, every: Duration) -> Option<Statistic> {
    let ExprKind::Call(function, args) = &*expr.kind else { return None };
    let time = |name: &str| constant(argument(args, name)?).ok()?.as_duration();
    let samples = |name: &str| Some((time(name)?.as_secs_f64() / every.as_secs_f64()).ceil().max(1.0) as usize);
    match function.as_str() {
        "mean" | "sum" => samples("window").map(Statistic::Mean),
        "min" => samples("window").map(Statistic::Least),
        "max" => samples("window").map(Statistic::Greatest),
        "stddev" => samples("window").map(Statistic::Deviation),
        "percentile" => Some(Statistic::Percentile(samples("window")?, number(args, "q", 0.5)?)),
        "ewma" => {
            let half_lives = every.as_secs_f64() / time("half_life")?.as_secs_f64();
            Some(Statistic::Ewma(0.5_f64.powf(half_lives)))
        }
        _ => None,
    }
}

/// Whether something in it looks at more than the latest samples.
fn has_windows(expr: &Expr) -> bool {
    // What is compared with a sample from before the block, or with the latest one alone, is as independent as samples are.
    let looks_back = |function: &str, args: &[(String, Expr)]| {
        !matches!(function, "last" | "drift" | "delta" | "baseline")
            && args.iter().any(|(_, arg)| matches!(&*arg.kind, ExprKind::Metric { .. }))
    };
    let here = matches!(&*expr.kind, ExprKind::Call(function, args) if looks_back(function.as_str(), args));
    here || expr.children().into_iter().any(has_windows)
}

/// By simulation: the limit is where one look in a hundred is bad by chance.
fn of_window(statistic: Statistic, needed: f64, every: Duration, waits: bool) -> Option<String> {
    let question = Question { statistic, bad_share: 1.0 / ONE_BAD_IN, needed: needed as u64 };
    let falsely = answer(&question, 0.0)?;
    let seen = match statistic {
        // A shift does not make samples spread.
        Statistic::Deviation(_) => String::new(),
        _ => {
            format!("; sees a shift of 1 sigma of the samples after {}", simulated(&answer(&question, 1.0)?, every))
        }
    };
    let at_start = if waits { String::new() } else { at_start(&question, &falsely, every) };
    Some(format!(
        "one false alarm in {} if one look in {ONE_BAD_IN} is beyond the limit by chance{seen}{at_start}; for independent, \
         normal samples every {}, by simulation ({} alarms in {} samples)",
        simulated(&falsely, every),
        format_duration(every),
        falsely.alarms,
        falsely.watched,
    ))
}

/// What the first samples of a run do, when they do more than later ones.
fn at_start(question: &Question, later: &Answer, every: Duration) -> String {
    const WORTH_SAYING: f64 = 0.01;
    let Some(early) = early(question) else { return String::new() };
    let usual = later.samples.map_or(0.0, |samples| early.samples as f64 / samples);
    if early.share < WORTH_SAYING || early.share < 2.0 * usual {
        return String::new();
    }
    let settled = Duration::try_from_secs_f64(early.samples as f64 * every.as_secs_f64()).unwrap_or(Duration::MAX);
    let settled = format_duration(settled);
    format!(
        "; where a run begins with it {}% of the runs see one in the first {settled}, when few samples are there: \
         `after {settled}` waits for more",
        rounded(early.share * 100.0),
    )
}

/// `about 7h45m`, or how much it is at least.
fn simulated(answer: &Answer, every: Duration) -> String {
    match answer.samples {
        Some(samples) => time(samples, every),
        // No alarm in n samples: at 95 % the rate is below 3/n.
        None => format!("more than {}", time(answer.watched as f64 / 3.0, every).trim_start_matches("about ")),
    }
}

/// How often the rarest metric that it reads is sampled.
fn interval(program: &Program, expr: &Expr) -> Option<Duration> {
    let mut open = vec![expr];
    let mut longest = None;
    while let Some(part) = open.pop() {
        if let ExprKind::Metric { group, .. } = &*part.kind {
            let every = match &program.groups.get(group)?.every {
                Some(every) => constant(every).ok()?.as_duration()?,
                None => Duration::from_secs(60),
            };
            longest = longest.max(Some(every));
        }
        open.extend(part.children());
    }
    longest.filter(|every| !every.is_zero())
}

fn argument<'a>(args: &'a [(String, Expr)], name: &str) -> Option<&'a Expr> {
    args.iter().find(|(own, _)| own == name).map(|(_, arg)| arg)
}

fn number(args: &[(String, Expr)], name: &str, default: f64) -> Option<f64> {
    match argument(args, name) {
        Some(arg) => constant(arg).ok()?.as_number().map(Number::to_f64),
        None => Some(default),
    }
}

/// The chart behind `cusum(…).alarm`.
fn chart_of(args: &[(String, Expr)], every: Duration) -> Option<CusumChart> {
    let sides = match argument(args, "side") {
        Some(side) => match constant(side).ok()?.as_text()? {
            "up" => Sides::Upper,
            "down" => Sides::Lower,
            _ => Sides::Both,
        },
        None => Sides::Both,
    };
    let chart = CusumChart {
        k: number(args, "k", 0.5)?,
        h: number(args, "h", 5.0)?,
        headstart: number(args, "headstart", 0.0)?,
        sides,
    };
    Some(match argument(args, "false_alarm_every") {
        Some(wanted) => {
            let wanted = constant(wanted).ok()?.as_duration()?;
            CusumChart { h: limit_for(&chart, wanted.as_secs_f64() / every.as_secs_f64())?, ..chart }
        }
        None => chart,
    })
}

/// `cusum(…).up > 4` is a chart of one side, with a limit of its own.
fn chart_of_side(sum: &Expr, limit: &Expr, every: Duration) -> Option<CusumChart> {
    let ExprKind::Field(sum, field) = &*sum.kind else { return None };
    let ExprKind::Call(_, args) = &*sum.kind else { return None };
    let h = constant(limit).ok()?.as_number()?.to_f64();
    let sides = if field.as_str() == "up" { Sides::Upper } else { Sides::Lower };
    (h > 0.0).then_some(CusumChart { h, sides, ..chart_of(args, every)? })
}

fn of_cusum(chart: &CusumChart, every: Duration, needed: f64) -> Option<String> {
    let shift = if chart.sides == Sides::Lower { -1.0 } else { 1.0 };
    let (falsely, seen) = (cusum(chart, 0.0)?, cusum(chart, shift)?);
    let longer = if needed > 1.0 { lasting_cusum(chart, shift, needed, every)? } else { String::new() };
    Some(format!(
        "one false alarm in {} ({} samples); sees a shift of 1 sigma after {}{longer}; h = {}; for independent, \
         normal samples every {}, by the integral equation of the run length",
        time(falsely, every),
        rounded(falsely),
        time(seen, every),
        (chart.h * 1e3).round() / 1e3,
        format_duration(every),
    ))
}

/// What its `for` makes of it: of that there is no closed form.
fn lasting_cusum(chart: &CusumChart, shift: f64, needed: f64, every: Duration) -> Option<String> {
    let statistic = Statistic::Cusum {
        k: chart.k,
        h: chart.h,
        headstart: chart.headstart,
        up: chart.sides != Sides::Lower,
        down: chart.sides != Sides::Upper,
    };
    let question = Question { statistic, bad_share: 0.0, needed: needed as u64 };
    let (falsely, seen) = (answer(&question, 0.0)?, answer(&question, shift)?);
    Some(format!(
        "; with its `for` one in {} and after {} (simulated: {} alarms in {} samples)",
        simulated(&falsely, every),
        simulated(&seen, every),
        falsely.alarms,
        falsely.watched,
    ))
}

fn of_worse(args: &[(String, Expr)]) -> Option<String> {
    let confidence = number(args, "confidence", 0.99)?;
    let alpha = 1.0 - confidence;
    (alpha > 0.0 && alpha < 1.0).then(|| {
        let runs = rounded(1.0 / alpha);
        format!(
            "one false alarm in at least {runs} runs without a difference, however long they take: it is valid at every look \
             (Ville 1939); given the past an equal canary is assumed to be no likelier above the margin than below"
        )
    })
}

/// `drift(x, mean, sigma) > 3` is a Shewhart chart with one side.
fn of_drift(left: &Expr, right: &Expr, every: Duration, needed: f64) -> Option<String> {
    let ExprKind::Call(function, _) = &*left.kind else { return None };
    let limit = constant(right).ok()?.as_number()?.to_f64().abs();
    if function.as_str() != "drift" || limit <= 0.0 {
        return None;
    }
    let lasting = |shift: f64| run_of(1.0 / shewhart(limit, shift, Sides::Upper), needed);
    let (falsely, seen) = (time(lasting(0.0), every), time(lasting(1.0), every));
    Some(format!(
        "one false alarm in {falsely}; sees a shift of 1 sigma after {seen}; for independent, normal samples every {}",
        format_duration(every)
    ))
}

/// A limit on samples: what a `for` makes of bad samples that come by chance.
fn of_limit(needed: f64, every: Duration) -> String {
    format!(
        "one false alarm in {} if one sample in {ONE_BAD_IN} is bad by chance, each by itself; fires {} after all began to be bad",
        time(run_of(1.0 / ONE_BAD_IN, needed), every),
        time(needed, every),
    )
}

/// The average number of samples until so many in a row are bad, each with this probability: (1 − pⁿ) / ((1 − p) pⁿ) (Feller, *An
/// Introduction to Probability Theory*, XIII.7).
fn run_of(p: f64, needed: f64) -> f64 {
    let run = p.powf(needed);
    (1.0 - run) / ((1.0 - p) * run)
}

/// So many samples as a time, in no more digits than it deserves: `about 7h45m`.
fn time(samples: f64, every: Duration) -> String {
    const MOST: f64 = 1e6;
    let seconds = samples * every.as_secs_f64();
    let years = seconds / (365.25 * 86_400.0);
    if years > MOST {
        return "more than a million years".to_owned();
    }
    if years >= 2.0 {
        return format!("about {} years", rounded(years));
    }
    // To the unit below the greatest.
    let unit = [86_400.0, 3_600.0, 60.0, 1.0].into_iter().find(|unit| seconds >= unit * 24.0).unwrap_or(1.0);
    let whole = Duration::try_from_secs_f64((seconds / unit).round() * unit);
    whole.map_or_else(|_| "an unknown time".to_owned(), |time| format!("about {}", format_duration(time)))
}

fn rounded(value: f64) -> String {
    if value > 1e9 {
        return "more than 1000000000".to_owned();
    }
    let scale = if value >= 100.0 { 1.0 } else { 10.0 };
    format!("{}", (value * scale).round() / scale)
}
