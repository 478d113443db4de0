//! Raw data in tests: what a step gives or a file holds, as JSON writes it, against the type it is read as.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::number::Number;
use crate::contract::types::Type;
use crate::contract::value::{Unit, Value};
use crate::model::expr::{Expr, ExprKind, Operator};
use crate::syntax::ast::{self, FieldValue};

use super::super::checker::Checker;
use super::super::types::value_type;

impl<'a> Checker<'a> {
    /// The data as they are written: a number of an encoded field is raw, one with a unit is turned into it. `owner` names
    /// what has the fields.
    pub(super) fn read_raw(&mut self, written: &'a ast::Expr, ty: &Type, owner: &str) -> Expr {
        let here = self.here(written.at);
        let (bare, _) = without_optional(ty);
        match (&*written.kind, bare) {
            (ast::ExprKind::Group(inner), _) => self.read_raw(inner, ty, owner),
            (ast::ExprKind::Name(name), _) if name.text == "null" && self.lookup("null").is_none() => {
                self.check_null(written, ty);
                Expr::literal(Value::Null, Type::Json, here)
            }
            (ast::ExprKind::List(items), Type::List(_) | Type::Json | Type::Error) => {
                let element = match bare {
                    Type::List(element) => element,
                    other => other,
                };
                let items = items.iter().map(|item| self.read_raw(item, element, owner)).collect();
                Expr::new(ExprKind::List(items), Type::Json, here)
            }
            (ast::ExprKind::Record(fields), Type::Record(_) | Type::Map(_) | Type::Json | Type::Error) => {
                let fields = self.read_raw_fields(fields, bare, owner);
                Expr::new(ExprKind::Record(fields), Type::Json, here)
            }
            (ast::ExprKind::List(_) | ast::ExprKind::Record(_), _) => {
                let found = if matches!(&*written.kind, ast::ExprKind::List(_)) { "a list" } else { "an object" };
                self.report_raw(written, ty, found);
                self.error(written.at)
            }
            _ => self.read_raw_value(written, ty),
        }
    }

    /// Fields may be left out: several lines for one step combine, and reading one that nobody gave fails the test.
    fn read_raw_fields(&mut self, fields: &'a [FieldValue], ty: &Type, owner: &str) -> Vec<(String, Expr)> {
        let mut seen = rustc_hash::FxHashMap::with_capacity_and_hasher(fields.len(), rustc_hash::FxBuildHasher);
        let mut read = Vec::with_capacity(fields.len());
        for field in fields {
            if let Some(first) = seen.insert(field.name.text.as_str(), field.name.at)
                && !field.name.text.is_empty()
            {
                self.report_duplicate(&field.name, first);
            }
            let inner = match ty {
                Type::Record(record) => match record.fields.get(&field.name.text) {
                    Some(inner) => inner,
                    None => {
                        if !field.name.text.is_empty() {
                            let owner = record.name.as_deref().unwrap_or(owner);
                            self.report_unknown_field(&field.name, owner, record.fields.keys().map(String::as_str));
                        }
                        &Type::Error
                    }
                },
                Type::Map(inner) => inner,
                other => other,
            };
            read.push((field.name.text.clone(), self.read_raw(&field.value, inner, owner)));
        }
        read
    }

    fn read_raw_value(&mut self, written: &'a ast::Expr, ty: &Type) -> Expr {
        let found = self.infer(written);
        let (bare, factor) = without_optional(ty);
        let (unit, expected) = (value_type(&found.ty).unit(), bare.unit());
        match bare {
            _ if found.ty == Type::Error => found,
            Type::Json | Type::Error if unit.is_some_and(|unit| unit != Unit::One) => {
                let message = "raw data have no units";
                let help = "write the number as the data have it";
                self.report(Diagnostic::new(Code::PG201, found.at, message).label("a quantity").help(help));
                Expr { ty: Type::Error, ..found }
            }
            Type::Error => found,
            Type::Nothing => {
                let message = "the step has no output";
                self.report(Diagnostic::new(Code::PG201, found.at, message).label("nothing reads this"));
                Expr { ty: Type::Error, ..found }
            }
            Type::Time if value_type(&found.ty).is_textual() => self.check_raw_time(found),
            // Whatever its unit, the raw number says it in the declared encoding.
            _ if unit == Some(Unit::One) && expected.is_some_and(|expected| expected != Unit::One) => found,
            _ if unit.is_some() && unit == expected && unit != Some(Unit::One) => raw_number(found, factor),
            _ => self.coerce(found, bare),
        }
    }

    fn check_raw_time(&mut self, found: Expr) -> Expr {
        if let Some(Value::Text(text)) = found.as_literal()
            && let Err(error) = text.parse::<jiff::Timestamp>()
        {
            let reason = format!("{error}; write it like `2025-01-06T10:00:00Z`");
            self.report_literal(&found, "time", text, &reason);
        }
        found
    }

    fn check_null(&mut self, written: &ast::Expr, ty: &Type) {
        if !matches!(ty.plain(), Type::Optional(_) | Type::Json | Type::Error) {
            self.report_raw(written, ty, "null");
        }
    }

    fn report_raw(&mut self, written: &ast::Expr, ty: &Type, found: &str) {
        let diagnostic = match without_optional(ty).0 {
            Type::Nothing => Diagnostic::new(Code::PG201, self.here(written.at), "the step has no output")
                .label("nothing reads this"),
            _ => Diagnostic::new(Code::PG201, self.here(written.at), format!("expected `{ty}`, found {found}"))
                .label(format!("this is {found}")),
        };
        self.report(diagnostic);
    }
}

/// The type without `?` and encoding, and what one raw number stands for in the base unit.
fn without_optional(ty: &Type) -> (&Type, Number) {
    match ty {
        Type::Optional(inner) | Type::Metric(inner) => without_optional(inner),
        Type::Encoded(encoded) => (without_optional(&encoded.0).0, encoded.1.factor),
        other => (other, Number::ONE),
    }
}

/// A quantity as the number that its encoding writes: `120ms` is 120 of a `duration(ms)`.
fn raw_number(found: Expr, factor: Number) -> Expr {
    let at = found.at;
    if let Some(Value::Quantity(amount, _)) = found.as_literal()
        && let Some(raw) = amount.divide(factor)
    {
        return Expr::literal(Value::Quantity(raw, Unit::One), Type::Float, at);
    }
    let ty = value_type(&found.ty).clone();
    let unit = ty.unit().unwrap_or(Unit::One);
    let one = Expr::literal(Value::Quantity(factor, unit), ty, at);
    Expr::new(ExprKind::Binary(Operator::Divide, found, one), Type::Float, at)
}
