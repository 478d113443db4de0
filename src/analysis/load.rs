//! Reads the checked file and, through it, every file it imports.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::{SourceFile, Sources};
use crate::base::span::{FileId, Location, Span};
use crate::syntax::ast::{File, ItemKind, StringLiteral, StringPiece, UseSource};
use crate::syntax::{Parsed, Reading, parse_watched};

use super::Stage;

/// A file that was read, and which module each of its `use` items names.
pub struct Module {
    pub file: FileId,
    pub ast: File,
    /// By item: the module that a `use` of a file stands for.
    pub imports: FxHashMap<usize, usize>,
}

/// The checked file is the first of `modules`.
pub struct Loaded {
    pub modules: Vec<Module>,
    pub diagnostics: Vec<Diagnostic>,
}

/// How many files may import each other in a row.
const DEEPEST: usize = 200;

/// A file as it is handed in.
pub enum Text {
    Bytes(Vec<u8>),
    /// It was read before.
    Read(Arc<Reading>),
}

type Read<'a> = &'a mut dyn FnMut(&str) -> Result<Text, String>;

pub struct Loader<'a> {
    read: Read<'a>,
    sources: &'a mut Sources,
    done: &'a mut dyn FnMut(Stage),
    by_path: FxHashMap<String, usize>,
    loaded: Loaded,
    /// The modules that are being read, each importing the next, with the place of the first import.
    path: Vec<usize>,
    /// The `use` items of the checked file whose circle has been reported.
    circles: FxHashSet<Location>,
}

impl<'a> Loader<'a> {
    pub fn new(read: Read<'a>, sources: &'a mut Sources, done: &'a mut dyn FnMut(Stage)) -> Self {
        let loaded = Loaded { modules: Vec::new(), diagnostics: Vec::new() };
        Self {
            read,
            sources,
            done,
            by_path: FxHashMap::default(),
            loaded,
            path: Vec::new(),
            circles: FxHashSet::default(),
        }
    }

    pub fn load(mut self, root: &str) -> Result<Loaded, String> {
        let text = (self.read)(root)?;
        self.add(root, &normalize(root), &text);
        self.follow_imports(0, None);
        Ok(self.loaded)
    }

    fn add(&mut self, name: &str, path: &str, text: &Text) -> usize {
        let id = self.sources.add(|id| match text {
            Text::Bytes(bytes) => SourceFile::from_bytes(id, name, bytes),
            Text::Read(reading) => reading.source.renamed(id, name),
        });
        (self.done)(Stage::Read);
        let parsed = match text {
            Text::Bytes(_) => {
                let source = self.sources.get(id).expect("the file was just added");
                parse_watched(source, &mut |stage| (self.done)(Stage::Parse(stage)))
            }
            Text::Read(reading) => Parsed { file: (*reading.file).clone(), diagnostics: reading.diagnostics_in(id) },
        };
        let index = self.loaded.modules.len();
        self.loaded.modules.push(Module { file: id, ast: parsed.file, imports: FxHashMap::default() });
        self.loaded.diagnostics.extend(parsed.diagnostics);
        self.by_path.insert(path.to_owned(), index);
        index
    }

    /// `through` is the `use` in the checked file by which `module` was reached.
    fn follow_imports(&mut self, module: usize, through: Option<Location>) {
        self.path.push(module);
        let file = self.loaded.modules[module].file;
        let name = self.sources.get(file).map(|source| source.name.clone()).unwrap_or_default();
        let uses: Vec<(usize, Option<String>, Span)> = uses_of_files(&self.loaded.modules[module].ast);
        for (item, path, at) in uses {
            let at = Location::new(file, at);
            let Some(path) = path else {
                let message = "an import names its file with a plain string, without `${}`";
                self.loaded.diagnostics.push(Diagnostic::new(Code::PG104, at, message));
                continue;
            };
            let path = resolve(&name, &path);
            let through = through.unwrap_or(at);
            if let Some(target) = self.import(&path, at, through) {
                self.loaded.modules[module].imports.insert(item, target);
            }
        }
        self.path.pop();
    }

    fn import(&mut self, path: &str, at: Location, through: Location) -> Option<usize> {
        if let Some(&known) = self.by_path.get(&normalize(path)) {
            if self.path.contains(&known) {
                self.report_cycle(known, at, through);
            }
            return Some(known);
        }
        if self.path.len() > DEEPEST {
            let message = format!("`{path}` is imported through more than {DEEPEST} files");
            self.loaded.diagnostics.push(Diagnostic::new(Code::PG104, at, message));
            return None;
        }
        match (self.read)(path) {
            Ok(text) => {
                let target = self.add(path, &normalize(path), &text);
                self.follow_imports(target, Some(through));
                Some(target)
            }
            Err(reason) => {
                let diagnostic =
                    Diagnostic::new(Code::PG104, at, format!("the file `{path}` cannot be read: {reason}"))
                        .help("paths of imports are relative to the file they stand in");
                self.loaded.diagnostics.push(diagnostic);
                None
            }
        }
    }

    /// Once, at the `use` of the checked file that leads into the circle.
    fn report_cycle(&mut self, known: usize, at: Location, through: Location) {
        if !self.circles.insert(through) {
            return;
        }
        let start = self.path.iter().position(|module| *module == known).unwrap_or(0);
        let mut names: Vec<String> = self.path[start..].iter().map(|module| self.name_of(*module)).collect();
        names.push(self.name_of(known));
        let message = format!("these files import each other in a circle: `{}`", names.join("` → `"));
        let mut diagnostic = Diagnostic::new(Code::PG105, through, message)
            .label("leads into the circle")
            .help("move what both need into a third file");
        if at != through {
            diagnostic = diagnostic.also(at, "closes the circle");
        }
        self.loaded.diagnostics.push(diagnostic);
    }

    fn name_of(&self, module: usize) -> String {
        self.sources.get(self.loaded.modules[module].file).map(|source| source.name.clone()).unwrap_or_default()
    }
}

fn uses_of_files(ast: &File) -> Vec<(usize, Option<String>, Span)> {
    let items = ast.items.iter().enumerate();
    items
        .filter_map(|(index, item)| match &item.kind {
            ItemKind::Use(import) => match &import.source {
                UseSource::File(literal, at) => Some((index, plain_text(literal), *at)),
                UseSource::Std(_) | UseSource::Missing => None,
            },
            _ => None,
        })
        .collect()
}

fn plain_text(literal: &StringLiteral) -> Option<String> {
    literal.pieces.iter().try_fold(String::new(), |text, piece| match piece {
        StringPiece::Text(part) => Some(text + part),
        StringPiece::Interpolation(_) => None,
    })
}

/// The path that a `use` in this file names; none when it is no plain text.
#[must_use]
pub fn import_path(importer: &str, literal: &StringLiteral) -> Option<String> {
    plain_text(literal).map(|path| resolve(importer, &path))
}

/// The path of an import, relative to where the importing file's own name is relative to.
fn resolve(importer: &str, path: &str) -> String {
    if path.starts_with('/') {
        return normalize(path);
    }
    let folder = importer.rfind(['/', '\\']).map_or("", |at| &importer[..=at]);
    normalize(&format!("{folder}{path}"))
}

/// Without `.` and without `x/..`, so that one file has one path.
fn normalize(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "." => {}
            "" if !parts.is_empty() => {}
            ".." if parts.last().is_some_and(|last| !matches!(*last, ".." | "")) => {
                parts.pop();
            }
            other => parts.push(other),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::{normalize, resolve};

    #[test]
    fn imports_are_found_beside_the_importing_file() {
        assert_eq!(resolve("pipelines/search.deploy", "./slo.deploy"), "pipelines/slo.deploy");
        assert_eq!(resolve("search.deploy", "slo.deploy"), "slo.deploy");
        assert_eq!(resolve("a/b/c.deploy", "../d.deploy"), "a/d.deploy");
        assert_eq!(resolve("a.deploy", "../d.deploy"), "../d.deploy");
        assert_eq!(resolve("/x/a.deploy", "../../../d.deploy"), "/../../d.deploy");
    }

    #[test]
    fn one_file_has_one_path() {
        assert_eq!(normalize("./a/./b//c.deploy"), "a/b/c.deploy");
        assert_eq!(normalize("/a/../b"), "/b");
    }
}
