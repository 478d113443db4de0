//! Environments: their values, and that all of them have the same keys and types.

use indexmap::IndexMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::contract::types::Type;
use crate::model::expr::Expr;
use crate::model::program::Environment;
use crate::syntax::ast::{EnvironmentItem, ItemKind};

use super::checker::{Checker, Place};
use super::phases::written_elements;
use super::symbols::ItemRef;
use super::types::{unify, value_type};

/// An environment while all of them are compared.
struct Declared {
    name: String,
    name_at: Location,
    /// Each key with its value and the place of the key.
    keys: IndexMap<String, (Expr, Location)>,
}

impl<'a> Checker<'a> {
    /// All environments of all files; sets the keys that `env.…` knows.
    pub fn read_environments(&mut self) -> IndexMap<String, Environment> {
        let mut declared: Vec<Declared> = Vec::new();
        let mut environments = IndexMap::new();
        for reference in self.items() {
            let ItemKind::Environment(item) = &self.item(reference).kind else { continue };
            let read = self.in_module(reference.module, |checker| {
                checker.in_place(Place::Constant, |checker| checker.read_environment(item))
            });
            if environments.contains_key(&read.name) {
                continue;
            }
            let values = read.keys.iter().map(|(key, (value, _))| (key.clone(), value.clone())).collect();
            let environment = Environment { name: read.name.clone(), values, at: read.name_at };
            environments.insert(read.name.clone(), environment);
            declared.push(read);
        }
        self.compare_environments(&declared);
        environments
    }

    /// Every item of every file, the checked file first.
    pub fn items(&self) -> Vec<ItemRef> {
        let modules = self.modules.iter().enumerate();
        modules.flat_map(|(module, read)| (0..read.ast.items.len()).map(move |item| ItemRef { module, item })).collect()
    }

    fn read_environment(&mut self, item: &'a EnvironmentItem) -> Declared {
        let mut keys: IndexMap<String, (Expr, Location)> = IndexMap::new();
        for field in &item.values {
            let value = self.infer(&field.value);
            let at = self.here(field.name.at);
            if field.name.text.is_empty() {
                continue;
            }
            if field.name.text == "name" {
                let diagnostic = Diagnostic::new(Code::PG102, at, "`env.name` is the name of the environment")
                    .label("a second value of that name")
                    .help("give the key another name");
                self.report(diagnostic);
                continue;
            }
            match keys.get(&field.name.text) {
                Some((_, first)) => {
                    let first = first.span;
                    self.report_duplicate(&field.name, first);
                }
                None => {
                    if let Some(elements) = written_elements(&field.value) {
                        self.environment_lists.entry(field.name.text.clone()).or_default().push(elements);
                    }
                    keys.insert(field.name.text.clone(), (value, at));
                }
            }
        }
        Declared { name: item.name.text.clone(), name_at: self.here(item.name.at), keys }
    }

    /// PG205, once per key: where it is missing, or where its type differs from the first one's.
    fn compare_environments(&mut self, declared: &[Declared]) {
        let mut known: IndexMap<&str, (Type, Location, &str)> = IndexMap::new();
        for environment in declared {
            for (key, (value, at)) in &environment.keys {
                let found = value_type(&value.ty).clone();
                let Some((ty, first, first_name)) = known.get_mut(key.as_str()) else {
                    known.insert(key, (found, *at, &environment.name));
                    continue;
                };
                match unify(ty, &found) {
                    Some(Type::Error) => {}
                    Some(both) => *ty = both,
                    None => {
                        let message =
                            format!("`{key}` is a `{found}` in `{}` and a `{ty}` in `{first_name}`", environment.name);
                        let diagnostic = Diagnostic::new(Code::PG205, value.at, message)
                            .label(format!("this is a `{found}`"))
                            .also(*first, format!("a `{ty}` here"))
                            .help("all environments have the same keys and types");
                        self.report(diagnostic);
                        *ty = Type::Error;
                    }
                }
            }
        }
        for (key, (_, at, first_name)) in &known {
            let lacking: Vec<&Declared> =
                declared.iter().filter(|environment| !environment.keys.contains_key(*key)).collect();
            let Some(first) = lacking.first() else { continue };
            let names: Vec<String> = lacking.iter().map(|environment| format!("`{}`", environment.name)).collect();
            let verb = if names.len() == 1 { "has" } else { "have" };
            let message = format!("{} {verb} no key `{key}`, and `{first_name}` has", all_of(&names));
            let diagnostic = Diagnostic::new(Code::PG205, first.name_at, message)
                .label(format!("`{key}` is missing"))
                .also(*at, "declared here")
                .help("all environments have the same keys and types");
            self.report(diagnostic);
        }
        self.environment_keys = known.into_iter().map(|(key, (ty, ..))| (key.to_owned(), ty)).collect();
    }
}

/// "`a`, `b` and `c`"
fn all_of(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [others @ .., last] => format!("{} and {last}", others.join(", ")),
    }
}
