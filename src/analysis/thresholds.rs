//! Thresholds: a named set of conditions, judged once where it is declared and put in wherever it is named.

use rustc_hash::FxHashMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::{Location, Span};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::model::expr::{Expr, ExprKind, Operator};
use crate::model::phase::Condition;
use crate::syntax::ast::{self, ConditionStatement, ItemKind, Name, StatementKind, ThresholdItem};

use super::checker::{Bound, Checker, Entry, Frame, Place};
use super::conditions::Holder;
use super::expressions::Root;
use super::symbols::{ItemRef, Space};
use super::types::{fit, value_type};

impl<'a> Checker<'a> {
    /// Reports what is wrong in a threshold's own body.
    pub fn judge_threshold(&mut self, reference: ItemRef, item: &'a ThresholdItem) {
        self.expanding.push((reference, self.here(item.name.at)));
        let group = item.parameter.as_ref().and_then(|(_, group)| self.parameter_group(group));
        let frame = self.threshold_frame(item, group);
        // Of a parameter whose group nobody knows nothing can be said.
        let is_unknown = item.parameter.is_some() && group.is_none();
        if is_unknown {
            self.muted(|checker| checker.judge_conditions(item, frame));
        } else {
            self.judge_conditions(item, frame);
        }
        self.expanding.pop();
    }

    fn judge_conditions(&mut self, item: &'a ThresholdItem, frame: Frame<'a>) {
        self.in_frame(frame, |checker| {
            for statement in &item.body.statements {
                match &statement.kind {
                    StatementKind::Require(condition) => {
                        checker.read_condition(condition, Holder::Threshold, statement.at);
                    }
                    StatementKind::Broken => {}
                    other => {
                        checker.report_misplaced(other, statement.at, "a threshold", "only `require` stands in it");
                    }
                }
            }
        });
    }

    pub fn threshold_parameter(&self, item: ItemRef) -> Option<&'a Name> {
        match &self.item(item).kind {
            ItemKind::Threshold(threshold) => threshold.parameter.as_ref().map(|(name, _)| name),
            _ => None,
        }
    }

    /// The threshold as one condition, with its parameter bound to a group.
    pub fn expand_threshold(&mut self, reference: ItemRef, argument: Option<(ItemRef, Span)>, at: Span) -> Expr {
        let ItemKind::Threshold(item) = &self.item(reference).kind else { return self.error(at) };
        if self.frame.place != Place::Condition {
            let message = format!("the threshold `{}` looks at metrics, and a constant is needed here", item.name.text);
            self.report(Diagnostic::new(Code::PG207, self.here(at), message).label("a threshold"));
            return self.error(at);
        }
        let Some(group) = self.threshold_argument(reference, item, argument, at) else { return self.error(at) };
        if self.closes_circle(reference, at) {
            return self.error(at);
        }
        if !self.may_expand() {
            return self.error(at);
        }
        self.expanding.push((reference, self.here(at)));
        let frame = self.threshold_frame(item, group);
        let (conditions, _) = self.in_frame(frame, |checker| {
            checker.muted(|checker| checker.in_module(reference.module, |checker| checker.threshold_conditions(item)))
        });
        self.expanding.pop();
        let here = self.here(at);
        let conjunction = conditions.into_iter().reduce(|left, right| both(left, right, here));
        conjunction.map_or_else(|| self.error(at), |whole| Expr { at: here, ..whole })
    }

    /// What the parameter is bound to: `Some(None)` without a parameter, `None` when the argument is wrong.
    fn threshold_argument(
        &mut self,
        reference: ItemRef,
        item: &'a ThresholdItem,
        argument: Option<(ItemRef, Span)>,
        at: Span,
    ) -> Option<Option<ItemRef>> {
        let Some((parameter, wanted)) = &item.parameter else { return Some(None) };
        let Some((given, given_at)) = argument else {
            let message = format!("`{}` needs a group of metrics", item.name.text);
            let help = format!("write `{}({}: …)`", item.name.text, parameter.text);
            self.report(Diagnostic::new(Code::PG107, self.here(at), message).help(help));
            return None;
        };
        let wanted =
            self.muted(|checker| checker.in_module(reference.module, |checker| checker.parameter_group(wanted)))?;
        let (needed, found) = (self.group_fields(wanted), self.group_fields(given));
        for (name, ty) in needed.iter() {
            let problem = match found.get(name) {
                None => format!("`{}` has no field `{name}`", self.declared_name(given)),
                Some(field) if fit(field, ty).is_err() => {
                    format!("`{name}` is a `{}` in `{}`", value_type(field), self.declared_name(given))
                }
                Some(_) => continue,
            };
            let help =
                format!("`{}` takes any group with the fields of `{}`", item.name.text, self.declared_name(wanted));
            self.report(Diagnostic::new(Code::PG201, self.here(given_at), problem).help(help));
            return None;
        }
        Some(Some(given))
    }

    /// The conditions of a threshold one by one when they have clauses of their own, which a conjunction would lose.
    /// It is named alone, behind a `not` in a trigger; in any other expression the clauses have no meaning.
    pub fn spread_threshold(&mut self, written: &'a ast::Expr, whole: Condition, holder: Holder) -> Vec<Condition> {
        let (named, negated) = match &*written.kind {
            ast::ExprKind::Not(inner) => (inner, true),
            _ => (written, false),
        };
        let fits = negated == (holder == Holder::Trigger) && whole.expr.ty != Type::Error;
        let Some((reference, group)) = self.named_threshold(named).filter(|_| fits) else { return vec![whole] };
        let ItemKind::Threshold(item) = &self.item(reference).kind else { return vec![whole] };
        let mut own = Vec::new();
        for statement in &item.body.statements {
            match &statement.kind {
                StatementKind::Require(condition) => own.push((condition, statement.at)),
                _ => return vec![whole],
            }
        }
        if own.iter().all(|(condition, _)| condition.sustain.is_none() && condition.missing.is_none()) {
            return vec![whole];
        }
        let frame = self.threshold_frame(item, group);
        let (read, _) = self.in_frame(frame, |checker| {
            checker.muted(|checker| {
                checker.in_module(reference.module, |checker| {
                    let read =
                        own.iter().map(|(condition, at)| checker.read_condition(condition, Holder::Threshold, *at));
                    read.collect::<Vec<_>>()
                })
            })
        });
        let parameter = item.parameter.as_ref().map(|(parameter, _)| parameter.text.as_str());
        let given = parameter.zip(group.map(|group| self.declared_name(group)));
        let named = |condition: Condition| match &given {
            Some((parameter, group)) => Condition { text: rename(&condition.text, parameter, group), ..condition },
            None => condition,
        };
        let merged = read
            .into_iter()
            .map(named)
            .zip(own)
            .map(|(inner, (written, _))| merge(inner, written, &whole, (negated, holder)));
        merged.collect()
    }

    /// The threshold an expression names and nothing else, with the group it is given.
    fn named_threshold(&mut self, written: &'a ast::Expr) -> Option<(ItemRef, Option<ItemRef>)> {
        let (callee, argument) = match &*written.kind {
            ast::ExprKind::Group(inner) => return self.named_threshold(inner),
            ast::ExprKind::Call { callee, args } => (callee, args.first()),
            _ => (written, None),
        };
        let Some(Root::Threshold(reference)) = self.root_in(callee) else { return None };
        let group = argument.and_then(|argument| match self.root_in(&argument.value) {
            Some(Root::Group(group)) => Some(group),
            _ => None,
        });
        Some((reference, group))
    }

    fn threshold_conditions(&mut self, item: &'a ThresholdItem) -> Vec<Expr> {
        let mut conditions = Vec::new();
        for statement in &item.body.statements {
            if let StatementKind::Require(condition) = &statement.kind {
                conditions.push(self.check_condition(&condition.condition));
            }
        }
        conditions
    }

    fn threshold_frame(&self, item: &'a ThresholdItem, group: Option<ItemRef>) -> Frame<'a> {
        let mut frame = Frame::new();
        frame.place = Place::Condition;
        if let (Some((parameter, _)), Some(group)) = (&item.parameter, group) {
            let bound = Bound { entry: Entry::Group(group), at: self.here(parameter.at) };
            frame.scopes = vec![FxHashMap::from_iter([(parameter.text.as_str(), bound)])];
        }
        frame
    }

    /// The group that the parameter of a threshold is typed with.
    fn parameter_group(&mut self, name: &'a Name) -> Option<ItemRef> {
        if let Some(binding) = self.scope().get(Space::Value, &name.text)
            && matches!(self.item(binding.target).kind, ItemKind::Metrics(_))
        {
            self.use_binding(binding);
            self.note_binding(name.at, binding);
            self.mark_group(binding.target);
            return Some(binding.target);
        }
        if !self.might_be_declared(&name.text) {
            let near = Suggestion::of(&name.text, self.values_of(|kind| matches!(kind, ItemKind::Metrics(_))));
            self.report_undefined("group of metrics", name, near);
        }
        None
    }
}

/// The words of a condition with the parameter's name replaced by that of the group it stands for.
fn rename(text: &str, parameter: &str, group: &str) -> String {
    let is_word = |letter: char| letter == '_' || letter == '.' || letter.is_alphanumeric();
    let mut renamed = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(parameter) {
        let (before, behind) = (&rest[..at], &rest[at + parameter.len()..]);
        let begins = !before.chars().next_back().or(renamed.chars().next_back()).is_some_and(is_word);
        renamed.push_str(before);
        renamed.push_str(if begins && behind.starts_with('.') { group } else { parameter });
        rest = behind;
    }
    renamed + rest
}

/// A condition of a threshold as it is used: its own clauses, and those of the place that names it for the rest.
fn merge(
    inner: Condition,
    written: &ConditionStatement,
    outer: &Condition,
    (negated, holder): (bool, Holder),
) -> Condition {
    let at = inner.expr.at;
    let expr = if negated { Expr::new(ExprKind::Not(inner.expr), Type::Bool, at) } else { inner.expr };
    let text = if negated { format!("not ({})", inner.text) } else { inner.text };
    let sustain = if holder == Holder::Gate { None } else { inner.sustain.or_else(|| outer.sustain.clone()) };
    Condition {
        expr,
        text,
        warns: outer.warns,
        sustain,
        after: outer.after.clone(),
        missing: if written.missing.is_some() { inner.missing } else { outer.missing },
        reason: inner.reason.or_else(|| outer.reason.clone()),
        at: outer.at,
    }
}

fn both(left: Expr, right: Expr, at: Location) -> Expr {
    let ty = if left.ty == Type::Error || right.ty == Type::Error { Type::Error } else { Type::Bool };
    Expr::new(ExprKind::Binary(Operator::And, left, right), ty, at)
}

#[cfg(test)]
mod tests {
    use super::rename;

    #[test]
    fn the_parameter_is_named_as_the_group_it_stands_for_and_nothing_else_is() {
        assert_eq!(rename("m.p99 <= 2 * m.p95", "m", "canary"), "canary.p99 <= 2 * canary.p95");
        assert_eq!(rename("mm.p99 <= m and x.m.y", "m", "canary"), "mm.p99 <= m and x.m.y");
        assert_eq!(rename("sum(m.m)", "m", "canary"), "sum(canary.m)");
    }
}
