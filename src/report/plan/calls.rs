//! Expressions and calls of a plan, written as the language writes them.

use crate::analysis::stdlib::catalog;
use crate::contract::value::{Value, escape};
use crate::eval::plain_text;
use crate::eval::reduce::constant;
use crate::model::expr::{Expr, ExprKind, Operator, Piece, RunField};
use crate::model::signature::ParamSpec;
use crate::plan::program::{Call, Target};
use crate::syntax::ast::SignatureKind;

/// A call with the arguments that were written: `backup.create(["config/"], retain: 90d)`.
#[must_use]
pub fn call_text(call: &Call) -> String {
    let params = params_of(SignatureKind::Step, &call.name);
    let written = call.args.iter().take(call.written).map(|(name, arg)| (name.as_str(), expr_text(arg)));
    join_call(&call.name, params, written)
}

/// A ramp target, source or channel with the arguments that differ from their defaults.
#[must_use]
pub fn target_text(kind: SignatureKind, target: &Target) -> String {
    let params = params_of(kind, &target.name);
    let is_default = |name: &str, value: &Value| {
        let param = params.iter().find(|param| param.name == name);
        param.and_then(|param| param.default.as_ref()).and_then(|default| constant(default).ok()).as_ref()
            == Some(value)
    };
    let args = target.args.iter().filter(|(name, value)| !is_default(name, value));
    join_call(&target.name, params, args.map(|(name, value)| (name.as_str(), value.to_string())))
}

fn params_of(kind: SignatureKind, name: &str) -> &'static [ParamSpec] {
    catalog().get(kind, name).map_or(&[], |signature| &signature.params)
}

/// What a call must have stands first and without its name, as people write it.
fn join_call<'a>(name: &str, params: &[ParamSpec], args: impl Iterator<Item = (&'a str, String)>) -> String {
    let mut in_place = true;
    let args = args.enumerate().map(|(at, (name, arg))| {
        in_place &= params.get(at).is_some_and(|param| param.name == name && param.default.is_none());
        if in_place { arg } else { format!("{name}: {arg}") }
    });
    format!("{name}({})", args.collect::<Vec<_>>().join(", "))
}

/// An expression, with parentheses only where they matter.
#[must_use]
pub fn expr_text(expr: &Expr) -> String {
    let mut text = String::new();
    write(expr, 0, &mut text);
    text
}

/// How tightly the outermost operator binds; 0 binds least.
fn strength(expr: &Expr) -> u8 {
    match &*expr.kind {
        ExprKind::If(..) => 0,
        ExprKind::Not(_) => 3,
        ExprKind::Binary(operator, ..) => operator_strength(*operator),
        ExprKind::Negate(_) => 9,
        _ => 10,
    }
}

fn operator_strength(operator: Operator) -> u8 {
    match operator {
        Operator::Or => 1,
        Operator::And => 2,
        Operator::Equal
        | Operator::NotEqual
        | Operator::Less
        | Operator::LessEqual
        | Operator::Greater
        | Operator::GreaterEqual
        | Operator::In
        | Operator::NotIn => 4,
        Operator::Coalesce => 5,
        Operator::PlusMinus | Operator::Range => 6,
        Operator::Add | Operator::Subtract => 7,
        Operator::Multiply | Operator::Divide => 8,
    }
}

fn symbol(operator: Operator) -> &'static str {
    match operator {
        Operator::Or => " or ",
        Operator::And => " and ",
        Operator::Equal => " == ",
        Operator::NotEqual => " != ",
        Operator::Less => " < ",
        Operator::LessEqual => " <= ",
        Operator::Greater => " > ",
        Operator::GreaterEqual => " >= ",
        Operator::In => " in ",
        Operator::NotIn => " not in ",
        Operator::Coalesce => " ?? ",
        Operator::Range => "..",
        Operator::PlusMinus => " +- ",
        Operator::Add => " + ",
        Operator::Subtract => " - ",
        Operator::Multiply => " * ",
        Operator::Divide => " / ",
    }
}

/// Writes `expr`, in parentheses when it binds less tightly than `least`.
fn write(expr: &Expr, least: u8, text: &mut String) {
    let parentheses = strength(expr) < least;
    if parentheses {
        text.push('(');
    }
    write_bare(expr, text);
    if parentheses {
        text.push(')');
    }
}

fn write_bare(expr: &Expr, text: &mut String) {
    match &*expr.kind {
        ExprKind::Literal(value) => text.push_str(&value.to_string()),
        ExprKind::Text(pieces) => write_pieces(pieces, text),
        ExprKind::List(items) => write_list(items, text),
        ExprKind::Record(fields) if fields.is_empty() => text.push_str("{}"),
        ExprKind::Record(fields) => {
            text.push_str("{ ");
            write_named(fields, text);
            text.push_str(" }");
        }
        ExprKind::Local(_) => text.push('…'),
        ExprKind::Environment(key) => text.push_str(&format!("env.{key}")),
        ExprKind::Run(field) => text.push_str(run_name(*field)),
        ExprKind::StageWeight => text.push_str("stage.weight"),
        ExprKind::Result => text.push_str("result"),
        ExprKind::Metric { group, field } => text.push_str(&format!("{group}.{field}")),
        ExprKind::Output(output) => {
            text.push_str(&output.phase);
            if let Some(element) = &output.element {
                text.push_str(&format!("[{element}]"));
            }
            text.push_str(&format!(".{}", output.step));
        }
        ExprKind::Field(inner, name) => {
            write(inner, 10, text);
            text.push_str(&format!(".{name}"));
        }
        ExprKind::Index(inner, index) => {
            write(inner, 10, text);
            text.push('[');
            write(index, 0, text);
            text.push(']');
        }
        ExprKind::Not(inner) => {
            text.push_str("not ");
            write(inner, 3, text);
        }
        ExprKind::Negate(inner) => {
            text.push('-');
            write(inner, 10, text);
        }
        ExprKind::Binary(operator, left, right) => {
            let strength = operator_strength(*operator);
            // Comparisons do not chain; the others lean to the left.
            write(left, if strength == 4 { 5 } else { strength }, text);
            text.push_str(symbol(*operator));
            write(right, strength + 1, text);
        }
        ExprKind::If(parts) => {
            let (condition, then, otherwise) = &**parts;
            text.push_str("if ");
            write(condition, 1, text);
            text.push_str(" then ");
            write(then, 1, text);
            text.push_str(" else ");
            write(otherwise, 0, text);
        }
        ExprKind::Call(function, args) => write_function(function, args, text),
    }
}

fn write_list(items: &[Expr], text: &mut String) {
    text.push('[');
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        write(item, 0, text);
    }
    text.push(']');
}

fn write_named(fields: &[(String, Expr)], text: &mut String) {
    for (at, (name, value)) in fields.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        text.push_str(&format!("{name}: "));
        write(value, 0, text);
    }
}

/// The first argument needs no name, nor does one of several for the same parameter.
fn write_function(function: &str, args: &[(String, Expr)], text: &mut String) {
    text.push_str(&format!("{function}("));
    for (at, (name, value)) in args.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        let is_repeated = args.iter().enumerate().any(|(other, (same, _))| other != at && same == name);
        if at > 0 && !is_repeated && !name.is_empty() {
            text.push_str(&format!("{name}: "));
        }
        write(value, 0, text);
    }
    text.push(')');
}

fn write_pieces(pieces: &[Piece], text: &mut String) {
    text.push('"');
    for piece in pieces {
        match piece {
            Piece::Text(part) => text.push_str(&escape(part)),
            Piece::Value(part) => match part.as_literal() {
                Some(value) => text.push_str(&escape(&plain_text(value))),
                None => {
                    text.push_str("${");
                    write(part, 0, text);
                    text.push('}');
                }
            },
        }
    }
    text.push('"');
}

fn run_name(field: RunField) -> &'static str {
    match field {
        RunField::Id => "run.id",
        RunField::StartedAt => "run.started_at",
        RunField::Actor => "run.actor",
        RunField::Reason => "run.reason",
        RunField::Environment => "run.environment",
    }
}

#[cfg(test)]
mod tests {
    use super::{call_text, expr_text};
    use crate::base::span::Location;
    use crate::contract::types::Type;
    use crate::contract::value::Value;
    use crate::model::expr::{Expr, ExprKind, Operator, OutputRef, Piece};
    use crate::plan::program::Call;

    fn expr(kind: ExprKind) -> Expr {
        Expr::new(kind, Type::Float, Location::default())
    }

    fn number(value: i64) -> Expr {
        expr(ExprKind::Literal(Value::int(value)))
    }

    fn binary(operator: Operator, left: Expr, right: Expr) -> Expr {
        expr(ExprKind::Binary(operator, left, right))
    }

    #[test]
    fn a_call_shows_what_was_written_and_secrets_by_name() {
        let call = Call {
            name: "http.post".to_owned(),
            args: vec![
                ("url".to_owned(), expr(ExprKind::Literal(Value::text("http://a/\"b\"")))),
                ("token".to_owned(), expr(ExprKind::Literal(Value::Secret("TOKEN".to_owned())))),
                ("expect".to_owned(), number(200)),
            ],
            written: 2,
            repeatable: false,
        };
        assert_eq!(call_text(&call), "http.post(\"http://a/\\\"b\\\"\", token: secret(\"TOKEN\"))");
    }

    #[test]
    fn parentheses_stand_where_they_matter() {
        let sum = || binary(Operator::Add, number(1), number(2));
        assert_eq!(expr_text(&binary(Operator::Multiply, sum(), number(3))), "(1 + 2) * 3");
        assert_eq!(expr_text(&binary(Operator::Subtract, number(3), sum())), "3 - (1 + 2)");
        assert_eq!(expr_text(&binary(Operator::Subtract, sum(), number(3))), "1 + 2 - 3");
        let comparison = binary(Operator::Less, sum(), number(4));
        assert_eq!(expr_text(&expr(ExprKind::Not(comparison.clone()))), "not 1 + 2 < 4");
        let both = binary(Operator::And, comparison.clone(), binary(Operator::Or, comparison.clone(), comparison));
        assert_eq!(expr_text(&both), "1 + 2 < 4 and (1 + 2 < 4 or 1 + 2 < 4)");
    }

    #[test]
    fn what_only_the_run_knows_stays_a_reference() {
        let output = expr(ExprKind::Output(OutputRef {
            phase: "deploy".to_owned(),
            element: Some("eu".to_owned()),
            step: "apply".to_owned(),
        }));
        let field = expr(ExprKind::Field(output, "id".to_owned()));
        let pieces = vec![Piece::Text("id $".to_owned()), Piece::Value(field)];
        assert_eq!(expr_text(&expr(ExprKind::Text(pieces))), "\"id \\$${deploy[eu].apply.id}\"");
    }
}
