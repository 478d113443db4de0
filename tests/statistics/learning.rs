//! Calibration, drift and ranking.

use std::collections::BTreeMap;

use phasegate::stats::calibration::{Prediction, log_loss, murphy, optima, platt, reliability, skill, split};
use phasegate::stats::drift::{binned, distance, kolmogorov_smirnov, quantile_edges, stability};
use phasegate::stats::isotonic::{fit_weighted, knots, predict, predict_step};
use phasegate::stats::ranking::Ranked;
use serde_json::{Map, Value, json};

use crate::figures::{Input, figure, figures, hold, number, refused};

#[test]
fn isotonic() {
    hold("isotonic", &[], |_, input| {
        let (x, y, w) = (input.numbers("x"), input.numbers("y"), input.numbers("w"));
        let points: Vec<_> = x.iter().zip(&y).zip(&w).map(|((x, y), w)| (*x, *y, *w)).collect();
        let Some(levels) = fit_weighted(&points) else { return Some(refused()) };
        let curve = knots(&levels);
        let query = input.numbers("query");
        let block = |level: &phasegate::stats::isotonic::Level| json!({ "x_lo": level.low, "x_hi": level.high, "value": level.value() });
        Some(json!({
            "fitted": figures(x.iter().map(|x| predict_step(&levels, *x))),
            "blocks": levels.iter().map(block).collect::<Value>(),
            "predict_linear": figures(query.iter().map(|x| predict(&curve, *x))),
            "predict_step": figures(query.iter().map(|x| predict_step(&levels, *x))),
        }))
    });
}

fn predictions(input: &Input<'_>, name: &str) -> Vec<Prediction> {
    input.numbers(name).into_iter().zip(input.outcomes("y")).collect()
}

#[test]
fn calibration_metrics() {
    hold("calibration_metrics", &[], |function, input| {
        Some(match function {
            "calibration.metrics" => {
                let predictions = predictions(input, "p");
                let count = input.whole("bins") as usize;
                let found = reliability(&predictions, count)?;
                let mut held = found.bins.iter().peekable();
                // Bins that hold nothing are left out by the library; each held one is found by its edges.
                let bins = (1..=count).map(|at| {
                    let upper = at as f64 / count as f64;
                    match held.next_if(|bin| bin.predicted <= upper) {
                        Some(bin) => json!({ "count": bin.samples, "mean_p": bin.predicted, "mean_y": bin.observed }),
                        None => json!({ "count": 0, "mean_p": null, "mean_y": null }),
                    }
                });
                let bins: Value = bins.collect();
                json!({
                    "ece": found.error, "mce": found.greatest_error(), "bins": bins, "brier": found.brier,
                    "log_loss": log_loss(&predictions), "brier_skill": skill(&predictions),
                })
            }
            "calibration.murphy" => {
                let (parts, diagram) = (murphy(&predictions(input, "p"))?, reliability(&predictions(input, "p"), 10)?);
                json!({
                    "reliability": parts.reliability, "resolution": parts.resolution,
                    "uncertainty": parts.uncertainty, "brier": diagram.brier,
                })
            }
            "calibration.platt" => {
                let (a, b) = platt(&predictions(input, "score"))?;
                json!({ "A": a, "B": b })
            }
            _ => return None,
        })
    });
}

#[test]
fn tau() {
    hold("tau", &[], |function, input| {
        Some(match function {
            "tau.solve" => {
                let requests = input.list("requests");
                let p: Vec<f64> = requests.iter().flat_map(|it| it.as_array().expect("a list")).map(number).collect();
                solve(requests.len(), &p, input)
            }
            "holdout.split" => {
                let times: Vec<i64> =
                    input.list("timestamps").iter().map(|time| time.as_i64().expect("a time")).collect();
                let (train, holdout, ignored) =
                    split(&times, input.0["now"].as_i64()?, input.0["holdout_seconds"].as_i64()?);
                json!({ "train": train, "holdout": holdout, "ignored": ignored })
            }
            "calibration.pipeline" => pipeline(input),
            _ => return None,
        })
    });
}

fn solve(requests: usize, probabilities: &[f64], input: &Input<'_>) -> Value {
    let target = input.number("target");
    let found = optima(requests, probabilities, target);
    let best = found.first().expect("an optimum");
    let canonical = found.iter().find(|optimum| optimum.high.is_finite()).unwrap_or(best);
    let band = input.numbers("band");
    let optimal = found
        .iter()
        .map(|optimum| json!({ "lo": figure(optimum.low), "hi": figure(optimum.high), "expected": optimum.expected }));
    json!({
        "tau": figure(canonical.high),
        "expected_results": canonical.expected,
        "objective": (canonical.expected - target).abs(),
        "in_band": (band[0]..=band[1]).contains(&canonical.expected),
        "optimal": optimal.collect::<Value>(),
    })
}

fn pipeline(input: &Input<'_>) -> Value {
    let records: Vec<Vec<f64>> = input
        .list("records")
        .iter()
        .map(|record| record.as_array().expect("a list").iter().map(number).collect())
        .collect();
    let first = input.number("now") - input.number("holdout_seconds");
    let (train, holdout): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| record[0] < first);
    let points: Vec<_> = train.iter().map(|record| (record[2], record[3], 1.0)).collect();
    let curve = knots(&fit_weighted(&points).expect("levels"));
    let probabilities: Vec<f64> = holdout.iter().map(|record| predict(&curve, record[2])).collect();
    let requests: std::collections::BTreeSet<i64> = holdout.iter().map(|record| record[1] as i64).collect();
    let mut found = solve(requests.len(), &probabilities, input);
    found["train_records"] = json!(train.len());
    found["holdout_records"] = json!(holdout.len());
    found["holdout_requests"] = json!(requests.len());
    found
}

#[test]
fn drift() {
    hold("drift", &[], |function, input| {
        let counts =
            |name: &str| -> Vec<u64> { input.list(name).iter().map(|it| it.as_u64().expect("a count")).collect() };
        Some(match function {
            "drift.z" => match distance(&input.numbers("reference"), &input.numbers("current")) {
                Some(found) => {
                    let verdict = if found.in_deviations > input.number("threshold") { "drift" } else { "ok" };
                    json!({ "z_sd": figure(found.in_deviations), "z_se": figure(found.in_errors), "verdict": verdict })
                }
                None => json!({ "verdict": "unknown" }),
            },
            "drift.psi_counts" => {
                json!({ "psi": stability(&counts("reference"), &counts("current"), input.number("floor")) })
            }
            "drift.psi" => {
                let (reference, current) = (input.numbers("reference"), input.numbers("current"));
                let edges = quantile_edges(&reference, u32::try_from(input.whole("bins")).ok()?)?;
                let (of_reference, of_current) = (binned(&reference, &edges), binned(&current, &edges));
                let psi = stability(&of_reference, &of_current, input.number("floor"));
                json!({ "edges": edges, "reference_counts": of_reference, "current_counts": of_current, "psi": psi })
            }
            "drift.ks" => {
                let found = kolmogorov_smirnov(&input.numbers("reference"), &input.numbers("current"))?;
                json!({ "D": found.d, "p_limit": found.p_limit, "p_exact": found.p_exact })
            }
            _ => return None,
        })
    });
}

#[test]
fn ir_metrics() {
    hold("ir_metrics", &[], |_, input| {
        let judged = input.0["qrels"].as_object()?;
        let mut per_query: BTreeMap<&str, Value> = BTreeMap::new();
        for (query, grades) in judged {
            let Some(found) = input.0["run"][query].as_object() else { continue };
            let found: Vec<(String, f64)> = found.iter().map(|(name, score)| (name.clone(), number(score))).collect();
            let grades: BTreeMap<String, i64> = grades
                .as_object()?
                .iter()
                .map(|(name, grade)| (name.clone(), grade.as_i64().expect("a grade")))
                .collect();
            let Some(ranked) = Ranked::new(&found, &grades) else { return Some(refused()) };
            per_query.insert(query, ranked_figures(&ranked));
        }
        let mean = |count: usize| {
            let mut sums = Map::new();
            for (name, value) in per_query.values().flat_map(|figures| figures.as_object().expect("figures")) {
                let sum = sums.get(name).and_then(Value::as_f64).unwrap_or(0.0) + number(value) / count as f64;
                sums.insert(name.clone(), json!(sum));
            }
            Value::Object(sums)
        };
        Some(json!({ "per_query": per_query, "mean": mean(per_query.len()), "mean_complete": mean(judged.len()) }))
    });
}

fn ranked_figures(ranked: &Ranked) -> Value {
    let mut found = Map::new();
    let mut put = |name: String, value: f64| found.insert(name, json!(value));
    for cut in [1, 5, 10] {
        put(format!("P_{cut}"), ranked.precision(cut));
    }
    for cut in [3, 5, 10, 100] {
        put(format!("recall_{cut}"), ranked.recall(cut));
    }
    for cut in [1, 3, 5, 10] {
        put(format!("ndcg_cut_{cut}"), ranked.ndcg(cut));
        put(format!("ndcg_exp_{cut}"), ranked.ndcg_exponential(cut));
        put(format!("success_{cut}"), ranked.success(cut));
    }
    put("ndcg".to_owned(), ranked.ndcg(usize::MAX));
    put("map".to_owned(), ranked.average_precision(usize::MAX));
    put("map_cut_10".to_owned(), ranked.average_precision(10));
    put("recip_rank".to_owned(), ranked.reciprocal_rank());
    put("Rprec".to_owned(), ranked.r_precision());
    Value::Object(found)
}
