//! `run PIPELINE(…) in ENVIRONMENT`, as schedules and tests have it.

use rustc_hash::FxHashSet;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::suggest::Suggestion;
use crate::model::expr::Expr;
use crate::model::operations::Launch;
use crate::syntax::ast::{self, Arg, ExprKind, ItemKind, Name, PipelineItem, StatementKind, TestItem};

use super::super::arguments::{Callee, Formal};
use super::super::checker::{Checker, Place};
use super::super::expressions::path_of;
use super::super::symbols::{Binding, ItemRef, Scope, Space};

impl<'a> Checker<'a> {
    /// The pipeline that is run, and how; what is wrong with either is reported.
    pub(super) fn read_launch(
        &mut self,
        written: &'a ast::Expr,
        environment: Option<&'a Name>,
    ) -> (Option<ItemRef>, Option<Launch>) {
        let (callee, args) = match &*written.kind {
            ExprKind::Call { callee, args } => (callee, args.as_slice()),
            ExprKind::Group(inner) => return self.read_launch(inner, environment),
            ExprKind::Broken => return (None, None),
            _ => {
                self.report_no_launch(written);
                return (None, None);
            }
        };
        let pipeline = self.pipeline_named(callee);
        let item = pipeline.map(|pipeline| &self.item(pipeline).kind);
        let (Some(pipeline), Some(ItemKind::Pipeline(item))) = (pipeline, item) else {
            for arg in args {
                self.infer(&arg.value);
            }
            self.read_launch_environment(written, environment);
            return (None, None);
        };
        let args = self.read_launch_arguments(pipeline, item, callee, args);
        let environment = self.read_launch_environment(written, environment);
        let launch = Launch { pipeline: self.program_name(pipeline), args, environment, at: self.here(written.at) };
        (Some(pipeline), Some(launch))
    }

    fn report_no_launch(&mut self, written: &'a ast::Expr) {
        let message = "this is no call of a pipeline";
        let help = match path_of(written) {
            Some(_) => {
                self.pipeline_named(written);
                format!("a call has parentheses: `run {}(…)`", self.text(written.at))
            }
            None => "a pipeline is run as `run NAME(…)`".to_owned(),
        };
        self.report(Diagnostic::new(Code::PG103, self.here(written.at), message).help(help));
    }

    fn pipeline_named(&mut self, callee: &'a ast::Expr) -> Option<ItemRef> {
        let path = path_of(callee).unwrap_or_default();
        match path.as_slice() {
            [name] => match self.scope().get(Space::Pipeline, &name.text) {
                Some(binding) => {
                    self.note_binding(name.at, binding);
                    Some(self.used_pipeline(binding))
                }
                None => {
                    self.report_unknown_pipeline(name);
                    None
                }
            },
            [alias, name] if self.scope().aliases.contains_key(alias.text.as_str()) => {
                let (module, at) = self.scope().aliases[alias.text.as_str()];
                self.note_place(alias.at, self.here(at), None);
                self.mark_meant(&alias.text);
                let found = self.scopes[module].get(Space::Pipeline, &name.text);
                if found.is_none() && !self.unreadable.declares(module, &name.text) {
                    let near = Suggestion::of(&name.text, self.scopes[module].names_of(Space::Pipeline));
                    let what = format!("pipeline in `{}` named", self.module_name(module));
                    self.report_undefined(&what, name, near);
                }
                self.note_binding(name.at, found?);
                Some(found?.target)
            }
            _ => {
                if !matches!(&*callee.kind, ExprKind::Broken) {
                    let name = self.text(callee.at);
                    let message = format!("there is no pipeline `{name}`");
                    self.report(Diagnostic::new(Code::PG101, self.here(callee.at), message));
                }
                None
            }
        }
    }

    fn used_pipeline(&mut self, binding: Binding) -> ItemRef {
        self.use_binding(binding);
        binding.target
    }

    fn report_unknown_pipeline(&mut self, name: &'a Name) {
        if self.might_be_declared(&name.text) {
            return;
        }
        if let Some(component) = self.scope().get(Space::Component, &name.text) {
            self.use_binding(component);
            let message = format!("`{}` is a component, and a pipeline is needed here", name.text);
            let diagnostic =
                Diagnostic::new(Code::PG101, self.here(name.at), message).help("name a pipeline that runs it");
            return self.report(diagnostic);
        }
        let near = Suggestion::of(&name.text, self.scope().names_of(Space::Pipeline));
        let scope = self.scope();
        for meant in near.names().iter().filter_map(|near| scope.get(Space::Pipeline, near)) {
            self.use_binding(meant);
        }
        self.report_undefined("pipeline", name, near);
    }

    fn read_launch_arguments(
        &mut self,
        pipeline: ItemRef,
        item: &'a PipelineItem,
        callee: &'a ast::Expr,
        args: &'a [Arg],
    ) -> Vec<(String, Expr)> {
        let params: Vec<&'a ast::Param> = item.body.statements.iter().filter_map(param_of).collect();
        let formals: Vec<Formal<'_>> =
            params.iter().map(|param| Formal { name: &param.name.text, required: param.default.is_none() }).collect();
        let called = Callee { name: &item.name.text, at: callee.at, formals: &formals, rest: false };
        self.in_place(Place::Constant, |checker| {
            let actuals = checker.bind_arguments(called, args);
            checker.note_arguments(args, &params, pipeline.module);
            let read = actuals.into_iter().map(|actual| {
                let param = params[actual.formal];
                let ty = checker
                    .muted(|checker| checker.in_module(pipeline.module, |checker| checker.resolve_type(&param.ty)));
                (param.name.text.clone(), checker.check(actual.value, &ty))
            });
            read.collect()
        })
    }

    /// It may be left out where there is none or only one.
    fn read_launch_environment(&mut self, written: &'a ast::Expr, environment: Option<&'a Name>) -> Option<String> {
        let Some(name) = environment else {
            return match self.environment_names.as_slice() {
                [] => None,
                [only] => Some(only.clone()),
                several => {
                    let words: Vec<String> = several.iter().map(|name| format!("`in {name}`")).collect();
                    let message = "there are several environments, and this says none of them";
                    let diagnostic = Diagnostic::new(Code::PG107, self.here(written.at), message)
                        .label("an environment is missing")
                        .help(format!("write {} behind it", words.join(" or ")));
                    self.report(diagnostic);
                    None
                }
            };
        };
        if let Some(binding) = self.scope().get(Space::Environment, &name.text) {
            self.use_binding(binding);
            self.note_binding(name.at, binding);
        }
        if self.environment_names.contains(&name.text) {
            return Some(name.text.clone());
        }
        if !self.might_be_declared(&name.text) {
            let near = Suggestion::of(&name.text, self.environment_names.iter().map(String::as_str));
            self.report_undefined("environment", name, near);
        }
        None
    }
}

/// Known from the names alone, before anything is read: pipelines that must not be forgotten with their file, as a test
/// of another file runs them, or a schedule or a test that takes part in the program.
pub fn launched_from_afar(checker: &Checker<'_>) -> FxHashSet<ItemRef> {
    let mut launched = FxHashSet::default();
    let taken_in = schedules_taken_in(checker);
    for (module, scope) in checker.scopes.iter().enumerate() {
        for (item, written) in checker.modules[module].ast.items.iter().enumerate() {
            let (run, takes_part) = match &written.kind {
                ItemKind::Schedule(schedule) => (&schedule.run, taken_in.contains(&ItemRef { module, item })),
                ItemKind::Test(TestItem { run: Some(run), .. }) => (&run.call, module == 0),
                _ => continue,
            };
            let target = target_of(run, scope, checker.scopes);
            launched.extend(target.filter(|target| takes_part || target.module != module));
        }
    }
    launched
}

/// Those of the checked file, and what any file imports.
fn schedules_taken_in(checker: &Checker<'_>) -> FxHashSet<ItemRef> {
    let scopes = checker.scopes.iter().enumerate();
    scopes
        .flat_map(|(module, scope)| {
            let names = scope.names_of(Space::Schedule).filter_map(|name| scope.get(Space::Schedule, name));
            names.filter(move |binding| module == 0 || binding.imported).map(|binding| binding.target)
        })
        .collect()
}

fn target_of(written: &ast::Expr, scope: &Scope<'_>, scopes: &[Scope<'_>]) -> Option<ItemRef> {
    let callee = match &*written.kind {
        ExprKind::Call { callee, .. } => callee,
        ExprKind::Group(inner) => return target_of(inner, scope, scopes),
        _ => return None,
    };
    match path_of(callee)?.as_slice() {
        [name] => Some(scope.get(Space::Pipeline, &name.text)?.target),
        [alias, name] => {
            let (module, _) = scope.aliases.get(alias.text.as_str())?;
            Some(scopes[*module].get(Space::Pipeline, &name.text)?.target)
        }
        _ => None,
    }
}

fn param_of(statement: &ast::Statement) -> Option<&ast::Param> {
    match &statement.kind {
        StatementKind::Param(param) => Some(param),
        _ => None,
    }
}
