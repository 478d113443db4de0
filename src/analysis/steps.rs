//! Steps and everything else that is called by a signature: targets, sources, channels.

use crate::base::diagnostic::{Code, Diagnostic, Edit};
use crate::base::span::Span;
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::model::expr::Expr;
use crate::model::operations::is_turned_on;
use crate::model::phase::{Call, StatementKind, Step};
use crate::model::signature::EffectClass;
use crate::syntax::ast::{self, Arg, ExprKind, ItemKind, SignatureKind, StepStatement};

use super::arguments::{Callee, Formal};
use super::checker::{Checker, Place, Used};
use super::expressions::path_of;
use super::names::Meaning;
use super::stdlib::Signature;

impl<'a> Checker<'a> {
    /// A step; none when what it calls is in error, which is then reported.
    pub fn read_step(&mut self, written: &'a StepStatement) -> Option<StatementKind> {
        let guarded = self.frame.guarded;
        let when =
            written.when.as_ref().map(|when| self.in_place(Place::Condition, |checker| checker.check_condition(when)));
        self.frame.guarded |= when.is_some();
        let called = self.step_call(&written.call);
        let ty = written.ty.as_ref().map(|ty| self.resolve_type(ty));
        let effect = self.read_effect(written, called.as_ref().map(|(_, signature)| *signature));
        let timeout = written.timeout.as_ref().map(|timeout| self.check(timeout, &Type::Duration));
        let retry = written.retry.as_ref().map(|retry| self.check(retry, &Type::Int));
        let backoff = Type::Range(Box::new(Type::Duration));
        let backoff = written.backoff.as_ref().map(|range| self.check(range, &backoff));
        self.frame.guarded = guarded;
        if let Some(name) = &written.name {
            self.frame.produced.insert(name.text.clone());
        }
        let guarded = std::mem::replace(&mut self.frame.guarded, true);
        let undo = written.undo.as_ref().and_then(|undo| self.call_of(SignatureKind::Step, undo));
        self.frame.guarded = guarded;
        let continues = self.read_step_failure(written);
        let called = called?;
        let signature = called.1;
        let step = Step {
            name: written.name.as_ref().map(|name| name.text.clone()),
            effect: effect.unwrap_or(signature.effect),
            idempotent: signature.idempotent || written.idempotent.is_some(),
            timeout,
            retry,
            backoff,
            when,
            undo: undo.map(|(call, _)| call),
            continues,
            ..plain_step(called)
        };
        let step = match ty {
            Some(output) => Step { output, typed: true, ..step },
            None => step,
        };
        Some(self.finish_step(step, signature, &written.call))
    }

    fn finish_step(&mut self, step: Step, signature: &'a Signature, written: &'a ast::Expr) -> StatementKind {
        match &signature.composition {
            Some(composition) => StatementKind::Scope(self.put_in(composition, step, written.at)),
            None => StatementKind::Step(step),
        }
    }

    /// The effect that is stated, where one may be.
    fn read_effect(&mut self, written: &StepStatement, signature: Option<&Signature>) -> Option<EffectClass> {
        let stated = written.effect.as_ref().filter(|effect| !effect.text.is_empty());
        if let Some(signature) = signature.filter(|signature| !signature.is_open()) {
            let places = [("effect", stated.map(|effect| effect.at)), ("idempotent", written.idempotent)];
            for (word, at) in places {
                let Some(at) = at else { continue };
                let message = format!("`{}` declares for itself what it does", signature.name);
                let help = format!("`{word}` may be stated for `shell`, `exec` and `http.*`");
                self.report(Diagnostic::new(Code::PG112, self.here(at), message).help(help));
            }
            return None;
        }
        let stated = stated?;
        match stated.text.as_str() {
            "reads" => Some(EffectClass::Reads),
            "tells" => Some(EffectClass::Tells),
            "changes" => Some(EffectClass::Changes),
            "permanent" => Some(EffectClass::Permanent),
            _ => {
                self.report_word("effect", stated, &["reads", "tells", "changes", "permanent"]);
                None
            }
        }
    }

    fn read_step_failure(&mut self, written: &StepStatement) -> bool {
        let Some(policy) = written.on_failure.as_ref().filter(|policy| !policy.text.is_empty()) else { return false };
        if policy.text != "continue" {
            let message = format!("`on failure {}` has no place behind a step", policy.text);
            let help = "a step may say `on failure continue`; what a failure does otherwise is said by its phase";
            self.report(Diagnostic::new(Code::PG112, self.here(policy.at), message).help(help));
        }
        policy.text == "continue"
    }

    /// A call of a step, which may be a composite one.
    fn step_call(&mut self, written: &'a ast::Expr) -> Option<(Call, &'a Signature)> {
        self.any_call(SignatureKind::Step, written)
    }

    /// A call of a signature of this kind, with its arguments; PG103 when there is none. A composite step is refused: it is
    /// several.
    pub fn call_of(&mut self, kind: SignatureKind, written: &'a ast::Expr) -> Option<(Call, &'a Signature)> {
        let (call, signature) = self.any_call(kind, written)?;
        if signature.composition.is_some() || is_turned_on(&signature.name).is_some() {
            let message = format!("`{}` is made of several steps, and one is needed here", signature.name);
            let help = "it may stand behind `step`; here a step that is built in is needed, as `shell` or `exec`";
            self.report(Diagnostic::new(Code::PG112, self.here(written.at), message).help(help));
            return None;
        }
        Some((call, signature))
    }

    fn any_call(&mut self, kind: SignatureKind, written: &'a ast::Expr) -> Option<(Call, &'a Signature)> {
        let (callee, args) = match &*written.kind {
            ExprKind::Call { callee, args } => (callee, args.as_slice()),
            ExprKind::Group(inner) => return self.any_call(kind, inner),
            ExprKind::Broken => return None,
            _ => {
                let message = format!("this is no call of a {}", kind_name(kind));
                let diagnostic = Diagnostic::new(Code::PG103, self.here(written.at), message);
                self.report(diagnostic.help("a call has parentheses: `name(…)`"));
                return None;
            }
        };
        let Some(path) = path_of(callee) else {
            self.report(Diagnostic::new(Code::PG103, self.here(callee.at), "only a name can be called"));
            return None;
        };
        let name = path.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        let Some(signature) = self.catalog.get(kind, &name) else {
            if !path.iter().any(|name| self.might_be_declared(&name.text)) {
                self.report_unknown_signature(kind, &name, callee.at);
            }
            for arg in args {
                self.in_place(Place::Condition, |checker| checker.infer(&arg.value));
            }
            return None;
        };
        self.require_module(signature, callee.at);
        let call = self.call_with(signature, &signature.name, callee.at, written.at, args);
        Some((call, signature))
    }

    /// What remains of a call that is in error.
    pub fn no_call(&self, at: Span) -> Call {
        Call { name: String::new(), args: Vec::new(), written: 0, at: self.here(at) }
    }

    fn report_unknown_signature(&mut self, kind: SignatureKind, name: &str, at: Span) {
        let others = [
            SignatureKind::Step,
            SignatureKind::Target,
            SignatureKind::Source,
            SignatureKind::Channel,
            SignatureKind::Extractor,
        ];
        let wanted = kind_name(kind);
        let location = self.here(at);
        if let Some(other) = others.into_iter().find(|other| *other != kind && self.catalog.get(*other, name).is_some())
        {
            let message = format!("`{name}` is a {}, and a {wanted} is needed here", kind_name(other));
            self.report(Diagnostic::new(Code::PG103, location, message));
            return;
        }
        let diagnostic = Diagnostic::new(Code::PG103, location, format!("there is no {wanted} `{name}`"));
        let known = self.catalog.of_kind(kind);
        let near = Suggestion::of(name, known.iter().map(|signature| signature.name.as_str()));
        // The module that was meant is not unused as well.
        for meant in near.names().iter().map(String::as_str).chain([name]) {
            let module = meant.split('.').next().unwrap_or_default();
            if let Some(import) = self.scope().std.get(module) {
                self.used.insert(Used::Import(self.module, *import));
            }
        }
        let mut diagnostic = diagnostic.suggest(&near, at);
        let meant = near.sure().and_then(|near| known.iter().find(|signature| signature.name == near));
        let missing = meant.and_then(|signature| signature.module()).filter(|module| !self.is_module_known(module));
        if let (Some(fix), Some(module)) = (&mut diagnostic.fix, missing) {
            fix.edits.insert(0, self.import_edit(module));
        }
        self.report(diagnostic);
    }

    fn is_module_known(&self, module: &str) -> bool {
        self.scope().std.contains_key(module) || self.might_be_declared(module)
    }

    /// The module of what is called has to be imported; said once for each module of a file.
    fn require_module(&mut self, signature: &Signature, at: Span) {
        // Also what needs no import may be imported.
        let prefix = signature.name.split('.').next().unwrap_or_default();
        if let Some(import) = self.scope().std.get(prefix) {
            self.used.insert(Used::Import(self.module, *import));
            return;
        }
        let Some(module) = signature.module() else { return };
        if self.might_be_declared(module) || !self.note_missing_import(module) {
            return;
        }
        let message = format!("`{}` needs the module `{module}`", signature.name);
        let diagnostic = Diagnostic::new(Code::PG103, self.here(at), message)
            .help(format!("write `use std.{module}` at the top of the file"));
        let edit = self.import_edit(module);
        self.report(diagnostic.fix(format!("import `std.{module}`"), edit.span, edit.text));
    }

    /// What imports a module of the standard library: a line behind the last import, or at the top.
    fn import_edit(&self, module: &str) -> Edit {
        let items = &self.modules[self.module].ast.items;
        let last = items.iter().rev().find(|item| matches!(item.kind, ItemKind::Use(_)));
        match last {
            Some(item) => Edit { span: item.at.after(), text: format!("\nuse std.{module}") },
            None => Edit { span: Span::default(), text: format!("use std.{module}\n\n") },
        }
    }

    /// The call with its arguments checked, defaults behind those that were written.
    pub fn call_with(&mut self, signature: &'a Signature, name: &str, callee: Span, at: Span, args: &'a [Arg]) -> Call {
        let formals: Vec<Formal<'_>> = signature
            .params
            .iter()
            .map(|param| Formal { name: &param.name, required: param.default.is_none() })
            .collect();
        self.note(callee, Meaning::Signature(signature.kind, signature.name.clone()), None);
        let place = if signature.kind == SignatureKind::Step { Place::Argument } else { Place::Constant };
        self.in_place(place, |checker| {
            let bound = checker.bind_arguments(Callee { name, at: callee, formals: &formals, rest: false }, args);
            let mut lowered: Vec<(String, Expr)> = Vec::with_capacity(signature.params.len());
            for actual in bound {
                let param = &signature.params[actual.formal];
                let value = checker.check(actual.value, &param.ty);
                lowered.push((param.name.clone(), value));
            }
            let written = lowered.len();
            let here = checker.here(at);
            for param in &signature.params {
                if let Some(default) = &param.default
                    && !lowered[..written].iter().any(|(name, _)| *name == param.name)
                {
                    lowered.push((param.name.clone(), Expr { at: here, ..default.clone() }));
                }
            }
            Call { name: signature.name.clone(), args: lowered, written, at: here }
        })
    }
}

/// A step that says nothing beside its call.
fn plain_step((call, signature): (Call, &Signature)) -> Step {
    Step {
        idempotent: signature.idempotent,
        has_undo: signature.has_undo,
        ..Step::plain(call, signature.output.clone(), signature.effect)
    }
}

fn kind_name(kind: SignatureKind) -> &'static str {
    match kind {
        SignatureKind::Step => "step",
        SignatureKind::Source => "metric source",
        SignatureKind::Extractor => "extractor",
        SignatureKind::Target => "ramp target",
        SignatureKind::Channel => "channel",
    }
}
