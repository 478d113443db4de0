//! `sentinel NAME every D { probe … trip … recover … }`, and how probes are named: by their bare name in their sentinel,
//! as `SENTINEL.PROBE` anywhere.

use rustc_hash::FxHashMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::Expr;
use crate::model::operations::{Probe, Sentinel, Trip};
use crate::model::phase::{Block, Statement, StatementKind, Step};
use crate::model::program::{Hook, HookEvent, Pipeline};
use crate::model::signature::EffectClass;
use crate::syntax::ast::{self, ItemKind, Name, SentinelEntry, SentinelItem, SignatureKind};

use super::super::checker::{Checker, Place, Surroundings};
use super::super::expressions::path_of;
use super::super::symbols::{ItemRef, Space};

impl<'a> Checker<'a> {
    pub(super) fn read_sentinel(
        &mut self,
        reference: ItemRef,
        doc: Option<String>,
        written: &'a SentinelItem,
    ) -> Sentinel {
        let mut sentinel = Sentinel {
            name: self.program_name(reference),
            doc,
            every: None,
            probes: Vec::new(),
            trips: Vec::new(),
            recovers: Vec::new(),
            at: self.here(written.name.at),
        };
        self.watching(Some(reference), |checker| {
            sentinel.every = written.every.as_ref().map(|every| checker.check(every, &Type::Duration));
            let mut names: FxHashMap<&str, Span> = FxHashMap::default();
            for entry in &written.entries {
                if let SentinelEntry::Probe { name, .. } = entry
                    && !name.text.is_empty()
                    && let Some(first) = names.insert(&name.text, name.at)
                {
                    checker.report_duplicate(name, first);
                    names.insert(&name.text, first);
                }
                checker.read_sentinel_entry(entry, &mut sentinel);
            }
        });
        sentinel
    }

    fn read_sentinel_entry(&mut self, entry: &'a SentinelEntry, sentinel: &mut Sentinel) {
        match entry {
            SentinelEntry::Probe { name, call, timeout, expect, .. } => {
                let called = self.call_of(SignatureKind::Step, call);
                let output = called.as_ref().map_or(Type::Error, |(_, signature)| signature.output.clone());
                let timeout = timeout.as_ref().map(|timeout| self.check(timeout, &Type::Duration));
                self.frame.result = Some(output.clone());
                let expect = expect
                    .as_ref()
                    .map(|expect| self.in_place(Place::Condition, |checker| checker.check_condition(expect)));
                self.frame.result = None;
                let Some((call, _)) = called else { return };
                let at = self.here(name.at);
                sentinel.probes.push(Probe { name: name.text.clone(), call, output, timeout, expect, at });
            }
            SentinelEntry::Trip { switch, when, sustain, at } => {
                let switch = self.killswitch_name(switch);
                let conditions = self.read_watches(when, sustain.as_ref(), *at);
                sentinel.trips.push(Trip { switch, conditions, at: self.here(*at) });
            }
            SentinelEntry::Recover { when, sustain, at } => {
                let condition = self.read_watch(when, sustain.as_ref(), *at);
                sentinel.recovers.push(condition);
            }
            SentinelEntry::Broken(_) => {}
        }
    }

    /// The kill switch's name in the program; empty when there is none.
    fn killswitch_name(&mut self, name: &Name) -> String {
        if let Some(binding) = self.scope().get(Space::KillSwitch, &name.text) {
            self.use_binding(binding);
            self.note_binding(name.at, binding);
            return self.program_name(binding.target);
        }
        if !self.might_be_declared(&name.text) {
            let near = Suggestion::of(&name.text, self.scope().names_of(Space::KillSwitch));
            let scope = self.scope();
            for meant in near.names().iter().filter_map(|near| scope.get(Space::KillSwitch, near)) {
                self.use_binding(meant);
            }
            self.report_undefined("kill switch", name, near);
        }
        String::new()
    }

    /// An argument that is a probe: its full name, `SENTINEL.PROBE`, as text.
    pub fn check_probe(&mut self, written: &'a ast::Expr) -> Expr {
        let Some((sentinel, probe)) = self.probe_of(written) else { return self.error(written.at) };
        let full = format!("{}.{probe}", self.program_name(sentinel));
        if self.frame.place == Place::Constant {
            let message = format!("`{full}` changes as time goes on, and a constant is needed here");
            let help = "probes stand only in conditions, and in text that is written later";
            self.report(Diagnostic::new(Code::PG207, self.here(written.at), message).label("a probe").help(help));
            return self.error(written.at);
        }
        Expr::literal(Value::Text(full), Type::String, self.here(written.at))
    }

    fn probe_of(&mut self, written: &'a ast::Expr) -> Option<(ItemRef, &'a str)> {
        if matches!(&*written.kind, ast::ExprKind::Broken) {
            return None;
        }
        let path = path_of(written).unwrap_or_default();
        match path.as_slice() {
            [probe] => match self.frame.surroundings {
                Surroundings::Watch(Some(own)) => self.probe_in(own, probe, false),
                _ => {
                    self.report_probe_without_sentinel(probe);
                    None
                }
            },
            [sentinel, probe] => {
                let sentinel = self.sentinel_named(sentinel)?;
                self.probe_in(sentinel, probe, true)
            }
            [alias, sentinel, probe] if self.scope().aliases.contains_key(alias.text.as_str()) => {
                let (module, _) = self.scope().aliases[alias.text.as_str()];
                self.mark_meant(&alias.text);
                let sentinel = self.in_module(module, |checker| checker.sentinel_named(sentinel))?;
                self.probe_in(sentinel, probe, true)
            }
            _ => {
                let message = "a probe is needed here";
                let help = "name it as `SENTINEL.PROBE`";
                self.report(Diagnostic::new(Code::PG201, self.here(written.at), message).help(help));
                None
            }
        }
    }

    fn sentinel_named(&mut self, name: &Name) -> Option<ItemRef> {
        if let Some(binding) = self.scope().get(Space::Sentinel, &name.text) {
            self.use_binding(binding);
            self.note_binding(name.at, binding);
            return Some(binding.target);
        }
        if !self.might_be_declared(&name.text) {
            let near = Suggestion::of(&name.text, self.scope().names_of(Space::Sentinel));
            self.report_undefined("sentinel", name, near);
        }
        None
    }

    fn probe_in(&mut self, sentinel: ItemRef, name: &'a Name, from_outside: bool) -> Option<(ItemRef, &'a str)> {
        let names = self.probe_names(sentinel);
        if names.contains(&name.text.as_str()) {
            return Some((sentinel, &name.text));
        }
        if !name.text.is_empty() && !self.unreadable.declares(sentinel.module, &name.text) {
            let near = Suggestion::of(&name.text, names);
            let what = match from_outside {
                true => format!("probe in the sentinel `{}` named", self.declared_name(sentinel)),
                false => "probe in this sentinel named".to_owned(),
            };
            self.report_undefined(&what, name, near);
        }
        None
    }

    fn probe_names(&self, sentinel: ItemRef) -> Vec<&'a str> {
        let ItemKind::Sentinel(item) = &self.item(sentinel).kind else { return Vec::new() };
        let names = item.entries.iter().filter_map(|entry| match entry {
            SentinelEntry::Probe { name, .. } => Some(name.text.as_str()),
            SentinelEntry::Trip { .. } | SentinelEntry::Recover { .. } | SentinelEntry::Broken(_) => None,
        });
        names.collect()
    }

    fn report_probe_without_sentinel(&mut self, name: &Name) {
        if self.might_be_declared(&name.text) {
            return;
        }
        self.depends_on_more = true;
        let mut sentinels: Vec<&str> = self.scope().names_of(Space::Sentinel).collect();
        sentinels.sort_unstable();
        let owner = sentinels.into_iter().find(|sentinel| {
            let binding = self.scope().get(Space::Sentinel, sentinel);
            binding.is_some_and(|binding| self.probe_names(binding.target).contains(&name.text.as_str()))
        });
        let message = format!("there is no probe `{}` here", name.text);
        let diagnostic = Diagnostic::new(Code::PG101, self.here(name.at), message);
        let diagnostic = match owner {
            Some(owner) => {
                let full = format!("{owner}.{}", name.text);
                diagnostic.help(format!("outside of its sentinel it is `{full}`")).fix(
                    format!("write `{full}`"),
                    name.at,
                    full,
                )
            }
            None => diagnostic.help("outside of its sentinel a probe is named `SENTINEL.PROBE`"),
        };
        self.report(diagnostic);
    }
}

/// Its conditions as triggers, and its probes as the steps of a hook.
pub(super) fn for_lints(sentinel: &Sentinel) -> Pipeline {
    let tripping = sentinel.trips.iter().flat_map(|trip| &trip.conditions);
    let pipeline = super::watched(&sentinel.name, tripping.chain(&sentinel.recovers), sentinel.at);
    let steps = sentinel.probes.iter().map(|probe| Statement { at: probe.at, doc: None, kind: step_of(probe) });
    let body = Block { statements: steps.collect(), ..Block::default() };
    Pipeline { hooks: vec![Hook { event: HookEvent::Start, body, at: sentinel.at }], ..pipeline }
}

fn step_of(probe: &Probe) -> StatementKind {
    StatementKind::Step(Step {
        idempotent: true,
        timeout: probe.timeout.clone(),
        // What it expects is looked at like any other condition of the text.
        when: probe.expect.clone(),
        ..Step::plain(probe.call.clone(), probe.output.clone(), EffectClass::Reads)
    })
}
