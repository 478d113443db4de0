//! `bench.sign_off`

use serde::Deserialize;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::contract::answer::{TextAnswer, read_answer};
use crate::contract::effect::{Effect, History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::pages;
use crate::steps::protocol::{
    Attempt, argument, in_turn, kept_and_written, pass_json, restore_copies, settle, text, texts,
};
use crate::steps::sections::{Part, parts_of};

pub const SIGN_OFF: StepImpl =
    StepImpl { name: "bench.sign_off", react, undo: Some(|_, history| restore_copies(history)) };

/// One entry of `checks`.
#[derive(Debug, Deserialize)]
struct Check {
    title: String,
    measured: Json,
    baseline: Option<Json>,
    holds: bool,
}

fn react(args: &Args, history: &History) -> Reaction {
    settle(sign_off(args, history))
}

fn sign_off(args: &Args, history: &History) -> Attempt {
    let (manifest, to, title) = (text(args, "manifest")?, text(args, "to")?, text(args, "title")?);
    let checks: Vec<Check> = serde_json::from_value(argument(args, "checks")?.to_json())
        .map_err(|error| format!("the argument `checks` cannot be read: {error}"))?;
    if checks.is_empty() {
        return Err("a sign-off without a single check says nothing".to_owned());
    }
    let Some(read) = history.outcome(0) else { return Ok(Reaction::Perform(Effect::ReadFile { path: manifest })) };
    let dataset = Dataset::of(&manifest, &read_answer::<TextAnswer>(read)?.text)?;
    let (figures, approvers) = (argument(args, "figures")?.to_json(), texts(args, "approvers")?);
    let failed: Vec<&str> = checks.iter().filter(|check| !check.holds).map(|check| check.title.as_str()).collect();
    let named = |file: &str| format!("{}/{file}", to.trim_end_matches('/'));
    let files = [
        ("sign_off_summary.md", summary(&title, &dataset, &checks, (&figures, &approvers))),
        ("metrics.csv", metrics(&checks)),
        ("final_bench_results.json", results(&title, &dataset, &checks, &figures)),
    ];
    let writes = files.into_iter().flat_map(|(file, content)| kept_and_written(history, named(file), content));
    in_turn(history, std::iter::once(Effect::ReadFile { path: manifest.clone() }).chain(writes), |_| {
        Ok(pass_json(json!({
            "passed": failed.is_empty(), "failed": failed, "dataset": dataset.sha256, "summary": named("sign_off_summary.md"),
            "metrics": named("metrics.csv"), "results": named("final_bench_results.json"),
        })))
    })
}

/// The pinned data set, as its manifest says it.
struct Dataset {
    manifest: String,
    sha256: String,
    files: usize,
}

impl Dataset {
    fn of(manifest: &str, text: &str) -> Result<Self, String> {
        let lines = text.lines().filter(|line| !line.trim().is_empty());
        let is_hash = |word: &str| word.len() == 64 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut files = 0;
        for line in lines {
            if !line.split_whitespace().next().is_some_and(is_hash) {
                return Err(format!("`{manifest}` is no manifest as `sha256sum` writes it: `{line}`"));
            }
            files += 1;
        }
        if files == 0 {
            return Err(format!("`{manifest}` names no file: nothing is pinned"));
        }
        let sha256 = Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { manifest: manifest.to_owned(), sha256, files })
    }
}

fn word(holds: bool) -> &'static str {
    if holds { "passed" } else { "failed" }
}

fn cell(value: &Json) -> String {
    match value {
        Json::Null => String::new(),
        Json::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn rows(checks: &[Check]) -> Vec<Vec<String>> {
    let row = |check: &Check| {
        let baseline = check.baseline.as_ref().map_or_else(String::new, cell);
        vec![check.title.clone(), baseline, cell(&check.measured), word(check.holds).to_owned()]
    };
    checks.iter().map(row).collect()
}

fn header() -> Vec<String> {
    ["gate", "baseline", "measured", "result"].map(str::to_owned).to_vec()
}

fn summary(title: &str, dataset: &Dataset, checks: &[Check], (figures, approvers): (&Json, &[String])) -> String {
    let passed = checks.iter().filter(|check| check.holds).count();
    let verdict = if passed == checks.len() { "**PASSED**" } else { "**NOT PASSED**" };
    let text = format!(
        "{verdict}: {passed} of {} gates.\n\nData set: `{}`, {} files, SHA-256 of the manifest `{}`.",
        checks.len(),
        dataset.manifest,
        dataset.files,
        dataset.sha256
    );
    let mut parts = vec![Part::Heading(2, "Gates".to_owned()), Part::Table { header: header(), rows: rows(checks) }];
    if !figures.is_null() {
        parts.push(Part::Heading(2, "Figures".to_owned()));
        parts.extend(parts_of(figures));
    }
    if !approvers.is_empty() {
        let header = ["who", "approved", "date"].map(str::to_owned).to_vec();
        let rows = approvers.iter().map(|who| vec![who.clone(), String::new(), String::new()]).collect();
        parts.extend([Part::Heading(2, "Sign-off".to_owned()), Part::Table { header, rows }]);
    }
    pages::markdown(title, &text, &parts)
}

fn metrics(checks: &[Check]) -> String {
    pages::csv(&header(), &rows(checks))
}

fn results(title: &str, dataset: &Dataset, checks: &[Check], figures: &Json) -> String {
    let gates: Vec<Json> = checks
        .iter()
        .map(|check| {
            json!({
                "gate": check.title, "baseline": check.baseline, "measured": check.measured, "passed": check.holds,
            })
        })
        .collect();
    let json = json!({
        "title": title, "passed": checks.iter().all(|check| check.holds),
        "dataset": { "manifest": dataset.manifest, "files": dataset.files, "sha256": dataset.sha256 },
        "gates": gates, "figures": figures,
    });
    format!("{json:#}\n")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Args, Effect, History, Reaction, SIGN_OFF};
    use crate::contract::effect::{Act, Outcome, TextPiece, Verdict};
    use crate::contract::value::Value;

    fn signed(manifest: &str, holds: bool) -> (Vec<(String, String)>, Verdict) {
        let checks = json!([
            { "title": "nDCG@10 is not below", "measured": 0.61, "baseline": 0.6, "holds": true },
            { "title": "p99 / p95 ≤ 2", "measured": 2.4, "holds": holds },
        ]);
        let args: Args = [
            ("to", Value::text("out/")),
            ("title", Value::text("Final bench")),
            ("manifest", Value::text("pin.sha256")),
            ("checks", Value::Json(checks)),
            ("figures", Value::Json(json!({ "ndcg_10": 0.61 }))),
            ("approvers", Value::List(vec![Value::text("search quality")])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let mut history = History { key: "k".to_owned(), ..History::default() };
        let mut written = Vec::new();
        loop {
            match (SIGN_OFF.react)(&args, &history) {
                Reaction::Finish(verdict) => return (written, verdict),
                Reaction::Perform(effect) => {
                    if let Effect::WriteFile { path, content } = &effect {
                        let [TextPiece::Plain(text)] = content.as_slice() else { panic!("plain text") };
                        written.push((path.clone(), text.clone()));
                    }
                    let outcome = Some(Outcome::Done(json!({ "text": manifest })));
                    history.acts.push(Act { effect, outcome });
                }
            }
        }
    }

    #[test]
    fn the_summary_says_what_was_measured_on_which_data_and_what_held() {
        let manifest = format!("{}  qrels.txt\n{}  run.txt\n", "a".repeat(64), "0".repeat(64));
        let (files, verdict) = signed(&manifest, false);
        let Verdict::Passed(Value::Json(output)) = verdict else { panic!("{verdict:?}") };
        assert_eq!((&output["passed"], &output["failed"]), (&json!(false), &json!(["p99 / p95 ≤ 2"])));
        let names: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(names, ["out/sign_off_summary.md", "out/metrics.csv", "out/final_bench_results.json"]);
        let hash = output["dataset"].as_str().expect("a hash");
        assert!(files[0].1.contains("**NOT PASSED**: 1 of 2 gates") && files[0].1.contains(hash), "{}", files[0].1);
        assert!(files[0].1.contains("| nDCG@10 is not below | 0.6 | 0.61 | passed |"), "{}", files[0].1);
        assert_eq!(files[1].1.lines().nth(2), Some("p99 / p95 ≤ 2,,2.4,failed"));
        let results: Json = serde_json::from_str(&files[2].1).expect("JSON");
        assert_eq!((&results["dataset"]["files"], &results["gates"][1]["passed"]), (&json!(2), &json!(false)));
        assert!(signed(&manifest, true).0[0].1.contains("**PASSED**: 2 of 2"));
    }

    #[test]
    fn what_pins_nothing_is_refused() {
        for manifest in ["", "not a hash  file\n"] {
            assert!(matches!(signed(manifest, true).1, Verdict::Failed(_)), "{manifest}");
        }
    }
}
