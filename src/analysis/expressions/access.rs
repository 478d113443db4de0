//! What stands behind a dot or between square brackets.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::model::expr::{Expr, ExprKind, OutputRef, RunField};
use crate::syntax::ast::{self, ItemKind, Name};

use super::super::checker::{Checker, Entry, Used};
use super::super::names::Meaning;
use super::super::symbols::{ItemRef, Space};
use super::super::types::value_type;
use super::names::{Root, Stands};
use super::text::plain;

impl<'a> Checker<'a> {
    pub fn infer_field(&mut self, written: &'a ast::Expr, inner: &'a ast::Expr, name: &'a Name) -> Expr {
        if name.text.is_empty() {
            return self.error(written.at);
        }
        if let Some((phase, element)) = self.phase_element(inner) {
            return self.output(phase, Some(element), name, written);
        }
        match self.root_in(inner) {
            Some(root) => self.field_of_root(root, written, name),
            None => {
                let inner = match &*inner.kind {
                    ast::ExprKind::Name(root) => self.infer_name(root, Stands::BeforeADot),
                    _ => self.infer(inner),
                };
                self.field_of_value(inner, written, name)
            }
        }
    }

    /// What an expression names that is no value by itself (`env`, a group, a phase); silent.
    pub fn root_in(&mut self, written: &'a ast::Expr) -> Option<Root> {
        match &*written.kind {
            ast::ExprKind::Name(name) if !self.is_value(name) => self.root_of(name),
            ast::ExprKind::Group(inner) => self.root_in(inner),
            ast::ExprKind::Field(inner, name) => {
                let Some(Root::Alias(module)) = self.root_in(inner) else { return None };
                self.item_of_module(module, name)
            }
            _ => None,
        }
    }

    fn is_value(&self, name: &Name) -> bool {
        if let Some(bound) = self.lookup(&name.text) {
            return matches!(bound.entry, Entry::Local(_));
        }
        let own_step = self.frame.phase.is_some_and(|phase| self.frame.phases.step(phase, &name.text).is_some());
        own_step || (name.text == "result" && self.frame.result.is_some())
    }

    fn item_of_module(&mut self, module: usize, name: &'a Name) -> Option<Root> {
        let binding = self.scopes[module].get(Space::Value, &name.text)?;
        self.used.insert(Used::Item(binding.target));
        self.note_binding(name.at, binding);
        Some(match &self.item(binding.target).kind {
            ItemKind::Channel(_) => Root::Channel(binding.target),
            ItemKind::Threshold(_) => Root::Threshold(binding.target),
            _ => Root::Group(binding.target),
        })
    }

    fn field_of_root(&mut self, root: Root, written: &'a ast::Expr, name: &'a Name) -> Expr {
        match root {
            Root::Environment => self.environment_key(written, name),
            Root::Run => self.run_field(written, name),
            Root::Stage => {
                if name.text == "weight" {
                    self.note(name.at, Meaning::Word("stage.weight".to_owned()), Some(&Type::Ratio));
                    return Expr::new(ExprKind::StageWeight, Type::Ratio, self.here(written.at));
                }
                self.report_unknown_field(name, "stage", ["weight"]);
                self.error(written.at)
            }
            Root::Phase(phase) => self.output(phase, None, name, written),
            Root::Group(group) => self.metric_field(group, written, name),
            Root::Alias(module) => match self.item_of_module(module, name) {
                Some(root) => self.infer_root(root, name),
                None => {
                    let near = Suggestion::of(&name.text, self.scopes[module].names_of(Space::Value));
                    let what = format!("value in `{}` named", self.module_name(module));
                    if !self.unreadable.declares(module, &name.text) {
                        self.report_undefined(&what, name, near);
                    }
                    self.error(written.at)
                }
            },
            Root::Channel(_) | Root::Threshold(_) => {
                let message = format!("there is no `.{}` here", name.text);
                let help = "only records, outputs of steps and groups of metrics have fields";
                self.report(Diagnostic::new(Code::PG201, self.here(name.at), message).help(help));
                self.error(written.at)
            }
        }
    }

    fn environment_key(&mut self, written: &ast::Expr, name: &Name) -> Expr {
        let at = self.here(written.at);
        if name.text == "name" {
            return Expr::new(ExprKind::Environment(name.text.clone()), Type::String, at);
        }
        if let Some(ty) = self.environment_keys.get(&name.text) {
            let ty = ty.clone();
            self.note(name.at, Meaning::Key(name.text.clone()), Some(&ty));
            return Expr::new(ExprKind::Environment(name.text.clone()), ty, at);
        }
        if !self.might_be_declared(&name.text) {
            let message = format!("no environment has a key `{}`", name.text);
            let near = Suggestion::of(&name.text, self.environment_keys.keys().map(String::as_str));
            let diagnostic = Diagnostic::new(Code::PG109, self.here(name.at), message);
            self.report_with_near(diagnostic, name.at, near);
        }
        self.error(written.at)
    }

    fn run_field(&mut self, written: &ast::Expr, name: &Name) -> Expr {
        let (field, ty) = match name.text.as_str() {
            "id" => (RunField::Id, Type::String),
            "started_at" => (RunField::StartedAt, Type::Time),
            "actor" => (RunField::Actor, Type::String),
            "reason" => (RunField::Reason, Type::String),
            "environment" => (RunField::Environment, Type::String),
            _ => {
                self.report_unknown_field(name, "run", ["id", "started_at", "actor", "reason", "environment"]);
                return self.error(written.at);
            }
        };
        self.note(name.at, Meaning::Word(format!("run.{}", name.text)), Some(&ty));
        Expr::new(ExprKind::Run(field), ty, self.here(written.at))
    }

    fn metric_field(&mut self, group: ItemRef, written: &ast::Expr, name: &Name) -> Expr {
        let fields = self.group_fields(group);
        if let Some((index, _, ty)) = fields.get_full(&name.text) {
            self.used.insert(Used::Field(group, index));
            self.note_metric(name.at, group, &name.text, ty);
            return self.metric(group, &name.text, ty.clone(), written.at);
        }
        self.mark_group(group);
        if !self.unreadable.declares(group.module, &name.text) {
            let owner = self.declared_name(group);
            self.report_unknown_field(name, &owner, fields.keys().map(String::as_str));
        }
        self.error(written.at)
    }

    /// `deploy[eu]`: a phase with an element of its `for`.
    fn phase_element(&mut self, written: &'a ast::Expr) -> Option<(usize, &'a ast::Expr)> {
        let ast::ExprKind::Index(inner, element) = &*written.kind else { return None };
        match self.root_in(inner)? {
            Root::Phase(phase) => Some((phase, element)),
            _ => None,
        }
    }

    /// `phase.step`
    fn output(&mut self, phase: usize, element: Option<&'a ast::Expr>, name: &Name, written: &ast::Expr) -> Expr {
        let phases = self.frame.phases.clone();
        let info = &phases.phases[phase];
        let Some((phase_name, step)) = phases.step(phase, &name.text) else {
            if !info.incomplete && !self.might_be_declared(&name.text) {
                let near = Suggestion::of(&name.text, phases.step_names(phase));
                self.report_undefined(&format!("step in the phase `{}` named", info.name), name, near);
            }
            return self.error(written.at);
        };
        self.note_place(name.at, step.at, Some(&step.output));
        let own = self.frame.phase == Some(phase);
        if own && !self.frame.produced.contains(&name.text) {
            let message = format!("`{}.{}` has not run yet when this is read", info.name, name.text);
            let diagnostic = Diagnostic::new(Code::PG302, self.here(written.at), message)
                .also(step.at, "the step stands here")
                .help("move the step before what uses its output");
            self.report(diagnostic);
            return self.error(written.at);
        }
        let element = match (element, info.each) {
            (Some(element), true) => match self.element_text(phase, element) {
                Some(text) => Some(text),
                None => return self.error(written.at),
            },
            (Some(element), false) => {
                let message = format!("the phase `{}` has no `for`, so there is only one of it", info.name);
                self.report(Diagnostic::new(Code::PG101, self.here(element.at), message));
                return self.error(written.at);
            }
            (None, true) if !own => {
                let message = format!("`{}` stands for several phases", info.name);
                let help = format!("name the one that is meant: `{}[…].{}`", info.name, name.text);
                self.report(Diagnostic::new(Code::PG201, self.here(written.at), message).help(help));
                return self.error(written.at);
            }
            (None, _) => None,
        };
        let skippable = step.conditional || (self.frame.in_hook && info.conditional);
        self.check_skippable(&format!("{}.{}", info.name, step.name), skippable, step.at, name);
        let output = OutputRef { phase: phase_name.to_owned(), element, step: name.text.clone() };
        Expr::new(ExprKind::Output(output), step.output.clone(), self.here(written.at))
    }

    /// The name of an element as it is written between the brackets; PG101 when the phase has no such element.
    pub fn element_text(&mut self, phase: usize, written: &'a ast::Expr) -> Option<String> {
        let phases = self.frame.phases.clone();
        let text = match &*written.kind {
            ast::ExprKind::Name(name) if !name.text.is_empty() => name.text.clone(),
            ast::ExprKind::String(literal) => plain(literal)?,
            ast::ExprKind::Number { value, .. } => value.to_string(),
            _ => return None,
        };
        let info = &phases.phases[phase];
        let (lists, place) = match (&info.elements, &info.elements_key) {
            (Some(elements), _) => (std::slice::from_ref(elements), ""),
            (None, Some(key)) => (self.lists_of_all_environments(key), " in any environment"),
            (None, None) => return Some(text),
        };
        if lists.is_empty() || lists.iter().any(|elements| elements.contains(&text)) {
            return Some(text);
        }
        let message = format!("the phase `{}` has no element `{text}`{place}", info.name);
        let diagnostic = Diagnostic::new(Code::PG101, self.here(written.at), message);
        let near = Suggestion::of(&text, lists.iter().flatten().map(String::as_str));
        self.report_with_near(diagnostic, written.at, near);
        None
    }

    /// What every environment has under a key, where all of them write out a list of names. A pipeline may be meant for some
    /// of them only.
    fn lists_of_all_environments(&self, key: &str) -> &[Vec<String>] {
        let lists = self.environment_lists.get(key).map_or(&[][..], Vec::as_slice);
        if lists.len() < self.environment_names.len() { &[] } else { lists }
    }

    fn field_of_value(&mut self, inner: Expr, written: &ast::Expr, name: &Name) -> Expr {
        let at = self.here(written.at);
        let ty = value_type(&inner.ty).clone();
        let diagnostic = match &ty {
            Type::Error => return self.error(written.at),
            Type::Record(record) => match record.fields.get(&name.text) {
                Some(field) => {
                    let field = field.plain().clone();
                    let owner = record.name.clone().unwrap_or_default();
                    self.note(name.at, Meaning::Field(owner, name.text.clone()), Some(&field));
                    return Expr::new(ExprKind::Field(inner, name.text.clone()), field, at);
                }
                None => {
                    let owner = match &*inner.kind {
                        ExprKind::Output(output) => format!("{}.{}", output.phase, output.step),
                        _ => ty.to_string(),
                    };
                    self.report_unknown_field(name, &owner, record.fields.keys().map(String::as_str));
                    return self.error(written.at);
                }
            },
            Type::Nothing => {
                let message = format!("there is no field `{}`: the step has no output", name.text);
                Diagnostic::new(Code::PG108, self.here(name.at), message)
            }
            Type::Json if self.reads_document(&ty) => {
                return Expr::new(ExprKind::Field(inner, name.text.clone()), Type::Json, at);
            }
            Type::Json => {
                let message = format!("this `json` needs a type before `.{}` can be read", name.text);
                Diagnostic::new(Code::PG201, self.here(name.at), message)
                    .help("declare one and give it: `step NAME: TYPE = …` or `let NAME: TYPE = …`")
            }
            Type::Optional(_) => {
                let message = format!("this may be absent, and then has no `.{}`", name.text);
                Diagnostic::new(Code::PG201, self.here(name.at), message)
                    .help("say what counts when there is no value: `?? default`")
            }
            Type::Map(_) => {
                let message = "a map has keys, not fields".to_owned();
                Diagnostic::new(Code::PG201, self.here(name.at), message)
                    .help(format!("write `[\"{}\"]` instead of `.{}`", name.text, name.text))
            }
            other => {
                Diagnostic::new(Code::PG201, self.here(name.at), format!("{} has no fields", other.with_article()))
            }
        };
        self.report(diagnostic);
        self.error(written.at)
    }

    /// PG108
    pub fn report_unknown_field<'n>(&mut self, name: &Name, owner: &str, known: impl IntoIterator<Item = &'n str>) {
        let known: Vec<&str> = known.into_iter().collect();
        let near = Suggestion::of(&name.text, known.iter().copied());
        let mut diagnostic =
            Diagnostic::new(Code::PG108, self.here(name.at), format!("`{owner}` has no field `{}`", name.text));
        if near.is_empty() && !known.is_empty() && known.len() <= 12 {
            diagnostic = diagnostic.help(format!("its fields are `{}`", known.join("`, `")));
        }
        self.report_with_near(diagnostic, name.at, near);
    }

    pub fn infer_index(&mut self, written: &'a ast::Expr, inner: &'a ast::Expr, index: &'a ast::Expr) -> Expr {
        let inner = self.infer(inner);
        let at = self.here(written.at);
        let ty = value_type(&inner.ty).clone();
        let (key, result) = match &ty {
            Type::Error => {
                self.infer(index);
                return self.error(written.at);
            }
            Type::List(element) => (Type::Int, (**element).clone()),
            Type::Map(element) => (Type::String, (**element).clone()),
            // A position or a key, whichever the document has.
            Type::Json if self.reads_document(&ty) => (Type::Error, Type::Json),
            other => {
                let message = format!("{} has nothing to pick with `[…]`", other.with_article());
                let help = match other {
                    Type::Json => "give what was read a type first",
                    Type::Record(_) => "fields of a record are read with a dot",
                    _ => "lists are read with a position from 0, maps with a key",
                };
                self.report(Diagnostic::new(Code::PG201, inner.at, message).help(help));
                return self.error(written.at);
            }
        };
        let index = self.check(index, &key);
        if index.ty == Type::Error {
            return self.error(written.at);
        }
        Expr::new(ExprKind::Index(inner, index), result, at)
    }
}
