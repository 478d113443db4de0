//! PG417: a gate that is looser than the trigger around it.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::expr::Operator;
use crate::model::phase::{Block, Condition, StatementKind, Trigger, TriggerAction};

use super::super::constants::Constants;
use super::super::intervals::{Interval, Term, flatten, term};
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG417,
    why: "The gate lets through what the trigger around it takes back: whoever passes at 8% is rolled back at 5%.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Looks twice.
pipeline watch {
  rollback when api.errors > 5% for 5m
  phase look {
    gate { require api.errors < 8% }
    wait 1h
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Looks twice.
pipeline watch {
  rollback when api.errors > 5% for 5m
  phase look {
    gate { require api.errors < 4% }
    wait 1h
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let constants = Constants::of(subject.program, pipeline);
        let mut around: Vec<&Trigger> = pipeline.scope.triggers.iter().collect();
        for phase in &pipeline.phases {
            check_block(&phase.body, &mut around, &constants, diagnostics);
        }
    }
}

fn check_block<'p>(
    block: &'p Block,
    around: &mut Vec<&'p Trigger>,
    constants: &[Constants<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let outside = around.len();
    around.extend(&block.triggers);
    for statement in &block.statements {
        if let StatementKind::Gate { conditions, .. } = &statement.kind {
            check_gate(conditions, around, constants, diagnostics);
        }
        if let Some(inner) = statement.kind.inner() {
            check_block(inner, around, constants, diagnostics);
        }
    }
    around.truncate(outside);
}

fn check_gate(
    conditions: &[Condition],
    around: &[&Trigger],
    constants: &[Constants<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) {
    let requires: Vec<&Condition> = conditions.iter().filter(|condition| !condition.warns).collect();
    for (index, require) in requires.iter().enumerate() {
        let takes_back = |trigger: &&&Trigger| {
            matches!(trigger.action, TriggerAction::Rollback | TriggerAction::RollbackPhase)
                && constants.iter().all(|constants| lets_through(&requires, index, trigger, constants))
        };
        if let Some(trigger) = around.iter().find(takes_back) {
            let diagnostic = Diagnostic::new(Code::PG417, require.at, "this gate allows what a trigger rolls back")
                .label("looser than the trigger")
                .also(trigger.condition.at, "this takes it back")
                .help("make the gate at least as strict as the trigger");
            diagnostics.push(diagnostic);
        }
    }
}

/// Whether something passes all of `requires`, limited by number `index`, that lets the trigger fire.
fn lets_through(requires: &[&Condition], index: usize, trigger: &Trigger, constants: &Constants<'_>) -> bool {
    let mut fires = Vec::new();
    flatten(&trigger.condition.expr, Operator::Or, &mut fires);
    fires.into_iter().filter_map(|part| term(part, false, constants)).any(|fires| {
        let limits =
            |limit: &Term<'_>| limit.subject.is_same_as(fires.subject) && limit.interval.faces(&fires.interval);
        let all = requires.iter().flat_map(|require| terms(require, constants)).filter(|limit| limits(limit));
        let passes = all.fold(Interval::EVERYTHING, |passes, limit| passes.intersect(&limit.interval));
        let limited = terms(requires[index], constants).iter().any(limits);
        limited && passes.overlaps(&fires.interval)
    })
}

fn terms<'e>(condition: &'e Condition, constants: &Constants<'_>) -> Vec<Term<'e>> {
    let mut parts = Vec::new();
    flatten(&condition.expr, Operator::And, &mut parts);
    parts.into_iter().filter_map(|part| term(part, false, constants)).collect()
}
