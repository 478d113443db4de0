//! Control charts and their run lengths.

use phasegate::stats::cusum::{Cusum, EwmaChart, OnAlarm, Setting, bernoulli_path, zone_rules};
use phasegate::stats::run_length::{
    CusumChart, Sides, bernoulli, cusum, cusum_siegmund, cusum_survival, ewma, limit_for, shewhart,
};
use phasegate::stats::self_starting::SelfStarting;
use serde_json::{Value, json};

use crate::figures::{Input, figure, figures, hold, refused};

#[test]
fn cusum_paths() {
    hold("cusum_paths", &[], |function, input| match function {
        "cusum.path" => Some(cusum_path(input)),
        "ewma.path" => Some(ewma_path(input)),
        "shewhart.rules" => Some(zones(input)),
        "cusum.bernoulli" => {
            let path = bernoulli_path(&input.outcomes("x"), input.number("p0"), input.number("p1"));
            let alarms: Vec<usize> = positions(&path, |sum| *sum > input.number("h"));
            Some(json!({ "s": path, "alarms": alarms }))
        }
        "cusum.self_starting" => {
            let mut chart = SelfStarting::default();
            Some(json!({ "u": figures(input.numbers("x").into_iter().filter_map(|x| chart.push(x))) }))
        }
        _ => None,
    });
}

fn positions<T>(items: &[T], is_wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    (1..).zip(items).filter(|(_, item)| is_wanted(item)).map(|(at, _)| at).collect()
}

fn cusum_path(input: &Input<'_>) -> Value {
    let on_alarm = match input.text("on_alarm") {
        "zero" => OnAlarm::Zero,
        "headstart" => OnAlarm::Headstart,
        _ => OnAlarm::Continue,
    };
    let setting = Setting {
        target: input.number("mu0"),
        sigma: input.number("sigma"),
        k: input.number("k"),
        h: input.number("h"),
        headstart: input.number("headstart"),
        on_alarm,
    };
    let Some(mut chart) = Cusum::new(setting) else { return refused() };
    let mut path: Vec<(Cusum, bool)> = Vec::new();
    for x in input.numbers("x") {
        let before = chart.samples;
        chart.push(x);
        path.push((chart, chart.samples > before));
    }
    let alarms: Vec<Value> = (1..)
        .zip(&path)
        .filter(|(_, (_, is_sample))| *is_sample)
        .flat_map(|(at, (chart, _))| {
            let upper = chart.is_high().then(|| json!({ "i": at, "side": "upper" }));
            upper.into_iter().chain(chart.is_low().then(|| json!({ "i": at, "side": "lower" })))
        })
        .collect();
    json!({
        "c_plus": figures(path.iter().map(|(chart, _)| chart.up)),
        "c_minus": figures(path.iter().map(|(chart, _)| chart.down)),
        "n_plus": path.iter().map(|(chart, _)| chart.rising).collect::<Vec<_>>(),
        "n_minus": path.iter().map(|(chart, _)| chart.falling).collect::<Vec<_>>(),
        "alarms": alarms,
    })
}

fn ewma_path(input: &Input<'_>) -> Value {
    let place = (input.number("mu0"), input.number("sigma"));
    let Some(mut chart) = EwmaChart::new(place, input.number("lambda"), input.number("L")) else { return refused() };
    if input.text("limits") == "asymptotic" {
        chart = chart.with_fixed_limits();
    }
    let mut path = Vec::new();
    for x in input.numbers("x") {
        chart.push(x);
        path.push(chart);
    }
    json!({
        "w": figures(path.iter().map(|chart| chart.level)),
        "half_width": figures(path.iter().map(EwmaChart::half_width)),
        "alarms": positions(&path, EwmaChart::alarms),
    })
}

fn zones(input: &Input<'_>) -> Value {
    let z = input.numbers("z");
    let completed: Vec<[bool; 4]> = (1..=z.len()).map(|end| zone_rules(&z[..end])).collect();
    let of = |rule: usize| positions(&completed, |rules| rules[rule]);
    json!({ "1": of(0), "2": of(1), "3": of(2), "4": of(3) })
}

#[test]
fn cusum_arl() {
    hold("cusum_arl", &[], |function, input| {
        let shifts = || input.numbers("shifts");
        Some(match function {
            "cusum.arl" => {
                json!({ "arl": figures(shifts().into_iter().map(|shift| cusum(&chart(input), shift).expect("a length"))) })
            }
            "cusum.h_for_arl" => {
                json!({ "h": limit_for(&CusumChart { h: 0.0, headstart: 0.0, ..chart(input) }, input.number("arl0")) })
            }
            "cusum.arl_siegmund" => {
                let side = |shift: f64| cusum_siegmund(input.number("k"), input.number("h"), shift);
                let (upper, lower) = (side(input.number("shift")), side(-input.number("shift")));
                json!({ "upper": upper, "two_sided": figure(1.0 / (1.0 / upper + 1.0 / lower)) })
            }
            "cusum.survival" => {
                let survives = |n: &Value| {
                    let n = u32::try_from(n.as_u64().expect("a count")).expect("a small count");
                    cusum_survival(&chart(input), input.number("shift"), n).expect("a share")
                };
                json!({ "sf": figures(input.list("n").iter().map(survives)) })
            }
            "ewma.arl" => {
                let length = |shift: f64| ewma(input.number("lambda"), input.number("L"), shift).expect("a length");
                json!({ "arl": figures(shifts().into_iter().map(length)) })
            }
            "shewhart.arl" => {
                let length = |shift: f64| shewhart(input.number("L"), shift, sides(input));
                json!({ "arl": figures(shifts().into_iter().map(length)) })
            }
            "cusum.bernoulli_arl" => {
                let length = |p: f64| bernoulli(input.number("gamma"), input.number("h"), p).expect("a length");
                json!({ "arl": figures(input.numbers("p").into_iter().map(length)) })
            }
            _ => return None,
        })
    });
}

fn sides(input: &Input<'_>) -> Sides {
    match input.0["sides"].as_str() {
        Some("upper") => Sides::Upper,
        Some("lower") => Sides::Lower,
        _ => Sides::Both,
    }
}

fn chart(input: &Input<'_>) -> CusumChart {
    CusumChart { k: input.number("k"), h: input.number("h"), headstart: input.number("headstart"), sides: sides(input) }
}
