//! Which files import which, and so which programs a file is a part of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use crate::adapters::program_files;

use super::super::convert::identity;
use super::{Snapshot, read_text};

impl Snapshot {
    /// A file and all that it imports, directly or not.
    pub(super) fn beneath(&self, path: &Path) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::from([path.to_path_buf()]);
        let mut open = vec![path];
        while let Some(file) = open.pop() {
            for imported in self.imports.get(file).into_iter().flatten() {
                if found.insert(imported.clone()) {
                    open.push(imported);
                }
            }
        }
        found
    }

    /// Of the files that reach this one those that no other file imports.
    pub(super) fn roots_of(&self, path: &Path) -> Vec<PathBuf> {
        let importers = self.importers();
        let reaching = self.reaching(path);
        let is_imported = |file: &PathBuf| {
            let others = importers.get(file).into_iter().flatten();
            others.into_iter().any(|other| other != file && reaching.contains(other))
        };
        reaching.iter().filter(|file| !is_imported(file)).cloned().collect()
    }

    /// The files that import this one, directly or not, and itself.
    fn reaching(&self, path: &Path) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::from([path.to_path_buf()]);
        let mut open = vec![path.to_path_buf()];
        let importers = self.importers();
        while let Some(file) = open.pop() {
            for importer in importers.get(&file).into_iter().flatten() {
                if found.insert(importer.clone()) {
                    open.push(importer.clone());
                }
            }
        }
        found
    }

    fn importers(&self) -> &HashMap<PathBuf, Vec<PathBuf>> {
        self.importers.get_or_init(|| {
            let mut importers: HashMap<PathBuf, Vec<PathBuf>> = HashMap::new();
            for (importer, imported) in self.imports.iter() {
                imported.iter().for_each(|file| importers.entry(file.clone()).or_default().push(importer.clone()));
            }
            importers
        })
    }
}

/// What the programs in these folders import.
pub fn survey(folders: &[PathBuf]) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut imports = BTreeMap::new();
    for file in program_files::find(folders).0 {
        let path = identity(&file);
        if let Some(text) = read_text(&path) {
            let imported = imports_of(&path, &text.text);
            imports.insert(path, imported);
        }
    }
    imports
}

/// Only the beginnings of lines are looked at; a `use` in a comment at worst reads a program more.
pub(super) fn imports_of(path: &Path, text: &str) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let named = text.lines().filter_map(|line| line.trim_start().strip_prefix("use \"")?.split('"').next());
    named.map(|name| identity(&folder.join(name))).filter(|target| target != path).collect()
}
