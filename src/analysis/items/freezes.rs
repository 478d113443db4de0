//! `freeze NAME from time("…") to time("…")`

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind};
use crate::model::operations::Freeze;
use crate::syntax::ast::FreezeItem;

use super::super::checker::Checker;

impl<'a> Checker<'a> {
    pub(super) fn read_freeze(&mut self, name: String, doc: Option<String>, written: &'a FreezeItem) -> Freeze {
        let (from, to) = self.watching(None, |checker| {
            (checker.check(&written.from, &Type::Time), checker.check(&written.to, &Type::Time))
        });
        if let (Some(begin), Some(end)) = (written_time(&from), written_time(&to))
            && end <= begin
        {
            let message = "this freeze ends before it begins";
            let diagnostic = Diagnostic::new(Code::PG206, to.at, message)
                .label("not later than its begin")
                .also(from.at, "begins here")
                .help("swap the two, or correct the year");
            self.report(diagnostic);
        }
        Freeze { name, doc, from, to, at: self.here(written.name.at) }
    }
}

/// The time in `time("…")`.
fn written_time(expr: &Expr) -> Option<jiff::Timestamp> {
    let ExprKind::Call(_, args) = &*expr.kind else { return None };
    let Some(Value::Text(text)) = args.first().and_then(|(_, text)| text.as_literal()) else { return None };
    text.parse().ok()
}
