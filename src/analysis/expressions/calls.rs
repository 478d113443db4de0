//! Calls inside expressions: the functions of the language, and thresholds over a group.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::suggest::Suggestion;
use crate::contract::types::{RecordType, Type};
use crate::model::expr::{Expr, ExprKind};
use crate::syntax::ast::{self, Arg};

use super::super::arguments::{Actual, Callee, Formal};
use super::super::checker::{Checker, Place};
use super::super::functions::{self, Form, Gives, Parameter, Takes};
use super::super::names::Meaning;
use super::super::types::{holds_secret, unify, value_type};
use super::names::{Root, path_of};
use super::text::secret_looked_at;

impl<'a> Checker<'a> {
    pub fn infer_call(&mut self, written: &'a ast::Expr, callee: &'a ast::Expr, args: &'a [Arg]) -> Expr {
        if let Some(weight) = self.traffic_of(written, callee, args) {
            return weight;
        }
        let Some(path) = path_of(callee) else {
            if !matches!(&*callee.kind, ast::ExprKind::Broken) {
                let message = "only a name can be called";
                self.report(Diagnostic::new(Code::PG103, self.here(callee.at), message));
            }
            return self.error(written.at);
        };
        let name = path.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        let forms = functions::forms(&name);
        if !forms.is_empty() {
            return self.call_function(&name, &forms, (written, callee), args);
        }
        if let Some(Root::Threshold(item)) = self.root_in(callee) {
            return self.call_threshold(item, (written, callee), args);
        }
        self.report_unknown_call(&name, callee);
        // What is passed to something unknown is still used.
        for arg in args {
            self.in_place(Place::Condition, |checker| checker.infer(&arg.value));
        }
        self.error(written.at)
    }

    fn report_unknown_call(&mut self, name: &str, callee: &ast::Expr) {
        if path_of(callee).is_none_or(|path| path.iter().any(|name| self.might_be_declared(&name.text))) {
            return;
        }
        let at = self.here(callee.at);
        if self.catalog.step(name).is_some() {
            let diagnostic = Diagnostic::new(Code::PG103, at, format!("`{name}` is a step, not a function"))
                .help(format!("run it as a step and read its output: `step result = {name}(…)`"));
            self.report(diagnostic);
            return;
        }
        let diagnostic = Diagnostic::new(Code::PG103, at, format!("there is no function `{name}`"));
        let near = Suggestion::of(name, functions::all().map(|function| function.name));
        self.report_with_near(diagnostic, callee.at, near);
    }

    fn call_function(
        &mut self,
        name: &str,
        forms: &[&'static Form],
        (written, callee): (&'a ast::Expr, &'a ast::Expr),
        args: &'a [Arg],
    ) -> Expr {
        let (form, first) = self.choose_form(forms, args);
        self.note(callee.at, Meaning::Function(name.to_owned()), None);
        let formals: Vec<Formal<'_>> = form
            .parameters
            .iter()
            .map(|parameter| Formal { name: parameter.name, required: parameter.default.is_none() })
            .collect();
        let bound = self.bind_arguments(Callee { name, at: callee.at, formals: &formals, rest: form.rest }, args);
        let mut call = FunctionCall { form, subject: None, failed: bound.len() < args.len(), first };
        let mut lowered: Vec<(usize, Expr)> = Vec::with_capacity(bound.len());
        for actual in bound {
            let value = self.check_argument(&mut call, actual);
            let value = self.check_metric_argument((name, form.parameters[actual.formal].takes), value);
            call.failed |= value.ty == Type::Error;
            lowered.push((actual.formal, value));
        }
        let complete = form.parameters.iter().enumerate().all(|(index, parameter)| {
            parameter.default.is_some() || lowered.iter().any(|(formal, _)| *formal == index)
        });
        lowered.sort_by_key(|(formal, _)| *formal);
        let named = lowered.into_iter().map(|(formal, value)| (form.parameters[formal].name.to_owned(), value));
        let named = named.collect();
        let ty = if call.failed || !complete { Type::Error } else { given_type(form.gives, call.subject.as_ref()) };
        let result = Expr::new(ExprKind::Call(name.to_owned(), named), ty, self.here(written.at));
        self.check_call_literal(name, &result);
        result
    }

    /// The form that the arguments ask for, with the first argument when it had to be read to know.
    fn choose_form(&mut self, forms: &[&'static Form], args: &'a [Arg]) -> (&'static Form, Option<Expr>) {
        let [only] = forms else { return self.choose_among(forms, args) };
        (only, None)
    }

    fn choose_among(&mut self, forms: &[&'static Form], args: &'a [Arg]) -> (&'static Form, Option<Expr>) {
        let fallback = forms[forms.len() - 1];
        let over_values = || forms.iter().find(|form| !form.is_over_metrics() && !form.is_over_list()).copied();
        let over_metrics = forms.iter().find(|form| form.is_over_metrics()).copied();
        let over_list = forms.iter().find(|form| form.is_over_list()).copied();
        let Some(first) = args.first() else { return (over_list.unwrap_or(fallback), None) };
        if let Some(form) = over_metrics
            && self.names_a_metric(&first.value)
        {
            let second_is_metric = args.get(1).is_some_and(|second| self.names_a_metric(&second.value));
            let windowed = args.len() == form.parameters.len().min(2) && !second_is_metric;
            return match over_values() {
                Some(other) if !windowed => (other, None),
                _ => (form, None),
            };
        }
        if first.name.is_some() && args.iter().any(|arg| arg.name.as_ref().is_some_and(|name| name.text == "window")) {
            return (over_metrics.unwrap_or(fallback), None);
        }
        let first = self.infer(&first.value);
        let is_list = matches!(value_type(&first.ty), Type::List(_) | Type::Json);
        let form = if is_list { over_list } else { over_values().or(over_metrics.filter(|_| args.len() > 1)) };
        (form.or(over_list).unwrap_or(fallback), Some(first))
    }

    /// Whether an expression is nothing but a metric; silent.
    fn names_a_metric(&mut self, written: &'a ast::Expr) -> bool {
        match &*written.kind {
            ast::ExprKind::Group(inner) => self.names_a_metric(inner),
            ast::ExprKind::Field(inner, name) => match self.root_in(inner) {
                Some(Root::Group(group)) => self.group_fields(group).contains_key(&name.text),
                _ => false,
            },
            ast::ExprKind::Name(name) => {
                let group = self.frame.group;
                self.lookup(&name.text).is_none()
                    && group.is_some_and(|group| self.group_fields(group).contains_key(&name.text))
            }
            _ => false,
        }
    }

    fn check_argument(&mut self, call: &mut FunctionCall, actual: Actual<'a>) -> Expr {
        let Parameter { takes, .. } = call.form.parameters[actual.formal];
        if matches!(takes, Takes::Metric | Takes::Probe) {
            return self.check_metric(call, takes, actual);
        }
        let read = (actual.formal == 0).then(|| call.first.take()).flatten();
        match takes {
            Takes::Metric | Takes::Probe => {}
            Takes::Number => return self.check_or_coerce(read, actual.value, &Type::Float),
            Takes::Int => return self.check_or_coerce(read, actual.value, &Type::Int),
            Takes::Bool => return self.check_or_coerce(read, actual.value, &Type::Bool),
            Takes::Text => return self.check_or_coerce(read, actual.value, &Type::String),
            Takes::Path => return self.check_or_coerce(read, actual.value, &Type::Path),
            Takes::Regex => return self.check_or_coerce(read, actual.value, &Type::Regex),
            Takes::Duration => return self.check_or_coerce(read, actual.value, &Type::Duration),
            Takes::Ratio => return self.check_or_coerce(read, actual.value, &Type::Ratio),
            Takes::Texts => return self.check_or_coerce(read, actual.value, &Type::List(Box::new(Type::String))),
            Takes::Quantity
            | Takes::Same
            | Takes::Quantities
            | Takes::Sized
            | Takes::Container
            | Takes::Map
            | Takes::Anything => {}
        }
        let found = read.unwrap_or_else(|| self.infer(actual.value));
        if found.ty == Type::Error {
            return found;
        }
        if takes == Takes::Same {
            return self.check_same(call, found);
        }
        match accepted(takes, value_type(&found.ty)) {
            Some(subject) => {
                call.subject = call.subject.take().or(subject);
                found
            }
            None if self.reads_document(&found.ty) => {
                call.subject = call.subject.take().or(Some(Type::Json));
                found
            }
            None => self.refuse_argument(takes, found),
        }
    }

    /// What a function over metrics cannot compute with: texts where it adds up, errors that are no share, a window that changes
    /// from sample to sample.
    fn check_metric_argument(&mut self, (function, takes): (&str, Takes), value: Expr) -> Expr {
        let (Type::Metric(inner), ExprKind::Metric { group, field }) = (&value.ty, &*value.kind) else { return value };
        let (metric, inner) = (format!("{group}.{field}"), value_type(inner));
        let diagnostic = match takes {
            Takes::Duration => {
                Diagnostic::new(Code::PG207, value.at, format!("the window is as long as `{metric}` is"))
                    .label("a metric")
                    .help("write a length of time that stays the same, such as `5m`")
            }
            Takes::Metric if matches!(inner, Type::Bool | Type::String) && !matches!(function, "last" | "count") => {
                let message = format!("`{function}` computes with numbers, and `{metric}` is a `{inner}`");
                Diagnostic::new(Code::PG201, value.at, message)
            }
            Takes::Metric if function == "burn_rate" && !matches!(inner, Type::Ratio | Type::Json | Type::Error) => {
                let message = format!("`burn_rate` needs the share of what fails, and `{metric}` is a `{inner}`");
                let help = "name a metric of type `ratio`; one may be computed: `share: ratio = errors / total`";
                Diagnostic::new(Code::PG202, value.at, message).help(help)
            }
            _ => return value,
        };
        self.report(diagnostic);
        Expr { ty: Type::Error, ..value }
    }

    fn check_or_coerce(&mut self, read: Option<Expr>, written: &'a ast::Expr, expected: &Type) -> Expr {
        match read {
            Some(found) => self.coerce(found, expected),
            None => self.check(written, expected),
        }
    }

    fn check_same(&mut self, call: &mut FunctionCall, found: Expr) -> Expr {
        let Some(subject) = call.subject.clone() else { return found };
        match unify(&subject, &found.ty) {
            Some(both) => {
                if !call.form.is_over_metrics() {
                    call.subject = Some(both);
                }
                found
            }
            None => self.coerce(found, &subject),
        }
    }

    fn check_metric(&mut self, call: &mut FunctionCall, takes: Takes, actual: Actual<'a>) -> Expr {
        let written = actual.value;
        if takes == Takes::Probe {
            return self.check_probe(written);
        }
        let place = if self.frame.place == Place::Argument { Place::Condition } else { self.frame.place };
        let found = (actual.formal == 0).then(|| call.first.take()).flatten();
        let found = found.unwrap_or_else(|| self.in_place(place, |checker| checker.infer(written)));
        match (&found.ty, &*found.kind) {
            (Type::Error, _) => found,
            (Type::Metric(inner), ExprKind::Metric { .. }) => {
                let subject = value_type(inner).clone();
                if let Some(first) = call.subject.clone()
                    && unify(&first, &subject).is_none()
                {
                    return self.coerce(found, &first);
                }
                call.subject = Some(subject);
                found
            }
            (ty, _) => {
                let message = format!("a metric is needed here, found `{}`", value_type(ty));
                let help =
                    "name a field of a `metrics` group; for arithmetic over several, declare a field that computes it";
                self.report(Diagnostic::new(Code::PG201, found.at, message).help(help));
                Expr { ty: Type::Error, ..found }
            }
        }
    }

    fn refuse_argument(&mut self, takes: Takes, found: Expr) -> Expr {
        let ty = value_type(&found.ty);
        let diagnostic = match ty {
            ty if holds_secret(ty) => secret_looked_at(&found),
            _ => {
                let message = format!("expected {}, found `{ty}`", wanted(takes));
                Diagnostic::new(Code::PG201, found.at, message).label(format!("this is {}", ty.with_article()))
            }
        };
        self.report(diagnostic);
        Expr { ty: Type::Error, ..found }
    }

    fn call_threshold(
        &mut self,
        item: super::super::symbols::ItemRef,
        (written, callee): (&'a ast::Expr, &'a ast::Expr),
        args: &'a [Arg],
    ) -> Expr {
        let parameter = self.threshold_parameter(item);
        let name = self.declared_name(item);
        let formals: Vec<Formal<'_>> =
            parameter.iter().map(|parameter| Formal { name: &parameter.text, required: true }).collect();
        let bound = self.bind_arguments(Callee { name: &name, at: callee.at, formals: &formals, rest: false }, args);
        let Some(actual) = bound.first() else { return self.error(written.at) };
        match self.root_in(actual.value) {
            Some(Root::Group(group)) => self.expand_threshold(item, Some((group, actual.value.at)), written.at),
            _ => {
                let found = self.infer(actual.value);
                if found.ty != Type::Error {
                    let message = "a group of metrics is needed here";
                    self.report(Diagnostic::new(Code::PG201, found.at, message));
                }
                self.error(written.at)
            }
        }
    }
}

/// A call while its arguments are read.
struct FunctionCall {
    form: &'static Form,
    /// The type `T` of the form.
    subject: Option<Type>,
    failed: bool,
    /// The first argument, when it has been read already.
    first: Option<Expr>,
}

/// Whether an argument of this type is taken, and what `T` is then.
fn accepted(takes: Takes, ty: &Type) -> Option<Option<Type>> {
    match (takes, ty) {
        // How many there are, and under which names, is no secret.
        (Takes::Sized | Takes::Map, Type::List(_) | Type::Map(_) | Type::Record(_)) => {}
        _ if holds_secret(ty) => return None,
        _ => {}
    }
    match (takes, ty) {
        (Takes::Quantity, ty) if ty.unit().is_some() => Some(Some(ty.clone())),
        (Takes::Quantities, Type::List(inner)) => {
            let inner = value_type(inner);
            (inner.unit().is_some() || *inner == Type::Error).then(|| Some(inner.clone()))
        }
        (Takes::Sized, Type::List(_) | Type::Map(_) | Type::Record(_) | Type::Json) => Some(None),
        (Takes::Sized | Takes::Container, ty) if ty.is_textual() => Some(None),
        (Takes::Container, Type::List(_)) => Some(None),
        (Takes::Map, Type::Map(inner)) => Some(Some((**inner).clone())),
        (Takes::Map, Type::Record(record)) => {
            let mut fields = record.fields.values();
            let first = fields.next().cloned().unwrap_or(Type::Error);
            Some(fields.try_fold(first, |known, field| unify(&known, field)))
        }
        (Takes::Anything, _) => Some(None),
        _ => None,
    }
}

fn wanted(takes: Takes) -> &'static str {
    match takes {
        Takes::Quantities => "a list of numbers or quantities",
        Takes::Sized => "a list, a map or a string",
        Takes::Container => "a list or a string",
        Takes::Map => "a map",
        _ => "a number or a quantity",
    }
}

fn given_type(gives: Gives, subject: Option<&Type>) -> Type {
    let subject = || subject.cloned().unwrap_or(Type::Error);
    match gives {
        Gives::Same => subject(),
        Gives::Mean => match subject() {
            Type::Int => Type::Float,
            other => other,
        },
        Gives::Whole => match subject() {
            Type::Float | Type::Quotient => Type::Int,
            other => other,
        },
        Gives::Int => Type::Int,
        Gives::Float => Type::Float,
        Gives::Bool => Type::Bool,
        Gives::Text => Type::String,
        Gives::Texts => Type::List(Box::new(Type::String)),
        Gives::List => Type::List(Box::new(subject())),
        Gives::Ratio => Type::Ratio,
        Gives::Rate => Type::Rate,
        Gives::Time => Type::Time,
        Gives::Json => Type::Json,
        Gives::Secret => Type::Secret(Box::new(Type::String)),
        Gives::Cusum => record([("up", Type::Float), ("down", Type::Float), ("alarm", Type::Bool)]),
        Gives::Kayenta => record([
            ("label", Type::String),
            ("passes", Type::Bool),
            ("fails", Type::Bool),
            ("effect", Type::Optional(Box::new(Type::Float))),
        ]),
    }
}

fn record<const N: usize>(fields: [(&str, Type); N]) -> Type {
    let fields = fields.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
    Type::from(RecordType { name: None, fields })
}
