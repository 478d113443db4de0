//! Strings and what is interpolated into them.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, Piece};
use crate::syntax::ast::{StringLiteral, StringPiece};

use super::super::types::holds_secret;
use super::Checker;
use super::value_type;

impl<'a> Checker<'a> {
    pub fn infer_string(&mut self, literal: &'a StringLiteral) -> Expr {
        let at = self.here(literal.at);
        match literal.pieces.as_slice() {
            [] => return Expr::literal(Value::text(""), Type::String, at),
            [StringPiece::Text(text)] => return Expr::literal(Value::text(text.as_str()), Type::String, at),
            _ => {}
        }
        let mut pieces = Vec::with_capacity(literal.pieces.len());
        let mut failed = false;
        for piece in &literal.pieces {
            pieces.push(match piece {
                StringPiece::Text(text) => Piece::Text(text.clone()),
                StringPiece::Interpolation(written) => {
                    let value = self.infer(written);
                    failed |= value.ty == Type::Error || self.refuse_in_text(&value);
                    Piece::Value(value)
                }
            });
        }
        Expr::new(ExprKind::Text(pieces), if failed { Type::Error } else { Type::String }, at)
    }

    /// What has no text: secrets, channels, and what may be absent.
    fn refuse_in_text(&mut self, value: &Expr) -> bool {
        let diagnostic = match value_type(&value.ty) {
            ty if holds_secret(ty) => secret_in_text(value),
            ty @ (Type::Channel | Type::Rubric | Type::KillSwitch | Type::Nothing) => {
                Diagnostic::new(Code::PG201, value.at, format!("{} has no text", ty.with_article()))
            }
            Type::Optional(inner) => {
                let message = format!("this `{inner}` may be absent");
                Diagnostic::new(Code::PG201, value.at, message)
                    .help("say what stands there when there is no value: `?? default`")
            }
            _ => return false,
        };
        self.report(diagnostic);
        true
    }
}

/// A secret, or what holds one, where text is needed.
pub fn secret_in_text(value: &Expr) -> Diagnostic {
    let is_secret = matches!(value_type(&value.ty), Type::Secret(_));
    Diagnostic::new(Code::PG204, value.at, "a secret never becomes text")
        .label(if is_secret { "this is a secret" } else { "a secret is in this" })
        .help("pass it where a `secret<string>` is taken, or let the command read it from its own environment")
}

/// A secret, or what holds one, where its content would have to be known.
pub fn secret_looked_at(value: &Expr) -> Diagnostic {
    let is_secret = matches!(value_type(&value.ty), Type::Secret(_));
    Diagnostic::new(Code::PG204, value.at, "a secret cannot be looked at")
        .label(if is_secret { "this is a secret" } else { "a secret is in this" })
        .help("pass it on where a `secret<string>` is taken")
}

/// The text of a literal without interpolations.
pub fn plain(literal: &StringLiteral) -> Option<String> {
    literal.pieces.iter().try_fold(String::new(), |text, piece| match piece {
        StringPiece::Text(part) => Some(text + part),
        StringPiece::Interpolation(_) => None,
    })
}
