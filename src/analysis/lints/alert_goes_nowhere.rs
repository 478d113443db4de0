//! PG414: an alert that nobody hears.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::syntax::ast::ItemKind;

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG414,
    why: "An alert without `notify` fires into the void.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

alert api_errors critical when api.errors > 5% for 5m { summary "too many errors" }
"#,
    good: r#"use std.notify

metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

channel oncall = notify.webhook(url: secret("ONCALL_HOOK"))

alert api_errors critical when api.errors > 5% for 5m { summary "too many errors" notify oncall }
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for module in subject.modules {
        for item in &module.ast.items {
            if let ItemKind::Alert(alert) = &item.kind
                && alert.notify.is_empty()
                && !alert.name.text.is_empty()
            {
                let at = Location::new(module.file, alert.name.at);
                let message = format!("the alert `{}` notifies nobody", alert.name.text);
                diagnostics.push(Diagnostic::new(Code::PG414, at, message).help("write `notify CHANNEL` into it"));
            }
        }
    }
}
