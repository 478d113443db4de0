//! Expressions: from what was written to what is meant, with a type for each part.
//!
//! `infer` finds the type of an expression, `check` is told which one is needed. An expression in error has
//! `Type::Error`, which fits everything: nothing further is said about it.

mod access;
mod calls;
mod items;
mod names;
mod text;

use std::sync::Arc;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::{RecordType, Type};
use crate::contract::value::{Unit as ValueUnit, Value};
use crate::model::expr::{Expr, ExprKind, Operator};
use crate::syntax::ast;

use super::checker::Checker;
use super::symbols::Space;
use super::types::{Misfit, entry_type, fit, unify, value_type};

use names::Stands;
pub use names::{Root, path_of};
pub use text::secret_looked_at;

impl<'a> Checker<'a> {
    /// The expression with the type it has by itself.
    pub fn infer(&mut self, written: &'a ast::Expr) -> Expr {
        let at = self.here(written.at);
        match &*written.kind {
            ast::ExprKind::Number { value, unit, integer } => {
                let (unit, ty) = literal_unit(*unit, *integer);
                Expr::literal(Value::Quantity(*value, unit), ty, at)
            }
            ast::ExprKind::String(literal) => self.infer_string(literal),
            ast::ExprKind::Bool(value) => Expr::literal(Value::Bool(*value), Type::Bool, at),
            ast::ExprKind::Name(name) => self.infer_name(name, Stands::Alone),
            ast::ExprKind::Field(inner, name) => self.infer_field(written, inner, name),
            ast::ExprKind::Index(inner, index) => self.infer_index(written, inner, index),
            ast::ExprKind::Call { callee, args } => self.infer_call(written, callee, args),
            ast::ExprKind::List(items) => self.infer_list(written, items),
            ast::ExprKind::Record(fields) => self.infer_record(written, fields),
            ast::ExprKind::Not(inner) => {
                let inner = self.check_condition(inner);
                let ty = truth_type(&[&inner]);
                Expr::new(ExprKind::Not(inner), ty, at)
            }
            ast::ExprKind::Negate(inner) => self.infer_negation(written, inner),
            ast::ExprKind::Binary { operator, left, right, .. } => self.infer_binary(written, *operator, left, right),
            ast::ExprKind::If { condition, then, otherwise } => {
                self.infer_if(written, [condition, then, otherwise], None)
            }
            ast::ExprKind::Group(inner) => self.infer(inner),
            ast::ExprKind::Broken => self.error(written.at),
        }
    }

    /// The expression as a value of `expected`; what does not fit is reported and gives `Type::Error`.
    pub fn check(&mut self, written: &'a ast::Expr, expected: &Type) -> Expr {
        match (&*written.kind, inside(expected)) {
            (ast::ExprKind::Group(inner), _) => self.check(inner, expected),
            (ast::ExprKind::List(items), Type::List(element)) => {
                let items = items.iter().map(|item| self.check(item, element)).collect();
                Expr::new(ExprKind::List(items), Type::List(element.clone()), self.here(written.at))
            }
            (ast::ExprKind::Record(fields), Type::Map(element)) => {
                self.report_repeated_fields(fields);
                let entries =
                    fields.iter().map(|field| (field.name.text.clone(), self.check_entry(&field.value, element)));
                let entries = entries.collect();
                Expr::new(ExprKind::Record(entries), Type::Map(element.clone()), self.here(written.at))
            }
            (ast::ExprKind::Record(fields), Type::Record(record)) => self.check_record(written, fields, record),
            (ast::ExprKind::If { condition, then, otherwise }, _) => {
                self.infer_if(written, [condition, then, otherwise], Some(expected))
            }
            (_, Type::Rubric) => self.check_named(written, Space::Rubric, Type::Rubric),
            (_, Type::KillSwitch) => self.check_named(written, Space::KillSwitch, Type::KillSwitch),
            _ => {
                let found = self.infer(written);
                self.coerce(found, expected)
            }
        }
    }

    fn check_entry(&mut self, written: &'a ast::Expr, element: &Type) -> Expr {
        if !matches!(inside(element), Type::Secret(_)) {
            return self.check(written, element);
        }
        let found = self.infer(written);
        let expected = entry_type(&found.ty, element).clone();
        self.coerce(found, &expected)
    }

    /// Reports when `found` is no value of `expected`. Written-out text is read as what it has to be (PG206).
    pub fn coerce(&mut self, found: Expr, expected: &Type) -> Expr {
        match fit(&found.ty, expected) {
            Ok(()) => {
                self.check_literal(&found, inside(expected));
                found
            }
            Err(misfit) => {
                let diagnostic = self.misfit(misfit, &found, expected);
                self.report(diagnostic);
                Expr { ty: Type::Error, ..found }
            }
        }
    }

    /// A part of a condition: true, false or unknown.
    pub fn check_condition(&mut self, written: &'a ast::Expr) -> Expr {
        let found = self.infer(written);
        match value_type(&found.ty) {
            Type::Bool | Type::Error => found,
            other if self.reads_document(other) => found,
            other => {
                let message = format!("this is {}, not a condition", other.with_article());
                let help = match other {
                    Type::Json => "give what was read a type, so that it is known to be true or false",
                    Type::Optional(_) => "say what counts when there is no value: `?? false`",
                    _ => "compare it with something, for example with `<=`",
                };
                self.report(Diagnostic::new(Code::PG203, found.at, message).label("not true or false").help(help));
                Expr { ty: Type::Error, ..found }
            }
        }
    }

    fn misfit(&self, misfit: Misfit, found: &Expr, expected: &Type) -> Diagnostic {
        let ty = value_type(&found.ty);
        match misfit {
            Misfit::Unit => {
                let message = format!("expected `{expected}`, found `{ty}`");
                let diagnostic =
                    Diagnostic::new(Code::PG202, found.at, message).label(format!("this is {}", ty.with_article()));
                match unit_help(inside(expected)) {
                    Some(help) => diagnostic.help(help),
                    None => diagnostic,
                }
            }
            Misfit::Secret => text::secret_in_text(found),
            Misfit::Kind => {
                let message = format!("expected `{expected}`, found `{ty}`");
                let diagnostic =
                    Diagnostic::new(Code::PG201, found.at, message).label(format!("this is {}", ty.with_article()));
                match (ty, inside(expected)) {
                    (Type::Optional(_), _) => diagnostic.help("say what counts when there is no value: `?? default`"),
                    (_, Type::Secret(_)) => diagnostic.help("name the secret instead: `secret(\"NAME\")`"),
                    _ => diagnostic,
                }
            }
        }
    }

    fn infer_list(&mut self, written: &ast::Expr, items: &'a [ast::Expr]) -> Expr {
        let mut element: Option<Type> = None;
        let mut lowered = Vec::with_capacity(items.len());
        for item in items {
            let mut item = self.infer(item);
            let found = value_type(&item.ty).clone();
            element = Some(match element {
                None => found,
                Some(known) => match unify(&known, &found) {
                    Some(both) => both,
                    None => {
                        item = self.coerce(item, &known);
                        known
                    }
                },
            });
            lowered.push(item);
        }
        let ty = Type::List(Box::new(element.unwrap_or(Type::Error)));
        Expr::new(ExprKind::List(lowered), ty, self.here(written.at))
    }

    fn infer_record(&mut self, written: &ast::Expr, fields: &'a [ast::FieldValue]) -> Expr {
        self.report_repeated_fields(fields);
        let mut record = RecordType::default();
        let mut lowered = Vec::with_capacity(fields.len());
        for field in fields {
            let value = self.infer(&field.value);
            record.fields.insert(field.name.text.clone(), value_type(&value.ty).clone());
            lowered.push((field.name.text.clone(), value));
        }
        Expr::new(ExprKind::Record(lowered), Type::from(record), self.here(written.at))
    }

    fn check_record(&mut self, written: &ast::Expr, fields: &'a [ast::FieldValue], expected: &Arc<RecordType>) -> Expr {
        self.report_repeated_fields(fields);
        let mut lowered = Vec::with_capacity(fields.len());
        let mut unknown = 0;
        for field in fields {
            let value = match expected.fields.get(&field.name.text) {
                Some(ty) => self.check(&field.value, ty),
                None => {
                    unknown += 1;
                    let known = expected.fields.keys().map(String::as_str);
                    self.report_unknown_field(&field.name, &Type::Record(expected.clone()).to_string(), known);
                    self.infer(&field.value)
                }
            };
            lowered.push((field.name.text.clone(), value));
        }
        let missing: Vec<&str> = expected
            .fields
            .iter()
            .filter(|(name, ty)| {
                !matches!(value_type(ty), Type::Optional(_)) && !fields.iter().any(|field| field.name.text == **name)
            })
            .map(|(name, _)| name.as_str())
            .collect();
        if missing.len() > unknown {
            let message = match missing.as_slice() {
                [one] => format!("the field `{one}` is missing"),
                several => format!("the fields `{}` are missing", several.join("`, `")),
            };
            let label = format!("expected `{}`", Type::Record(expected.clone()));
            self.report(Diagnostic::new(Code::PG201, self.here(written.at), message).label(label));
        }
        Expr::new(ExprKind::Record(lowered), Type::Record(expected.clone()), self.here(written.at))
    }

    fn report_repeated_fields(&mut self, fields: &'a [ast::FieldValue]) {
        let mut seen = rustc_hash::FxHashMap::with_capacity_and_hasher(fields.len(), rustc_hash::FxBuildHasher);
        for field in fields.iter().filter(|field| !field.name.text.is_empty()) {
            if let Some(first) = seen.insert(field.name.text.as_str(), field.name.at) {
                self.report_duplicate(&field.name, first);
            }
        }
    }

    fn infer_negation(&mut self, written: &ast::Expr, inner: &'a ast::Expr) -> Expr {
        let inner = self.infer(inner);
        let ty = value_type(&inner.ty).clone();
        let at = self.here(written.at);
        if ty.unit().is_none() && ty != Type::Error {
            let diagnostic = Diagnostic::new(Code::PG201, inner.at, format!("{} has no negative", ty.with_article()))
                .help("`-` stands before numbers and quantities");
            self.report(diagnostic);
            return self.error(written.at);
        }
        if let Some(Value::Quantity(number, unit)) = inner.as_literal() {
            return Expr::literal(Value::Quantity(number.negate(), *unit), ty, at);
        }
        Expr::new(ExprKind::Negate(inner), ty, at)
    }

    fn infer_if(&mut self, written: &ast::Expr, parts: [&'a ast::Expr; 3], expected: Option<&Type>) -> Expr {
        let [condition, then, otherwise] = parts;
        let condition = self.check_condition(condition);
        let guarded = std::mem::replace(&mut self.frame.guarded, true);
        let (then, mut otherwise) = match expected {
            Some(expected) => (self.check(then, expected), self.check(otherwise, expected)),
            None => (self.infer(then), self.infer(otherwise)),
        };
        self.frame.guarded = guarded;
        let ty = match unify(&then.ty, &otherwise.ty) {
            Some(ty) => ty,
            None => {
                otherwise = self.coerce(otherwise, &then.ty);
                Type::Error
            }
        };
        Expr::new(ExprKind::If(Box::new((condition, then, otherwise))), ty, self.here(written.at))
    }

    fn infer_binary(
        &mut self,
        written: &ast::Expr,
        operator: ast::BinaryOperator,
        left: &'a ast::Expr,
        right: &'a ast::Expr,
    ) -> Expr {
        let at = self.here(written.at);
        let (left, right) = match operator {
            ast::BinaryOperator::And | ast::BinaryOperator::Or => {
                (self.check_condition(left), self.check_condition(right))
            }
            ast::BinaryOperator::Coalesce => {
                let guarded = std::mem::replace(&mut self.frame.guarded, true);
                let left = self.infer(left);
                self.frame.guarded = guarded;
                (left, self.infer(right))
            }
            _ => (self.infer(left), self.infer(right)),
        };
        let operator = model_operator(operator);
        match self.operator_type(operator, &left, &right, at) {
            Some(ty) => super::operators::folded(operator, left, right, ty, at),
            None => self.error(written.at),
        }
    }
}

/// Bool, or in error when a part is.
fn truth_type(parts: &[&Expr]) -> Type {
    if parts.iter().any(|part| part.ty == Type::Error) { Type::Error } else { Type::Bool }
}

/// Without encoding and `?`.
fn inside(ty: &Type) -> &Type {
    match ty {
        Type::Encoded(encoded) => inside(&encoded.0),
        Type::Optional(inner) => inside(inner),
        other => other,
    }
}

fn literal_unit(unit: ast::Unit, integer: bool) -> (ValueUnit, Type) {
    match unit {
        ast::Unit::None if integer => (ValueUnit::One, Type::Int),
        ast::Unit::None => (ValueUnit::One, Type::Float),
        ast::Unit::Duration => (ValueUnit::Duration, Type::Duration),
        ast::Unit::Percent | ast::Unit::Points => (ValueUnit::Ratio, Type::Ratio),
        ast::Unit::Bytes => (ValueUnit::Bytes, Type::Bytes),
    }
}

fn unit_help(expected: &Type) -> Option<&'static str> {
    match expected {
        Type::Duration => Some("write the unit: `500ms`, `10s`, `5m`, `24h`, `7d`"),
        Type::Ratio => Some("write the unit: `5%`"),
        Type::Bytes => Some("write the unit: `64MiB`"),
        Type::Rate => Some("a rate is a number per duration: `100 / 1s`"),
        Type::Int | Type::Float | Type::Quotient => {
            Some("write a bare number, or divide by a quantity of the same kind")
        }
        _ => None,
    }
}

fn model_operator(operator: ast::BinaryOperator) -> Operator {
    match operator {
        ast::BinaryOperator::Or => Operator::Or,
        ast::BinaryOperator::And => Operator::And,
        ast::BinaryOperator::Equal => Operator::Equal,
        ast::BinaryOperator::NotEqual => Operator::NotEqual,
        ast::BinaryOperator::Less => Operator::Less,
        ast::BinaryOperator::LessEqual => Operator::LessEqual,
        ast::BinaryOperator::Greater => Operator::Greater,
        ast::BinaryOperator::GreaterEqual => Operator::GreaterEqual,
        ast::BinaryOperator::In => Operator::In,
        ast::BinaryOperator::NotIn => Operator::NotIn,
        ast::BinaryOperator::Coalesce => Operator::Coalesce,
        ast::BinaryOperator::Range => Operator::Range,
        ast::BinaryOperator::PlusMinus => Operator::PlusMinus,
        ast::BinaryOperator::Add => Operator::Add,
        ast::BinaryOperator::Subtract => Operator::Subtract,
        ast::BinaryOperator::Multiply => Operator::Multiply,
        ast::BinaryOperator::Divide => Operator::Divide,
    }
}
