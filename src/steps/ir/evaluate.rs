//! `ir.evaluate`

use std::collections::HashSet;

use serde_json::json;

use crate::contract::effect::{History, Reaction};
use crate::contract::registry::{Args, StepImpl};
use crate::stats::ranking::{Judgements, Results, evaluate as figures};
use crate::steps::protocol::{Attempt, pass_json, settle, text, with_files};

pub const EVALUATE: StepImpl = StepImpl { name: "ir.evaluate", react, undo: None };

fn react(args: &Args, history: &History) -> Reaction {
    settle(evaluate(args, history))
}

fn evaluate(args: &Args, history: &History) -> Attempt {
    let paths = [text(args, "run")?, text(args, "qrels")?];
    with_files(history, &paths, |texts| {
        let [run, qrels] = texts else { return Err("two files are read".to_owned()) };
        let (results, judgements) = (read_results(&paths[0], run)?, read_judgements(&paths[1], qrels)?);
        let found = figures(&results, &judgements).ok_or_else(|| format!("`{}` judges nothing", paths[1]))?;
        if found.without_results == found.queries {
            return Err(format!("no query that `{}` judges has a result in `{}`", paths[1], paths[0]));
        }
        Ok(pass_json(json!({
            "queries": found.queries, "without_results": found.without_results, "p_1": found.precision_1,
            "ndcg_10": found.ndcg_10, "recall_50": found.recall_50, "mrr": found.reciprocal_rank,
            "map": found.average_precision,
        })))
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
        let args: Args = [("run".to_owned(), Value::text("run")), ("qrels".to_owned(), Value::text("qrels"))].into();
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
