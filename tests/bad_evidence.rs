//! Evidence that is no evidence: files with holes, figures that are none, samples that come twice or out of time. What is said of
//! them is held word for word, since it is all that the person at the other end has.

mod support;

use std::time::Duration;

use phasegate::base::number::Number;
use phasegate::base::time::Timestamp;
use phasegate::contract::effect::{Act, History, Outcome, Reaction, Verdict};
use phasegate::contract::registry::Args;
use phasegate::contract::value::{Unit, Value};
use phasegate::engine::event::Event;
use phasegate::engine::turn::{Engine, Input};
use phasegate::plan::program::GroupIndex;
use phasegate::steps::registry;
use serde_json::json;
use support::{START, plan};

/// Why a step fails that reads these files, one after the other.
fn refusal(step: &str, args: &[(&str, Value)], files: &[&str]) -> String {
    let registry = registry();
    let react = registry.step(step).expect("a step of this name").react;
    let args: Args = args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let mut history = History { key: "run-1/a.b/1".to_owned(), ..History::default() };
    for file in files {
        match react(&args, &history) {
            Reaction::Perform(effect) => {
                history.acts.push(Act { effect, outcome: Some(Outcome::Done(json!({ "text": file }))) });
            }
            Reaction::Finish(verdict) => panic!("`{step}` ends before it has read its files: {verdict:?}"),
        }
    }
    match react(&args, &history) {
        Reaction::Finish(Verdict::Failed(reason)) => reason,
        other => panic!("`{step}` takes {files:?}: {other:?}"),
    }
}

fn number(text: &str, unit: Unit) -> Value {
    Value::Quantity(Number::parse(text).expect("a number"), unit)
}

#[test]
fn runs_and_judgements_with_holes_are_refused_with_their_line() {
    let (run, qrels) = ("q1 Q0 a 1 0.9 x\n", "q1 0 a 1\n");
    let args = [
        ("run", Value::text("run.txt")),
        ("qrels", Value::text("qrels.txt")),
        ("complete", Value::Bool(true)),
        ("cuts", Value::List(vec![Value::int(5)])),
    ];
    let runs = [
        ("q1 Q0 b 2 0.8\n", "line 2 of `run.txt` is not `query Q0 document rank score name`"),
        ("q1 Q0 b 2 0.8 x y\n", "line 2 of `run.txt` is not `query Q0 document rank score name`"),
        ("\n\nq1 Q0 b\n", "line 4 of `run.txt` is not `query Q0 document rank score name`"),
        ("q1 Q0 a 2 0.8 x\n", "line 2 of `run.txt`: `a` is a result of `q1` twice"),
        ("q1 Q0 b 2 NaN x\n", "line 2 of `run.txt`: the score is no number"),
        ("q1 Q0 b 2 inf x\n", "line 2 of `run.txt`: the score is no number"),
        ("q1 Q0 b 2 -1e999 x\n", "line 2 of `run.txt`: the score is no number"),
        ("q1 Q0 b 2 0,8 x\n", "line 2 of `run.txt`: the score is no number"),
    ];
    for (more, words) in runs {
        assert_eq!(refusal("ir.evaluate", &args, &[&format!("{run}{more}"), qrels]), words, "{more}");
    }
    let judgements = [
        ("q1 0 b\n", "line 2 of `qrels.txt` is not `query 0 document grade`"),
        ("q1 b 1\n", "line 2 of `qrels.txt` is not `query 0 document grade`"),
        ("q1 0 b c 1\n", "line 2 of `qrels.txt` is not `query 0 document grade`"),
        ("q1 0 a 1\n", "line 2 of `qrels.txt`: `a` is judged twice for `q1`"),
        ("q1 0 a 2\n", "line 2 of `qrels.txt`: `a` is judged twice for `q1`"),
        ("q1 0 b 0.5\n", "line 2 of `qrels.txt`: the grade is no whole number"),
        ("q1 0 b NaN\n", "line 2 of `qrels.txt`: the grade is no whole number"),
        ("q1 0 b 99999999999999999999\n", "line 2 of `qrels.txt`: the grade is no whole number"),
    ];
    for (more, words) in judgements {
        assert_eq!(refusal("ir.evaluate", &args, &[run, &format!("{qrels}{more}")]), words, "{more}");
    }
    assert_eq!(refusal("ir.evaluate", &args, &[run, " \n"]), "`qrels.txt` judges nothing");
    let none = "no query that `qrels.txt` judges has a result in `run.txt`";
    assert_eq!(refusal("ir.evaluate", &args, &["", qrels]), none);
}

/// The steps that read `probability`, with the rest of their arguments.
fn calibrations() -> [(&'static str, Vec<(&'static str, Value)>); 4] {
    let samples = ("samples", Value::text("s.csv"));
    let none = ("holdout", number("0", Unit::Duration));
    let bins = ("bins", Value::int(10));
    let threshold = [("target", Value::int(5)), ("tolerance", Value::int(2)), ("manual", Value::int(-1))];
    let threshold = [samples.clone(), none.clone(), ("queries", Value::int(0))].into_iter().chain(threshold);
    [
        ("calibrate.reliability", vec![samples.clone(), bins.clone()]),
        ("calibrate.artefacts", vec![samples.clone(), bins, ("to", Value::text("out")), ("title", Value::text("t"))]),
        ("calibrate.isotonic", vec![samples, none, ("to", Value::text("curve.json"))]),
        ("calibrate.threshold", threshold.collect()),
    ]
}

#[test]
fn tables_with_holes_and_infinities_teach_nothing() {
    let header = "query,probability,outcome,weight,time\nq1,0.2,0,1,0\n";
    let everywhere = [
        ("q2,0.4,1,1\n", "row 3 of `s.csv` has 4 cells, and the header 5"),
        ("q2,0.4,1,1,1,1\n", "row 3 of `s.csv` has 6 cells, and the header 5"),
        ("q2,,1,1,1\n", "row 3 of `s.csv`: `` in the column `probability` is no number"),
        ("q2, ,1,1,1\n", "row 3 of `s.csv`: `` in the column `probability` is no number"),
        ("q2,NaN,1,1,1\n", "row 3 of `s.csv`: `NaN` in the column `probability` is no number"),
        ("q2,inf,1,1,1\n", "row 3 of `s.csv`: `inf` in the column `probability` is no number"),
        ("q2,-Infinity,1,1,1\n", "row 3 of `s.csv`: `-Infinity` in the column `probability` is no number"),
        ("q2,1e999,1,1,1\n", "row 3 of `s.csv`: `1e999` in the column `probability` is no number"),
        ("q2,40%,1,1,1\n", "row 3 of `s.csv`: `40%` in the column `probability` is no number"),
        ("q2,1.0001,1,1,1\n", "row 3 of `s.csv`: 1.0001 is no probability from 0 to 1"),
        ("q2,-0.1,1,1,1\n", "row 3 of `s.csv`: -0.1 is no probability from 0 to 1"),
    ];
    let where_outcomes_count = [
        ("q2,0.4,,1,1\n", "row 3 of `s.csv`: the outcome `` is neither 0 nor 1"),
        ("q2,0.4,NaN,1,1\n", "row 3 of `s.csv`: the outcome `NaN` is neither 0 nor 1"),
        ("q2,0.4,0.5,1,1\n", "row 3 of `s.csv`: the outcome `0.5` is neither 0 nor 1"),
        ("q2,0.4,1,,1\n", "row 3 of `s.csv`: `` in the column `weight` is no number"),
        ("q2,0.4,1,inf,1\n", "row 3 of `s.csv`: `inf` in the column `weight` is no number"),
        ("q2,0.4,1,-1,1\n", "row 3 of `s.csv`: the weight -1 is below 0"),
    ];
    for (step, args) in calibrations() {
        for (row, words) in everywhere {
            assert_eq!(refusal(step, &args, &[&format!("{header}{row}")]), words, "{step}");
        }
        assert_eq!(refusal(step, &args, &[""]), "`s.csv` is empty: CSV with a header is wanted", "{step}");
        assert_eq!(refusal(step, &args, &["query,probability,outcome\n"]), "`s.csv` has no rows", "{step}");
        let twice = "`s.csv` has the column `probability` twice";
        assert_eq!(refusal(step, &args, &["query,probability,outcome,probability\nq1,0.2,0,0.9\n"]), twice, "{step}");
        for (row, words) in where_outcomes_count.iter().filter(|_| step != "calibrate.threshold") {
            assert_eq!(refusal(step, &args, &[&format!("{header}{row}")]), *words, "{step}");
        }
    }
    let (step, args) = &calibrations()[2];
    let weightless = "probability,outcome,weight\n0.2,0,0\n0.4,1,0\n";
    assert_eq!(refusal(step, args, &[weightless]), "every row of `s.csv` weighs nothing");
}

#[test]
fn times_that_are_none_hold_nothing_out() {
    let calibrations = calibrations();
    for (step, args) in &calibrations[2..] {
        let mut args = args.clone();
        args.retain(|(name, _)| *name != "holdout");
        args.push(("holdout", number("172800", Unit::Duration)));
        let table = |time: &str| format!("query,probability,outcome,time\nq1,0.2,0,0\nq2,0.4,1,{time}\n");
        for time in ["", "yesterday", "NaN", "inf", "-5", "2026-13-01T00:00:00Z"] {
            let words = format!("row 3 of `s.csv`: `{time}` is neither RFC 3339 nor seconds since 1970");
            assert_eq!(refusal(step, &args, &[&table(time)]), words, "{step}");
        }
        let all = "every row of `s.csv` lies in its last 2d: nothing is left to learn from";
        assert_eq!(refusal(step, &args, &[&table("60")]), all, "{step}");
    }
}

#[test]
fn benchmarks_with_holes_are_not_compared() {
    let files =
        [("baseline", Value::text("old.csv")), ("candidate", Value::text("new.csv")), ("column", Value::text("ms"))];
    let level = ("confidence", number("0.95", Unit::Ratio));
    let good = "query,ms\nq1,5\nq2,6\nq3,7\nq4,8\nq5,9\n";
    let paired: Vec<_> = files.iter().cloned().chain([level.clone(), ("key", Value::text("query"))]).collect();
    let latencies: Vec<_> = files.into_iter().chain([level, ("least", number("0.05", Unit::Ratio))]).collect();
    let broken = [
        ("q1,5\nq2,\n", "row 3 of `new.csv`: `` in the column `ms` is no number"),
        ("q1,5\nq2,NaN\n", "row 3 of `new.csv`: `NaN` in the column `ms` is no number"),
        ("q1,5\nq2,+Inf\n", "row 3 of `new.csv`: `+Inf` in the column `ms` is no number"),
        ("q1,5\nq2\n", "row 3 of `new.csv` has 1 cell, and the header 2"),
    ];
    for (rows, words) in broken {
        let rows = format!("query,ms\n{rows}");
        assert_eq!(refusal("bench.compare", &paired, &[good, &rows]), words);
        assert_eq!(refusal("bench.latencies", &latencies, &[good, &rows]), words);
    }
    let twice = "`new.csv` has several rows with the `query` `q1`";
    assert_eq!(refusal("bench.compare", &paired, &[good, "query,ms\nq1,5\nq1,5\n"]), twice);
    let alone = "`q5` is in `old.csv` and not in `new.csv`";
    assert_eq!(refusal("bench.compare", &paired, &[good, "query,ms\nq1,5\nq2,6\nq3,7\nq4,8\n"]), alone);
    let nothing = "row 2 of `new.csv`: 0 is no latency, which is above 0";
    assert_eq!(refusal("bench.latencies", &latencies, &[good, "ms\n0\n1\n2\n3\n4\n"]), nothing);
    let few = "`new.csv` has 2 samples; below 5 nothing can be said";
    assert_eq!(refusal("bench.latencies", &latencies, &[good, "ms\n1\n2\n"]), few);
}

const WATCHED: &str = r#"
metrics api from http("http://127.0.0.1:1/") every 1m { p95: duration(s) = json("p95") }
/// Watches the mean of three minutes.
pipeline p {
  phase look {
    rollback phase when mean(api.p95, 3m) > 1s and count(api.p95, 3m) >= 3 for 2 samples
    wait 1h
  }
}
"#;

fn tick(minute: i64) -> Timestamp {
    Timestamp(START.0 + minute * 60_000_000)
}

fn sampled(minute: i64, seconds: &str) -> Input {
    let values = [("p95", Ok(number(seconds, Unit::Duration)))].into_iter().collect();
    Input::Sampled { group: GroupIndex(0), tick: tick(minute), values }
}

/// A source that answers twice, late, or for a time that nobody asked about adds nothing to a window.
#[test]
fn samples_that_come_twice_or_out_of_time_do_not_count() {
    let (plan, registry) = (plan(WATCHED), registry());
    let mut engine = Engine::new(&plan, &registry);
    engine.turn(Input::Start { run_id: "r".to_owned(), actor: "a".to_owned(), jobs: 1 }, START);
    for minute in 0..10 {
        let _ = engine.turn(Input::Tick, tick(minute));
        let taken = engine.turn(sampled(minute, "0.5"), tick(minute)).events;
        assert!(taken.iter().any(|event| matches!(event.event, Event::Sampled { .. })), "{minute}: {taken:?}");
        for other in [minute, minute - 1, minute + 1, i64::from(i32::MAX)] {
            let taken = engine.turn(sampled(other, "900"), tick(minute)).events;
            assert_eq!(taken, [], "{minute} {other}");
        }
    }
    assert_eq!(engine.state().outcome, None);
}

/// While the clock is behind, nothing happens but what was waited for, and that is not recorded before what was.
#[test]
fn a_clock_that_goes_back_stands_still() {
    let (plan, registry) = (plan(WATCHED), registry());
    let mut engine = Engine::new(&plan, &registry);
    let mut times = Vec::new();
    let mut turn = |input: Input, now: Timestamp| {
        let events = engine.turn(input, now).events;
        times.extend(events.iter().map(|event| event.at));
        events.len()
    };
    turn(Input::Start { run_id: "r".to_owned(), actor: "a".to_owned(), jobs: 1 }, START);
    for minute in 0..3 {
        turn(Input::Tick, tick(minute));
        assert_ne!(turn(sampled(minute, "0.5"), tick(minute)), 0);
    }
    for behind in [tick(1), tick(-600), Timestamp(i64::MIN)] {
        assert_eq!(turn(Input::Tick, behind), 0, "{behind:?}");
        assert_eq!(turn(sampled(1, "900"), behind), 0, "{behind:?}");
    }
    turn(Input::Tick, tick(3));
    assert_ne!(turn(sampled(3, "0.5"), tick(3).minus(Duration::from_secs(3_600))), 0);
    assert!(times.is_sorted() && times.first() == Some(&START) && times.last() == Some(&tick(2)), "{times:?}");
}
