//! The texts that are open, and what was read of programs, with the file on disk that each of their files is.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::analysis::Checked;
use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceFile, Sources};
use crate::base::span::FileId;
use crate::ide::known::Known;

use super::super::convert::identity;
use super::Touched;

/// A text that is open in the editor.
#[derive(Debug)]
pub struct Document {
    /// As the editor spells it.
    pub uri: String,
    pub version: i32,
    pub source: Arc<SourceFile>,
}

impl Document {
    pub fn new(uri: &str, version: i32, text: String) -> Self {
        Self { uri: uri.to_owned(), version, source: Arc::new(SourceFile::new(FileId(0), "", text)) }
    }
}

/// A program, and which file on disk each of its files is.
pub struct Program {
    pub known: Known,
    pub places: Places,
}

impl Program {
    pub fn path(&self, file: FileId) -> &Path {
        self.places.path(file)
    }

    pub fn file(&self, path: &Path) -> Option<FileId> {
        self.places.file(path)
    }
}

/// What is wrong with a program.
pub struct Check {
    pub sources: Sources,
    pub checked: Checked,
    pub places: Places,
}

impl Check {
    pub fn source(&self, file: FileId) -> Option<&SourceFile> {
        self.sources.get(file)
    }

    pub fn path(&self, file: FileId) -> &Path {
        self.places.path(file)
    }

    pub fn file(&self, path: &Path) -> Option<FileId> {
        self.places.file(path)
    }

    pub fn diagnostics(&self, file: FileId) -> impl Iterator<Item = &Diagnostic> {
        self.checked.diagnostics.iter().filter(move |diagnostic| diagnostic.at.file == file)
    }
}

/// Which file on disk each file of a program is.
pub struct Places {
    by_id: HashMap<FileId, PathBuf>,
    by_path: HashMap<PathBuf, FileId>,
    /// All that was asked for, there or not.
    asked: BTreeSet<PathBuf>,
}

impl Places {
    pub fn new(files: &[FileId], sources: &Sources, asked: BTreeSet<PathBuf>) -> Self {
        let place = |file: &FileId| Some((*file, identity(Path::new(&sources.get(*file)?.name))));
        let by_id: HashMap<FileId, PathBuf> = files.iter().filter_map(place).collect();
        let mut by_path = HashMap::new();
        for file in files.iter().rev() {
            by_path.extend(by_id.get(file).map(|path| (path.clone(), *file)));
        }
        Self { by_id, by_path, asked }
    }

    fn path(&self, file: FileId) -> &Path {
        self.by_id.get(&file).map_or(Path::new(""), PathBuf::as_path)
    }

    fn file(&self, path: &Path) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Whether one of these files says something else now than it did for the program with these sources.
    pub fn changed(&self, sources: &Sources, touched: &[Touched<'_>]) -> bool {
        touched.iter().any(|(path, text)| {
            let read = || Some(sources.get(self.file(path)?)?.text.as_str());
            self.asked.contains(*path) && (text.is_none() || read() != *text)
        })
    }
}
