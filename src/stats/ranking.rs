//! Figures of ranked results against relevance judgements, as trec_eval computes them.
//!
//! nDCG takes the grade as gain with a discount of log2(rank + 1) (Järvelin and Kekäläinen 2002); for the other figures a
//! grade of 1 or more is relevant. Documents are ranked by score, equal scores (as 32-bit floats, which is what trec_eval
//! keeps) by the name of the document, the last first. The ranks that a file states are not looked at.

use std::collections::{BTreeMap, BTreeSet};

/// Of each query: document and score.
pub type Results = BTreeMap<String, Vec<(String, f64)>>;
/// Of each query: document and grade.
pub type Judgements = BTreeMap<String, BTreeMap<String, i64>>;

/// The figures of one query, or their means over queries.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Figures {
    pub reciprocal_rank: f64,
    pub average_precision: f64,
    /// At each cut, in the order that was asked for.
    pub ndcg: Vec<f64>,
    pub precision: Vec<f64>,
    pub recall: Vec<f64>,
}

/// A judged query, with its figures; one without results has none, and counts 0.
#[derive(Debug, Clone, PartialEq)]
pub struct Query<'a> {
    pub name: &'a str,
    pub figures: Option<Figures>,
}

/// The figures of every judged query, by name, at these cuts.
#[must_use]
pub fn by_query<'a>(results: &Results, judgements: &'a Judgements, cuts: &[usize]) -> Vec<Query<'a>> {
    let of = |(name, grades): (&'a String, &BTreeMap<String, i64>)| {
        let found = results.get(name).filter(|found| !found.is_empty());
        Query { name, figures: found.map(|found| Ranked::of(found, grades).figures(cuts)) }
    };
    judgements.iter().map(of).collect()
}

/// The means over all queries (`trec_eval -c`), or over those that have results (`trec_eval`); none without one.
#[must_use]
pub fn means(queries: &[Query<'_>], is_complete: bool, cuts: usize) -> Option<Figures> {
    let count =
        if is_complete { queries.len() } else { queries.iter().filter(|query| query.figures.is_some()).count() };
    let known = || queries.iter().filter_map(|query| query.figures.as_ref());
    let mean = |of: &dyn Fn(&Figures) -> f64| known().map(of).sum::<f64>() / count as f64;
    let at = |of: fn(&Figures) -> &[f64]| (0..cuts).map(|cut| mean(&|figures| of(figures)[cut])).collect();
    (count > 0).then(|| Figures {
        reciprocal_rank: mean(&|figures| figures.reciprocal_rank),
        average_precision: mean(&|figures| figures.average_precision),
        ndcg: at(|figures| &figures.ndcg),
        precision: at(|figures| &figures.precision),
        recall: at(|figures| &figures.recall),
    })
}

/// The results of one query in the order of their rank, with what was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// The grade at each rank; what is not judged has none.
    grades: Vec<i64>,
    /// All grades of the query, the best first.
    ideal: Vec<i64>,
    relevant: usize,
}

impl Ranked {
    /// None when a score is no number or a document is ranked twice: then there is no order.
    #[must_use]
    pub fn new(found: &[(String, f64)], grades: &BTreeMap<String, i64>) -> Option<Self> {
        let names: BTreeSet<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
        let sound = names.len() == found.len() && found.iter().all(|(_, score)| !score.is_nan());
        sound.then(|| Self::of(found, grades))
    }

    fn of(found: &[(String, f64)], grades: &BTreeMap<String, i64>) -> Self {
        let mut order: Vec<(f32, &str)> = found.iter().map(|(name, score)| (*score as f32, name.as_str())).collect();
        order.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| right.1.cmp(left.1)));
        let mut ideal: Vec<i64> = grades.values().copied().collect();
        ideal.sort_unstable_by(|left, right| right.cmp(left));
        let relevant = ideal.iter().filter(|grade| **grade > 0).count();
        let grades = order.into_iter().map(|(_, name)| grades.get(name).copied().unwrap_or(0)).collect();
        Self { grades, ideal, relevant }
    }

    /// All that a report has of a query.
    #[must_use]
    pub fn figures(&self, cuts: &[usize]) -> Figures {
        Figures {
            reciprocal_rank: self.reciprocal_rank(),
            average_precision: self.average_precision(usize::MAX),
            ndcg: cuts.iter().map(|cut| self.ndcg(*cut)).collect(),
            precision: cuts.iter().map(|cut| self.precision(*cut)).collect(),
            recall: cuts.iter().map(|cut| self.recall(*cut)).collect(),
        }
    }

    /// The ranks of relevant documents among the first `cut`.
    fn hits(&self, cut: usize) -> impl Iterator<Item = usize> {
        self.grades.iter().take(cut).enumerate().filter(|(_, grade)| **grade > 0).map(|(at, _)| at + 1)
    }

    fn of_relevant(&self, amount: f64) -> f64 {
        if self.relevant == 0 { 0.0 } else { amount / self.relevant as f64 }
    }

    /// Relevant ones among the first k, of k even when fewer were found.
    #[must_use]
    pub fn precision(&self, cut: usize) -> f64 {
        self.hits(cut).count() as f64 / cut as f64
    }

    #[must_use]
    pub fn recall(&self, cut: usize) -> f64 {
        self.of_relevant(self.hits(cut).count() as f64)
    }

    /// Precision at as many as there are relevant ones.
    #[must_use]
    pub fn r_precision(&self) -> f64 {
        self.recall(self.relevant)
    }

    #[must_use]
    pub fn success(&self, cut: usize) -> f64 {
        f64::from(u8::from(self.hits(cut).next().is_some()))
    }

    #[must_use]
    pub fn reciprocal_rank(&self) -> f64 {
        self.hits(usize::MAX).next().map_or(0.0, |rank| 1.0 / rank as f64)
    }

    #[must_use]
    pub fn average_precision(&self, cut: usize) -> f64 {
        let precisions = self.hits(cut).enumerate().map(|(at, rank)| (at + 1) as f64 / rank as f64);
        self.of_relevant(precisions.sum())
    }

    #[must_use]
    pub fn ndcg(&self, cut: usize) -> f64 {
        self.discounted(cut, |grade| grade as f64)
    }

    /// With gain 2^grade − 1 (Burges et al. 2005), which trec_eval does not have.
    #[must_use]
    pub fn ndcg_exponential(&self, cut: usize) -> f64 {
        self.discounted(cut, |grade| (grade as f64).exp2() - 1.0)
    }

    fn discounted(&self, cut: usize, gain: impl Fn(i64) -> f64) -> f64 {
        let sum = |grades: &[i64]| -> f64 {
            let gains = grades.iter().take(cut).enumerate().filter(|(_, grade)| **grade > 0);
            gains.map(|(at, grade)| gain(*grade) / ((at + 2) as f64).log2()).sum()
        };
        let best = sum(&self.ideal);
        if best > 0.0 { sum(&self.grades) / best } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::{Figures, Judgements, Results, by_query, means};

    /// At the cuts 1, 10 and 50.
    fn evaluate(results: &Results, judgements: &Judgements) -> Option<Figures> {
        means(&by_query(results, judgements, &[1, 10, 50]), true, 3)
    }

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
        assert!(near(figures.precision[0], 0.0) && near(figures.reciprocal_rank, 0.5));
        assert!(near(figures.average_precision, 0.583_333_333_333_333_3), "{figures:?}");
        assert!((figures.ndcg[1] - 0.586_882_671_436).abs() < 1e-9, "{figures:?}");
    }

    #[test]
    fn what_was_not_found_lowers_recall_and_the_ideal_counts_it() {
        let grades = judged(&[("q0", &[("a", 2), ("b", 1)])]);
        let figures = evaluate(&found(&[("q0", &[("b", 0.3)])]), &grades).unwrap();
        assert!(
            near(figures.recall[2], 0.5) && near(figures.average_precision, 0.5) && near(figures.precision[0], 1.0)
        );
        assert!((figures.ndcg[1] - 0.380_093_766_716).abs() < 1e-9);
    }

    #[test]
    fn a_judged_query_without_results_counts_nothing_and_an_unjudged_one_is_left_out() {
        let grades = judged(&[("q0", &[("a", 1)]), ("q1", &[("a", 1)]), ("q2", &[("a", 0)])]);
        let results = found(&[("q0", &[("a", 1.0)]), ("q2", &[("a", 1.0)]), ("other", &[("a", 1.0)])]);
        let figures = evaluate(&results, &grades).unwrap();
        let queries = by_query(&results, &grades, &[1]);
        let found: Vec<(&str, bool)> = queries.iter().map(|query| (query.name, query.figures.is_some())).collect();
        assert_eq!(found, [("q0", true), ("q1", false), ("q2", true)]);
        assert!(near(means(&queries, false, 1).unwrap().average_precision, 0.5));
        assert!(near(figures.average_precision, 1.0 / 3.0));
        assert_eq!(evaluate(&results, &judged(&[])), None);
    }
}
