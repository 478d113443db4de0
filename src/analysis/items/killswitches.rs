//! `killswitch NAME { on { … } off { … } }`: steps, as in a hook.

use rustc_hash::FxHashSet;
use std::rc::Rc;

use crate::model::operations::KillSwitch;
use crate::model::phase::Block;
use crate::model::program::{Hook, HookEvent, Pipeline};
use crate::syntax::ast::{self, KillSwitchItem};

use super::super::checker::{Checker, Frame};
use super::super::phases::{PhaseInfo, PhaseTable};
use super::super::statements::Body;

impl<'a> Checker<'a> {
    pub(super) fn read_killswitch(
        &mut self,
        name: String,
        doc: Option<String>,
        written: &'a KillSwitchItem,
    ) -> KillSwitch {
        let frame = Frame { in_hook: true, ..Frame::new() };
        let ((on, off), frame) = self.in_frame(frame, |checker| {
            (checker.read_side(written.on.as_ref()), checker.read_side(written.off.as_ref()))
        });
        self.report_unused_locals(&frame);
        KillSwitch { name, doc, locals: frame.locals, on, off, at: self.here(written.name.at) }
    }

    /// The steps of a side see the outputs of those before them, and nothing of the other side.
    fn read_side(&mut self, written: Option<&'a ast::Block>) -> Block {
        let Some(written) = written else { return Block::default() };
        let mut info = PhaseInfo::default();
        self.collect_steps(written, &mut info);
        self.frame.phases = Rc::new(PhaseTable::of_component(info));
        self.frame.phase = Some(0);
        self.frame.produced = FxHashSet::default();
        self.read_block(written, Body::Switch)
    }
}

/// Its steps as those of hooks.
pub(super) fn for_lints(switch: &KillSwitch) -> Pipeline {
    let sides = [(HookEvent::Start, &switch.on), (HookEvent::End, &switch.off)];
    let hooks = sides.into_iter().map(|(event, body)| Hook { event, body: body.clone(), at: switch.at });
    Pipeline { hooks: hooks.collect(), ..super::no_pipeline(&switch.name, switch.locals.clone(), switch.at) }
}
