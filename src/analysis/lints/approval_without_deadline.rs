//! PG413: an approval that waits for ever.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::phase::StatementKind;
use crate::model::walk::statements;

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG413,
    why: "A question that nobody answers leaves the rollout half done until somebody remembers it.",
    bad: r#"
/// Asks.
pipeline release {
  phase review { approve "release manager" }
}
"#,
    good: r#"
/// Asks.
pipeline release {
  phase review { approve "release manager" within 8h }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        for statement in statements(pipeline) {
            if let StatementKind::Approve { who, within: None, .. } = &statement.kind {
                let diagnostic = Diagnostic::new(Code::PG413, who.at, "this approval has no deadline")
                    .label("waits for ever")
                    .help("write `within 8h` behind it");
                diagnostics.push(diagnostic);
            }
        }
    }
}
