//! A kill switch turned by hand: a pipeline of one phase that does only that.

use super::choice::unknown;
use super::request::PlanError;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::Expr;
use crate::model::phase::{Block, Call, FailurePolicy, Phase, Statement, StatementKind, Step};
use crate::model::program::{Pipeline, Program};
use crate::model::signature::EffectClass;

/// Which switch is turned where, and why.
#[derive(Debug, Clone, Copy)]
pub struct Turn<'a> {
    pub switch: &'a str,
    pub on: bool,
    pub reason: &'a str,
}

impl Turn<'_> {
    fn verb(&self) -> &'static str {
        if self.on { "trip" } else { "reset" }
    }
}

/// The pipeline that turns it. What has been done when a step fails stays: half of a brake is better than none, and the
/// switch is known to stand half way.
pub(super) fn pipeline(program: &Program, turn: &Turn<'_>) -> Result<Pipeline, PlanError> {
    let names = || program.killswitches.keys().map(String::as_str);
    let found = program.killswitches.get(turn.switch);
    let switch = found.ok_or_else(|| unknown("kill switch", turn.switch, names()))?;
    let at = switch.at;
    let text = |text: &str, ty: Type| Expr::literal(Value::text(text), ty, at);
    let args = vec![
        ("switch".to_owned(), text(turn.switch, Type::KillSwitch)),
        ("reason".to_owned(), text(turn.reason, Type::String)),
    ];
    let call = Call { name: format!("killswitch.{}", turn.verb()), args, written: 2, at };
    let step = Step {
        name: Some(switch.name.replace('.', "_")),
        idempotent: true,
        has_undo: true,
        ..Step::plain(call, Type::Nothing, EffectClass::Changes)
    };
    let statement = Statement { at, doc: switch.doc.clone(), kind: StatementKind::Step(step) };
    let phase = Phase {
        name: turn.verb().to_owned(),
        title: None,
        doc: switch.doc.clone(),
        after: Vec::new(),
        each: None,
        when: None,
        window: None,
        on_failure: Some(FailurePolicy::Stop),
        body: Block { statements: vec![statement], ..Block::default() },
        at,
        name_at: at,
    };
    let name = format!("{}_{}", turn.verb(), switch.name);
    Ok(Pipeline { doc: switch.doc.clone(), phases: vec![phase], ..Pipeline::empty(name, at) })
}
