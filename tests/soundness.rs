//! The proofs of the checker against the evaluator and the engine: what it says can never be is never seen with any
//! samples, what it says one trigger does before another it does, and every time line it prints happens.

mod support;

use std::time::Duration;

use phasegate::analysis::{Analysis, analyze};
use phasegate::base::number::Number;
use phasegate::base::source::Sources;
use phasegate::base::time::Timestamp;
use phasegate::contract::value::{Unit, Value};
use phasegate::engine::event::{Event, RunOutcome};
use phasegate::eval::{Evaluated, Unknown, World, evaluate, truth};
use phasegate::model::expr::{Expr, LocalId, OutputRef, RunField};
use phasegate::model::phase::{Condition, StatementKind};
use phasegate::model::program::FieldValue;
use phasegate::sim::Simulation;
use phasegate::steps::registry;
use proptest::prelude::{Strategy, prop_oneof};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use support::{START, Script, plan};

const METRICS: &str = r#"
metrics m from http("http://127.0.0.1:1/") every 1m {
  x: float = json("x")
  y: float = json("y")
  n: int = json("n")
  b: bool = json("b")
  s: string = json("s")
  d: float = x - y
  q: float = x / y
}
"#;

fn check(source: &str) -> Analysis {
    let mut sources = Sources::default();
    let mut load = |_: &str| Ok(source.as_bytes().to_vec());
    analyze(&mut load, "test.deploy", &mut sources).expect("the loader answers")
}

fn has(analysis: &Analysis, code: &str) -> bool {
    analysis.diagnostics.iter().any(|diagnostic| diagnostic.code.id() == code)
}

/// Samples of one instant; none is missing.
#[derive(Debug, Clone)]
struct Instant<'p> {
    analysis: &'p Analysis,
    x: Option<f64>,
    y: Option<f64>,
    n: Option<i64>,
    b: Option<bool>,
    s: Option<&'static str>,
}

impl World for Instant<'_> {
    fn local(&self, _: LocalId) -> Evaluated {
        Err(Unknown(String::new()))
    }
    fn environment(&self, _: &str) -> Evaluated {
        Err(Unknown(String::new()))
    }
    fn run(&self, _: RunField) -> Evaluated {
        Err(Unknown(String::new()))
    }
    fn output(&self, _: &OutputRef) -> Evaluated {
        Err(Unknown(String::new()))
    }
    fn metric(&self, group: &str, field: &str) -> Evaluated {
        if let FieldValue::Derived(value) = &self.analysis.program.groups[group].fields[field].value {
            return evaluate(value, self);
        }
        let number = |value: f64| Value::Quantity(Number::from_f64(value), Unit::One);
        let value = match field {
            "x" => self.x.map(number),
            "y" => self.y.map(number),
            "n" => self.n.map(Value::int),
            "b" => self.b.map(Value::Bool),
            _ => self.s.map(Value::text),
        };
        value.ok_or_else(|| Unknown("missing".to_owned()))
    }
    fn stage_weight(&self) -> Evaluated {
        Err(Unknown(String::new()))
    }
    fn call(&self, _: &str, _: &[(String, Expr)]) -> Option<Evaluated> {
        None
    }
}

/// Every combination of a few values, and of their absence.
fn instants(analysis: &Analysis) -> Vec<Instant<'_>> {
    let halves: Vec<Option<f64>> =
        std::iter::once(None).chain((-9..=9).map(|quarter| Some(f64::from(quarter) * 0.375))).collect();
    let wholes = [None, Some(-2), Some(0), Some(1), Some(2), Some(3)];
    let mut found = Vec::new();
    for (index, x) in halves.iter().enumerate() {
        for (other, y) in halves.iter().enumerate() {
            let pick = index * 31 + other * 17;
            let (n, b) = (wholes[pick % 6], [None, Some(true), Some(false)][pick % 3]);
            let s = [None, Some("a"), Some("b"), Some("c")][pick % 4];
            found.push(Instant { analysis, x: *x, y: *y, n, b, s });
            // The values that limits are written with, too.
            let whole = |value: &Option<f64>| value.map(|value| (value * 2.0).round() / 2.0);
            found.push(Instant { analysis, x: whole(x), y: whole(y), n, b, s });
        }
    }
    found
}

fn limit() -> impl Strategy<Value = String> {
    (-5i32..=5).prop_map(|half| format!("{:.1}", f64::from(half) / 2.0))
}

fn comparison() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        proptest::strategy::Just("<"),
        proptest::strategy::Just("<="),
        proptest::strategy::Just(">"),
        proptest::strategy::Just(">="),
        proptest::strategy::Just("=="),
        proptest::strategy::Just("!="),
    ]
}

fn atom() -> impl Strategy<Value = String> {
    let numbers =
        ["m.x", "m.y", "m.d", "m.q", "m.x + m.y", "2 * m.x - m.y", "m.x / 3", "m.x * m.y", "abs(m.x)", "-m.y"];
    let number = proptest::sample::select(numbers.to_vec());
    prop_oneof![
        6 => (number.clone(), comparison(), limit()).prop_map(|(left, op, right)| format!("{left} {op} {right}")),
        2 => (number.clone(), comparison(), number.clone()).prop_map(|(left, op, right)| format!("{left} {op} {right}")),
        2 => (comparison(), -2i32..4).prop_map(|(op, limit)| format!("m.n {op} {limit}")),
        1 => (number.clone(), limit(), limit()).prop_map(|(left, low, high)| format!("{left} in {low}..{high}")),
        1 => (number, limit(), limit()).prop_map(|(left, low, high)| format!("{left} not in {low} +- {high}")),
        1 => proptest::sample::select(vec![
            "m.b", "not m.b", "m.b == true", "m.s == \"a\"", "m.s != \"b\"", "m.s in [\"a\", \"b\"]", "m.s not in [\"a\", \"c\"]"
        ])
        .prop_map(str::to_owned),
    ]
}

fn condition() -> impl Strategy<Value = String> {
    atom().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            3 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}) and ({right})")),
            2 => (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("({left}) or ({right})")),
            1 => inner.clone().prop_map(|inner| format!("not ({inner})")),
            1 => (inner.clone(), inner.clone(), inner).prop_map(|(a, b, c)| format!("(if {a} then {b} else {c})")),
        ]
    })
}

fn conditions_of(analysis: &Analysis) -> &[Condition] {
    let phase = &analysis.program.pipelines["p"].phases[0];
    match &phase.body.statements[0].kind {
        StatementKind::Gate { conditions, .. } => conditions,
        other => panic!("a gate stands first, not {other:?}"),
    }
}

fn run<S: Strategy>(cases: u32, strategy: &S, test: impl Fn(S::Value)) {
    // The same cases every time: how many of them are decided is a part of what is tested.
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let checked = runner.run(strategy, |value| {
        test(value);
        Ok(())
    });
    checked.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn what_can_never_hold_is_true_with_no_samples_and_what_always_holds_false_with_none() {
    let decided = std::cell::Cell::new((0, 0));
    run(1_200, &condition(), |condition| {
        let source = format!("{METRICS}\n/// A test.\npipeline p {{ phase a {{ gate {{ require {condition} }} }} }}");
        let analysis = check(&source);
        let (never, always) = (has(&analysis, "PG401"), has(&analysis, "PG402"));
        let (mut nevers, mut all) = decided.get();
        nevers += i32::from(never);
        all += i32::from(always);
        decided.set((nevers, all));
        let expr = &conditions_of(&analysis)[0].expr;
        for instant in instants(&analysis) {
            let found = truth(expr, &instant);
            assert!(!(never && found == Ok(true)), "`{condition}` can hold: {instant:?}", instant = show(&instant));
            assert!(
                !(always && found == Ok(false)),
                "`{condition}` can be false: {instant:?}",
                instant = show(&instant)
            );
        }
    });
    let (nevers, all) = decided.get();
    assert!(nevers > 10 && all > 10, "too little is decided for this to be a test: {nevers} never, {all} always");
}

#[test]
fn limits_on_one_value_are_always_decided() {
    let limits = proptest::collection::vec((comparison(), limit()), 2..4);
    let found = std::cell::Cell::new(0);
    run(250, &limits, |limits| {
        let parts: Vec<String> = limits.iter().map(|(op, limit)| format!("m.x {op} {limit}")).collect();
        for (word, code) in [("and", "PG401"), ("or", "PG402")] {
            let condition = parts.join(&format!(" {word} "));
            let source =
                format!("{METRICS}\n/// A test.\npipeline p {{ phase a {{ gate {{ require {condition} }} }} }}");
            let analysis = check(&source);
            let expr = &conditions_of(&analysis)[0].expr;
            // Limits are multiples of a half: quarters see everything between them.
            let quarters = (-20..=20).map(|quarter| f64::from(quarter) / 4.0);
            let seen = |wanted: bool| {
                quarters.clone().any(|x| {
                    let instant = Instant { analysis: &analysis, x: Some(x), y: None, n: None, b: None, s: None };
                    truth(expr, &instant) == Ok(wanted)
                })
            };
            let expected = if word == "and" { !seen(true) } else { !seen(false) };
            assert_eq!(has(&analysis, code), expected, "`{condition}`");
            found.set(found.get() + i32::from(expected));
        }
    });
    assert!(found.get() > 50);
}

#[test]
fn requirements_that_exclude_each_other_never_pass_together() {
    let found = std::cell::Cell::new(0);
    run(300, &proptest::collection::vec(condition(), 2..4), |conditions| {
        let requires: Vec<String> = conditions.iter().map(|condition| format!("require {condition}")).collect();
        let source =
            format!("{METRICS}\n/// A test.\npipeline p {{ phase a {{ gate {{ {} }} }} }}", requires.join("\n"));
        let analysis = check(&source);
        if !has(&analysis, "PG401") {
            return;
        }
        found.set(found.get() + 1);
        for instant in instants(&analysis) {
            let passes = conditions_of(&analysis).iter().all(|condition| truth(&condition.expr, &instant) == Ok(true));
            assert!(!passes, "{requires:#?} pass: {instant:?}", instant = show(&instant));
        }
    });
    assert!(found.get() > 20, "only {} found", found.get());
}

fn show(instant: &Instant<'_>) -> String {
    format!("x {:?} y {:?} n {:?} b {:?} s {:?}", instant.x, instant.y, instant.n, instant.b, instant.s)
}

/// Minutes after which a run was rolled back, none when it was not.
fn rolled_back_at(source: &str, metrics: impl Fn(&str, f64) -> Option<f64> + 'static) -> Option<f64> {
    let plan = plan(source);
    let registry = registry();
    let mut simulation = Simulation::start(&plan, &registry, Script::new().metrics(metrics), START);
    simulation.run_until(START.plus(Duration::from_secs(86_400)));
    let fired = simulation.events.iter().find(|event| matches!(event.event, Event::TriggerFired { .. }))?;
    (simulation.state().outcome == Some(RunOutcome::RolledBack)).then(|| minutes(fired.at))
}

fn minutes(at: Timestamp) -> f64 {
    at.since(START).as_secs_f64() / 60.0
}

/// ` for 3 samples`, ` for 150s`, or nothing.
fn sustain(word: &'static str) -> impl Strategy<Value = String> {
    prop_oneof![
        1 => proptest::strategy::Just(String::new()),
        2 => (1u32..9).prop_map(move |count| format!(" {word} {count} samples")),
        3 => (0u32..18).prop_map(move |half| format!(" {word} {}s", 60 + half * 30)),
    ]
}

#[test]
fn a_trigger_that_can_never_fire_does_not_and_any_other_does() {
    let cases = (sustain("for"), sustain("after"), 1u64..20, 0u64..4);
    let found = std::cell::Cell::new((0, 0));
    run(120, &cases, |(sustain, after, lasts, weights)| {
        let body = format!("rollback when m.x > 1{sustain}{after}\n wait {}s", lasts * 30);
        let (setup, block) = match weights {
            0 => ("", body),
            _ => {
                let through = ["5%", "5%, 25%", "5%, 25%, 100%"][weights as usize - 1];
                let ramp = format!("ramp traffic.http(\"http://127.0.0.1:2/\") through {through} {{ {body} }}");
                ("use std.traffic", ramp)
            }
        };
        let source = |offset: u64| {
            format!(
                "{setup}\n{METRICS}\n/// A test.\npipeline p {{ phase z {{ wait {offset}s }} phase a after z {{ {block} }} }}"
            )
        };
        let silent = has(&check(&source(30)), "PG404");
        let fires = |offset: u64| rolled_back_at(&source(offset), |_, _| Some(9.0)).is_some();
        let ever = (0..4).any(|quarter| fires(60 + quarter * 15));
        assert!(!(silent && ever), "`{block}` fires");
        // Without gaps between stretches the bound is exact.
        if weights == 0 {
            assert_eq!(silent, !ever, "`{block}`");
        }
        let (nevers, evers) = found.get();
        found.set((nevers + i32::from(silent), evers + i32::from(ever)));
    });
    let (nevers, evers) = found.get();
    assert!(nevers > 10 && evers > 10, "{nevers} never fire, {evers} do");
}

#[test]
fn a_requirement_that_can_never_fail_lets_a_hold_pass_with_bad_samples_only() {
    let every = prop_oneof![
        proptest::strategy::Just(String::new()),
        (1u32..6).prop_map(|half| format!(" every {}s", half * 30))
    ];
    let found = std::cell::Cell::new(0);
    run(150, &(sustain("for"), every, 1u64..16, 0u64..4), |(sustain, every, lasts, quarter)| {
        let block = format!("hold {}s{every} {{ require m.x < 1{sustain} }}", lasts * 30);
        let source = format!(
            "{METRICS}\n/// A test.\npipeline p {{ phase z {{ wait {}s }} phase a after z {{ {block} }} }}",
            60 + quarter * 15
        );
        if !has(&check(&source), "PG404") {
            return;
        }
        found.set(found.get() + 1);
        let plan = plan(&source);
        let registry = registry();
        let bad = Script::new().metrics(|_, _| Some(9.0));
        let mut simulation = Simulation::start(&plan, &registry, bad, START);
        simulation.run_until(START.plus(Duration::from_secs(86_400)));
        assert_eq!(simulation.state().outcome, Some(RunOutcome::Succeeded), "`{block}` fails");
    });
    assert!(found.get() > 10, "only {} found", found.get());
}

/// Samples minute by minute: bad, good and missing ones in runs of a few.
fn series() -> impl Strategy<Value = Vec<(Option<f64>, Option<f64>)>> {
    let value = || {
        prop_oneof![
            6 => (-4i32..=12).prop_map(|half| Some(f64::from(half) / 2.0)),
            1 => proptest::strategy::Just(None),
        ]
    };
    proptest::collection::vec(((value(), value()), 1usize..6), 4..20)
        .prop_map(|runs| runs.into_iter().flat_map(|(values, length)| std::iter::repeat_n(values, length)).collect())
}

fn trigger() -> impl Strategy<Value = String> {
    let conditions = [
        "m.x > 1",
        "m.x > 2",
        "m.x >= 2",
        "m.x > 1 and m.y > 1",
        "m.x > 2 and m.y > 0",
        "m.x > 1 or m.y > 1",
        "m.x + m.y > 3",
        "m.x + m.y > 5",
        "m.d > 2",
        "m.x > m.y",
        "m.x not in -1.0..4.0",
        "m.x > 4 or m.x < 0",
        "m.x > 5",
    ];
    let missing = prop_oneof![
        4 => proptest::strategy::Just(""),
        1 => proptest::strategy::Just(" missing breach"),
        1 => proptest::strategy::Just(" missing ok"),
    ];
    (proptest::sample::select(conditions.to_vec()), sustain("for"), sustain("after"), missing)
        .prop_map(|(condition, sustain, after, missing)| format!("rollback when {condition}{sustain}{after}{missing}"))
}

#[test]
fn a_shadowed_trigger_never_fires_before_the_stricter_one() {
    let all_series = proptest::collection::vec(series(), 4);
    let found = std::cell::Cell::new((0, 0));
    run(500, &(trigger(), trigger(), proptest::bool::ANY, all_series), |(strict, loose, nested, all_series)| {
        let (outer, inner) = if nested { (strict.as_str(), "") } else { ("", strict.as_str()) };
        let program = |outer: &str, inner: &str| {
            format!("{METRICS}\n/// A test.\npipeline p {{ {outer}\n phase a {{\n{inner}\n wait 90m }} }}")
        };
        let both = check(&program(outer, &format!("{inner}\n{loose}")));
        let shadowed = both.diagnostics.iter().find(|diagnostic| diagnostic.code.id() == "PG409");
        let Some(diagnostic) = shadowed else { return };
        // Of two in one block either may be the looser one.
        let source = program(outer, &format!("{inner}\n{loose}"));
        let reported = source[diagnostic.at.span.start as usize..diagnostic.at.span.end as usize].trim();
        let is_first = !nested && reported != loose;
        assert!(reported == if is_first { &strict } else { &loose }, "`{reported}` is neither");
        let (strict, loose) = if is_first { (&loose, &strict) } else { (&strict, &loose) };
        let (nevers, fired) = found.get();
        found.set((nevers + 1, fired));
        for series in all_series {
            let alone = |trigger: &str| {
                let series = series.clone();
                rolled_back_at(&program("", trigger), move |field, minute| {
                    let (x, y) = series.get(minute as usize).copied().unwrap_or((None, None));
                    if field == "x" { x } else { y }
                })
            };
            let Some(late) = alone(loose) else { continue };
            let (nevers, fired) = found.get();
            found.set((nevers, fired + 1));
            let early = alone(strict);
            assert!(
                early.is_some_and(|early| early <= late),
                "`{loose}` fires at {late}, `{strict}` at {early:?}: {series:?}"
            );
        }
    });
    let (pairs, fired) = found.get();
    assert!(pairs > 10 && fired > 5, "{pairs} pairs, {fired} fired");
}

/// `m.x = 1.5, m.y = 2 at 0m, …: the gate passes …`
fn told(help: &str) -> Vec<(String, f64)> {
    let (values, _) = help.split_once(" at ").expect("a time line");
    let values = values.split(", ").map(|part| {
        let (name, value) = part.split_once(" = ").expect("name = value");
        (name.to_owned(), value.parse().expect("a number"))
    });
    values.collect()
}

#[test]
fn a_gate_that_is_too_lenient_passes_what_it_tells_of_and_the_trigger_fires() {
    let requires = prop_oneof![
        (proptest::sample::select(vec!["m.x", "m.y", "m.x + m.y", "m.x - 2 * m.y"]), comparison(), limit())
            .prop_map(|(left, op, right)| format!("require {left} {op} {right}")),
        (limit(), limit()).prop_map(|(low, high)| format!("require m.x in {low}..{high}")),
    ];
    let requires = proptest::collection::vec(requires, 1..4);
    let found = std::cell::Cell::new(0);
    run(600, &(requires, condition_of_trigger()), |(requires, trigger)| {
        let source = format!(
            "{METRICS}\n/// A test.\npipeline p {{ phase a {{ {trigger}\n gate {{ {} }} wait 3h }} }}",
            requires.join("\n")
        );
        let analysis = check(&source);
        let reported = analysis.diagnostics.iter().find(|diagnostic| diagnostic.code.id() == "PG417");
        let Some(diagnostic) = reported.filter(|_| !analysis.has_errors()) else { return };
        let help = diagnostic.help.clone().expect("a time line");
        let values = told(&help);
        let plan = plan(&source);
        let registry = registry();
        let samples = Script::new().metrics(move |field, _| {
            let value = values.iter().find(|(name, _)| name.strip_prefix("m.") == Some(field));
            Some(value.map_or(0.0, |(_, value)| *value))
        });
        let mut simulation = Simulation::start(&plan, &registry, samples, START);
        simulation.run_until(START.plus(Duration::from_secs(86_400)));
        let judged = simulation.events.iter().find_map(|event| match &event.event {
            Event::GateJudged { conditions, .. } => Some(conditions.clone()),
            _ => None,
        });
        // What the time line does not tell of is 0 here, and other requirements may fail at that.
        let told_of_all = ["m.x", "m.y"]
            .iter()
            .all(|name| help.contains(name) || !requires.iter().any(|require| require.contains(name)));
        if !told_of_all {
            return;
        }
        found.set(found.get() + 1);
        let passed = judged.is_some_and(|all| all.iter().all(|condition| condition.verdict == Some(true)));
        assert!(passed || help.contains("at once"), "{requires:?} beside `{trigger}` fail: {help}");
        assert_eq!(simulation.state().outcome, Some(RunOutcome::RolledBack), "`{trigger}` does not fire: {help}");
    });
    assert!(found.get() > 20, "only {} found", found.get());
}

fn condition_of_trigger() -> impl Strategy<Value = String> {
    let left = proptest::sample::select(vec!["m.x", "m.y", "m.x + m.y", "m.x - 2 * m.y", "m.d"]);
    (left, comparison(), limit(), sustain("for"))
        .prop_map(|(left, op, right, sustain)| format!("rollback when {left} {op} {right}{sustain}"))
}

#[test]
fn a_hold_that_is_later_than_the_trigger_in_every_way_never_fails_before_it() {
    let requires = (comparison(), limit(), sustain("for"));
    let all_series = proptest::collection::vec(series(), 6);
    let found = std::cell::Cell::new((0, 0));
    run(1_400, &(requires, condition_of_trigger(), all_series), |((op, limit, sustain), trigger, all_series)| {
        let hold = format!("hold 80m {{ require m.x {op} {limit}{sustain} }}");
        let program = |body: &str| format!("{METRICS}\n/// A test.\npipeline p {{ phase a {{ {body} wait 10m }} }}");
        let analysis = check(&program(&format!("{trigger}\n{hold}")));
        if !has(&analysis, "PG417") || analysis.has_errors() {
            return;
        }
        found.set((found.get().0 + 1, found.get().1));
        for series in all_series {
            let metrics = |series: &Vec<(Option<f64>, Option<f64>)>| {
                let series = series.clone();
                move |field: &str, minute: f64| {
                    let (x, y) = series.get(minute as usize).copied().unwrap_or((Some(0.0), Some(0.0)));
                    if field == "x" { x } else { y }
                }
            };
            let Some(failed) = failed_at(&program(&hold), metrics(&series)) else { continue };
            found.set((found.get().0, found.get().1 + 1));
            let fired = rolled_back_at(&program(&format!("{trigger} wait 80m")), metrics(&series));
            assert!(
                fired.is_some_and(|fired| fired <= failed),
                "`{hold}` fails at {failed}, `{trigger}` fires at {fired:?}: {series:?}"
            );
        }
    });
    let (pairs, failed) = found.get();
    assert!(pairs > 10 && failed > 10, "{pairs} pairs, {failed} failed");
}

/// Minutes after which a phase of the run failed.
fn failed_at(source: &str, metrics: impl Fn(&str, f64) -> Option<f64> + 'static) -> Option<f64> {
    let plan = plan(source);
    let registry = registry();
    let mut simulation = Simulation::start(&plan, &registry, Script::new().metrics(metrics), START);
    simulation.run_until(START.plus(Duration::from_secs(86_400)));
    let failed = simulation.events.iter().find(|event| matches!(event.event, Event::NodeFailed { .. }))?;
    Some(minutes(failed.at))
}
