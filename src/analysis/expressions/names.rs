//! What a bare name stands for: from the innermost scope outwards to the file and what is built in.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, OutputRef};
use crate::syntax::ast::{self, ItemKind, Name};
use crate::syntax::is_duration_unit;

use super::super::checker::{Bound, Checker, Entry, Place, Surroundings, Used};
use super::super::symbols::{Binding, ItemRef, Space};

/// `a.b.c` of an expression that is nothing but names and dots.
pub fn path_of(written: &ast::Expr) -> Option<Vec<&Name>> {
    let mut names = Vec::new();
    let mut rest = written;
    loop {
        match &*rest.kind {
            ast::ExprKind::Field(inner, name) => {
                names.push(name);
                rest = inner;
            }
            ast::ExprKind::Name(name) => {
                names.push(name);
                names.reverse();
                return Some(names);
            }
            ast::ExprKind::Group(inner) => rest = inner,
            _ => return None,
        }
    }
}

/// What the left side of a dot names when it is no value.
pub enum Root {
    /// `env`
    Environment,
    /// `run`
    Run,
    /// `stage`
    Stage,
    Phase(usize),
    Group(ItemRef),
    Channel(ItemRef),
    Threshold(ItemRef),
    /// `slo` of `use "…" as slo`
    Alias(usize),
}

/// Where a name stands, for what it may stand for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    Alone,
    /// `name.…`
    BeforeADot,
}

impl<'a> Checker<'a> {
    pub fn infer_name(&mut self, name: &'a Name, stands: Stands) -> Expr {
        if name.text.is_empty() {
            return self.error(name.at);
        }
        if let Some(bound) = self.lookup(&name.text) {
            return match bound.entry {
                Entry::Local(id) => self.local(id, name),
                Entry::Group(_) => self.refuse_group(name),
            };
        }
        if let Some(step) = self.own_step(name) {
            return step;
        }
        if let Some(field) = self.own_metric(name) {
            return field;
        }
        if name.text == "result"
            && let Some(ty) = self.frame.result.clone()
        {
            return Expr::new(ExprKind::Result, ty, self.here(name.at));
        }
        if name.text == "traffic"
            && let Some(weight) = self.bare_traffic(name.at)
        {
            return weight;
        }
        match self.root_of(name) {
            Some(root) => self.infer_root(root, name),
            None => self.undefined(name, stands),
        }
    }

    /// The nearest declaration of the name inside the pipeline, component or threshold.
    pub fn lookup(&self, name: &str) -> Option<Bound> {
        self.frame.scopes.iter().rev().find_map(|scope| scope.get(name)).cloned()
    }

    fn local(&mut self, id: crate::model::expr::LocalId, name: &Name) -> Expr {
        let index = id.0 as usize;
        if let Some(used) = self.frame.local_used.get_mut(index) {
            *used = true;
        }
        let ty = self.frame.locals.get(index).map_or(Type::Error, |local| local.ty.plain().clone());
        if let Some(place) = self.frame.locals.get(index).map(|local| local.at) {
            self.note_place(name.at, place, Some(&ty));
        }
        Expr::new(ExprKind::Local(id), ty, self.here(name.at))
    }

    /// A step of the phase that is being read, by its bare name.
    fn own_step(&mut self, name: &Name) -> Option<Expr> {
        let phase = self.frame.phase?;
        let phases = self.frame.phases.clone();
        let (phase_name, step) = phases.step(phase, &name.text)?;
        self.note_place(name.at, step.at, Some(&step.output));
        if !self.frame.produced.contains(&name.text) {
            let message = format!("`{}` has not run yet when this is read", name.text);
            let diagnostic = Diagnostic::new(Code::PG302, self.here(name.at), message)
                .also(step.at, "the step stands here")
                .help("move the step before what uses its output");
            self.report(diagnostic);
            return Some(self.error(name.at));
        }
        self.check_skippable(&step.name, step.conditional, step.at, name);
        let output = OutputRef { phase: phase_name.to_owned(), element: None, step: name.text.clone() };
        Some(Expr::new(ExprKind::Output(output), step.output.clone(), self.here(name.at)))
    }

    /// PG305
    pub fn check_skippable(&mut self, step: &str, conditional: bool, at: crate::base::span::Location, name: &Name) {
        if !conditional || self.frame.guarded {
            return;
        }
        let diagnostic =
            Diagnostic::new(Code::PG305, self.here(name.at), format!("`{step}` may be skipped and then has no output"))
                .label("used as if it had always run")
                .also(at, "runs only under a condition")
                .help("say what counts when it was skipped: `?? default`");
        self.report(diagnostic);
    }

    /// A field of the group whose derived fields are being read.
    fn own_metric(&mut self, name: &Name) -> Option<Expr> {
        let group = self.frame.group?;
        let fields = self.group_fields(group);
        let (index, _, ty) = fields.get_full(&name.text)?;
        self.used.insert(Used::Field(group, index));
        self.note_metric(name.at, group, &name.text, ty);
        Some(self.metric(group, &name.text, ty.clone(), name.at))
    }

    pub fn metric(&mut self, group: ItemRef, field: &str, ty: Type, at: crate::base::span::Span) -> Expr {
        let name = self.program_name(group);
        let kind = ExprKind::Metric { group: name, field: field.to_owned() };
        if self.frame.place != Place::Condition {
            let field_path = format!("{}.{field}", self.declared_name(group));
            let help = match self.frame.place {
                Place::Argument => format!("write `last({field_path})` to read it when the step starts"),
                _ => "metrics stand only in conditions and in functions over metrics".to_owned(),
            };
            let message = format!("`{field_path}` changes while the run goes on, and a constant is needed here");
            self.report(Diagnostic::new(Code::PG207, self.here(at), message).label("a metric").help(help));
            return self.error(at);
        }
        let ty = if ty == Type::Error { ty } else { Type::Metric(Box::new(ty)) };
        Expr::new(kind, ty, self.here(at))
    }

    /// What a name stands for that is no value by itself.
    pub fn root_of(&mut self, name: &'a Name) -> Option<Root> {
        if let Some(Bound { entry: Entry::Group(group), at }) = self.lookup(&name.text) {
            self.note_place(name.at, at, None);
            return Some(Root::Group(group));
        }
        if let Some(phase) = self.frame.phases.index_of(&name.text) {
            self.note_place(name.at, self.frame.phases.phases[phase].at, None);
            return Some(Root::Phase(phase));
        }
        if let Some(binding) = self.scope().get(Space::Value, &name.text) {
            self.use_binding(binding);
            self.note_binding(name.at, binding);
            return Some(self.value_root(binding));
        }
        match name.text.as_str() {
            "env" => return Some(Root::Environment),
            "run" if !matches!(self.frame.surroundings, Surroundings::Watch(_)) => return Some(Root::Run),
            "stage" if self.frame.in_ramp => return Some(Root::Stage),
            _ => {}
        }
        let (module, at) = self.scope().aliases.get(name.text.as_str()).copied()?;
        self.used.insert(Used::Import(self.module, at));
        self.note_place(name.at, self.here(at), None);
        Some(Root::Alias(module))
    }

    fn value_root(&self, binding: Binding) -> Root {
        match &self.item(binding.target).kind {
            ItemKind::Channel(_) => Root::Channel(binding.target),
            ItemKind::Threshold(_) => Root::Threshold(binding.target),
            _ => Root::Group(binding.target),
        }
    }

    pub fn infer_root(&mut self, root: Root, name: &'a Name) -> Expr {
        match root {
            Root::Channel(item) => {
                let channel = self.program_name(item);
                Expr::literal(Value::Channel(channel), Type::Channel, self.here(name.at))
            }
            Root::Threshold(item) => self.expand_threshold(item, None, name.at),
            Root::Group(_) => self.refuse_group(name),
            Root::Phase(_) => {
                let message = format!("`{}` is a phase, and a value is needed here", name.text);
                let help = "name a step of it, whose output is meant: `phase.step.field`";
                self.report(Diagnostic::new(Code::PG201, self.here(name.at), message).help(help));
                self.error(name.at)
            }
            Root::Environment | Root::Run | Root::Stage | Root::Alias(_) => {
                let message = format!("`{}` is no value by itself", name.text);
                let help = format!("name what is meant of it: `{}.…`", name.text);
                self.report(Diagnostic::new(Code::PG201, self.here(name.at), message).help(help));
                self.error(name.at)
            }
        }
    }

    fn refuse_group(&mut self, name: &Name) -> Expr {
        let message = format!("`{}` is a group of metrics, and a value is needed here", name.text);
        let help = format!("name a field of it: `{}.…`", name.text);
        self.report(Diagnostic::new(Code::PG201, self.here(name.at), message).help(help));
        self.error(name.at)
    }

    fn undefined(&mut self, name: &'a Name, stands: Stands) -> Expr {
        if self.might_be_declared(&name.text) {
            return self.error(name.at);
        }
        if let Some(later) = self.frame.later.iter().rev().find_map(|later| later.get(name.text.as_str()).copied()) {
            self.frame.named_early.insert(later);
            let message = format!("`{}` has no value yet when this is read", name.text);
            let diagnostic = Diagnostic::new(Code::PG302, self.here(name.at), message)
                .also(self.here(later), "declared further down")
                .help("move the `let` above what uses it");
            self.report(diagnostic);
            return self.error(name.at);
        }
        let (what, near) = if name.text == "stage" {
            ("ramp around this, and so no", Suggestion::default())
        } else {
            ("value", Suggestion::of(&name.text, self.names_in_reach(stands)))
        };
        for near in near.names() {
            self.mark_meant(near);
        }
        if is_duration_unit(&name.text) {
            let help = format!("a length of time begins with its number: `1{0}`, and a rate is `5 / 1{0}`", name.text);
            let message = format!("there is no value `{}`", name.text);
            self.report(Diagnostic::new(Code::PG101, self.here(name.at), message).help(help));
            return self.error(name.at);
        }
        self.report_undefined(what, name, near);
        self.error(name.at)
    }

    /// What was probably meant is not unused as well.
    pub fn mark_meant(&mut self, name: &str) {
        match self.lookup(name) {
            Some(Bound { entry: Entry::Local(id), .. }) => {
                if let Some(used) = self.frame.local_used.get_mut(id.0 as usize) {
                    *used = true;
                }
            }
            Some(Bound { entry: Entry::Group(group), .. }) => self.mark_group(group),
            None => {
                if let Some(binding) = self.scope().get(Space::Value, name) {
                    self.use_binding(binding);
                    self.mark_group(binding.target);
                }
            }
        }
        if let Some((_, at)) = self.scope().aliases.get(name).copied() {
            self.used.insert(Used::Import(self.module, at));
        }
    }

    /// All fields of a group count as used.
    pub fn mark_group(&mut self, group: ItemRef) {
        for index in 0..self.group_fields(group).len() {
            self.used.insert(Used::Field(group, index));
        }
    }

    /// Every name that may stand there, for suggestions.
    fn names_in_reach(&self, stands: Stands) -> Vec<&str> {
        let dotted = stands == Stands::BeforeADot;
        let mut names: Vec<&str> = Vec::new();
        for scope in &self.frame.scopes {
            let fits = |bound: &Bound| dotted || matches!(bound.entry, Entry::Local(_));
            names.extend(scope.iter().filter(|(_, bound)| fits(bound)).map(|(name, _)| *name));
        }
        if let Some(phase) = self.frame.phase {
            names.extend(self.frame.phases.step_names(phase));
        }
        if dotted {
            names.extend(self.frame.phases.names());
            names.extend(self.scope().aliases.keys().copied());
            names.extend(["env", "run"]);
            names.extend(self.values_of(|kind| matches!(kind, ItemKind::Metrics(_))));
        } else {
            let in_condition = self.frame.place == Place::Condition;
            names.extend(self.values_of(|kind| !matches!(kind, ItemKind::Metrics(_) | ItemKind::Threshold(_))));
            names.extend(self.values_of(|kind| in_condition && matches!(kind, ItemKind::Threshold(_))));
        }
        names
    }

    /// The names of this file that stand for a value of some kind.
    pub fn values_of(&self, is_meant: impl Fn(&ItemKind) -> bool) -> Vec<&'a str> {
        let scope = self.scope();
        let fits = |name: &&str| {
            scope.get(Space::Value, name).is_some_and(|binding| is_meant(&self.item(binding.target).kind))
        };
        scope.names_of(Space::Value).filter(fits).collect()
    }
}
