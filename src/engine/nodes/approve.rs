//! Approvals: a person's word, from the moment it is asked.

use super::super::decide::Turn;
use super::super::event::{Afterwards, Event, ExecId};
use super::super::exec::Detail;
use super::super::stop;
use super::{fail, pass, stands_still};
use crate::base::time::format_duration;
use crate::contract::value::Value;
use crate::model::phase::Expiry;
use crate::plan::program::NodeKind;

pub fn look(turn: &mut Turn<'_, '_>, id: ExecId) {
    let plan = turn.plan();
    let exec = turn.state().exec(id);
    let (node, Detail::Approve { deadline, asked, approved }) = (exec.node, &exec.detail) else { return };
    let NodeKind::Approve { who, by, within, otherwise } = &plan.node(node).kind else { return };
    if !asked {
        let deadline = within.map(|within| turn.now.plus(within));
        return turn.record(Event::ApprovalAsked { node, exec: id, who: who.clone(), by: by.clone(), deadline });
    }
    if *approved {
        if !stands_still(turn, id) {
            pass(turn, id, Value::Null);
        }
        return;
    }
    if deadline.is_none_or(|deadline| turn.now < deadline) {
        return;
    }
    let reason = format!("nobody approved within {}", within.map(format_duration).unwrap_or_default());
    let name = plan.node(node).id.clone();
    match otherwise {
        None => fail(turn, id, reason, Vec::new()),
        Some(Expiry::Rollback) => stop::stop(turn, Afterwards::RollBack, format!("{name}: {reason}"), vec![name]),
        Some(Expiry::Abort) => stop::stop(turn, Afterwards::Abort, format!("{name}: {reason}"), vec![name]),
    }
}
