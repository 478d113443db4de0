//! Gates: judged once; a false `require` fails the phase, an unknown one asks a person.

use super::super::decide::{Turn, pause_for};
use super::super::event::{Event, ExecId, Judgement, PauseCause};
use super::super::exec::Detail;
use super::super::scene::Scene;
use super::{fail, metric_names, pass, stands_still};
use crate::contract::value::Value;
use crate::plan::program::NodeKind;

pub fn look(turn: &mut Turn<'_, '_>, id: ExecId) {
    let plan = turn.plan();
    let exec = turn.state().exec(id);
    let Detail::Gate(gate) = &exec.detail else { return };
    let NodeKind::Gate(conditions) = &plan.node(exec.node).kind else { return };
    if gate.undecided {
        // A crash may have come between the judgement and the question.
        if !turn.state().pause.contains(&PauseCause::Gate(id)) {
            pause_for(turn, PauseCause::Gate(id));
        }
        return;
    }
    let reads = conditions.iter().flat_map(|condition| &condition.reads).map(|read| read.group);
    if stands_still(turn, id) || turn.state().sample_awaited(reads, turn.now) {
        return;
    }
    let node = exec.node;
    let scene = Scene { plan, state: turn.state(), frame: Some(exec.frame), at: turn.now };
    let judgements: Vec<Judgement> = conditions.iter().map(|condition| scene.judgement(condition)).collect();
    turn.record(Event::GateJudged { node, exec: id, conditions: judgements.clone() });
    let required = || judgements.iter().zip(conditions).filter(|(judgement, _)| !judgement.warns);
    let failed: Vec<_> = required().filter(|(judgement, _)| judgement.verdict == Some(false)).collect();
    if !failed.is_empty() {
        let reasons: Vec<String> = failed.iter().map(|(judgement, _)| words(judgement)).collect();
        let because = failed.iter().flat_map(|(_, condition)| metric_names(turn, condition)).collect();
        fail(turn, id, reasons.join("; "), because);
    } else if required().any(|(judgement, _)| judgement.verdict.is_none()) {
        pause_for(turn, PauseCause::Gate(id));
    } else {
        pass(turn, id, Value::Null);
    }
}

/// `p95 above the baseline (now.p95 <= 200ms is false: bench.now.p95 = 240ms)`
fn words(judgement: &Judgement) -> String {
    let facts = if judgement.evidence.is_empty() {
        format!("`{}` is false", judgement.condition)
    } else {
        format!("`{}` is false: {}", judgement.condition, judgement.evidence)
    };
    match &judgement.reason {
        Some(reason) => format!("{reason} ({facts})"),
        None => facts,
    }
}
