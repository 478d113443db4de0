//! From expressions to sums and formulas over the variables of one environment: constants, `let`s, thresholds and derived
//! fields are put in; what is no sum stays a variable of its own, the same one wherever it is written.

use rustc_hash::FxHashMap;
use std::rc::Rc;

use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::eval::{World, evaluate};
use crate::model::expr::{Expr, ExprKind, LocalId, Operator, OutputRef};
use crate::model::program::{FieldValue, LocalKind, Program};

use super::super::constants::Constants;
use super::super::types::value_type;
use super::exact::Fraction;
use super::linear::Linear;
use super::meaning::{
    LONGEST_KEY, Meaning, is_known, is_measured_time, plain_facts, variables_of, with_known, write_key,
};
use super::sets::{Atom, Formula};
use super::table::{Facts, Table, Values};

/// Where a condition stands. Functions that look back see different samples in different places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Standpoint {
    /// The ramp around it; samples of the weight before do not count there.
    pub ramp: usize,
    /// The block it stands in; some functions begin with it.
    pub block: usize,
}

impl Standpoint {
    /// Derived fields are computed when a sample comes, wherever they are used.
    const SAMPLING: Self = Self { ramp: usize::MAX, block: usize::MAX };
}

pub struct Reader<'p> {
    program: &'p Program,
    constants: Constants<'p>,
    pub(super) table: Table,
    locals: FxHashMap<LocalId, Meaning>,
    fields: FxHashMap<(&'p str, &'p str), Meaning>,
    standpoint: Standpoint,
}

impl<'p> Reader<'p> {
    #[must_use]
    pub fn new(program: &'p Program, constants: Constants<'p>) -> Self {
        Self {
            program,
            constants,
            table: Table::default(),
            locals: FxHashMap::default(),
            fields: FxHashMap::default(),
            standpoint: Standpoint::default(),
        }
    }

    /// A condition as a formula.
    pub fn condition(&mut self, expr: &'p Expr, standpoint: Standpoint) -> Rc<Formula> {
        self.standpoint = standpoint;
        let meaning = self.read(expr);
        self.formula(meaning, expr)
    }

    #[must_use]
    pub fn finish(self) -> Table {
        self.table
    }

    pub(super) fn read(&mut self, expr: &'p Expr) -> Meaning {
        match &*expr.kind {
            ExprKind::Literal(value) => Meaning::Known(value.clone()),
            ExprKind::Local(id) => self.local(*id, expr),
            ExprKind::Environment(key) => match World::environment(&self.constants, key) {
                Ok(value) => Meaning::Known(value),
                Err(_) => self.leaf(format!("env.{key}"), expr),
            },
            ExprKind::Metric { group, field } => self.metric(group, field, expr),
            ExprKind::Output(output) => self.output(output, expr),
            ExprKind::Run(field) => self.leaf(format!("run.{field:?}"), expr),
            ExprKind::StageWeight => self.stage_weight(expr),
            ExprKind::Result => self.leaf("result".to_owned(), expr),
            ExprKind::Not(inner) => {
                let meaning = self.read(inner);
                Meaning::Truth(Rc::new(Formula::Not(self.formula(meaning, inner))))
            }
            ExprKind::Negate(inner) => {
                let meaning = self.read(inner);
                let sum = self.sum(&meaning).and_then(|sum| sum.scale(Fraction::whole(-1)));
                sum.map_or_else(|| self.opaque("-", expr, &[meaning]), |sum| Meaning::Sum(Rc::new(sum)))
            }
            ExprKind::Binary(operator, left, right) => self.binary(expr, *operator, (left, right)),
            ExprKind::If(parts) => self.choice(expr, [&parts.0, &parts.1, &parts.2]),
            ExprKind::Call(function, args) => self.call(expr, function, args),
            ExprKind::Field(inner, name) => {
                let meaning = self.read(inner);
                self.settle(&format!(".{name}"), expr, vec![meaning])
            }
            ExprKind::Text(_) | ExprKind::List(_) | ExprKind::Record(_) | ExprKind::Index(..) => {
                let parts: Vec<Meaning> = expr.children().into_iter().map(|child| self.read(child)).collect();
                self.settle(&format!("{:?}", std::mem::discriminant(&*expr.kind)), expr, parts)
            }
        }
    }

    fn local(&mut self, id: LocalId, expr: &'p Expr) -> Meaning {
        if let Some(known) = self.locals.get(&id) {
            return known.clone();
        }
        let leaf = self.leaf(format!("local {}", id.0), expr);
        self.locals.insert(id, leaf.clone());
        let Some(LocalKind::Value(value)) = self.constants.pipeline.locals.get(id.0 as usize).map(|local| &local.kind)
        else {
            return leaf;
        };
        let meaning = self.read(value);
        self.locals.insert(id, meaning.clone());
        meaning
    }

    fn metric(&mut self, group: &'p str, field: &'p str, expr: &'p Expr) -> Meaning {
        if let Some(known) = self.fields.get(&(group, field)) {
            return known.clone();
        }
        let name = format!("{group}.{field}");
        let low = is_measured_time(field, expr).then_some(Fraction::ZERO);
        let metrics = vec![name.clone()];
        let facts = || Facts { low, metrics, is_free: true, ..plain_facts(name.clone(), expr) };
        let variable = self.table.variable(format!("metric {name}"), facts);
        // A field that is computed from itself is an error that was reported.
        self.fields.insert((group, field), Meaning::Thing(variable));
        let declared = self.program.groups.get(group).and_then(|group| group.fields.get(field));
        let Some(FieldValue::Derived(value)) = declared.map(|field| &field.value) else {
            return Meaning::Thing(variable);
        };
        let around = std::mem::replace(&mut self.standpoint, Standpoint::SAMPLING);
        let meaning = self.read(value);
        self.standpoint = around;
        self.fields.insert((group, field), meaning.clone());
        meaning
    }

    fn output(&mut self, output: &OutputRef, expr: &Expr) -> Meaning {
        let element = output.element.as_ref().map(|element| format!("[{element}]")).unwrap_or_default();
        let name = format!("{}{element}.{}", output.phase, output.step);
        let steps = vec![format!("{}.{}", output.phase, output.step)];
        let facts = || Facts { steps, ..plain_facts(name.clone(), expr) };
        Meaning::Thing(self.table.variable(format!("output {name}"), facts))
    }

    fn stage_weight(&mut self, expr: &Expr) -> Meaning {
        let key = format!("stage.weight {}", self.standpoint.ramp);
        let range = (Some(Fraction::ZERO), Some(Fraction::ONE));
        let facts = || Facts { low: range.0, high: range.1, ..plain_facts("stage.weight".to_owned(), expr) };
        Meaning::Thing(self.table.variable(key, facts))
    }

    fn leaf(&mut self, key: String, expr: &Expr) -> Meaning {
        let name = key.clone();
        Meaning::Thing(self.table.variable(key, || plain_facts(name, expr)))
    }

    fn binary(&mut self, expr: &'p Expr, operator: Operator, (left, right): (&'p Expr, &'p Expr)) -> Meaning {
        match operator {
            Operator::And | Operator::Or => {
                let mut parts = Vec::new();
                let mut rest = expr;
                while let ExprKind::Binary(found, left, right) = &*rest.kind
                    && *found == operator
                {
                    parts.push(right);
                    rest = left;
                }
                parts.push(rest);
                let parts = parts.into_iter().rev().map(|part| {
                    let meaning = self.read(part);
                    self.formula(meaning, part)
                });
                let parts = parts.collect();
                Meaning::Truth(Rc::new(if operator == Operator::And {
                    Formula::All(parts)
                } else {
                    Formula::Any(parts)
                }))
            }
            Operator::In => self.inside(expr, (left, right)),
            Operator::NotIn => {
                let inside = self.inside(expr, (left, right));
                Meaning::Truth(Rc::new(Formula::Not(self.formula(inside, expr))))
            }
            _ => {
                let (left, right) = (self.read(left), self.read(right));
                if let (Meaning::Known(_), Meaning::Known(_)) = (&left, &right) {
                    return self.settle(&format!("{operator:?}"), expr, vec![left, right]);
                }
                let combined = match operator {
                    Operator::Add | Operator::Subtract | Operator::Multiply | Operator::Divide => {
                        self.arithmetic(expr, operator, (&left, &right))
                    }
                    Operator::Coalesce | Operator::Range | Operator::PlusMinus => None,
                    _ => self.comparison(operator, (&left, &right)),
                };
                combined.unwrap_or_else(|| self.opaque(&format!("{operator:?}"), expr, &[left, right]))
            }
        }
    }

    fn arithmetic(&mut self, expr: &Expr, operator: Operator, (left, right): (&Meaning, &Meaning)) -> Option<Meaning> {
        let (above, below) = (self.sum(left)?, self.sum(right)?);
        let sum = match operator {
            Operator::Add => above.add(&below)?,
            Operator::Subtract => above.subtract(&below)?,
            Operator::Multiply if below.is_constant() => above.scale(below.constant)?,
            Operator::Multiply if above.is_constant() => below.scale(above.constant)?,
            // A third is rounded, a quarter is not.
            Operator::Divide if below.is_constant() && below.constant.divides_decimals() => {
                above.scale(Fraction::ONE.divide(below.constant)?)?
            }
            Operator::Divide if !below.is_constant() => {
                let quotient = self.opaque("/", expr, &[left.clone(), right.clone()]);
                if let Meaning::Thing(variable) = quotient {
                    self.table.set_quotient(variable, Rc::new(above), Rc::new(below));
                }
                return Some(quotient);
            }
            _ => return None,
        };
        Some(Meaning::Sum(Rc::new(sum)))
    }

    fn choice(&mut self, expr: &'p Expr, [condition, then, otherwise]: [&'p Expr; 3]) -> Meaning {
        let meaning = self.read(condition);
        match &meaning {
            Meaning::Known(Value::Bool(true)) => return self.read(then),
            Meaning::Known(Value::Bool(false)) => return self.read(otherwise),
            _ => {}
        }
        let (yes, no) = (self.read(then), self.read(otherwise));
        if *value_type(&expr.ty) != Type::Bool {
            return self.opaque("if", expr, &[meaning, yes, no]);
        }
        let condition = self.formula(meaning, condition);
        let (yes, no) = (self.formula(yes, then), self.formula(no, otherwise));
        let not = Rc::new(Formula::Not(condition.clone()));
        let sides = vec![Rc::new(Formula::All(vec![condition, yes])), Rc::new(Formula::All(vec![not, no]))];
        Meaning::Truth(Rc::new(Formula::Any(sides)))
    }

    fn call(&mut self, expr: &'p Expr, function: &str, args: &'p [(String, Expr)]) -> Meaning {
        if let ("last", [(_, metric)]) = (function, args) {
            return self.read(metric);
        }
        let parts: Vec<Meaning> = args.iter().map(|(_, arg)| self.read(arg)).collect();
        if World::call(&self.constants, function, args).is_none() && parts.iter().all(is_known) {
            return self.settle(function, expr, parts);
        }
        let Standpoint { ramp, block } = self.standpoint;
        let names: Vec<&str> = args.iter().map(|(name, _)| name.as_str()).collect();
        let head = match function {
            "baseline" | "cusum" | "worse" | "failures" | "success_rate" => format!("{function} {ramp} {block}"),
            _ => format!("{function} {ramp}"),
        };
        let meaning = self.opaque(&format!("{head} {}", names.join(" ")), expr, &parts);
        self.describe_call(&meaning, function, &parts);
        meaning
    }

    /// What is certain about the values of a function.
    fn describe_call(&mut self, meaning: &Meaning, function: &str, parts: &[Meaning]) {
        let Meaning::Thing(variable) = meaning else { return };
        let shown: Vec<String> = parts.iter().map(|part| self.shown(part)).collect();
        let one_metric = matches!(parts, [Meaning::Thing(metric), rest @ ..]
            if self.table.facts(*metric).is_free && rest.iter().all(is_known));
        let facts = self.table.facts_mut(*variable);
        facts.name = format!("{function}({})", shown.join(", "));
        facts.is_free = one_metric && matches!(function, "mean" | "min" | "max" | "percentile" | "ewma");
        match function {
            "count" | "len" | "failures" => (facts.values, facts.low) = (Values::Whole, Some(Fraction::ZERO)),
            "stddev" | "abs" | "sqrt" | "rate" | "increase" => facts.low = Some(Fraction::ZERO),
            "success_rate" => (facts.low, facts.high) = (Some(Fraction::ZERO), Some(Fraction::ONE)),
            _ => {}
        }
    }

    /// The value, when all parts are known and the operation is nothing but its parts; else a variable.
    fn settle(&mut self, head: &str, expr: &'p Expr, parts: Vec<Meaning>) -> Meaning {
        if parts.iter().all(is_known)
            && let Some(known) = with_known(expr, &parts)
            && let Ok(value) = evaluate(&known, &self.constants)
        {
            return Meaning::Known(value);
        }
        let meaning = self.opaque(head, expr, &parts);
        if let (Meaning::Thing(variable), ExprKind::Field(_, name), [Meaning::Thing(inner)]) =
            (&meaning, &*expr.kind, parts.as_slice())
        {
            let name_of_inner = self.table.facts(*inner).name.clone();
            let of_cusum = name_of_inner.starts_with("cusum(") && matches!(name.as_str(), "up" | "down");
            let facts = self.table.facts_mut(*variable);
            facts.name = format!("{name_of_inner}.{name}");
            if of_cusum || is_measured_time(name, expr) {
                facts.low = Some(Fraction::ZERO);
            }
        }
        meaning
    }

    /// A variable for what is no sum of others.
    pub(super) fn opaque(&mut self, head: &str, expr: &Expr, parts: &[Meaning]) -> Meaning {
        let mut key = format!("{head}(");
        for part in parts {
            write_key(part, &mut key);
            key.push(',');
        }
        if key.len() > LONGEST_KEY {
            key = format!("{head} at {}:{}", expr.at.file.0, self.table.len());
        }
        let mut metrics = Vec::new();
        let mut steps = Vec::new();
        for variable in parts.iter().flat_map(variables_of) {
            let facts = self.table.facts(variable);
            metrics.extend(facts.metrics.iter().cloned());
            steps.extend(facts.steps.iter().cloned());
        }
        for names in [&mut metrics, &mut steps] {
            names.sort_unstable();
            names.dedup();
            names.truncate(64);
        }
        let is_free = head == "/"
            && matches!(parts, [Meaning::Thing(above), Meaning::Thing(below)] if above != below
                && self.table.facts(*above).is_free && self.table.facts(*below).is_free && metrics.len() == 2);
        let name = if head == "/" {
            format!("{} / {}", self.shown(&parts[0]), self.shown(&parts[1]))
        } else {
            head.to_owned()
        };
        let facts = || Facts { metrics, steps, is_free, ..plain_facts(name, expr) };
        Meaning::Thing(self.table.variable(key, facts))
    }

    fn shown(&self, meaning: &Meaning) -> String {
        match meaning {
            Meaning::Known(value) => value.to_string(),
            Meaning::Thing(variable) => self.table.facts(*variable).name.clone(),
            Meaning::Sum(_) | Meaning::Truth(_) => "…".to_owned(),
        }
    }

    pub(super) fn sum(&self, meaning: &Meaning) -> Option<Linear> {
        match meaning {
            Meaning::Known(Value::Quantity(number, _)) => Fraction::of(*number).map(Linear::constant),
            Meaning::Sum(sum) => Some((**sum).clone()),
            Meaning::Thing(variable) => {
                let is_number = matches!(self.table.facts(*variable).values, Values::Real | Values::Whole);
                is_number.then(|| Linear::variable(*variable))
            }
            Meaning::Known(_) | Meaning::Truth(_) => None,
        }
    }

    pub(super) fn truth(&self, meaning: &Meaning) -> Option<Rc<Formula>> {
        match meaning {
            Meaning::Known(Value::Bool(truth)) => Some(Rc::new(Formula::Known(*truth))),
            Meaning::Truth(formula) => Some(formula.clone()),
            Meaning::Thing(variable) if self.table.facts(*variable).values == Values::Truth => {
                Some(Rc::new(Formula::Atom(Atom::OneOf(*variable, vec![Value::Bool(true)]))))
            }
            _ => None,
        }
    }

    fn formula(&mut self, meaning: Meaning, expr: &Expr) -> Rc<Formula> {
        if let Some(formula) = self.truth(&meaning) {
            return formula;
        }
        let Meaning::Thing(variable) = self.opaque("truth", expr, &[meaning]) else {
            return Rc::new(Formula::Known(true));
        };
        Rc::new(Formula::Atom(Atom::OneOf(variable, vec![Value::Bool(true)])))
    }
}
