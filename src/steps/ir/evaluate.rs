//! `ir.evaluate`

use std::collections::HashSet;

use serde_json::{Map, Value as Json, json};

use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::ranking::{Figures, Judgements, Query, Results, by_query, means};
use crate::steps::protocol::{Attempt, argument, pass_json, settle, text, with_files};

pub const EVALUATE: StepImpl = StepImpl { name: "ir.evaluate", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(evaluate(args, history))
}

fn evaluate(args: &Args, history: &History) -> Attempt {
    let paths = [text(args, "run")?, text(args, "qrels")?];
    let is_complete = argument(args, "complete")?.to_json() != Json::Bool(false);
    let asked = cuts(args)?;
    with_files(history, &paths, |texts| {
        let [run, qrels] = texts else { return Err("two files are read".to_owned()) };
        let (results, judgements) = (read_results(&paths[0], run)?, read_judgements(&paths[1], qrels)?);
        if judgements.is_empty() {
            return Err(format!("`{}` judges nothing", paths[1]));
        }
        // First the cuts of the fields that are always there, then those that were asked for.
        let cuts: Vec<usize> = FIXED.into_iter().chain(asked.iter().copied()).collect();
        let queries = by_query(&results, &judgements, &cuts);
        let without_results = queries.iter().filter(|query| query.figures.is_none()).count();
        if without_results == queries.len() {
            return Err(format!("no query that `{}` judges has a result in `{}`", paths[1], paths[0]));
        }
        let unjudged = results.keys().filter(|name| !judgements.contains_key(*name)).count();
        let found = means(&queries, is_complete, cuts.len()).ok_or_else(|| format!("`{}` judges nothing", paths[1]))?;
        let counted = if is_complete { queries.len() } else { queries.len() - without_results };
        Ok(pass_json(json!({
            "queries": counted, "without_results": without_results, "unjudged": unjudged,
            "p_1": found.precision[0], "ndcg_10": found.ndcg[1], "recall_50": found.recall[2],
            "mrr": found.reciprocal_rank, "map": found.average_precision,
            "ndcg": at_cuts(&asked, &found.ndcg), "precision": at_cuts(&asked, &found.precision),
            "recall": at_cuts(&asked, &found.recall),
            "by_query": queries.iter().map(row).collect::<Vec<Json>>(),
        })))
    })
}

/// The cuts of `p_1`, `ndcg_10` and `recall_50`.
const FIXED: [usize; 3] = [1, 10, 50];
/// Nobody looks further down a list.
const DEEPEST: f64 = 100_000.0;

fn cuts(args: &Args) -> Result<Vec<usize>, String> {
    let wanted = argument(args, "cuts")?.to_json();
    let wanted = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
    let cut = |cut: &Json| {
        let number = cut.as_f64().filter(|cut| cut.fract() == 0.0 && (1.0..=DEEPEST).contains(cut));
        number.map(|cut| cut as usize).ok_or_else(|| format!("a list cannot be cut at {cut}: 1 to {DEEPEST}"))
    };
    wanted.iter().map(cut).collect()
}

fn at_cuts(cuts: &[usize], figures: &[f64]) -> Map<String, Json> {
    cuts.iter().zip(&figures[FIXED.len()..]).map(|(cut, figure)| (cut.to_string(), json!(figure))).collect()
}

/// One line of a table, which `bench.compare` compares with another run's.
fn row(query: &Query<'_>) -> Json {
    let at = |figures: fn(&Figures) -> f64| query.figures.as_ref().map_or(0.0, figures);
    json!({
        "query": query.name, "has_results": query.figures.is_some(), "p_1": at(|found| found.precision[0]),
        "ndcg_10": at(|found| found.ndcg[1]), "recall_50": at(|found| found.recall[2]),
        "rr": at(|found| found.reciprocal_rank), "ap": at(|found| found.average_precision),
    })
}

/// `query Q0 document rank score name`
fn read_results(path: &str, text: &str) -> Result<Results, String> {
    let mut results = Results::new();
    let mut seen = HashSet::new();
    for (at, line) in lines(text) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [query, _, document, _, score, _] = cells.as_slice() else {
            return Err(format!("line {at} of `{path}` is not `query Q0 document rank score name`"));
        };
        let score = score.parse::<f64>().ok().filter(|score| score.is_finite());
        let score = score.ok_or_else(|| format!("line {at} of `{path}`: the score is no number"))?;
        if !seen.insert((*query, *document)) {
            return Err(format!("line {at} of `{path}`: `{document}` is a result of `{query}` twice"));
        }
        results.entry((*query).to_owned()).or_default().push(((*document).to_owned(), score));
    }
    Ok(results)
}

/// `query 0 document grade`
fn read_judgements(path: &str, text: &str) -> Result<Judgements, String> {
    let mut judgements = Judgements::new();
    for (at, line) in lines(text) {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let [query, _, document, grade] = cells.as_slice() else {
            return Err(format!("line {at} of `{path}` is not `query 0 document grade`"));
        };
        let grade = grade.parse().map_err(|_| format!("line {at} of `{path}`: the grade is no whole number"))?;
        let grades = judgements.entry((*query).to_owned()).or_default();
        if grades.insert((*document).to_owned(), grade).is_some() {
            return Err(format!("line {at} of `{path}`: `{document}` is judged twice for `{query}`"));
        }
    }
    Ok(judgements)
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()).map(|(at, line)| (at + 1, line))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Args, EVALUATE, History, Reaction};
    use crate::contract::effect::{Act, Effect, Outcome, Verdict};
    use crate::contract::value::Value;

    fn after(run: &str, qrels: &str) -> Reaction {
        let args: Args = [
            ("run", Value::text("run")),
            ("qrels", Value::text("qrels")),
            ("complete", Value::Bool(true)),
            ("cuts", Value::List(vec![Value::int(5)])),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into();
        let act = |path: &str, text: &str| Act {
            effect: Effect::ReadFile { path: path.to_owned() },
            outcome: Some(Outcome::Done(json!({ "text": text }))),
        };
        let acts = vec![act("run", run), act("qrels", qrels)];
        (EVALUATE.react)(&args, &History { acts, ..History::default() })
    }

    #[test]
    fn the_figures_of_a_run() {
        let Reaction::Finish(Verdict::Passed(Value::Json(figures))) =
            after("q1 Q0 b 1 0.3 x\n", "q1 0 a 2\nq1 0 b 1\n")
        else {
            panic!("it passes")
        };
        assert_eq!((figures["queries"].as_u64(), figures["recall_50"].as_f64()), (Some(1), Some(0.5)));
        assert_eq!((&figures["precision"], &figures["recall"]), (&json!({ "5": 0.2 }), &json!({ "5": 0.5 })));
        assert_eq!((&figures["by_query"][0]["query"], &figures["by_query"][0]["ap"]), (&json!("q1"), &json!(0.5)));
        assert_eq!((figures["mrr"].as_f64(), figures["map"].as_f64()), (Some(1.0), Some(0.5)));
    }

    #[test]
    fn what_cannot_be_read_is_named_with_its_line() {
        for (run, qrels, words) in [
            ("q1 b 0.3\n", "q1 0 a 1\n", "line 1 of `run` is not"),
            ("q1 Q0 b 1 NaN x\n", "q1 0 a 1\n", "the score is no number"),
            ("q1 Q0 b 1 1 x\nq1 Q0 b 2 1 x\n", "q1 0 a 1\n", "twice"),
            ("q1 Q0 b 1 1 x\n", "q1 0 a x\n", "the grade is no whole number"),
            ("q1 Q0 b 1 1 x\n", "", "judges nothing"),
            ("q2 Q0 b 1 1 x\n", "q1 0 a 1\n", "no query"),
        ] {
            let reaction = after(run, qrels);
            let Reaction::Finish(Verdict::Failed(reason)) = &reaction else { panic!("{words}: {reaction:?}") };
            assert!(reason.contains(words), "{reason}");
        }
    }
}
