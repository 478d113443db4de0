//! Arguments to parameters: by name or by position, for everything that is called.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;
use crate::base::suggest::{Suggestion, nearest};
use crate::syntax::ast::{Arg, Expr, ExprKind};

use super::checker::Checker;
use super::names::Meaning;
use super::symbols::{Space, duplicate};

/// A parameter as far as matching is concerned.
#[derive(Debug, Clone, Copy)]
pub struct Formal<'p> {
    pub name: &'p str,
    pub required: bool,
}

/// What is called.
#[derive(Debug, Clone, Copy)]
pub struct Callee<'p> {
    pub name: &'p str,
    pub at: Span,
    pub formals: &'p [Formal<'p>],
    /// More positional arguments may follow than there are parameters; they belong to the last one.
    pub rest: bool,
}

/// An argument that found its parameter.
#[derive(Debug, Clone, Copy)]
pub struct Actual<'a> {
    /// The index of the parameter.
    pub formal: usize,
    pub value: &'a Expr,
}

impl<'a> Checker<'a> {
    /// The arguments that have a parameter, in the order they were written. Reports PG106, PG107, PG110 and PG102.
    pub fn bind_arguments(&mut self, callee: Callee<'_>, args: &'a [Arg]) -> Vec<Actual<'a>> {
        let mut actuals: Vec<Actual<'a>> = Vec::with_capacity(args.len());
        let mut unknown: Vec<&str> = Vec::new();
        let mut extra: Option<Span> = None;
        let mut position = 0;
        for arg in args {
            let formal = match &arg.name {
                Some(name) => {
                    let found = callee.formals.iter().position(|formal| formal.name == name.text);
                    if found.is_none() && !name.text.is_empty() {
                        self.report_unknown_argument(callee, arg, args);
                        unknown.push(&name.text);
                    }
                    if found.is_some() {
                        let meaning = Meaning::Parameter(callee.name.to_owned(), name.text.clone());
                        self.note(name.at, meaning, None);
                    }
                    found
                }
                None => {
                    position += 1;
                    let last = callee.formals.len().checked_sub(1);
                    let found = if position <= callee.formals.len() { Some(position - 1) } else { None };
                    found.or(last.filter(|_| callee.rest))
                }
            };
            match formal {
                Some(formal) if self.is_repeated(callee, formal, arg, &actuals) => {}
                Some(formal) => actuals.push(Actual { formal, value: &arg.value }),
                None => {
                    if arg.name.is_none() {
                        extra = Some(extra.map_or(arg.value.at, |extra| extra.to(arg.value.at)));
                    }
                    self.read_unasked(&arg.value);
                }
            }
        }
        if let Some(extra) = extra {
            self.report_extra(callee, extra);
        }
        let unreadable = args.iter().any(|arg| matches!(&*arg.value.kind, ExprKind::Broken));
        if !unreadable {
            self.report_missing(callee, &actuals, &unknown);
        }
        actuals
    }

    /// What nothing asks for is read for its own faults. That a rubric or a group of metrics is no value is none.
    fn read_unasked(&mut self, value: &'a Expr) {
        let names_item = match &*value.kind {
            ExprKind::Name(name) => Space::ALL.iter().any(|space| self.scope().get(*space, &name.text).is_some()),
            _ => false,
        };
        if names_item {
            self.muted(|checker| drop(checker.infer(value)));
        } else {
            self.infer(value);
        }
    }

    fn is_repeated(&mut self, callee: Callee<'_>, formal: usize, arg: &Arg, actuals: &[Actual<'a>]) -> bool {
        let is_rest = callee.rest && formal + 1 == callee.formals.len() && arg.name.is_none();
        let first = actuals.iter().find(|actual| actual.formal == formal);
        let Some(first) = first.filter(|_| !is_rest) else { return false };
        let at = arg.name.as_ref().map_or(arg.value.at, |name| name.at);
        let name = callee.formals[formal].name;
        let diagnostic = duplicate(name, self.here(at), self.here(first.value.at));
        self.report(Diagnostic { message: format!("`{name}` is given twice"), help: None, ..diagnostic });
        true
    }

    fn report_unknown_argument(&mut self, callee: Callee<'_>, arg: &Arg, args: &[Arg]) {
        let Some(name) = &arg.name else { return };
        let given = |formal: &str| args.iter().any(|arg| arg.name.as_ref().is_some_and(|name| name.text == formal));
        let free = callee.formals.iter().map(|formal| formal.name).filter(|formal| !given(formal));
        let near = Suggestion::of(&name.text, free);
        let message = format!("`{}` has no parameter `{}`", callee.name, name.text);
        let mut diagnostic = Diagnostic::new(Code::PG106, self.here(name.at), message);
        if near.is_empty() && !callee.formals.is_empty() {
            let known: Vec<&str> = callee.formals.iter().map(|formal| formal.name).collect();
            diagnostic = diagnostic.help(format!("its parameters are `{}`", known.join("`, `")));
        }
        self.report_with_near(diagnostic, name.at, near);
    }

    fn report_extra(&mut self, callee: Callee<'_>, extra: Span) {
        let message = match callee.formals.len() {
            0 => format!("`{}` takes no arguments", callee.name),
            1 => format!("`{}` takes one argument", callee.name),
            more => format!("`{}` takes at most {more} arguments", callee.name),
        };
        self.report(Diagnostic::new(Code::PG110, self.here(extra), message).label("too many"));
    }

    /// Each argument that nothing was written for stands for at most one that is missing.
    fn report_missing(&mut self, callee: Callee<'_>, actuals: &[Actual<'a>], unknown: &[&str]) {
        let is_missing = |(index, formal): &(usize, &Formal<'_>)| {
            formal.required && !actuals.iter().any(|actual| actual.formal == *index)
        };
        let missing = callee.formals.iter().enumerate().filter(is_missing);
        let mut missing: Vec<&str> = missing.map(|(_, formal)| formal.name).collect();
        for name in unknown {
            let meant = nearest(name, missing.iter().copied()).or_else(|| missing.first().copied());
            missing.retain(|name| Some(*name) != meant);
        }
        if missing.is_empty() {
            return;
        }
        let message = format!("`{}` needs `{}`", callee.name, missing.join("` and `"));
        let label = if missing.len() == 1 { "an argument is missing" } else { "arguments are missing" };
        let help = format!("write `{}({}: …)`", callee.name, missing[0]);
        self.report(Diagnostic::new(Code::PG107, self.here(callee.at), message).label(label).help(help));
    }
}
