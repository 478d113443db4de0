//! `check --rates`: what is said of triggers before anything runs.

use phasegate::base::source::Sources;
use phasegate::report::rates::rates;

fn sentences(triggers: &str) -> Vec<String> {
    let source = format!(
        "metrics api from http(\"http://127.0.0.1:1/\") every 1m {{ p1: ratio = json(\"p1\")  p95: duration(s) = json(\"p95\")  old: duration(s) = json(\"old\") }}\n\
         /// For a test.\npipeline p {{\n phase look {{\n {triggers}\n wait 1d }} }}"
    );
    let mut sources = Sources::default();
    let mut load = |_: &str| Ok(source.as_bytes().to_vec());
    let analysis = phasegate::analysis::analyze(&mut load, "test.deploy", &mut sources).expect("the loader answers");
    rates(&analysis.program).into_iter().map(|rate| rate.sentence).collect()
}

#[test]
fn a_cusum_says_its_run_lengths() {
    let said = sentences("rollback when cusum(api.p1, target: 75%, sigma: 2%).alarm for 30m");
    // Montgomery, table 9.3: 465 samples without a shift, 10.4 with one of 1 sigma.
    assert!(said[0].starts_with("one false alarm in about 7h45m (465 samples)"), "{said:?}");
    assert!(said[0].contains("1 sigma after about 10m") && said[0].contains("with its `for` one in "), "{said:?}");
    assert!(said[0].contains("simulated"), "{said:?}");
    let said =
        sentences("rollback when cusum(api.p1, target: 75%, sigma: 2%, false_alarm_every: 7d).alarm for 2 samples");
    assert!(said[0].contains("about 7d (10080 samples)") && said[0].contains("h = 8.061"), "{said:?}");
}

#[test]
fn a_limit_says_what_its_for_is_worth() {
    let said = sentences("rollback when api.p95 > 2s for 3 samples\n rollback when api.p95 > 3s for 10m");
    // (1 - 1e-6) / (0.99 * 1e-6) minutes.
    assert!(said[0].contains("701d") && said[0].contains("fires about 3m after"), "{said:?}");
    assert!(said[1].contains("years"), "{said:?}");
}

#[test]
fn a_comparison_is_counted_in_runs() {
    let said = sentences("rollback when worse(api.p95, api.old, by: 10%, confidence: 95%)");
    assert!(said[0].starts_with("one false alarm in at least 20 runs"), "{said:?}");
}

#[test]
fn windows_and_weighted_means_are_simulated() {
    let said = sentences(
        "rollback when mean(api.p95, 15m) > 2s for 10m\n rollback when ewma(api.p95, half_life: 10m) > 2s for 5m\n \
         rollback when percentile(api.p95, 95%, 15m) > 3s for 5 samples",
    );
    assert_eq!(said.len(), 3, "{said:?}");
    for sentence in &said {
        assert!(sentence.starts_with("one false alarm in ") && sentence.contains("by simulation"), "{sentence}");
        assert!(sentence.contains("if one look in 100 is beyond the limit"), "{sentence}");
    }
    // The same each time, on every machine.
    assert_eq!(
        said,
        sentences(
            "rollback when mean(api.p95, 15m) > 2s for 10m\n rollback when ewma(api.p95, half_life: 10m) > 2s for 5m\n \
         rollback when percentile(api.p95, 95%, 15m) > 3s for 5 samples",
        )
    );
}

#[test]
fn whatever_is_made_of_limits_is_judged_as_one() {
    let said = sentences(
        "rollback when not (api.p95 <= 2s) for 3 samples\n rollback when api.p95 > 2s and api.old < 1s for 3 samples",
    );
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said.iter().all(|sentence| sentence.contains("701d")), "{said:?}");
}

#[test]
fn of_what_is_only_known_in_the_run_nothing_is_said() {
    assert!(sentences("rollback when run.actor == \"nobody\" for 3 samples").is_empty());
}

#[test]
fn one_side_of_a_sum_is_a_chart_with_a_limit_of_its_own() {
    let said = sentences(
        "rollback when cusum(api.p95, target: 1s, sigma: 100ms, side: \"up\", h: 4).alarm\n \
         rollback when cusum(api.p95, target: 1s, sigma: 100ms).up > 4\n \
         rollback when cusum(api.p95, target: 1s, sigma: 100ms).down > 4 for 2 samples",
    );
    assert_eq!(said[0], said[1]);
    assert!(said[1].contains("(335 samples)"), "{said:?}");
    assert!(said[2].contains("with its `for`"), "{said:?}");
}

#[test]
fn the_first_samples_of_a_run_are_told_apart() {
    let said = sentences(
        "rollback when mean(api.p95, 10m) > 2s for 3 samples\n rollback when mean(api.p95, 10m) > 2s for 3 samples after 10m\n \
         rollback when stddev(api.p95, 10m) > 2s for 3 samples",
    );
    assert!(said[0].contains("of the runs see one in the first 10m") && said[0].contains("`after 10m`"), "{said:?}");
    assert!(!said[1].contains("first 10m"), "{said:?}");
    assert!(said[2].contains("by simulation") && !said[2].contains("sees a shift"), "{said:?}");
}

#[test]
fn of_looks_with_samples_in_common_no_chance_is_claimed() {
    let said = sentences(
        "rollback when cusum(api.p95, target: 1s, sigma: 100ms).alarm or api.p95 > 2s\n \
         rollback when mean(api.p95, 10m) * 2 > 2s for 3 samples\n rollback when delta(api.p95, 5m) > 1s for 3 samples",
    );
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said[..2].iter().all(|sentence| sentence.contains("simulate --runs")), "{said:?}");
    assert!(said[2].contains("each by itself"), "{said:?}");
}
