//! PG504: a pipeline that nobody says a word about.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::syntax::ast::{File, ItemKind};

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG504,
    why: "Who is called at night reads the plan and the runbook: a `///` line above the pipeline says what it is for.",
    bad: r#"pipeline rollout { phase first { wait 1s } }
"#,
    good: r#"/// Waits a second.
pipeline rollout { phase first { wait 1s } }
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for module in subject.modules {
        if speaks_for_its_pipeline(&module.ast) {
            continue;
        }
        for item in &module.ast.items {
            let ItemKind::Pipeline(pipeline) = &item.kind else { continue };
            if item.doc.is_none() && !pipeline.name.text.is_empty() {
                let at = Location::new(module.file, pipeline.name.at);
                let message = format!("the pipeline `{}` is not documented", pipeline.name.text);
                let diagnostic =
                    Diagnostic::new(Code::PG504, at, message).help("write a line with `///` above it: what it is for");
                diagnostics.push(diagnostic);
            }
        }
    }
}

/// The documentation at the top of a file with one pipeline is about that pipeline.
fn speaks_for_its_pipeline(file: &File) -> bool {
    let pipelines = file.items.iter().filter(|item| matches!(item.kind, ItemKind::Pipeline(_))).count();
    let first = file.items.first();
    pipelines == 1 && first.is_some_and(|first| first.doc.is_some() && matches!(first.kind, ItemKind::Use(_)))
}
