//! Sequential tests: paths, exact rates of errors, and streams by seed.

use phasegate::stats::compare::Events;
use phasegate::stats::eprocess::{
    BetaBinomial, Null, distribution_half_width, empirical_bernstein, ln_normal_mixture, normal_mixture_half_width,
};
use phasegate::stats::group_sequential::{Design, limits};
use phasegate::stats::proportions::probability_greater;
use phasegate::stats::repeated_looks::{mixture_crossing, repeated_looks};
use phasegate::stats::sprt::{Decision, Sprt};
use serde_json::{Value, json};

use crate::figures::{Input, figures, hold, interval, stream};

#[test]
fn sequential_paths() {
    hold("sequential_paths", &[], |function, input| {
        Some(match function {
            "sprt.bernoulli" => sprt_path(input),
            "eprocess.beta_binomial" => bet_path(input),
            "msprt.normal" => mixture_path(input),
            "confseq.normal_mixture" => normal_intervals(input),
            "confseq.beta_binomial" => {
                let bet = BetaBinomial { p0: 0.5, a: input.number("a"), b: input.number("b"), null: Null::Exactly };
                json!({ "ci": interval(bet.interval((input.whole("successes"), input.whole("n")), input.number("alpha"))) })
            }
            "confseq.empirical_bernstein" => {
                let found = empirical_bernstein(&input.numbers("x"), input.number("alpha"));
                json!({ "ci": found.into_iter().map(interval).collect::<Value>() })
            }
            "confseq.cdf_band" => {
                let width = |n: f64| distribution_half_width(n, input.number("m"), input.number("alpha"));
                json!({ "half_width": figures(input.numbers("t").into_iter().map(width)) })
            }
            "bayes.prob_canary_worse" => {
                let prior = input.numbers("prior");
                let p = probability_greater(input.share("canary"), input.share("baseline"), (prior[0], prior[1]));
                json!({ "p": p })
            }
            _ => return None,
        })
    });
}

fn sprt(input: &Input<'_>) -> Sprt {
    let risks = (input.number("alpha"), input.number("beta"));
    Sprt::new((input.number("p0"), input.number("p1")), risks).expect("a test")
}

fn sprt_path(input: &Input<'_>) -> Value {
    let test = sprt(input);
    let (mut bad, mut path) = (0, Vec::new());
    for (n, outcome) in (1..).zip(input.outcomes("x")) {
        bad += u64::from(outcome);
        path.push(test.ln_ratio(bad, n));
        let decision = match test.decision(bad, n) {
            Decision::Reject => "reject_h0",
            Decision::Accept => "accept_h0",
            Decision::Continue => continue,
        };
        return json!({ "upper": test.upper, "lower": test.lower, "llr": path, "decision": decision, "n": n });
    }
    json!({ "upper": test.upper, "lower": test.lower, "llr": path, "decision": "continue" })
}

fn bet(input: &Input<'_>) -> BetaBinomial {
    let null = if input.flag("one_sided") { Null::AtMost } else { Null::Exactly };
    BetaBinomial { p0: input.number("p0"), a: input.number("a"), b: input.number("b"), null }
}

fn bet_path(input: &Input<'_>) -> Value {
    let (bet, alpha) = (bet(input), input.number("alpha"));
    let (mut ones, mut greatest) = (0, 0.0_f64);
    let (mut path, mut p_values, mut rejected) = (Vec::new(), Vec::new(), None);
    for (n, outcome) in (1..).zip(input.outcomes("x")) {
        ones += u64::from(outcome);
        let ln_e = bet.ln_e(ones, n);
        greatest = greatest.max(ln_e);
        path.push(ln_e);
        p_values.push((-greatest).exp());
        if rejected.is_none() && ln_e >= -alpha.ln() {
            rejected = Some(n);
        }
    }
    json!({ "log_e": path, "p": p_values, "rejected_at": rejected })
}

fn means(input: &Input<'_>) -> Vec<(u64, f64)> {
    let mut sum = 0.0;
    let mean = |(n, x): (u64, f64)| {
        sum += x;
        (n, sum / n as f64)
    };
    (1..).zip(input.numbers("x")).map(mean).collect()
}

fn mixture_path(input: &Input<'_>) -> Value {
    let spread = (input.number("sigma"), input.number("tau"));
    let path: Vec<f64> =
        means(input).into_iter().map(|(n, mean)| ln_normal_mixture(mean, n, input.number("theta0"), spread)).collect();
    let mut greatest = 0.0_f64;
    let p_values: Vec<f64> = path
        .iter()
        .map(|ln| {
            greatest = greatest.max(*ln);
            (-greatest).exp()
        })
        .collect();
    json!({ "log_lr": path, "p": p_values })
}

fn normal_intervals(input: &Input<'_>) -> Value {
    let means = means(input);
    let at = |n: &Value| {
        let (n, mean) = means[n.as_u64().expect("a rank") as usize - 1];
        let half = normal_mixture_half_width(n, input.number("sigma"), input.number("rho"), input.number("alpha"));
        interval((mean - half, mean + half))
    };
    json!({ "ci": input.list("at").iter().map(at).collect::<Value>() })
}

#[test]
fn sequential_rates() {
    hold("sequential_rates", &[], |function, input| {
        Some(match function {
            "sprt.oc" => {
                json!({ "rows": input.numbers("p").into_iter().map(|p| characteristic(&sprt(input), p)).collect::<Value>() })
            }
            "eprocess.crossing" => {
                let last = input.numbers("N");
                json!({ "ever": figures(last.into_iter().map(|n| crossing(input, n as usize))) })
            }
            "groupseq.bounds" => {
                json!({ "z": figures(limits(design(input)?, &input.numbers("times"), input.number("alpha"))?) })
            }
            "msprt.crossing" => {
                let deviations = (input.number("tau"), input.number("sigma"));
                let ever = |n: f64| mixture_crossing(deviations, input.number("alpha"), n as u32).expect("a rate");
                json!({ "ever": figures(input.numbers("N").into_iter().map(ever)) })
            }
            "eprocess.stream_rejections" => rejections(input),
            "groupseq.naive_type1" => {
                let rate = |looks: f64| repeated_looks(looks as u32, input.number("z")).expect("a rate");
                json!({ "type1": figures(input.numbers("looks").into_iter().map(rate)) })
            }
            _ => return None,
        })
    });
}

fn design(input: &Input<'_>) -> Option<Design> {
    Some(match input.text("type") {
        "pocock" => Design::Pocock,
        "obf" => Design::ObrienFleming,
        "ld_obf" => Design::SpendsAsObrienFleming,
        "ld_pocock" => Design::SpendsAsPocock,
        _ => return None,
    })
}

/// The probabilities of each decision and the mean length, by going through all counts; what is left goes on.
fn characteristic(test: &Sprt, p: f64) -> Value {
    let (mut going, mut reject, mut accept, mut length) = (vec![1.0], 0.0, 0.0, 0.0);
    let mut n = 0;
    while going.iter().sum::<f64>() > 1e-15 {
        n += 1;
        length += going.iter().sum::<f64>();
        let mut next = vec![0.0; going.len() + 1];
        for (bad, probability) in going.iter().enumerate() {
            next[bad] += probability * (1.0 - p);
            next[bad + 1] += probability * p;
        }
        for (bad, probability) in next.iter_mut().enumerate() {
            match test.decision(bad as u64, n) {
                Decision::Reject => reject += std::mem::take(probability),
                Decision::Accept => accept += std::mem::take(probability),
                Decision::Continue => {}
            }
        }
        going = next;
    }
    json!({ "reject": reject, "accept": accept, "asn": length })
}

/// How likely the bet reaches 1/α within n samples.
fn crossing(input: &Input<'_>, last: usize) -> f64 {
    let (bet, p, level) = (bet(input), input.number("p"), -input.number("alpha").ln());
    let (mut going, mut ever) = (vec![1.0], 0.0);
    for n in 1..=last {
        let mut next = vec![0.0; going.len() + 1];
        for (ones, probability) in going.iter().enumerate() {
            next[ones] += probability * (1.0 - p);
            next[ones + 1] += probability * p;
        }
        for (ones, probability) in next.iter_mut().enumerate() {
            if *probability > 0.0 && bet.ln_e(ones as u64, n as u64) >= level {
                ever += std::mem::take(probability);
            }
        }
        going = next;
    }
    ever
}

fn rejections(input: &Input<'_>) -> Value {
    let (bet, level) = (bet(input), -input.number("alpha").ln());
    let stopped = |seed: u64| {
        let mut ones = 0;
        let samples = stream(seed).take(input.whole("N") as usize);
        (1..).zip(samples).find_map(|(n, u)| {
            ones += u64::from(u < input.number("p"));
            (bet.ln_e(ones, n) >= level).then_some(n)
        })
    };
    let stops: Vec<u64> =
        (0..input.whole("streams")).filter_map(|stream| stopped(input.whole("seed0") + stream)).collect();
    json!({ "rejections": stops.len(), "first_three_stop_times": &stops[..3] })
}

/// The comparison of events over streams without a difference: its level holds although every event is looked at.
#[test]
fn errors_that_fall_by_the_share_of_the_traffic_rarely_fail_a_canary() {
    let failed = (0..300).filter(|seed| {
        let mut test = Events::new(0.2, 0.0, 0.05).expect("a test");
        stream(*seed).take(200).for_each(|u| test.push(u64::from(u < 0.2), u64::from(u >= 0.2)));
        test.finding().verdict == phasegate::stats::compare::Verdict::Fail
    });
    assert!(failed.count() <= 15, "more than 5% of 300");
}
