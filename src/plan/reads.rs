//! What the outside said while the plan was made: files, environment variables, names of secrets.
//!
//! Invariant: everything is asked for once, so that one plan never sees two states of a file.

use std::cell::RefCell;

use indexmap::IndexMap;

use super::fingerprint::hash;
use super::request::Surroundings;
use crate::contract::value::Value;
use crate::eval::{Evaluated, Unknown};
use crate::model::expr::Expr;

pub struct Reads<'a> {
    surroundings: &'a dyn Surroundings,
    files: RefCell<IndexMap<String, Read>>,
    variables: RefCell<IndexMap<String, Result<Option<String>, String>>>,
}

/// A file: its text, and its JSON once someone asked for it.
struct Read {
    text: Result<String, String>,
    json: Option<Evaluated>,
}

/// Whether a function asks the outside.
pub fn is_read(function: &str) -> bool {
    matches!(function, "read.json" | "read.text" | "env_var" | "secret")
}

impl<'a> Reads<'a> {
    pub fn new(surroundings: &'a dyn Surroundings) -> Self {
        Self { surroundings, files: RefCell::default(), variables: RefCell::default() }
    }

    /// The answer of a reading function to constant arguments; `None` for any other function.
    pub fn call(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated> {
        let first = args.first().and_then(|(_, value)| value.as_literal()).map(crate::eval::plain_text);
        let subject = first.unwrap_or_default();
        match function {
            "read.json" => Some(self.json(&subject)),
            "read.text" => Some(self.text(&subject)),
            "env_var" => {
                let default = args.iter().find(|(name, _)| name == "default").and_then(|(_, value)| value.as_literal());
                Some(self.variable(&subject, default))
            }
            "secret" => Some(Ok(Value::Secret(subject))),
            _ => None,
        }
    }

    /// SHA-256 of each file that was read.
    pub fn file_hashes(&self) -> IndexMap<String, String> {
        let files = self.files.borrow();
        let read = files.iter().filter_map(|(path, file)| Some((path, file.text.as_ref().ok()?)));
        read.map(|(path, text)| (path.clone(), hash(text.as_bytes()))).collect()
    }

    /// SHA-256 of each variable that was asked for; one that is not set has a word of its own.
    pub fn variable_hashes(&self) -> IndexMap<String, String> {
        let variables = self.variables.borrow();
        let read = variables.iter().filter_map(|(name, content)| Some((name, content.as_ref().ok()?)));
        let hashed = |content: &Option<String>| content.as_ref().map_or("unset".to_owned(), |it| hash(it.as_bytes()));
        read.map(|(name, content)| (name.clone(), hashed(content))).collect()
    }

    fn json(&self, path: &str) -> Evaluated {
        self.read(path);
        let mut files = self.files.borrow_mut();
        let Some(file) = files.get_mut(path) else { return Err(Unknown(format!("`{path}` was not read"))) };
        let text = &file.text;
        file.json.get_or_insert_with(|| parse_json(path, text)).clone()
    }

    fn text(&self, path: &str) -> Evaluated {
        self.read(path);
        let files = self.files.borrow();
        match files.get(path).map(|file| &file.text) {
            Some(Ok(text)) => Ok(Value::text(text)),
            Some(Err(reason)) => Err(Unknown(reason.clone())),
            None => Err(Unknown(format!("`{path}` was not read"))),
        }
    }

    fn read(&self, path: &str) {
        let known = self.files.borrow().contains_key(path);
        if !known {
            let text = self.surroundings.read_file(path);
            self.files.borrow_mut().insert(path.to_owned(), Read { text, json: None });
        }
    }

    fn variable(&self, name: &str, default: Option<&Value>) -> Evaluated {
        let mut variables = self.variables.borrow_mut();
        let content = variables.entry(name.to_owned()).or_insert_with(|| self.surroundings.env_var(name));
        match (content, default) {
            (Ok(Some(content)), _) => Ok(Value::text(content.as_str())),
            (Ok(None), Some(default)) => Ok(default.clone()),
            (Ok(None), None) => match self.surroundings.stand_in(name) {
                Some(content) => Ok(Value::text(content)),
                None => Err(Unknown(format!("the environment variable `{name}` is not set"))),
            },
            (Err(reason), _) => Err(Unknown(format!("the environment variable `{name}` cannot be used: {reason}"))),
        }
    }
}

fn parse_json(path: &str, text: &Result<String, String>) -> Evaluated {
    let text = text.as_ref().map_err(|reason| Unknown(reason.clone()))?;
    serde_json::from_str(text).map(Value::Json).map_err(|error| Unknown(format!("`{path}` is no JSON: {error}")))
}
