//! Figures of ranked results against relevance judgements, as `trec_eval -c` computes them.
//!
//! nDCG takes the grade as gain with a discount of log2(rank + 1) (Järvelin and Kekäläinen 2002); for the other figures a
//! grade of 1 or more is relevant. Documents are ranked by score, equal scores (as 32-bit floats, which is what trec_eval
//! keeps) by the name of the document, the last first. The ranks that a file states are not looked at.

use std::collections::BTreeMap;

/// Of each query: document and score.
pub type Results = BTreeMap<String, Vec<(String, f64)>>;
/// Of each query: document and grade.
pub type Judgements = BTreeMap<String, BTreeMap<String, i64>>;

/// Means over all judged queries; one without results counts 0.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    pub queries: usize,
    pub without_results: usize,
    pub precision_1: f64,
    pub ndcg_10: f64,
    pub recall_50: f64,
    pub reciprocal_rank: f64,
    pub average_precision: f64,
}

/// The figures of a whole run; none when nothing is judged.
#[must_use]
pub fn evaluate(results: &Results, judgements: &Judgements) -> Option<Figures> {
    let mut sum = Figures::default();
    for (query, grades) in judgements {
        sum.queries += 1;
        match results.get(query).filter(|found| !found.is_empty()) {
            Some(found) => add_query(&mut sum, &ranked(found, grades), grades),
            None => sum.without_results += 1,
        }
    }
    (sum.queries > 0).then(|| {
        let count = sum.queries as f64;
        Figures {
            precision_1: sum.precision_1 / count,
            ndcg_10: sum.ndcg_10 / count,
            recall_50: sum.recall_50 / count,
            reciprocal_rank: sum.reciprocal_rank / count,
            average_precision: sum.average_precision / count,
            ..sum
        }
    })
}

/// The grades of the documents in the order of their rank; what is not judged has none.
fn ranked(found: &[(String, f64)], grades: &BTreeMap<String, i64>) -> Vec<i64> {
    let mut order: Vec<(f32, &str)> = found.iter().map(|(name, score)| (*score as f32, name.as_str())).collect();
    order.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| right.1.cmp(left.1)));
    order.into_iter().map(|(_, name)| grades.get(name).copied().unwrap_or(0)).collect()
}

fn add_query(sum: &mut Figures, ranked: &[i64], grades: &BTreeMap<String, i64>) {
    let relevant = grades.values().filter(|grade| **grade > 0).count();
    sum.ndcg_10 += ndcg(ranked, grades, 10);
    if relevant == 0 {
        return;
    }
    let hits: Vec<usize> =
        ranked.iter().enumerate().filter(|(_, grade)| **grade > 0).map(|(rank, _)| rank + 1).collect();
    if hits.first() == Some(&1) {
        sum.precision_1 += 1.0;
    }
    sum.reciprocal_rank += hits.first().map_or(0.0, |rank| 1.0 / *rank as f64);
    sum.recall_50 += hits.iter().filter(|rank| **rank <= 50).count() as f64 / relevant as f64;
    let precisions = hits.iter().enumerate().map(|(at, rank)| (at + 1) as f64 / *rank as f64);
    sum.average_precision += precisions.sum::<f64>() / relevant as f64;
}

fn ndcg(ranked: &[i64], grades: &BTreeMap<String, i64>, cut: usize) -> f64 {
    let mut ideal: Vec<i64> = grades.values().copied().collect();
    ideal.sort_unstable_by(|left, right| right.cmp(left));
    let best = discounted(&ideal, cut);
    if best > 0.0 { discounted(ranked, cut) / best } else { 0.0 }
}

fn discounted(grades: &[i64], cut: usize) -> f64 {
    let gains = grades.iter().take(cut).enumerate();
    gains.map(|(at, grade)| (*grade).max(0) as f64 / ((at + 2) as f64).log2()).sum()
}

#[cfg(test)]
mod tests {
    use super::{Judgements, Results, evaluate};

    fn judged(queries: &[(&str, &[(&str, i64)])]) -> Judgements {
        let grades = |pairs: &[(&str, i64)]| pairs.iter().map(|(name, grade)| ((*name).to_owned(), *grade)).collect();
        queries.iter().map(|(query, pairs)| ((*query).to_owned(), grades(pairs))).collect()
    }

    fn found(queries: &[(&str, &[(&str, f64)])]) -> Results {
        let scores = |pairs: &[(&str, f64)]| pairs.iter().map(|(name, score)| ((*name).to_owned(), *score)).collect();
        queries.iter().map(|(query, pairs)| ((*query).to_owned(), scores(pairs))).collect()
    }

    fn near(left: f64, right: f64) -> bool {
        (left - right).abs() < 1e-9
    }

    /// As trec_eval gives them.
    #[test]
    fn of_two_equal_scores_the_later_name_comes_first() {
        let grades = judged(&[("q0", &[("x", 1), ("y", 0), ("z", 3)])]);
        let figures = evaluate(&found(&[("q0", &[("x", 1.0), ("y", 1.0), ("z", 0.2)])]), &grades).unwrap();
        assert!(near(figures.precision_1, 0.0) && near(figures.reciprocal_rank, 0.5));
        assert!(near(figures.average_precision, 0.583_333_333_333_333_3), "{figures:?}");
        assert!((figures.ndcg_10 - 0.586_882_671_436).abs() < 1e-9, "{figures:?}");
    }

    #[test]
    fn what_was_not_found_lowers_recall_and_the_ideal_counts_it() {
        let grades = judged(&[("q0", &[("a", 2), ("b", 1)])]);
        let figures = evaluate(&found(&[("q0", &[("b", 0.3)])]), &grades).unwrap();
        assert!(near(figures.recall_50, 0.5) && near(figures.average_precision, 0.5) && near(figures.precision_1, 1.0));
        assert!((figures.ndcg_10 - 0.380_093_766_716).abs() < 1e-9);
    }

    #[test]
    fn a_judged_query_without_results_counts_nothing_and_an_unjudged_one_is_left_out() {
        let grades = judged(&[("q0", &[("a", 1)]), ("q1", &[("a", 1)]), ("q2", &[("a", 0)])]);
        let results = found(&[("q0", &[("a", 1.0)]), ("q2", &[("a", 1.0)]), ("other", &[("a", 1.0)])]);
        let figures = evaluate(&results, &grades).unwrap();
        assert_eq!((figures.queries, figures.without_results), (3, 1));
        assert!(near(figures.average_precision, 1.0 / 3.0));
        assert_eq!(evaluate(&results, &judged(&[])), None);
    }
}
