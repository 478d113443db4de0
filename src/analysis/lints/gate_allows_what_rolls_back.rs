//! PG417: a gate lets through what a trigger around it takes back.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::expr::Operator;
use crate::model::phase::{Block, Condition, StatementKind, Trigger, TriggerAction};

use super::super::constants::Constants;
use super::super::intervals::{Term, flatten, term};
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG417,
    why: "The gate says that a value is good enough to go on, and a trigger around it rolls back at the same value.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Looks and waits.
pipeline watch {
  rollback when api.errors > 5% for 5m
  phase look {
    gate { require api.errors < 8% }
    wait 10m
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Looks and waits.
pipeline watch {
  rollback when api.errors > 5% for 5m
  phase look {
    gate { require api.errors < 4% }
    wait 10m
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
        match &statement.kind {
            StatementKind::Gate { conditions, .. } => check_gate(conditions, around, constants, diagnostics),
            other => {
                other.inner().into_iter().for_each(|inner| check_block(inner, around, constants, diagnostics));
            }
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
    for trigger in around.iter().filter(|trigger| is_judged_at_once(trigger)) {
        let required: Vec<&Condition> = conditions.iter().filter(|condition| !condition.warns).collect();
        let found = constants.iter().map(|constants| let_through(&required, trigger, constants));
        let found: Option<Vec<usize>> = found.collect();
        if let Some(index) = found.and_then(|found| found.first().copied()) {
            let condition = required[index];
            let message = format!("this gate lets through what `{}` takes back", trigger.action.name());
            let diagnostic = Diagnostic::new(Code::PG417, condition.at, message)
                .label("wider than the trigger")
                .also(trigger.at, "this trigger fires at values that pass the gate")
                .help("let the gate ask for at least what the trigger does");
            diagnostics.push(diagnostic);
        }
    }
}

fn is_judged_at_once(trigger: &Trigger) -> bool {
    let takes_back =
        matches!(trigger.action, TriggerAction::Rollback | TriggerAction::RollbackPhase | TriggerAction::Abort);
    takes_back && trigger.condition.after.is_none()
}

/// The requirement that limits what the trigger looks at, and limits it too late.
fn let_through(required: &[&Condition], trigger: &Trigger, constants: &Constants<'_>) -> Option<usize> {
    let fires = term(&trigger.condition.expr, false, constants)?;
    let mut limits: Vec<(usize, Term<'_>)> = Vec::new();
    for (index, condition) in required.iter().enumerate() {
        let mut parts = Vec::new();
        flatten(&condition.expr, Operator::And, &mut parts);
        let terms = parts.into_iter().filter_map(|part| term(part, false, constants));
        limits.extend(terms.filter(|term| term.subject.is_same_as(fires.subject)).map(|term| (index, term)));
    }
    let (first, rest) = limits.split_first()?;
    let whole = rest.iter().fold(first.1.interval, |whole, (_, term)| whole.intersect(&term.interval));
    whole.reaches_into(&fires.interval).then_some(first.0)
}
