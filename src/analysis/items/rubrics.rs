//! `rubric NAME for json { pass when … tier … { criterion … { award … } } }`

use rustc_hash::FxHashMap;
use std::cmp::Ordering;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::number::Number;
use crate::base::span::{Location, Span};
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, LocalId, Operator};
use crate::model::program::{Local, LocalKind, Pipeline};
use crate::model::rubric::{Award, Criterion, Rubric, Tier};
use crate::syntax::ast::{self, RubricItem};

use super::super::checker::{Bound, Checker, Entry, Frame, Surroundings};

impl<'a> Checker<'a> {
    pub(super) fn read_rubric(&mut self, name: String, doc: Option<String>, written: &'a RubricItem) -> Rubric {
        let subject = match written.subject.as_ref() {
            Some(subject) => self.resolve_named(subject, None),
            None => Type::Json,
        };
        let at = self.here(written.name.at);
        let frame = Frame { surroundings: Surroundings::Document, ..Frame::new() };
        let ((tiers, pass), frame) = self.in_frame(frame, |checker| {
            let document = checker.add_value("doc", subject.clone(), at);
            let score = checker.add_value("score", Type::Float, at);
            let tiers = checker.in_scope(|checker| {
                checker.bind("doc", document, at);
                checker.read_tiers(written)
            });
            let pass = checker.in_scope(|checker| {
                checker.bind("score", score, at);
                for (tier, written) in tiers.iter().zip(&written.tiers) {
                    checker.bind(&written.name.text, tier.local, tier.at);
                }
                written.pass.as_ref().map(|pass| checker.check_condition(pass))
            });
            (tiers, pass)
        });
        let rubric = Rubric { name, doc, subject, locals: frame.locals, pass, tiers, at };
        self.check_reach(&rubric, written);
        rubric
    }

    /// PG401 for what no document can pass; silent when not all points are known, or do not add up: how many there are
    /// meant to be is then open.
    fn check_reach(&mut self, rubric: &Rubric, written: &RubricItem) {
        let mut criteria = written.tiers.iter().flat_map(|tier| &tier.criteria);
        let is_known = written.unreadable.is_empty()
            && criteria.all(|criterion| criterion.is_complete && is_written_number(&criterion.points))
            && rubric.tiers.iter().flat_map(|tier| &tier.criteria).all(adds_up);
        if let Some((part, most)) = rubric.pass.as_ref().and_then(|pass| out_of_reach(rubric, pass))
            && is_known
        {
            let message = format!("no document can pass: there are {most} points to be had");
            let help = "lower the limit, or let criteria be worth more";
            self.report(Diagnostic::new(Code::PG401, part.at, message).label("never true").help(help));
        }
    }

    fn add_value(&mut self, name: &str, ty: Type, at: Location) -> LocalId {
        self.add_local(Local { name: name.to_owned(), doc: None, ty, kind: LocalKind::Loop, at })
    }

    fn bind(&mut self, name: &'a str, id: LocalId, at: Location) {
        let scope = self.frame.scopes.last_mut().expect("a frame has at least one scope");
        scope.entry(name).or_insert(Bound { entry: Entry::Local(id), at });
    }

    fn read_tiers(&mut self, written: &'a RubricItem) -> Vec<Tier> {
        let mut names: FxHashMap<&str, Span> = FxHashMap::default();
        let mut tiers = Vec::with_capacity(written.tiers.len());
        for tier in &written.tiers {
            if tier.name.text == "score" {
                let message = "`score` is the name of all points of a document";
                let diagnostic = Diagnostic::new(Code::PG102, self.here(tier.name.at), message);
                self.report(diagnostic.help("give the tier another name"));
            } else if !tier.name.text.is_empty() {
                match names.get(tier.name.text.as_str()) {
                    Some(first) => self.report_duplicate(&tier.name, *first),
                    None => drop(names.insert(&tier.name.text, tier.name.at)),
                }
            }
            let at = self.here(tier.name.at);
            let local = self.add_value(&tier.name.text, Type::Float, at);
            let criteria = self.read_criteria(tier);
            tiers.push(Tier { name: tier.name.text.clone(), local, criteria, at });
        }
        tiers
    }

    fn read_criteria(&mut self, tier: &'a ast::Tier) -> Vec<Criterion> {
        let mut names: FxHashMap<&str, Span> = FxHashMap::default();
        let mut criteria = Vec::with_capacity(tier.criteria.len());
        for criterion in &tier.criteria {
            if !criterion.name.text.is_empty() {
                match names.get(criterion.name.text.as_str()) {
                    Some(first) => self.report_duplicate(&criterion.name, *first),
                    None => drop(names.insert(&criterion.name.text, criterion.name.at)),
                }
            }
            criteria.push(self.read_criterion(criterion));
        }
        criteria
    }

    fn read_criterion(&mut self, written: &'a ast::Criterion) -> Criterion {
        let title = written.title.as_ref().map(|title| self.infer_string(title));
        let points = self.read_points(&written.points);
        let mut sum = written.is_complete.then_some(Number::ZERO);
        let mut awards = Vec::with_capacity(written.awards.len());
        for award in &written.awards {
            let worth = self.read_points(&award.points);
            sum = sum.zip(worth).map(|(sum, worth)| sum.add(worth));
            let when = award.when.as_ref().map(|when| self.check_condition(when));
            awards.push(Award { points: worth.unwrap_or(Number::ZERO), when, at: self.here(award.at) });
        }
        if let (Some(points), Some(sum)) = (points, sum)
            && !points.subtract(sum).is_zero()
        {
            self.report_points(written, points, sum);
        }
        Criterion {
            name: written.name.text.clone(),
            title,
            points: points.unwrap_or(Number::ZERO),
            awards,
            at: self.here(written.name.at),
        }
    }

    /// A number that is written out; none when it is not, which is then reported.
    fn read_points(&mut self, written: &'a ast::Expr) -> Option<Number> {
        let points: Expr = self.check(written, &Type::Float);
        match points.as_literal() {
            _ if points.ty == Type::Error => None,
            Some(Value::Quantity(points, _)) => Some(*points),
            _ => {
                let message = "points are numbers that are written out";
                self.report(Diagnostic::new(Code::PG207, points.at, message).label("only known later"));
                None
            }
        }
    }

    /// PG210
    fn report_points(&mut self, written: &ast::Criterion, points: Number, sum: Number) {
        let name = &written.name.text;
        let message = match written.awards.len() {
            0 => format!("`{name}` is worth {points} points, and nothing awards them"),
            1 => format!("the award of `{name}` is {sum} points, and the criterion is worth {points}"),
            _ => format!("the awards of `{name}` add up to {sum} points, and the criterion is worth {points}"),
        };
        let help = match points.subtract(sum) {
            missing if missing.is_negative() => format!("the awards are {} too many", missing.negate()),
            missing => format!("the awards are {missing} short"),
        };
        let mut diagnostic = Diagnostic::new(Code::PG210, self.here(written.points.at), message)
            .label(format!("{points} points"))
            .help(format!("{help}: make them add up to {points}, or write {sum} here"));
        for award in &written.awards {
            diagnostic = diagnostic.also(self.here(award.points.at), "part of the sum");
        }
        self.report(diagnostic);
    }

    /// Whether a value is read from a document without a type, so that it takes the type of what it meets.
    pub fn reads_document(&self, ty: &Type) -> bool {
        *ty == Type::Json && self.frame.surroundings == Surroundings::Document
    }
}

fn adds_up(criterion: &Criterion) -> bool {
    let sum = criterion.awards.iter().fold(Number::ZERO, |sum, award| sum.add(award.points));
    sum.subtract(criterion.points).is_zero()
}

fn is_written_number(expr: &ast::Expr) -> bool {
    matches!(&*expr.kind, ast::ExprKind::Number { unit: ast::Unit::None, .. })
}

/// Its conditions as values.
pub(super) fn for_lints(rubric: &Rubric) -> Pipeline {
    let awards = rubric.tiers.iter().flat_map(|tier| &tier.criteria).flat_map(|criterion| &criterion.awards);
    let conditions = awards.filter_map(|award| award.when.as_ref()).chain(&rubric.pass);
    super::computed(&rubric.name, conditions, rubric.at)
}

/// The first part of a condition that asks for more points than there are.
fn out_of_reach<'r>(rubric: &'r Rubric, condition: &'r Expr) -> Option<(&'r Expr, Number)> {
    let ExprKind::Binary(operator, left, right) = &*condition.kind else { return None };
    let (points, limit, is_strict) = match operator {
        Operator::And => return out_of_reach(rubric, left).or_else(|| out_of_reach(rubric, right)),
        Operator::GreaterEqual => (left, right, false),
        Operator::Greater => (left, right, true),
        Operator::LessEqual => (right, left, false),
        Operator::Less => (right, left, true),
        _ => return None,
    };
    let ExprKind::Local(id) = &*points.kind else { return None };
    let most = if *id == Rubric::SCORE {
        rubric.points()
    } else {
        rubric.tiers.iter().find(|tier| tier.local == *id)?.points()
    };
    let limit = limit.as_literal()?.as_number()?;
    let is_beyond = match limit.compare(most)? {
        Ordering::Greater => true,
        Ordering::Equal => is_strict,
        Ordering::Less => false,
    };
    is_beyond.then_some((condition, most))
}
