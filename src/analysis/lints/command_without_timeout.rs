//! PG412: a command that may hang for ever.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::walk::steps;

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG412,
    why: "A command that hangs holds the whole rollout, with traffic half shifted and the lock taken.",
    bad: r#"use std.shell

/// Builds it.
pipeline build {
  phase compile { step shell("make") effect reads }
}
"#,
    good: r#"use std.shell

/// Builds it.
pipeline build {
  phase compile { step shell("make") effect reads timeout 10m }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        for step in steps(pipeline) {
            if matches!(step.call.name.as_str(), "shell" | "exec") && step.timeout.is_none() {
                let message = format!("this `{}` has no timeout", step.called());
                let diagnostic = Diagnostic::new(Code::PG412, step.call.at, message)
                    .label("may hang for ever")
                    .help("write `timeout 10m` behind the call");
                diagnostics.push(diagnostic);
            }
        }
    }
}
