//! Rules over checks, alerts, budgets, and Kayenta's judge.

use std::collections::BTreeMap;

use phasegate::stats::checks::{Check, Rule, fire_probability};
use phasegate::stats::kayenta::{Direction, Judged, Label, Measure, Metric, classify, score};
use phasegate::stats::ranks::shift;
use phasegate::stats::slo::{
    BurnAlert, Counts, Minutes, allowed_downtime, budget, burn_rate, days_to_exhaust, recommended, time_to_detect,
};
use phasegate::stats::sustained::{
    AlertRule, AlertState, Gaps, Scrape, Standing, alert_states, standing_at, sustained,
};
use serde_json::{Map, Value, json};

use crate::figures::{Input, figure, figures, hold, number, refused};

#[test]
fn prom_for() {
    hold("prom_for", &[], |_, input| {
        let scrape = |value: &Value| match value {
            Value::Null => Scrape::Nothing,
            Value::String(text) if text == "stale" => Scrape::Stale,
            value => Scrape::Value(number(value)),
        };
        let scrapes: Vec<Scrape> = input.list("samples").iter().map(scrape).collect();
        let states = |inclusive: bool| -> Vec<&str> {
            let rule = AlertRule {
                threshold: input.number("threshold"),
                sustain: input.number("for"),
                keep_firing: input.number("keep_firing_for"),
                lookback: 300.0,
                inclusive,
            };
            let states = alert_states(&rule, &scrapes, input.number("sample_interval"), input.number("eval_interval"));
            states.into_iter().map(state_name).collect()
        };
        Some(json!({ "states": states(true), "states_v3": states(false) }))
    });
}

fn state_name(state: AlertState) -> &'static str {
    match state {
        AlertState::Inactive => "inactive",
        AlertState::Pending => "pending",
        AlertState::Firing => "firing",
    }
}

const GAPS: [(&str, Gaps); 3] = [("restart", Gaps::Restart), ("pause", Gaps::Pause), ("bridge", Gaps::Bridge)];

#[test]
fn sustained_for() {
    hold("sustained", &[], |function, input| {
        let samples: Vec<(f64, bool)> =
            input.list("samples").iter().map(|sample| (number(&sample[0]), sample[1] == json!(true))).collect();
        let (duration, widest) = (input.number("duration"), input.number("max_gap"));
        let judged = GAPS.iter().map(|(name, gaps)| {
            let found = if function == "sustained.at" {
                json!(standing_name(standing_at(&samples, (duration, widest), *gaps, input.number("at"))))
            } else {
                let found = sustained(&samples, duration, widest, *gaps);
                json!({ "first": found.first, "state_at_end": standing_name(found.standing) })
            };
            ((*name).to_owned(), found)
        });
        Some(Value::Object(judged.collect()))
    });
}

fn standing_name(standing: Standing) -> &'static str {
    match standing {
        Standing::Sustained => "sustained",
        Standing::Accumulating => "accumulating",
        Standing::Violated => "violated",
        Standing::NoData => "no_data",
        Standing::Unknown => "unknown",
    }
}

#[test]
fn check_rules() {
    hold("check_rules", &[], |function, input| {
        if function == "check.success_rate_fire_probability" {
            let p = |rate: f64| fire_probability(input.decimal("threshold"), input.whole("checks"), rate);
            return Some(json!({ "p": figures(input.numbers("true_rate").into_iter().map(p)) }));
        }
        let check = |value: &Value| match value.as_str() {
            Some("pass") => Check::Pass,
            Some("fail") => Check::Fail,
            Some("error") => Check::Error,
            Some("inconclusive") => Check::Inconclusive,
            _ => Check::Missing,
        };
        let checks: Vec<Check> = input.list("outcomes").iter().map(check).collect();
        let rule = match function {
            "check.consecutive" => Rule::Consecutive(input.whole("n")),
            "check.total" => Rule::Total(input.whole("n")),
            "check.success_rate" => Rule::SuccessRate {
                threshold: input.decimal("threshold"),
                least: input.whole("min_checks"),
                window: input.0["window"].as_u64(),
            },
            _ => return None,
        };
        if !rule.is_sound() {
            return Some(refused());
        }
        Some(json!({ "trigger": rule.first(&checks, input.flag("errors_count")) }))
    });
}

#[test]
fn slo_burn() {
    hold("slo_burn", &[], |function, input| {
        Some(match function {
            "slo.time_to_exhaust" => {
                let days = |rate: f64| days_to_exhaust(input.number("period_days"), rate).map_or(json!(null), figure);
                json!({ "days": input.numbers("burn_rates").into_iter().map(days).collect::<Value>() })
            }
            "slo.allowed_downtime_seconds" => {
                let period = input.0["period_days"].as_i64()?;
                let allowed = |slo: &Value| Some(allowed_downtime(period, crate::figures::decimal(slo))?.to_f64());
                json!({ "seconds": input.list("slo").iter().map(allowed).collect::<Option<Vec<f64>>>()? })
            }
            "slo.budget" => {
                let Some(budget) = budget(input.decimal("slo")) else { return Some(refused()) };
                let counts = Counts { bad: input.whole("bad"), total: input.whole("total") };
                let Some(rate) = burn_rate(counts, budget) else { return Some(json!({ "unknown": true })) };
                let rate = rate.to_f64();
                let share = counts.bad as f64 / counts.total as f64;
                json!({ "error_ratio": share, "burn_rate": rate, "consumed": rate, "remaining": 1.0 - rate })
            }
            "slo.multiwindow" => multiwindow(input),
            _ => return None,
        })
    });
}

fn multiwindow(input: &Input<'_>) -> Value {
    let budget = budget(input.decimal("slo")).expect("a budget");
    let segment = |segment: &Value| {
        let whole = |at: usize| segment[at].as_u64().expect("a count");
        std::iter::repeat_n(Counts { total: whole(1), bad: whole(2) }, whole(0) as usize)
    };
    let minutes = Minutes::new(input.list("segments").iter().flat_map(segment));
    let end = minutes.count();
    let runs = |alerts: &[BurnAlert]| {
        let active = |minute: usize| alerts.iter().any(|alert| minutes.alerts(alert, budget, minute));
        let mut runs: Vec<[usize; 2]> = Vec::new();
        for minute in (1..=end).filter(|minute| active(*minute)) {
            match runs.last_mut() {
                Some(run) if run[1] + 1 == minute => run[1] = minute,
                _ => runs.push([minute, minute]),
            }
        }
        json!(runs)
    };
    let mut active = Map::new();
    for alert in recommended() {
        let name = format!("{}:{}m/{}m>{}", alert.severity, alert.long, alert.short, alert.factor);
        active.insert(name, runs(&[alert]));
    }
    for severity in ["page", "ticket"] {
        let of: Vec<BurnAlert> = recommended().into_iter().filter(|alert| alert.severity == severity).collect();
        active.insert(severity.to_owned(), runs(&of));
    }
    let rate = |window: usize| burn_rate(minutes.window(end, window), budget).map(|rate| rate.to_f64());
    let rates = [5, 30, 60, 120, 360, 1_440].map(|window| (format!("{window}m"), json!(rate(window))));
    json!({ "active": active, "burn_at_end": Map::from_iter(rates), "consumed": rate(end) })
}

#[test]
fn an_alert_is_detected_after_the_share_of_its_window_that_spends_its_budget() {
    // A total outage burns 1,000 budgets: 14.4 of them over an hour are spent after 52 seconds.
    let found = time_to_detect(3_600.0, 14.4, (1.0, 0.001)).expect("a time");
    assert!((found - 51.84).abs() < 1e-9);
    assert_eq!(time_to_detect(3_600.0, 14.4, (0.01, 0.001)), None);
}

#[test]
fn kayenta_judge() {
    hold("kayenta_judge", &[], |function, input| {
        Some(match function {
            "kayenta.classify" => {
                let found = classify(&metric(input), &input.numbers("canary"), &input.numbers("baseline"));
                json!({ "label": found.label.name(), "critical": found.is_critical, "effect": found.effect })
            }
            "kayenta.interval" => {
                let found = shift(&input.numbers("canary"), &input.numbers("baseline"), input.number("confidence"))?;
                json!({ "lo": found.low, "hi": found.high, "estimate": found.estimate })
            }
            "kayenta.score" => scored(input),
            _ => return None,
        })
    });
}

fn metric(input: &Input<'_>) -> Metric {
    Metric {
        direction: match input.text("direction") {
            "increase" => Direction::Increase,
            "decrease" => Direction::Decrease,
            _ => Direction::Either,
        },
        replaces_nan: input.text("nan") == "replace",
        outlier_factor: (input.text("outliers") == "remove").then(|| input.number("factor")),
        measure: if input.text("measure") == "cles" { Measure::Cles } else { Measure::MeanRatio },
        is_critical: input.flag("critical"),
        must_have_data: input.flag("must"),
        allowed: (input.number("allowedIncrease"), input.number("allowedDecrease")),
        critical: (input.number("criticalIncrease"), input.number("criticalDecrease")),
    }
}

fn scored(input: &Input<'_>) -> Value {
    let label = |name: &str| match name {
        "Pass" => Label::Pass,
        "High" => Label::High,
        "Low" => Label::Low,
        "NodataFailMetric" => Label::NodataFailMetric,
        _ => Label::Nodata,
    };
    let judged = |metric: &Value| Judged {
        label: label(metric["label"].as_str().expect("a label")),
        is_critical: metric["critical"] == json!(true),
        groups: metric["groups"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|it| Some(it.as_str()?.to_owned()))
            .collect(),
    };
    let metrics: Vec<Judged> =
        input.list("metrics").iter().filter(|metric| metric["muted"] != json!(true)).map(judged).collect();
    let weights: BTreeMap<String, f64> = input.0["weights"]
        .as_object()
        .into_iter()
        .flatten()
        .map(|(group, weight)| (group.clone(), number(weight)))
        .collect();
    let found = score(&metrics, &weights, (input.number("pass_threshold"), input.number("marginal_threshold")));
    let groups: Map<String, Value> = found.groups.iter().map(|(name, score)| (name.clone(), figure(*score))).collect();
    json!({ "score": found.score, "classification": found.classification.name(), "groups": groups })
}
