//! The outside of a test while its plan is made: given files, and nothing of this machine.

use std::collections::HashMap;

use crate::plan::request::Surroundings;

/// The files a test gives, as text by their paths.
#[derive(Debug, Clone, Default)]
pub(super) struct GivenFiles(HashMap<String, String>);

impl GivenFiles {
    /// A text is the file as it is, everything else is written as JSON.
    pub fn insert(&mut self, path: &str, content: &serde_json::Value) {
        let text = content.as_str().map_or_else(|| content.to_string(), str::to_owned);
        self.0.insert(tidy(path).to_owned(), text);
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn get(&self, path: &str) -> Option<&str> {
        self.0.get(tidy(path)).map(String::as_str)
    }
}

/// Given files before those of somewhere else.
pub(super) struct Overlay<'a> {
    pub given: &'a GivenFiles,
    pub beneath: &'a dyn Surroundings,
}

impl Surroundings for Overlay<'_> {
    fn read_file(&self, path: &str) -> Result<String, String> {
        self.given.get(path).map_or_else(|| self.beneath.read_file(path), |text| Ok(text.to_owned()))
    }

    fn env_var(&self, name: &str) -> Result<Option<String>, String> {
        self.beneath.env_var(name)
    }

    /// Nothing of it is ever used in virtual time.
    fn stand_in(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }
}

fn tidy(path: &str) -> &str {
    path.strip_prefix("./").unwrap_or(path)
}

impl Surroundings for GivenFiles {
    fn read_file(&self, path: &str) -> Result<String, String> {
        let missing = || format!("no file `{path}` is given: add `given file \"{path}\" = …`");
        self.get(path).map(str::to_owned).ok_or_else(missing)
    }

    /// None is set, so that defaults count.
    fn env_var(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn stand_in(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }
}
