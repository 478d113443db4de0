//! Scores a document by a rubric.
//!
//! Invariant: what a document lacks earns nothing: a comparison with an absent value is unknown, even of two absent ones.

use indexmap::IndexMap;

use super::{Evaluated, Unknown, World, evaluate, truth};
use crate::base::number::Number;
use crate::contract::answer::DocumentScore;
use crate::contract::types::{Type, decode};
use crate::contract::value::{Unit, Value};
use crate::model::expr::{Expr, ExprKind, LocalId, Operator, OutputRef, RunField};
use crate::model::rubric::{Criterion, Rubric};

#[derive(Debug, Clone, PartialEq)]
pub struct Score {
    pub points: f64,
    /// The points of each tier, by its name.
    pub tiers: IndexMap<String, f64>,
    pub passed: bool,
    /// The criteria that the document has less than the full points of.
    pub short_of: Vec<String>,
}

/// The text of a file, scored; `file` names it in complaints.
///
/// # Errors
/// When it is no JSON, or not of the type that the rubric scores.
pub fn score_text(rubric: &Rubric, file: &str, text: &[u8]) -> Result<DocumentScore, String> {
    let document = serde_json::from_slice(text).map_err(|error| format!("`{file}` is no JSON: {error}"))?;
    let Score { points, tiers, passed, short_of } =
        score(rubric, document).map_err(|reason| format!("`{file}`: {reason}"))?;
    Ok(DocumentScore { file: file.to_owned(), score: points, passed, tiers, short_of })
}

/// # Errors
/// When the document is not of the type that the rubric scores.
pub fn score(rubric: &Rubric, document: serde_json::Value) -> Result<Score, String> {
    let document = match &rubric.subject {
        Type::Json => Value::Json(document),
        ty => decode(&document, ty).map_err(|error| format!("it is no `{ty}`: {error}"))?,
    };
    let mut page = Page { locals: vec![(Rubric::DOCUMENT, document)] };
    let (mut total, mut tiers, mut short_of) = (Number::ZERO, Vec::new(), Vec::new());
    for tier in &rubric.tiers {
        let mut sum = Number::ZERO;
        for criterion in &tier.criteria {
            let earned = earned(criterion, &page);
            if !criterion.points.subtract(earned).is_zero() {
                short_of.push(criterion.name.clone());
            }
            sum = sum.add(earned);
        }
        total = total.add(sum);
        tiers.push((tier, sum));
    }
    page.locals.push((Rubric::SCORE, Value::Quantity(total, Unit::One)));
    page.locals.extend(tiers.iter().map(|(tier, sum)| (tier.local, Value::Quantity(*sum, Unit::One))));
    let passed = rubric.pass.as_ref().is_none_or(|pass| holds(pass, &page) == Some(true));
    let tiers = tiers.into_iter().map(|(tier, sum)| (tier.name.clone(), sum.to_f64())).collect();
    Ok(Score { points: total.to_f64(), tiers, passed, short_of })
}

fn earned(criterion: &Criterion, page: &Page) -> Number {
    let awards = criterion.awards.iter();
    let earned = awards.filter(|award| award.when.as_ref().is_none_or(|when| holds(when, page) == Some(true)));
    earned.fold(Number::ZERO, |sum, award| sum.add(award.points))
}

/// None: unknown.
fn holds(expr: &Expr, page: &Page) -> Option<bool> {
    match &*expr.kind {
        ExprKind::Not(inner) => holds(inner, page).map(|holds| !holds),
        ExprKind::Binary(Operator::And, left, right) => decided(holds(left, page), holds(right, page), false),
        ExprKind::Binary(Operator::Or, left, right) => decided(holds(left, page), holds(right, page), true),
        ExprKind::Binary(_, left, right) if is_absent(left, page) || is_absent(right, page) => None,
        _ => truth(expr, page).ok(),
    }
}

/// `and` is decided by a false, `or` by a true.
fn decided(left: Option<bool>, right: Option<bool>, decisive: bool) -> Option<bool> {
    if left == Some(decisive) || right == Some(decisive) {
        return Some(decisive);
    }
    left.and(right)
}

fn is_absent(expr: &Expr, page: &Page) -> bool {
    matches!(evaluate(expr, page), Ok(Value::Null | Value::Json(serde_json::Value::Null)))
}

/// What the conditions of a rubric see.
struct Page {
    locals: Vec<(LocalId, Value)>,
}

fn nothing<T>() -> Result<T, Unknown> {
    Err(Unknown("a rubric sees the document and its points".to_owned()))
}

impl World for Page {
    fn local(&self, id: LocalId) -> Evaluated {
        self.locals.iter().find(|(local, _)| *local == id).map_or_else(nothing, |(_, value)| Ok(value.clone()))
    }
    fn environment(&self, _: &str) -> Evaluated {
        nothing()
    }
    fn run(&self, _: RunField) -> Evaluated {
        nothing()
    }
    fn output(&self, _: &OutputRef) -> Evaluated {
        nothing()
    }
    fn metric(&self, _: &str, _: &str) -> Evaluated {
        nothing()
    }
    fn stage_weight(&self) -> Evaluated {
        nothing()
    }
    fn call(&self, _: &str, _: &[(String, Expr)]) -> Option<Evaluated> {
        None
    }
    fn lend(&self, id: LocalId) -> Option<&serde_json::Value> {
        self.locals.iter().find(|(local, _)| *local == id).and_then(|(_, value)| match value {
            Value::Json(document) => Some(document),
            _ => None,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::score;
    use crate::base::number::Number;
    use crate::base::span::Location;
    use crate::contract::types::Type;
    use crate::contract::value::{Unit, Value};
    use crate::model::expr::{Expr, ExprKind, LocalId, Operator};
    use crate::model::rubric::{Award, Criterion, Rubric, Tier};

    fn expr(kind: ExprKind, ty: Type) -> Expr {
        Expr::new(kind, ty, Location::default())
    }

    fn doc(field: &str) -> Expr {
        expr(ExprKind::Field(expr(ExprKind::Local(Rubric::DOCUMENT), Type::Json), field.to_owned()), Type::Json)
    }

    fn binary(operator: Operator, left: Expr, right: Expr) -> Expr {
        expr(ExprKind::Binary(operator, left, right), Type::Bool)
    }

    fn number(value: i64) -> Expr {
        expr(ExprKind::Literal(Value::Quantity(Number::from(value), Unit::One)), Type::Float)
    }

    /// 8 points for `a == b`, 12 for `n > 0`; passes with 12.
    fn rubric() -> Rubric {
        let award =
            |points: i64, when| Award { points: Number::from(points), when: Some(when), at: Location::default() };
        let awards = vec![
            award(8, binary(Operator::Equal, doc("a"), doc("b"))),
            award(12, binary(Operator::Greater, doc("n"), number(0))),
        ];
        let criterion =
            Criterion { name: "a1".into(), title: None, points: Number::from(20), awards, at: Location::default() };
        let tier =
            Tier { name: "critical".into(), local: LocalId(2), criteria: vec![criterion], at: Location::default() };
        let score = expr(ExprKind::Local(Rubric::SCORE), Type::Float);
        let pass = Some(binary(Operator::GreaterEqual, score, number(12)));
        let (name, subject, at) = ("r".to_owned(), Type::Json, Location::default());
        Rubric { name, doc: None, subject, locals: Vec::new(), pass, tiers: vec![tier], at }
    }

    #[test]
    fn awards_add_up_and_decide() {
        let full = score(&rubric(), json!({ "a": 1, "b": 1, "n": 3 })).unwrap();
        assert!((full.points - 20.0).abs() < 1e-9 && full.passed && full.short_of.is_empty(), "{full:?}");
        let part = score(&rubric(), json!({ "a": "x", "b": "x", "n": 0 })).unwrap();
        assert!((part.points - 8.0).abs() < 1e-9 && !part.passed, "{part:?}");
        assert_eq!((part.short_of, part.tiers["critical"]), (vec!["a1".to_owned()], 8.0));
    }

    #[test]
    fn what_is_not_there_earns_nothing_even_twice() {
        let empty = score(&rubric(), json!({})).unwrap();
        assert!(empty.points.abs() < 1e-9 && !empty.passed, "{empty:?}");
        let odd = score(&rubric(), json!([1])).unwrap();
        assert!(odd.points.abs() < 1e-9, "{odd:?}");
    }
}
