//! `require`, `warn`, and what triggers fire on.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::model::phase::{Condition, MissingPolicy, Sustain, Trigger, TriggerAction};
use crate::syntax::ast::{self, ConditionStatement, TriggerKind, TriggerStatement};

use super::checker::{Checker, Place};
use super::symbols::Space;

/// What a condition stands in; it decides which clauses it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    Gate,
    Hold,
    Threshold,
    Trigger,
}

impl<'a> Checker<'a> {
    pub fn read_condition(&mut self, written: &'a ConditionStatement, holder: Holder, at: Span) -> Condition {
        let expr = self.in_place(Place::Condition, |checker| checker.check_condition(&written.condition));
        if holder == Holder::Gate {
            self.refuse_clauses(written);
        } else if holder == Holder::Hold
            && let Some(after) = &written.after
        {
            let message = "`after` has no place in a hold: it begins when the hold does";
            self.report(Diagnostic::new(Code::PG112, self.here(sustain_at(after)), message));
        }
        Condition {
            text: collapse(self.text(written.condition.at)),
            expr,
            warns: false,
            sustain: written.sustain.as_ref().map(|sustain| self.read_sustain(sustain)),
            after: written.after.as_ref().map(|after| self.read_sustain(after)),
            missing: self.read_missing(written.missing.as_ref()),
            reason: written.reason.as_ref().map(|reason| self.check_text(reason)),
            at: self.here(at),
        }
    }

    fn refuse_clauses(&mut self, written: &ConditionStatement) {
        let places = [
            ("for", written.sustain.as_ref().map(sustain_at)),
            ("after", written.after.as_ref().map(sustain_at)),
            ("missing", written.missing.as_ref().map(|name| name.at)),
        ];
        for (word, at) in places {
            let Some(at) = at else { continue };
            let message = format!("`{word}` has no place in a gate: it is evaluated once, there");
            let help = "use a `hold` for what must stay good for a while";
            self.report(Diagnostic::new(Code::PG112, self.here(at), message).help(help));
        }
    }

    /// Text read when it is needed: the latest values of metrics may stand in it.
    pub fn check_text(&mut self, written: &'a ast::Expr) -> crate::model::expr::Expr {
        self.in_place(Place::Argument, |checker| checker.check(written, &Type::String))
    }

    pub fn read_sustain(&mut self, written: &'a ast::Sustain) -> Sustain {
        self.in_place(Place::Constant, |checker| match written {
            ast::Sustain::Time(time) => Sustain::Time(checker.check(time, &Type::Duration)),
            ast::Sustain::Samples(count) => Sustain::Samples(checker.check(count, &Type::Int)),
        })
    }

    fn read_missing(&mut self, written: Option<&ast::Name>) -> MissingPolicy {
        let Some(name) = written else { return MissingPolicy::Pause };
        match name.text.as_str() {
            "" | "pause" => MissingPolicy::Pause,
            "breach" => MissingPolicy::Breach,
            "ok" => MissingPolicy::Ok,
            _ => {
                self.report_word("policy for missing data", name, &["pause", "breach", "ok"]);
                MissingPolicy::Pause
            }
        }
    }

    /// A word that is none of those that may stand there.
    pub fn report_word(&mut self, what: &str, name: &ast::Name, words: &[&str]) {
        if name.text.is_empty() {
            return;
        }
        let near = Suggestion::of(&name.text, words.iter().copied());
        let mut diagnostic =
            Diagnostic::new(Code::PG101, self.here(name.at), format!("there is no {what} `{}`", name.text));
        if near.is_empty() {
            diagnostic = diagnostic.help(format!("there are `{}`", words.join("`, `")));
        }
        self.report_with_near(diagnostic, name.at, near);
    }

    /// One trigger; several for a threshold whose conditions say for themselves for how long.
    pub fn read_triggers(&mut self, written: &'a TriggerStatement, at: Span) -> Vec<Trigger> {
        let whole = self.read_trigger(written, at);
        let conditions = self.spread_threshold(&written.condition.condition, whole.condition, Holder::Trigger);
        let (action, at) = (whole.action, whole.at);
        conditions.into_iter().map(|condition| Trigger { action: action.clone(), condition, at }).collect()
    }

    fn read_trigger(&mut self, written: &'a TriggerStatement, at: Span) -> Trigger {
        let condition = self.read_condition(&written.condition, Holder::Trigger, at);
        let action = match written.kind {
            TriggerKind::Rollback => TriggerAction::Rollback,
            TriggerKind::RollbackPhase => TriggerAction::RollbackPhase,
            TriggerKind::Pause => TriggerAction::Pause,
            TriggerKind::Abort => TriggerAction::Abort,
            TriggerKind::Notify => TriggerAction::Notify(self.channel_name(written.channel.as_ref())),
        };
        Trigger { action, condition, at: self.here(at) }
    }

    /// The channel's name in the program; empty when there is none.
    pub fn channel_name(&mut self, name: Option<&ast::Name>) -> String {
        let Some(name) = name.filter(|name| !name.text.is_empty()) else { return String::new() };
        if let Some(binding) = self.scope().get(Space::Value, &name.text) {
            self.use_binding(binding);
            self.note_binding(name.at, binding);
            if matches!(self.item(binding.target).kind, ast::ItemKind::Channel(_)) {
                return self.program_name(binding.target);
            }
            let message = format!("`{}` is no channel", name.text);
            self.report(Diagnostic::new(Code::PG201, self.here(name.at), message));
        } else if !self.might_be_declared(&name.text) {
            let channels = self.values_of(|kind| matches!(kind, ast::ItemKind::Channel(_)));
            let near = Suggestion::of(&name.text, channels);
            near.names().iter().for_each(|near| self.mark_meant(near));
            self.report_undefined("channel", name, near);
        }
        String::new()
    }
}

fn sustain_at(sustain: &ast::Sustain) -> Span {
    match sustain {
        ast::Sustain::Time(expr) | ast::Sustain::Samples(expr) => expr.at,
    }
}

/// On one line, with single spaces.
pub fn collapse(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii() && !byte.is_ascii_control();
    let mut before = 0;
    let is_single = |byte: u8| std::mem::replace(&mut before, byte) != b' ' || byte != b' ';
    if text.bytes().all(is_plain) && text.bytes().all(is_single) {
        return text.trim().to_owned();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
