//! Programs without a finding, and what they mean.

use phasegate::contract::types::Type;
use phasegate::contract::value::Value;
use phasegate::model::expr::ExprKind;
use phasegate::model::phase::{StatementKind, TriggerAction};
use phasegate::model::program::LocalKind;

use super::{check, expect};

const SEARCH: &str = include_str!("search.deploy");
const QUICKSTART: &str = include_str!("quickstart.deploy");

#[test]
fn a_small_rollout_is_clean() {
    expect(QUICKSTART);
}

#[test]
fn a_large_rollout_with_components_is_clean() {
    expect(SEARCH);
}

#[test]
fn the_program_holds_what_was_written() {
    let (analysis, _) = check(QUICKSTART);
    let program = &analysis.program;
    assert_eq!(program.environments.keys().collect::<Vec<_>>(), ["local"]);
    assert_eq!(program.groups["shop"].source.name, "http");
    let pipeline = &program.pipelines["quickstart"];
    assert_eq!(pipeline.phases.iter().map(|phase| phase.name.as_str()).collect::<Vec<_>>(), ["prepare", "canary"]);
    assert_eq!(pipeline.phases[1].after[0].name, "prepare");
    assert_eq!(pipeline.hooks.len(), 2);
    let StatementKind::Ramp { target, weights, body } = &pipeline.phases[1].body.statements[0].kind else {
        panic!("a ramp comes first");
    };
    assert_eq!(target.name, "traffic.http");
    assert_eq!(weights.len(), 3);
    assert!(matches!(body.statements[0].kind, StatementKind::Hold { .. }));
    assert_eq!(pipeline.phases[1].body.triggers[0].action, TriggerAction::Rollback);
    assert_eq!(pipeline.phases[1].body.triggers[0].condition.text, "shop.p95 > 250ms");
}

#[test]
fn components_are_put_in_with_their_arguments_as_locals() {
    let (analysis, _) = check(SEARCH);
    let pipeline = &analysis.program.pipelines["search_rollout"];
    let StatementKind::Scope(block) = &pipeline.phases[2].body.statements[0].kind else { panic!("a scope") };
    assert_eq!(block.triggers.len(), 2);
    let StatementKind::Step(step) = &block.statements[0].kind else { panic!("a step") };
    let ExprKind::Local(id) = &*step.call.args[0].1.kind else { panic!("an argument") };
    let LocalKind::Value(value) = &pipeline.locals[id.0 as usize].kind else { panic!("a value") };
    assert_eq!(value.as_literal(), Some(&Value::text("early_exit")));
}

#[test]
fn written_arguments_come_before_defaults() {
    let (analysis, _) = check(SEARCH);
    let pipeline = &analysis.program.pipelines["search_rollout"];
    let StatementKind::Step(step) = &pipeline.phases[0].body.statements[1].kind else { panic!("a step") };
    let names: Vec<&str> = step.call.args.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["source", "retain", "to"]);
    assert_eq!(step.call.written, 2);
    assert!(step.has_undo);
    assert!(matches!(step.output, Type::Record(_)));
}

#[test]
fn a_threshold_keeps_the_clauses_of_its_conditions() {
    let (analysis, _) = check(
        r#"
metrics api from http("http://127.0.0.1/m") every 1m { p95: duration(ms) = json("$.p95") errors: ratio = json("$.e") }
threshold plain(m: api) { require m.p95 < 1s require m.errors < 1% }
threshold slow { require api.p95 < 1s for 5m require api.errors < 1% missing breach }
/// Doc.
pipeline p {
  rollback when not slow for 10m else "slow"
  phase a { hold 1h { require slow require plain(api) } }
}"#,
    );
    assert!(analysis.diagnostics.is_empty(), "{:#?}", analysis.diagnostics);
    let pipeline = &analysis.program.pipelines["p"];
    let StatementKind::Hold { conditions, .. } = &pipeline.phases[0].body.statements[0].kind else { panic!("a hold") };
    let texts: Vec<&str> = conditions.iter().map(|condition| condition.text.as_str()).collect();
    assert_eq!(texts, ["api.p95 < 1s", "api.errors < 1%", "plain(api)"]);
    assert!(conditions[0].sustain.is_some() && conditions[1].sustain.is_none());
    let triggers = &pipeline.scope.triggers;
    assert_eq!(triggers.len(), 2);
    assert_eq!(triggers[0].condition.text, "not (api.p95 < 1s)");
    assert!(triggers[1].condition.sustain.is_some(), "what the condition leaves open is said where it is used");
}
