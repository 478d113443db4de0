//! Components: judged once where they are declared, put in where they are run.

use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::base::suggest::Suggestion;
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::Block;
use crate::model::program::{Local, LocalKind};
use crate::model::rewrite::{Rewriter, rewrite_block, rewrite_expr};
use crate::syntax::ast::{self, ComponentItem, ItemKind};

use super::arguments::{Callee, Formal};
use super::checker::{Bound, Checker, Entry, Frame, Place};
use super::expressions::path_of;
use super::phases::{PhaseInfo, PhaseTable};
use super::statements::Body;
use super::symbols::{ItemRef, Space};

impl<'a> Checker<'a> {
    /// Reports what is wrong in a component's own body and gives it as it would stand in a phase.
    pub fn judge_component(&mut self, reference: ItemRef, item: &'a ComponentItem) -> (Block, Frame<'a>) {
        self.expanding.push((reference, self.here(item.name.at)));
        let mut info = PhaseInfo { name: item.name.text.clone(), ..PhaseInfo::default() };
        self.collect_steps(&item.body, &mut info);
        let frame = Frame { phases: Rc::new(PhaseTable::of_component(info)), ..Frame::new() };
        let judged = self.in_frame(frame, |checker| {
            checker.declare_params(&item.params);
            checker.frame.phase = Some(0);
            checker.read_block(&item.body, Body::Component)
        });
        self.expanding.pop();
        judged
    }

    /// Parameters of a pipeline or component, with their defaults.
    pub fn declare_params(&mut self, params: impl IntoIterator<Item = &'a ast::Param>) {
        for param in params {
            let ty = self.resolve_type(&param.ty);
            let default = param.default.as_ref().map(|default| self.check(default, &ty));
            self.declare_local(&param.name, param.doc.clone(), ty, LocalKind::Param(default));
        }
    }

    /// `run block(…)`: the component's body with its arguments as locals.
    pub fn expand_run(&mut self, run: &'a ast::Expr) -> Option<Block> {
        let ast::ExprKind::Call { callee, args } = &*run.kind else {
            if !matches!(&*run.kind, ast::ExprKind::Broken) {
                let message = "this is no call of a component";
                let help = "a call has parentheses: `run block(…)`";
                self.report(Diagnostic::new(Code::PG103, self.here(run.at), message).help(help));
            }
            return None;
        };
        let Some(reference) = self.component_of(run) else {
            self.report_unknown_component(callee);
            for arg in args {
                self.in_place(Place::Argument, |checker| checker.infer(&arg.value));
            }
            return None;
        };
        let ItemKind::Component(component) = &self.item(reference).kind else { return None };
        if self.closes_circle(reference, run.at) {
            return None;
        }
        let scope = self.read_run_arguments(reference, component, (run, callee), args);
        if !self.may_expand() {
            return None;
        }
        self.expanding.push((reference, self.here(run.at)));
        let block = self.expand_body((reference, component), scope, run);
        self.expanding.pop();
        Some(block)
    }

    fn report_unknown_component(&mut self, callee: &'a ast::Expr) {
        let Some(path) = path_of(callee) else { return };
        if path.iter().any(|name| self.might_be_declared(&name.text)) {
            return;
        }
        let name = path.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        let near = Suggestion::of(&name, self.scope().names_of(Space::Component));
        let scope = self.scope();
        for binding in near.names().iter().filter_map(|near| scope.get(Space::Component, near)) {
            self.use_binding(binding);
        }
        let diagnostic = Diagnostic::new(Code::PG103, self.here(callee.at), format!("there is no component `{name}`"));
        self.report_with_near(diagnostic, callee.at, near);
    }

    /// The parameters bound to the arguments, as locals of the pipeline.
    fn read_run_arguments(
        &mut self,
        reference: ItemRef,
        component: &'a ComponentItem,
        (run, callee): (&'a ast::Expr, &'a ast::Expr),
        args: &'a [ast::Arg],
    ) -> FxHashMap<&'a str, Bound> {
        let formals: Vec<Formal<'_>> = component
            .params
            .iter()
            .map(|param| Formal { name: &param.name.text, required: param.default.is_none() })
            .collect();
        let called = Callee { name: &component.name.text, at: callee.at, formals: &formals, rest: false };
        let actuals = self.bind_arguments(called, args);
        let params: Vec<&ast::Param> = component.params.iter().collect();
        self.note_arguments(args, &params, reference.module);
        let mut scope = FxHashMap::default();
        for (index, param) in component.params.iter().enumerate() {
            let ty =
                self.muted(|checker| checker.in_module(reference.module, |checker| checker.resolve_type(&param.ty)));
            let value = match actuals.iter().find(|actual| actual.formal == index) {
                Some(actual) => self.in_place(Place::Argument, |checker| checker.check(actual.value, &ty)),
                None => match &param.default {
                    Some(default) => {
                        let value = self.muted(|checker| {
                            checker.in_module(reference.module, |checker| checker.check(default, &ty))
                        });
                        Expr { at: self.here(run.at), ..value }
                    }
                    None => self.error(run.at),
                },
            };
            let at = Location::new(self.modules[reference.module].file, param.name.at);
            let kind = LocalKind::Value(value);
            let id = self.add_local(Local { name: param.name.text.clone(), doc: param.doc.clone(), ty, kind, at });
            if let Some(used) = self.frame.local_used.last_mut() {
                *used = true;
            }
            scope.entry(param.name.text.as_str()).or_insert(Bound { entry: Entry::Local(id), at });
        }
        scope
    }

    /// The body in the phase of the `run`, seeing nothing of the pipeline but its own parameters.
    fn expand_body(
        &mut self,
        (reference, component): (ItemRef, &'a ComponentItem),
        scope: FxHashMap<&'a str, Bound>,
        run: &'a ast::Expr,
    ) -> Block {
        let phases = self.frame.phases.clone();
        let phase = self.frame.phase.and_then(|phase| phases.phases.get(phase));
        let name = phase.map(|phase| phase.name.clone()).unwrap_or_default();
        let renames = phase.and_then(|phase| phase.renames.get(&run.at));
        let mut info = PhaseInfo { name: name.clone(), ..PhaseInfo::default() };
        self.muted(|checker| {
            checker.in_module(reference.module, |checker| checker.collect_steps(&component.body, &mut info));
        });
        let given = |name: &String| renames.and_then(|renames| renames.get(name)).unwrap_or(name).clone();
        let steps: FxHashSet<String> = info.steps.keys().map(given).collect();
        let first_own = self.frame.locals.len();
        let frame = Frame {
            locals: std::mem::take(&mut self.frame.locals),
            local_used: std::mem::take(&mut self.frame.local_used),
            scopes: vec![scope],
            phases: Rc::new(PhaseTable::of_component(info)),
            phase: Some(0),
            in_ramp: self.frame.in_ramp,
            ..Frame::new()
        };
        let (mut block, inner) = self.in_frame(frame, |checker| {
            checker.muted(|checker| {
                checker.in_module(reference.module, |checker| checker.read_block(&component.body, Body::Component))
            })
        });
        self.frame.locals = inner.locals;
        // What a component declares is judged with the component.
        self.frame.local_used = inner.local_used;
        self.frame.local_used.iter_mut().skip(first_own).for_each(|used| *used = true);
        self.frame.produced.extend(steps);
        if let Some(renames) = renames {
            let mut rename = Rename { phase: &name, renames };
            rewrite_block(&mut block, &mut rename);
            for local in self.frame.locals.iter_mut().skip(first_own) {
                if let LocalKind::Value(value) = &mut local.kind {
                    rewrite_expr(value, &mut rename);
                }
            }
        }
        block
    }
}

/// Gives the steps of a component the names they have in the phase it is put in.
struct Rename<'r> {
    phase: &'r str,
    renames: &'r FxHashMap<String, String>,
}

impl Rewriter for Rename<'_> {
    fn expr(&mut self, expr: &mut Expr) {
        if let ExprKind::Output(output) = &mut *expr.kind
            && output.phase == self.phase
            && output.element.is_none()
        {
            self.name(&mut output.step);
        }
    }

    fn name(&mut self, name: &mut String) {
        // What is in a composite step has its name in front.
        let end = name.find('.').unwrap_or(name.len());
        if let Some(given) = self.renames.get(&name[..end]) {
            name.replace_range(..end, given);
        }
    }
}
