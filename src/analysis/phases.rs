//! Phases: which steps each has, and its statements.

use std::rc::Rc;

use indexmap::IndexMap;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::{Location, Span};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::contract::window::Window;
use crate::model::expr::ExprKind;
use crate::model::phase::{Each, FailurePolicy, Phase, PhaseRef};
use crate::model::program::LocalKind;
use crate::syntax::ast::{self, Block, ItemKind, PhaseStatement, SignatureKind, StatementKind, StepStatement};

use super::checker::{Checker, Place};
use super::expressions::path_of;
use super::statements::Body;
use super::stdlib::Signature;
use super::symbols::{ItemRef, Space, duplicate};
use super::types::value_type;

/// A step as those who use its output see it.
#[derive(Debug, Clone)]
pub struct StepInfo {
    pub name: String,
    pub output: Type,
    /// It has a `when` of its own.
    pub conditional: bool,
    pub at: Location,
}

#[derive(Debug, Clone, Default)]
pub struct PhaseInfo {
    pub name: String,
    /// Where its name stands.
    pub at: Location,
    pub steps: IndexMap<String, StepInfo>,
    /// It has a `for`.
    pub each: bool,
    /// The elements of its `for`, when they are written out.
    pub elements: Option<Vec<String>>,
    /// The key of the environment that its `for` goes through.
    pub elements_key: Option<String>,
    /// It has a `when`.
    pub conditional: bool,
    /// It ramps something.
    pub ramps: bool,
    /// A part of it could not be read, so that it may have more steps than are known.
    pub incomplete: bool,
    /// Of each `run`: what its component's steps are called here, where it is something else than there.
    pub renames: FxHashMap<Span, FxHashMap<String, String>>,
    /// The names of composite steps that have none, by their call.
    pub labels: FxHashMap<Span, String>,
    /// The last number behind a name.
    pub numbers: FxHashMap<String, u32>,
}

impl PhaseInfo {
    /// The name, with a number behind it when it is taken.
    fn free_name(&mut self, name: &str) -> String {
        if self.steps.contains_key(name) { self.numbered(name, 2) } else { name.to_owned() }
    }

    fn numbered(&mut self, name: &str, first: u32) -> String {
        loop {
            let number = self.numbers.entry(name.to_owned()).or_insert(first - 1);
            *number += 1;
            let numbered = format!("{name}{number}");
            if !self.steps.contains_key(&numbered) {
                return numbered;
            }
        }
    }
}

/// The phases of a pipeline.
#[derive(Debug, Clone, Default)]
pub struct PhaseTable {
    /// Shared: each hook has a table of its own, with one more in it.
    pub phases: Vec<Rc<PhaseInfo>>,
    by_name: Rc<FxHashMap<String, usize>>,
    /// What the phases cannot be named by: the body of a component has a phase without a name around it.
    nameless: bool,
}

impl PhaseTable {
    /// The one phase that a component's body is read in.
    pub fn of_component(phase: PhaseInfo) -> Self {
        Self { phases: vec![Rc::new(phase)], nameless: true, ..Self::default() }
    }

    pub fn index_of(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        let hidden = self.nameless;
        self.phases.iter().filter(move |_| !hidden).map(|phase| phase.name.as_str())
    }

    pub fn step(&self, phase: usize, name: &str) -> Option<(&str, &StepInfo)> {
        let phase = self.phases.get(phase)?;
        phase.steps.get(name).map(|step| (phase.name.as_str(), step))
    }

    pub fn step_names(&self, phase: usize) -> impl Iterator<Item = &str> {
        self.phases.get(phase).into_iter().flat_map(|phase| phase.steps.keys().map(String::as_str))
    }

    fn insert(&mut self, phase: PhaseInfo) {
        Rc::make_mut(&mut self.by_name).entry(phase.name.clone()).or_insert(self.phases.len());
        self.phases.push(Rc::new(phase));
    }
}

impl<'a> Checker<'a> {
    /// The phases of a pipeline with their steps; two of one name are PG102.
    pub fn collect_phases(&mut self, body: &'a Block) -> PhaseTable {
        let mut table = PhaseTable::default();
        let mut places: FxHashMap<&str, Location> = FxHashMap::default();
        for statement in &body.statements {
            let StatementKind::Phase(phase) = &statement.kind else { continue };
            let at = self.here(phase.name.at);
            if !phase.name.text.is_empty()
                && let Some(first) = places.insert(&phase.name.text, at)
            {
                self.report(duplicate(&phase.name.text, at, first));
            }
            if let Some(each) = &phase.each {
                self.refuse_twins(&each.list);
            }
            let mut info = PhaseInfo {
                name: phase.name.text.clone(),
                at,
                each: phase.each.is_some(),
                elements: phase.each.as_ref().and_then(|each| written_elements(&each.list)),
                elements_key: phase.each.as_ref().and_then(|each| environment_key(&each.list)),
                conditional: phase.when.is_some(),
                ..PhaseInfo::default()
            };
            self.collect_steps(&phase.body, &mut info);
            table.insert(info);
        }
        table
    }

    /// PG102 for two elements of one name: their phases would have one name.
    fn refuse_twins(&mut self, list: &'a ast::Expr) {
        let (ast::ExprKind::List(items), Some(elements)) = (&*list.kind, written_elements(list)) else { return };
        let mut places: FxHashMap<String, Location> = FxHashMap::default();
        for (item, element) in items.iter().zip(elements) {
            let at = self.here(item.at);
            let Some(first) = places.get(&element).copied() else {
                places.insert(element, at);
                continue;
            };
            let diagnostic =
                Diagnostic::new(Code::PG102, at, format!("`{}` stands in this list twice", self.text(item.at)))
                    .label("a second phase of that name")
                    .also(first, "the first one")
                    .help("leave out one of them");
            self.report(diagnostic);
        }
    }

    /// Adds the steps of a block to a phase; two of one name are PG102. What is put in (components, composite steps without
    /// a name) comes after what is written there, and is given names that are free.
    pub fn collect_steps(&mut self, block: &'a Block, info: &mut PhaseInfo) {
        self.collect_own_steps(block, info);
        self.collect_put_in(block, info);
    }

    fn collect_own_steps(&mut self, block: &'a Block, info: &mut PhaseInfo) {
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Step(step) => self.collect_step(step, info),
                StatementKind::Parallel(body) => self.collect_own_steps(body, info),
                StatementKind::Ramp { body, .. } => {
                    info.ramps = true;
                    self.collect_own_steps(body, info);
                }
                StatementKind::Broken => info.incomplete = true,
                _ => {}
            }
        }
    }

    fn collect_put_in(&mut self, block: &'a Block, info: &mut PhaseInfo) {
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Step(StepStatement { name: None, call, .. })
                | StatementKind::Call(StepStatement { call, .. }) => {
                    self.label_composite(call, info);
                }
                StatementKind::Parallel(body) | StatementKind::Ramp { body, .. } => self.collect_put_in(body, info),
                StatementKind::Run(run) => self.collect_component(run, info),
                _ => {}
            }
        }
    }

    /// A composite step without a name is called as what it does, with a number: `set_env1`.
    fn label_composite(&mut self, call: &'a ast::Expr, info: &mut PhaseInfo) {
        let Some(signature) = self.signature_called(call).filter(|signature| signature.composition.is_some()) else {
            return;
        };
        let label = info.numbered(signature.name.rsplit('.').next().unwrap_or_default(), 1);
        let (name, at) = (label.clone(), self.here(call.at));
        info.steps.insert(label.clone(), StepInfo { name, output: signature.output.clone(), conditional: true, at });
        info.labels.insert(call.at, label);
    }

    fn collect_step(&mut self, step: &'a StepStatement, info: &mut PhaseInfo) {
        let Some(name) = step.name.as_ref().filter(|name| !name.text.is_empty()) else { return };
        let at = self.here(name.at);
        if let Some(first) = info.steps.get(&name.text) {
            let diagnostic = duplicate(&name.text, at, first.at);
            self.report(diagnostic);
            return;
        }
        let output = self.muted(|checker| checker.output_type(step));
        self.note_place(name.at, at, Some(&output));
        let conditional = step.when.is_some();
        info.steps.insert(name.text.clone(), StepInfo { name: name.text.clone(), output, conditional, at });
    }

    fn output_type(&mut self, step: &'a StepStatement) -> Type {
        if let Some(ty) = &step.ty {
            return value_type(&self.resolve_type(ty)).clone();
        }
        self.signature_called(&step.call).map_or(Type::Error, |signature| signature.output.clone())
    }

    /// The step that a call names; silent.
    fn signature_called(&self, call: &ast::Expr) -> Option<&'a Signature> {
        let ast::ExprKind::Call { callee, .. } = &*call.kind else { return None };
        let path = path_of(callee)?;
        let name = path.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        self.catalog.get(SignatureKind::Step, &name)
    }

    /// The steps of a component that runs in the phase.
    fn collect_component(&mut self, run: &'a ast::Expr, info: &mut PhaseInfo) {
        let Some(reference) = self.component_of(run) else {
            info.incomplete = true;
            return;
        };
        let ItemKind::Component(component) = &self.item(reference).kind else { return };
        if self.expanding.iter().any(|(open, _)| *open == reference) || !self.may_expand() {
            return;
        }
        self.expanding.push((reference, self.here(run.at)));
        let mut inner = PhaseInfo::default();
        self.muted(|checker| {
            checker.in_module(reference.module, |checker| checker.collect_steps(&component.body, &mut inner));
        });
        self.expanding.pop();
        info.incomplete |= inner.incomplete;
        info.ramps |= inner.ramps;
        let mut renames = FxHashMap::default();
        for (name, step) in inner.steps {
            let given = info.free_name(&name);
            info.steps.insert(given.clone(), StepInfo { name: given.clone(), ..step });
            if given != name {
                renames.insert(name, given);
            }
        }
        if !renames.is_empty() {
            info.renames.insert(run.at, renames);
        }
    }

    /// The component that `run NAME(…)` names; silent.
    pub fn component_of(&mut self, run: &'a ast::Expr) -> Option<ItemRef> {
        let ast::ExprKind::Call { callee, .. } = &*run.kind else { return None };
        let path = path_of(callee)?;
        let binding = match path.as_slice() {
            [name] => {
                let binding = self.scope().get(Space::Component, &name.text)?;
                self.use_binding(binding);
                self.note_binding(name.at, binding);
                binding
            }
            [alias, name] => {
                let (module, at) = self.scope().aliases.get(alias.text.as_str()).copied()?;
                self.used.insert(super::checker::Used::Import(self.module, at));
                self.note_place(alias.at, self.here(at), None);
                let binding = self.scopes[module].get(Space::Component, &name.text)?;
                self.note_binding(name.at, binding);
                binding
            }
            _ => return None,
        };
        Some(binding.target)
    }

    pub fn read_phase(&mut self, index: usize, written: &'a ast::Statement, phase: &'a PhaseStatement) -> Phase {
        self.frame.phase = Some(index);
        self.frame.produced = FxHashSet::default();
        let after = phase.after.iter().filter_map(|path| self.read_phase_ref(&path.expr)).collect();
        self.frame.phase = None;
        self.frame.scopes.push(FxHashMap::default());
        let each = phase.each.as_ref().map(|each| self.read_each(each));
        let when = phase.when.as_ref().map(|when| {
            let guarded = std::mem::replace(&mut self.frame.guarded, false);
            let when = self.in_place(Place::Condition, |checker| checker.check_condition(when));
            self.frame.guarded = guarded;
            when
        });
        self.frame.phase = Some(index);
        let title = phase.title.as_ref().map(|title| self.infer_string(title));
        let (window, on_failure) = self.read_phase_settings(&phase.body);
        let body = self.read_block(&phase.body, Body::Phase);
        self.frame.scopes.pop();
        self.frame.phase = None;
        Phase {
            name: phase.name.text.clone(),
            title,
            doc: written.doc.clone(),
            after,
            each,
            when,
            window,
            on_failure,
            body,
            at: self.here(written.at),
            name_at: self.here(phase.name.at),
        }
    }

    fn read_each(&mut self, each: &'a ast::Each) -> Each {
        let list = self.infer(&each.list);
        let element = match value_type(&list.ty) {
            Type::List(element) => value_type(element).clone(),
            Type::Error => Type::Error,
            other => {
                let message = format!("`for` needs a list, found `{other}`");
                self.report(Diagnostic::new(Code::PG201, list.at, message));
                Type::Error
            }
        };
        if refers_to_run(&list) {
            let message = "the elements of `for` are not known before the run";
            let help = "`for` takes a list of what is written, of parameters and of the environment";
            self.report(Diagnostic::new(Code::PG207, list.at, message).help(help));
        }
        let at_once = each.at_once.as_ref().map(|count| self.check(count, &Type::Int));
        let variable = self.declare_local(&each.variable, None, element, LocalKind::Loop);
        Each { variable, list, at_once }
    }

    /// `A` or `deploy[eu]` behind `after`.
    pub fn read_phase_ref(&mut self, written: &'a ast::Expr) -> Option<PhaseRef> {
        let (name, element) = match &*written.kind {
            ast::ExprKind::Name(name) => (name, None),
            ast::ExprKind::Index(inner, element) => match &*inner.kind {
                ast::ExprKind::Name(name) => (name, Some(element)),
                _ => return None,
            },
            ast::ExprKind::Broken => return None,
            _ => {
                let message = "only phases are waited for";
                let help = "name the phase; with a step's output the order comes by itself";
                self.report(Diagnostic::new(Code::PG101, self.here(written.at), message).help(help));
                return None;
            }
        };
        let phases = self.frame.phases.clone();
        let Some(phase) = phases.index_of(&name.text) else {
            if !self.might_be_declared(&name.text) {
                let near = Suggestion::of(&name.text, phases.names());
                self.report_undefined("phase", name, near);
            }
            return None;
        };
        self.note_place(name.at, phases.phases[phase].at, None);
        let element = match element {
            Some(element) if phases.phases[phase].each => Some(self.element_text(phase, element)?),
            Some(element) => {
                let message = format!("the phase `{}` has no `for`, so there is only one of it", name.text);
                self.report(Diagnostic::new(Code::PG101, self.here(element.at), message));
                return None;
            }
            None => None,
        };
        Some(PhaseRef { name: name.text.clone(), element })
    }

    /// `window` and `on failure`, which stand before the first statement.
    fn read_phase_settings(&mut self, body: &'a Block) -> (Option<crate::model::expr::Expr>, Option<FailurePolicy>) {
        let (mut window, mut policy) = (None, None);
        let (mut begun, mut stated) = (false, false);
        for statement in &body.statements {
            match &statement.kind {
                StatementKind::OnFailure { .. } if stated => self.refuse_second(statement),
                StatementKind::Window(_) if window.is_some() => self.refuse_second(statement),
                StatementKind::Window(value) => window = Some(self.read_window(value)),
                StatementKind::OnFailure { policy: word } => {
                    stated = true;
                    if begun {
                        let message = "`on failure` stands before the first statement of its phase";
                        self.report(Diagnostic::new(Code::PG112, self.here(statement.at), message));
                    }
                    policy = match word.text.as_str() {
                        "rollback" => Some(FailurePolicy::Rollback),
                        "stop" => Some(FailurePolicy::Stop),
                        "continue" => Some(FailurePolicy::Continue),
                        _ => {
                            self.report_word("policy", word, &["rollback", "stop", "continue"]);
                            None
                        }
                    };
                }
                StatementKind::Trigger(_) | StatementKind::Let { .. } | StatementKind::Broken => {}
                _ => begun = true,
            }
        }
        (window, policy)
    }

    fn refuse_second(&mut self, statement: &'a ast::Statement) {
        self.report_misplaced(&statement.kind, statement.at, "a phase that has one", "write it once");
    }

    pub fn read_window(&mut self, value: &'a ast::Expr) -> crate::model::expr::Expr {
        let window = self.check(value, &Type::String);
        if let Some(crate::contract::value::Value::Text(text)) = window.as_literal()
            && let Err(reason) = Window::parse(text)
        {
            self.report_literal(&window, "window", text, &reason);
        }
        window
    }
}

/// Whether the value is only known once something has run.
fn refers_to_run(expr: &crate::model::expr::Expr) -> bool {
    matches!(&*expr.kind, ExprKind::Output(_) | ExprKind::Metric { .. })
        || expr.children().into_iter().any(refers_to_run)
}

/// `env.KEY`
fn environment_key(list: &ast::Expr) -> Option<String> {
    let ast::ExprKind::Field(owner, key) = &*list.kind else { return None };
    matches!(&*owner.kind, ast::ExprKind::Name(name) if name.text == "env").then(|| key.text.clone())
}

/// The elements of a list that is written out.
pub fn written_elements(list: &ast::Expr) -> Option<Vec<String>> {
    let ast::ExprKind::List(items) = &*list.kind else { return None };
    let texts = items.iter().map(|item| match &*item.kind {
        ast::ExprKind::String(literal) => match literal.pieces.as_slice() {
            [ast::StringPiece::Text(text)] => Some(text.clone()),
            _ => None,
        },
        ast::ExprKind::Number { value, .. } => Some(value.to_string()),
        _ => None,
    });
    texts.collect()
}
