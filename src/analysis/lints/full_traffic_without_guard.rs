//! PG406: all traffic goes to the new version, and nothing looks at it.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::number::Number;
use crate::model::phase::{Block, StatementKind};
use crate::model::walk::blocks_within;

use super::super::constants::Constants;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG406,
    why: "A ramp to 100% with no `hold`, `gate` or `approve` in it and no trigger around it gives a bad version to \
          everybody and notices nothing.",
    bad: r#"use std.traffic

/// Takes the new version to everybody.
pipeline rollout {
  phase canary {
    ramp traffic.http(url: "http://127.0.0.1:7002/weight") through 5%, 100% { wait 1m }
  }
}
"#,
    good: r#"use std.traffic

/// Takes the new version to everybody, as long as a person agrees.
pipeline rollout {
  phase canary {
    ramp traffic.http(url: "http://127.0.0.1:7002/weight") through 5%, 100% {
      approve "does it look well?" within 1h
    }
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let constants = Constants::of(subject.program, pipeline);
        let guarded = !pipeline.scope.triggers.is_empty();
        for phase in &pipeline.phases {
            check_block(&phase.body, guarded, &constants, diagnostics);
        }
    }
}

fn check_block(block: &Block, around: bool, constants: &[Constants<'_>], diagnostics: &mut Vec<Diagnostic>) {
    let guarded = around || !block.triggers.is_empty();
    for statement in &block.statements {
        if let StatementKind::Ramp { target, weights, body } = &statement.kind {
            let is_full = |constants: &Constants<'_>| {
                weights
                    .iter()
                    .filter_map(|weight| constants.value(weight)?.as_number())
                    .any(|weight| weight == Number::ONE)
            };
            if !guarded && !looks_at_it(body) && constants.iter().all(is_full) {
                let diagnostic =
                    Diagnostic::new(Code::PG406, target.at, "this ramp goes to 100% and nothing looks at it")
                        .label("no hold, gate, approval or trigger")
                        .help("put a `hold` with a `require` into the ramp, or a `rollback when` around it");
                diagnostics.push(diagnostic);
            }
        }
        if let Some(inner) = statement.kind.inner() {
            check_block(inner, guarded, constants, diagnostics);
        }
    }
}

fn looks_at_it(body: &Block) -> bool {
    blocks_within(body).into_iter().any(|block| {
        !block.triggers.is_empty()
            || block.statements.iter().any(|statement| {
                match &statement.kind {
                    // One that asks for nothing looks at nothing.
                    StatementKind::Hold { conditions, .. } | StatementKind::Gate { conditions, .. } => {
                        !conditions.is_empty()
                    }
                    StatementKind::Approve { .. } => true,
                    _ => false,
                }
            })
    })
}
