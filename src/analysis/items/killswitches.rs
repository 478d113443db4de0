//! `killswitch NAME { on { … } off { … } }`: steps, as in a hook. They may turn other switches, but not for ever.

use rustc_hash::FxHashSet;
use std::rc::Rc;

use indexmap::IndexMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::model::operations::{KillSwitch, is_turned_on};
use crate::model::phase::{Block, Call};
use crate::model::program::{Hook, HookEvent, Pipeline};
use crate::model::walk::blocks_within;
use crate::syntax::ast::{self, KillSwitchItem};

use super::super::checker::{Checker, Frame};
use super::super::phases::{PhaseInfo, PhaseTable};
use super::super::statements::Body;

impl<'a> Checker<'a> {
    pub fn read_killswitch(&mut self, name: String, doc: Option<String>, written: &'a KillSwitchItem) -> KillSwitch {
        let frame = Frame { in_hook: true, ..Frame::new() };
        let ((on, off), frame) = self.in_frame(frame, |checker| {
            (checker.read_side(written.on.as_ref()), checker.read_side(written.off.as_ref()))
        });
        self.report_unused_locals(&frame);
        // Circles are looked for among all of those.
        self.depends_on_more |= [&on, &off].into_iter().any(|side| turns_in(side).next().is_some());
        KillSwitch { name, doc, locals: frame.locals, on, off, at: self.here(written.name.at) }
    }

    /// PG301 for switches whose steps lead back to themselves, one for each circle.
    pub(super) fn report_endless_turns(&mut self, switches: &IndexMap<String, KillSwitch>) {
        for circle in Turns::of(switches).circles() {
            let name = |(at, on): &Side| {
                let side = if *on { "on" } else { "off" };
                format!("{} {side}", switches.get_index(*at).map_or("", |(name, _)| name))
            };
            let names: Vec<String> = circle.iter().chain(circle.first()).map(|(side, _)| name(side)).collect();
            let mut places = circle.iter().map(|(_, at)| *at);
            let Some(first) = places.next() else { continue };
            let message = format!("this never ends: `{}`", names.join("` → `"));
            let diagnostic = Diagnostic::new(Code::PG301, first, message).label("leads into the circle");
            self.report(places.fold(diagnostic, |diagnostic, at| diagnostic.also(at, "part of the circle")));
        }
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

/// The calls in a block that turn a switch, and whether on.
fn turns_in(block: &Block) -> impl Iterator<Item = (&Call, bool)> {
    let statements = blocks_within(block).into_iter().flat_map(|block| &block.statements);
    let calls = statements.filter_map(|statement| Some(&statement.kind.step()?.call));
    calls.filter_map(|call| Some((call, is_turned_on(&call.name)?)))
}

/// A switch, by its place, and whether it is turned on.
type Side = (usize, bool);

/// Which turns of switches each turn leads to, and where that is written.
struct Turns {
    next: Vec<[Vec<(Side, Location)>; 2]>,
}

impl Turns {
    fn of(switches: &IndexMap<String, KillSwitch>) -> Self {
        let next_of = |block: &Block| {
            let turns = turns_in(block).filter_map(|(call, on)| {
                let switch = call.args.iter().find(|(name, _)| name == "switch")?;
                let at = switches.get_index_of(switch.1.as_literal()?.as_text()?)?;
                Some(((at, on), call.at))
            });
            turns.collect()
        };
        Self { next: switches.values().map(|switch| [next_of(&switch.off), next_of(&switch.on)]).collect() }
    }

    /// Circles, one for each place that leads back, each turn with the place that leads on.
    fn circles(&self) -> Vec<Vec<(Side, Location)>> {
        let mut circles = Vec::new();
        let mut done: FxHashSet<Side> = FxHashSet::default();
        for start in (0..self.next.len()).flat_map(|at| [(at, true), (at, false)]) {
            // The way here: each turn with how many of those after it have been looked at.
            let mut way: Vec<(Side, usize)> = if done.insert(start) { vec![(start, 0)] } else { Vec::new() };
            while let Some(((at, on), looked)) = way.last_mut() {
                let Some((next, _)) = self.next[*at][usize::from(*on)].get(*looked) else {
                    way.pop();
                    continue;
                };
                *looked += 1;
                if let Some(begin) = way.iter().position(|(side, _)| side == next) {
                    circles
                        .push(way[begin..].iter().map(|(side, looked)| (*side, self.place(*side, *looked))).collect());
                } else if done.insert(*next) {
                    way.push((*next, 0));
                }
            }
        }
        circles
    }

    fn place(&self, (at, on): Side, looked: usize) -> Location {
        self.next[at][usize::from(on)][looked - 1].1
    }
}

/// Its steps as those of hooks.
pub(super) fn for_lints(switch: &KillSwitch) -> Pipeline {
    let sides = [(HookEvent::Start, &switch.on), (HookEvent::End, &switch.off)];
    let hooks = sides.into_iter().map(|(event, body)| Hook { event, body: body.clone(), at: switch.at });
    Pipeline { hooks: hooks.collect(), ..super::no_pipeline(&switch.name, switch.locals.clone(), switch.at) }
}
