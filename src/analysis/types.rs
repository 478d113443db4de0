//! Types as they are written to types as they are meant, and which type fits where.

use std::sync::Arc;

use indexmap::IndexMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::number::Number;
use crate::base::suggest::Suggestion;
use crate::contract::types::{Encoding, RecordType, Type};
use crate::syntax::ast::{ItemKind, Name, TypeExpr, TypeKind};

use super::checker::{Checker, Used};
use super::symbols::{ItemRef, Space};

const SIMPLE: [(&str, Type); 18] = [
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("float", Type::Float),
    ("string", Type::String),
    ("path", Type::Path),
    ("url", Type::Url),
    ("regex", Type::Regex),
    ("version", Type::Version),
    ("cron", Type::Cron),
    ("time", Type::Time),
    ("duration", Type::Duration),
    ("ratio", Type::Ratio),
    ("bytes", Type::Bytes),
    ("rate", Type::Rate),
    ("json", Type::Json),
    ("channel", Type::Channel),
    ("rubric", Type::Rubric),
    ("killswitch", Type::KillSwitch),
];

const GENERIC: [&str; 5] = ["list", "map", "range", "secret", "metric"];

/// Why a value of one type cannot stand where another is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misfit {
    /// Both are numbers or quantities: PG202.
    Unit,
    /// PG201
    Kind,
    /// A secret where text is needed: PG204.
    Secret,
}

/// The type of a value when it is read: without encoding and without being a metric.
pub fn value_type(ty: &Type) -> &Type {
    match ty {
        Type::Encoded(encoded) => value_type(&encoded.0),
        Type::Metric(inner) => value_type(inner),
        other => other,
    }
}

/// Whether a value of type `found` may stand where `expected` is needed.
pub fn fit(found: &Type, expected: &Type) -> Result<(), Misfit> {
    let (found, expected) = (value_type(found), value_type(expected));
    match (found, expected) {
        (Type::Error, _) | (_, Type::Error) => Ok(()),
        (Type::Secret(left), Type::Secret(right)) => fit(left, right),
        (Type::Secret(_), other) if carries_text(other) => Err(Misfit::Secret),
        (Type::Secret(_), _) | (_, Type::Secret(_)) => Err(Misfit::Kind),
        (Type::Optional(left), Type::Optional(right)) => fit(left, right),
        (_, Type::Optional(inner)) => fit(found, inner),
        // What was read without a type meets its type here.
        (Type::Json, _) => Ok(()),
        (_, Type::Json) => fit_json(found),
        (Type::List(left), Type::List(right)) | (Type::Range(left), Type::Range(right)) => fit(left, right),
        (Type::Map(left), Type::Map(right)) => fit(left, entry_type(left, right)),
        (Type::Record(record), Type::Map(inner)) => {
            record.fields.values().try_for_each(|field| fit(field, entry_type(field, inner)))
        }
        (Type::Record(left), Type::Record(right)) => fit_record(left, right),
        _ => fit_simple(found, expected),
    }
}

/// What a value has to be to stand in a map of `element`. Headers are secret and plain side by side: text that is written
/// out may stand where a secret may, for it is treated with more care then, never with less.
pub fn entry_type<'a>(found: &Type, element: &'a Type) -> &'a Type {
    match (value_type(found), value_type(element)) {
        (found, Type::Secret(inner)) if found.is_textual() => inner,
        _ => element,
    }
}

/// Whether a secret is in it, however deep. Such a value has no text and is not compared.
pub fn holds_secret(ty: &Type) -> bool {
    match value_type(ty) {
        Type::Secret(_) => true,
        Type::List(inner) | Type::Map(inner) | Type::Optional(inner) => holds_secret(inner),
        Type::Record(record) => record.fields.values().any(holds_secret),
        _ => false,
    }
}

fn carries_text(ty: &Type) -> bool {
    ty.is_textual() || matches!(ty, Type::Json)
}

/// A secret inside data that is sent out would become text.
fn fit_json(found: &Type) -> Result<(), Misfit> {
    match found {
        Type::List(inner) | Type::Map(inner) => fit(inner, &Type::Json),
        Type::Record(record) => record.fields.values().try_for_each(|field| fit(field, &Type::Json)),
        Type::Channel | Type::Rubric | Type::KillSwitch => Err(Misfit::Kind),
        _ => Ok(()),
    }
}

fn fit_record(found: &RecordType, expected: &RecordType) -> Result<(), Misfit> {
    let same = expected.fields.iter().all(|(name, ty)| match found.fields.get(name) {
        Some(field) => fit(field, ty).is_ok(),
        None => matches!(value_type(ty), Type::Optional(_)),
    });
    if same { Ok(()) } else { Err(Misfit::Kind) }
}

fn fit_simple(found: &Type, expected: &Type) -> Result<(), Misfit> {
    let fits = match (found, expected) {
        (Type::Int, Type::Float | Type::Quotient) | (Type::Float | Type::Ratio, Type::Quotient) => true,
        (Type::Quotient, Type::Float | Type::Ratio) => true,
        // Text that is written out becomes a path, a URL, …; each of them is text.
        (Type::String, other) => other.is_textual(),
        (other, Type::String) => other.is_textual(),
        _ => found == expected,
    };
    match (fits, found.unit(), expected.unit()) {
        (true, ..) => Ok(()),
        (false, Some(_), Some(_)) => Err(Misfit::Unit),
        _ => Err(Misfit::Kind),
    }
}

/// The type that values of both types have, if there is one.
pub fn unify(left: &Type, right: &Type) -> Option<Type> {
    match (value_type(left), value_type(right)) {
        (Type::Error, _) | (_, Type::Error) => Some(Type::Error),
        (Type::List(left), Type::List(right)) => unify(left, right).map(|inner| Type::List(Box::new(inner))),
        (Type::Quotient, other @ (Type::Float | Type::Ratio))
        | (other @ (Type::Float | Type::Ratio), Type::Quotient) => Some(other.clone()),
        (Type::Optional(left), Type::Optional(right)) => {
            unify(left, right).map(|inner| Type::Optional(Box::new(inner)))
        }
        (left, right) if fit(left, right).is_ok() => Some(right.clone()),
        (left, right) if fit(right, left).is_ok() => Some(left.clone()),
        _ => None,
    }
}

/// How raw numbers of a quantity may be encoded: unit and factor to the base unit.
fn encoding_factor(ty: &Type, unit: &str) -> Option<Number> {
    let parse = |text: &str| Number::parse(text);
    match ty {
        Type::Duration => match unit {
            "us" => parse("0.000001"),
            "ms" => parse("0.001"),
            "s" => parse("1"),
            "m" => parse("60"),
            "h" => parse("3600"),
            "d" => parse("86400"),
            "w" => parse("604800"),
            "ns" => parse("0.000000001"),
            _ => None,
        },
        Type::Ratio => match unit {
            "%" | "pp" => parse("0.01"),
            _ => None,
        },
        Type::Bytes => bytes_factor(unit).map(Number::from),
        _ => None,
    }
}

fn bytes_factor(unit: &str) -> Option<i64> {
    Some(match unit {
        "B" => 1,
        "KB" | "kB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return None,
    })
}

impl<'a> Checker<'a> {
    /// The type that is written; what is unknown is reported and gives `Type::Error`.
    pub fn resolve_type(&mut self, written: &'a TypeExpr) -> Type {
        let ty = match &written.kind {
            TypeKind::Missing => Type::Error,
            TypeKind::Named(name, encoding) => self.resolve_named(name, encoding.as_ref()),
            TypeKind::Generic(name, inner) => self.resolve_generic(name, inner),
            TypeKind::Record(fields) => {
                let mut resolved: IndexMap<String, Type> = IndexMap::with_capacity(fields.len());
                for field in fields {
                    let ty = self.resolve_type(&field.ty);
                    if resolved.insert(field.name.text.clone(), ty).is_some() && !field.name.text.is_empty() {
                        let first = fields.iter().find(|other| other.name.text == field.name.text);
                        self.report_duplicate(&field.name, first.map_or(field.name.at, |first| first.name.at));
                    }
                }
                Type::from(RecordType { name: None, fields: resolved })
            }
        };
        match ty {
            Type::Error => Type::Error,
            ty if written.optional => Type::Optional(Box::new(ty)),
            ty => ty,
        }
    }

    pub fn resolve_named(&mut self, name: &'a Name, encoding: Option<&'a Name>) -> Type {
        if name.text.is_empty() {
            return Type::Error;
        }
        let simple = SIMPLE.iter().find(|(simple, _)| *simple == name.text).map(|(_, ty)| ty.clone());
        let Some(ty) = simple else {
            if GENERIC.contains(&name.text.as_str()) {
                let message = format!("`{}` needs the type of what is in it", name.text);
                let help = format!("write `{}<T>`, for example `{}<string>`", name.text, name.text);
                self.report(Diagnostic::new(Code::PG111, self.here(name.at), message).help(help));
                return Type::Error;
            }
            return self.resolve_declared(name);
        };
        let Some(encoding) = encoding.filter(|encoding| !encoding.text.is_empty()) else { return ty };
        match encoding_factor(&ty, &encoding.text) {
            Some(factor) => Type::Encoded((ty, Encoding { name: encoding.text.clone(), factor }).into()),
            None => {
                let message = format!("`{ty}` cannot be encoded as `{}`", encoding.text);
                let help = "encodings are `duration(ms)`, `duration(s)`, `ratio(%)`, `bytes(MiB)` and their like";
                self.report(Diagnostic::new(Code::PG111, self.here(encoding.at), message).help(help));
                Type::Error
            }
        }
    }

    fn resolve_declared(&mut self, name: &'a Name) -> Type {
        if let Some((alias, inner)) = name.text.split_once('.') {
            return self.resolve_through(alias, inner, name);
        }
        if let Some(binding) = self.scope().get(Space::Type, &name.text) {
            self.use_binding(binding);
            self.note_binding(name.at, binding);
            return self.declared_type(binding.target);
        }
        if !self.might_be_declared(&name.text) {
            let known = SIMPLE.iter().map(|(name, _)| *name).chain(GENERIC);
            let mut known: Vec<&str> = known.chain(self.scope().names_of(Space::Type)).collect();
            known.sort_unstable();
            let near = Suggestion::of(&name.text, known);
            let diagnostic =
                Diagnostic::new(Code::PG111, self.here(name.at), format!("there is no type `{}`", name.text));
            self.report_with_near(diagnostic, name.at, near);
        }
        Type::Error
    }

    /// `slo.Bench`: a type of the file that is imported under that name.
    fn resolve_through(&mut self, alias: &str, inner: &str, name: &'a Name) -> Type {
        let Some((module, at)) = self.scope().aliases.get(alias).copied() else {
            if !self.might_be_declared(alias) {
                let near = Suggestion::of(alias, self.scope().aliases.keys().copied());
                let near = near.named(|near| format!("{near}.{inner}"));
                let message = format!("there is no type `{}`: no file is imported as `{alias}`", name.text);
                let diagnostic = Diagnostic::new(Code::PG111, self.here(name.at), message);
                self.report_with_near(diagnostic, name.at, near);
            }
            return Type::Error;
        };
        self.used.insert(Used::Import(self.module, at));
        if let Some(binding) = self.scopes[module].get(Space::Type, inner).filter(|binding| !binding.imported) {
            self.use_binding(binding);
            self.note_through(name.at, alias, at, binding);
            return self.declared_type(binding.target);
        }
        if !self.unreadable.declares(module, inner) {
            let near = Suggestion::of(inner, self.scopes[module].names_of(Space::Type));
            let near = near.named(|near| format!("{alias}.{near}"));
            let message = format!("`{}` declares no type `{inner}`", self.module_name(module));
            self.report_with_near(Diagnostic::new(Code::PG111, self.here(name.at), message), name.at, near);
        }
        Type::Error
    }

    /// The type that a `type` item declares; resolved once.
    pub fn declared_type(&mut self, item: ItemRef) -> Type {
        if let Some(known) = self.types.get(&item) {
            return known.clone().unwrap_or_else(|| self.recursive_type(item));
        }
        let ItemKind::Type(declared) = &self.item(item).kind else { return Type::Error };
        self.types.insert(item, None);
        let mut ty = self.in_module(item.module, |checker| checker.resolve_type(&declared.ty));
        if let Type::Record(record) = &mut ty {
            Arc::make_mut(record).name = Some(declared.name.text.clone());
        }
        self.types.insert(item, Some(ty.clone()));
        ty
    }

    /// A type that contains itself would never end.
    fn recursive_type(&mut self, item: ItemRef) -> Type {
        if let ItemKind::Type(declared) = &self.item(item).kind {
            let at = crate::base::span::Location::new(self.modules[item.module].file, declared.name.at);
            let message = format!("the type `{}` contains itself", declared.name.text);
            self.report(
                Diagnostic::new(Code::PG111, at, message).help("every value ends: use `json` for data of any depth"),
            );
        }
        Type::Error
    }

    fn resolve_generic(&mut self, name: &'a Name, inner: &'a [TypeExpr]) -> Type {
        let arguments: Vec<Type> = inner.iter().map(|ty| self.resolve_type(ty)).collect();
        if !GENERIC.contains(&name.text.as_str()) {
            if !name.text.is_empty() {
                let near = Suggestion::of(&name.text, GENERIC);
                let message = format!("there is no type `{}<…>`", name.text);
                let diagnostic = Diagnostic::new(Code::PG111, self.here(name.at), message);
                self.report_with_near(diagnostic, name.at, near);
            }
            return Type::Error;
        }
        let [argument] = arguments.as_slice() else {
            let message = format!("`{}` takes one type, found {}", name.text, arguments.len());
            self.report(Diagnostic::new(Code::PG111, self.here(name.at), message));
            return Type::Error;
        };
        let argument = Box::new(argument.clone());
        match name.text.as_str() {
            "list" => Type::List(argument),
            "map" => Type::Map(argument),
            "range" => Type::Range(argument),
            "secret" => Type::Secret(argument),
            _ => Type::Metric(argument),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Misfit, fit, unify};
    use crate::contract::types::Type;

    #[test]
    fn int_widens_to_float_and_nothing_else_converts() {
        assert_eq!(fit(&Type::Int, &Type::Float), Ok(()));
        assert_eq!(fit(&Type::Float, &Type::Int), Err(Misfit::Unit));
        assert_eq!(fit(&Type::Int, &Type::Duration), Err(Misfit::Unit));
        assert_eq!(fit(&Type::Int, &Type::Ratio), Err(Misfit::Unit));
        assert_eq!(fit(&Type::String, &Type::Duration), Err(Misfit::Kind));
    }

    #[test]
    fn a_quotient_is_a_float_or_a_ratio_whichever_it_meets() {
        assert_eq!(fit(&Type::Quotient, &Type::Float), Ok(()));
        assert_eq!(fit(&Type::Quotient, &Type::Ratio), Ok(()));
        assert_eq!(fit(&Type::Quotient, &Type::Duration), Err(Misfit::Unit));
        assert_eq!(unify(&Type::Quotient, &Type::Ratio), Some(Type::Ratio));
    }

    #[test]
    fn a_secret_is_no_text() {
        let secret = Type::Secret(Box::new(Type::String));
        assert_eq!(fit(&secret, &Type::String), Err(Misfit::Secret));
        assert_eq!(fit(&secret, &Type::Json), Err(Misfit::Secret));
        assert_eq!(fit(&Type::String, &secret), Err(Misfit::Kind));
        assert_eq!(fit(&secret, &secret), Ok(()));
    }
}
