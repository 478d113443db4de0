//! The files of the editor's folders, the texts that are open, and the programs that were read from them.
//!
//! A [`Snapshot`] never changes: an edit makes a new one, which keeps the programs that the edit does not touch. A program is
//! read by the first who asks for it, once for each snapshot it is a part of.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::adapters::program_files;
use crate::base::diagnostic::Diagnostic;
use crate::base::span::FileId;
use crate::ide::known::{Known, merge};

use super::convert::identity;
use super::library;

/// A text that is open in the editor.
#[derive(Debug)]
pub struct Document {
    /// As the editor spells it.
    pub uri: String,
    pub version: i32,
    pub text: String,
}

/// A program, and which file on disk each of its files is.
pub struct Program {
    pub known: Known,
    places: HashMap<FileId, PathBuf>,
    /// All that was asked for, there or not.
    asked: BTreeSet<PathBuf>,
}

impl Program {
    pub fn path(&self, file: FileId) -> &Path {
        self.places.get(&file).map_or(Path::new(""), PathBuf::as_path)
    }

    pub fn file(&self, path: &Path) -> Option<FileId> {
        self.known.analysis.files.iter().copied().find(|file| self.path(*file) == path)
    }
}

type Slot = Arc<OnceLock<Option<Arc<Program>>>>;

#[derive(Clone, Default)]
pub struct Snapshot {
    documents: Arc<BTreeMap<PathBuf, Arc<Document>>>,
    /// What each file that is known imports.
    imports: Arc<BTreeMap<PathBuf, Vec<PathBuf>>>,
    programs: Arc<Mutex<HashMap<PathBuf, Slot>>>,
}

impl Snapshot {
    pub fn document(&self, path: &Path) -> Option<&Arc<Document>> {
        self.documents.get(path)
    }

    pub fn documents(&self) -> impl Iterator<Item = (&PathBuf, &Arc<Document>)> {
        self.documents.iter()
    }

    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.imports.keys()
    }

    /// With this text open, or closed again when there is none.
    pub fn with_document(&self, path: &Path, document: Option<Document>) -> Self {
        let mut documents = (*self.documents).clone();
        let mut imports = (*self.imports).clone();
        match document {
            Some(document) => {
                imports.insert(path.to_path_buf(), imports_of(path, &document.text));
                documents.insert(path.to_path_buf(), Arc::new(document));
            }
            None => {
                documents.remove(path);
                scan(path, &mut imports);
            }
        }
        Self { documents: Arc::new(documents), imports: Arc::new(imports), programs: self.untouched(&[path]) }
    }

    /// After files were changed, made or removed on disk.
    pub fn after_changes(&self, paths: &[PathBuf]) -> Self {
        let mut imports = (*self.imports).clone();
        for path in paths.iter().filter(|path| !self.documents.contains_key(*path)) {
            scan(path, &mut imports);
        }
        let touched: Vec<&Path> = paths.iter().map(PathBuf::as_path).collect();
        Self { imports: Arc::new(imports), programs: self.untouched(&touched), documents: Arc::clone(&self.documents) }
    }

    /// With the files that a look into the folders has found.
    pub fn with_files(&self, found: BTreeMap<PathBuf, Vec<PathBuf>>) -> Self {
        let mut imports = found;
        imports.extend(self.imports.iter().map(|(path, imported)| (path.clone(), imported.clone())));
        Self { imports: Arc::new(imports), ..self.clone() }
    }

    /// The programs that none of these files is a part of.
    fn untouched(&self, paths: &[&Path]) -> Arc<Mutex<HashMap<PathBuf, Slot>>> {
        let programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
        let keeps = |slot: &Slot| match slot.get() {
            Some(Some(program)) => !paths.iter().any(|path| program.asked.contains(*path)),
            _ => false,
        };
        let kept = programs.iter().filter(|(_, slot)| keeps(slot));
        Arc::new(Mutex::new(kept.map(|(path, slot)| (path.clone(), Arc::clone(slot))).collect()))
    }

    /// The program that begins with this file; none when it cannot be read.
    pub fn program(&self, root: &Path) -> Option<Arc<Program>> {
        let slot = {
            let mut programs = self.programs.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(programs.entry(root.to_path_buf()).or_default())
        };
        slot.get_or_init(|| self.read(root).map(Arc::new)).clone()
    }

    fn read(&self, root: &Path) -> Option<Program> {
        let mut asked = BTreeSet::new();
        let mut loader = |name: &str| {
            let path = identity(Path::new(name));
            asked.insert(path.clone());
            match self.documents.get(&path) {
                Some(document) => Ok(document.text.clone().into_bytes()),
                None => program_files::read(&path),
            }
        };
        let known = Known::read(&mut loader, &root.to_string_lossy()).ok()?;
        let place = |file: &FileId| Some((*file, identity(Path::new(&known.source(*file)?.name))));
        let places = known.analysis.files.iter().filter_map(place).collect();
        Some(Program { known, places, asked })
    }

    /// The programs that a file is a part of: those of the files that reach it and that no other file imports.
    pub fn programs_of(&self, path: &Path) -> Vec<Arc<Program>> {
        let reaching = self.reaching(path);
        let is_imported = |file: &PathBuf| {
            let mut others = reaching.iter().filter(|other| *other != file);
            others.any(|other| self.imports.get(other).is_some_and(|imported| imported.contains(file)))
        };
        let roots = reaching.iter().filter(|file| !is_imported(file));
        let mut programs: Vec<Arc<Program>> =
            roots.filter_map(|root| self.program(root)).filter(|program| program.file(path).is_some()).collect();
        if programs.is_empty() {
            programs.extend(self.program(path));
        }
        programs
    }

    /// The files that import this one, directly or not, and itself.
    fn reaching(&self, path: &Path) -> BTreeSet<PathBuf> {
        let mut found = BTreeSet::from([path.to_path_buf()]);
        let mut open = vec![path.to_path_buf()];
        while let Some(file) = open.pop() {
            for (importer, imported) in self.imports.iter() {
                if imported.contains(&file) && found.insert(importer.clone()) {
                    open.push(importer.clone());
                }
            }
        }
        found
    }

    /// What `check` would say of the file.
    pub fn diagnostics(&self, path: &Path) -> (Vec<Arc<Program>>, Vec<Diagnostic>) {
        if library::is_part(path) {
            return (Vec::new(), Vec::new());
        }
        let programs = self.programs_of(path);
        let parts: Vec<(&Known, FileId)> =
            programs.iter().filter_map(|program| Some((&program.known, program.file(path)?))).collect();
        let diagnostics = merge(&parts);
        (programs, diagnostics)
    }
}

/// What the programs in these folders import.
pub fn survey(folders: &[PathBuf]) -> BTreeMap<PathBuf, Vec<PathBuf>> {
    let mut imports = BTreeMap::new();
    for file in program_files::find(folders).0 {
        scan(&identity(&file), &mut imports);
    }
    imports
}

fn scan(path: &Path, imports: &mut BTreeMap<PathBuf, Vec<PathBuf>>) {
    match program_files::read(path) {
        Ok(bytes) => {
            let text = String::from_utf8_lossy(&bytes);
            imports.insert(path.to_path_buf(), imports_of(path, &text));
        }
        Err(_) => drop(imports.remove(path)),
    }
}

/// Only the beginnings of lines are looked at; a `use` in a comment at worst reads a program more.
fn imports_of(path: &Path, text: &str) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let named = text.lines().filter_map(|line| line.trim_start().strip_prefix("use \"")?.split('"').next());
    named.map(|name| identity(&folder.join(name))).filter(|target| target != path).collect()
}
