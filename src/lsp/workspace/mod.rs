//! The files of the editor's folders, the texts that are open, and the programs that were read from them.
//!
//! A [`Snapshot`] never changes: an edit makes a new one, which keeps the programs that the edit does not touch. A program is
//! read by the first who asks for it, once for each snapshot it is a part of.

mod ahead;
mod imports;
mod near;
mod program;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use crate::adapters::program_files;
use crate::analysis::{Memory, Text, check_again};
use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceFile, Sources};
use crate::base::span::FileId;
use crate::ide::known::{Known, merge};
use crate::ide::outline::{Symbol, outline};
use crate::syntax::{Reading, parse};

use super::convert::identity;
use super::library;
use super::readings::Readings;
use ahead::Ahead;
use imports::imports_of;
use program::Places;

pub use imports::survey;
pub use near::Spot;
pub use program::{Check, Document, Program};

type Slot = Arc<OnceLock<Option<Arc<Program>>>>;
type CheckSlot = Arc<OnceLock<Option<Arc<Check>>>>;
type Outline = Arc<OnceLock<Arc<Vec<Symbol>>>>;
type Frame = Arc<OnceLock<Arc<Reading>>>;
#[derive(Clone, Default)]
pub struct Snapshot {
    documents: Arc<BTreeMap<PathBuf, Arc<Document>>>,
    /// What each file that is known imports.
    imports: Arc<BTreeMap<PathBuf, Vec<PathBuf>>>,
    /// The other way round.
    importers: Arc<OnceLock<HashMap<PathBuf, Vec<PathBuf>>>>,
    programs: Arc<Mutex<HashMap<PathBuf, Slot>>>,
    /// The place that was asked about last.
    near: Arc<Mutex<Option<(Spot, Slot)>>>,
    /// What is wrong with programs: known sooner than what their names stand for.
    checks: Arc<Mutex<HashMap<PathBuf, CheckSlot>>>,
    /// What was found the last time, from one snapshot to the next. One check after the other: with what it finds the next one
    /// is done sooner than at the same time.
    memories: Arc<Mutex<HashMap<PathBuf, Arc<Mutex<Memory>>>>>,
    /// What files declare.
    outlines: Arc<Mutex<HashMap<PathBuf, Outline>>>,
    /// What files mean for those that they import.
    frames: Arc<Mutex<HashMap<PathBuf, Frame>>>,
    /// Files with their trees, from one snapshot to the next.
    readings: Arc<Readings>,
}

/// A file with its new text; none when nobody knows it.
type Touched<'t> = (&'t Path, Option<&'t str>);

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

    /// The text of a file, from the editor or from disk.
    pub fn text(&self, path: &Path) -> Option<Arc<SourceFile>> {
        self.source(path).ok()
    }

    /// What a file declares; nothing when it cannot be read.
    pub fn outline(&self, path: &Path) -> Arc<Vec<Symbol>> {
        let slot = Arc::clone(lock(&self.outlines).entry(path.to_path_buf()).or_default());
        let read = || self.text(path).map(|source| outline(&parse(&source).file)).unwrap_or_default();
        Arc::clone(slot.get_or_init(|| Arc::new(read())))
    }

    /// With this text open, or closed again when there is none.
    pub fn with_document(&self, path: &Path, document: Option<Document>) -> Self {
        let mut documents = (*self.documents).clone();
        let before = self.text(path);
        let (imported, text) = match document {
            Some(document) => {
                let imported = imports_of(path, &document.source.text);
                let source = Arc::clone(&document.source);
                documents.insert(path.to_path_buf(), Arc::new(document));
                (Some(imported), Some(source))
            }
            None => {
                documents.remove(path);
                let text = read_text(path);
                (text.as_ref().map(|text| imports_of(path, &text.text)), text)
            }
        };
        // A file that is opened or closed as it stands on disk says what it said before, also to who is reading it right now.
        type Said<'t> = Option<(&'t str, Option<usize>)>;
        fn said(source: &Option<Arc<SourceFile>>) -> Said<'_> {
            source.as_ref().map(|one| (one.text.as_str(), one.first_bad_byte))
        }
        let mut next = match said(&before) == said(&text) {
            true => self.clone(),
            false => self.without(&[(path, text.as_ref().map(|source| source.text.as_str()))]),
        };
        next.documents = Arc::new(documents);
        if self.imports.get(path) != imported.as_ref() {
            let mut imports = (*self.imports).clone();
            match imported {
                Some(imported) => drop(imports.insert(path.to_path_buf(), imported)),
                None => drop(imports.remove(path)),
            }
            next.import(imports);
        }
        next
    }

    /// After files were changed, made or removed on disk.
    pub fn after_changes(&self, paths: &[PathBuf]) -> Self {
        let mut imports = (*self.imports).clone();
        let changed = paths.iter().filter(|path| !self.documents.contains_key(*path));
        let texts: Vec<(&Path, Option<Arc<SourceFile>>)> =
            changed.map(|path| (path.as_path(), read_text(path))).collect();
        for (path, text) in &texts {
            match text {
                Some(text) => drop(imports.insert(path.to_path_buf(), imports_of(path, &text.text))),
                None => drop(imports.remove(*path)),
            }
        }
        let touched: Vec<Touched<'_>> =
            texts.iter().map(|(path, text)| (*path, text.as_ref().map(|source| source.text.as_str()))).collect();
        let mut next = self.without(&touched);
        next.import(imports);
        next
    }

    /// With the files that a look into the folders has found, and those that are open.
    pub fn with_files(&self, found: BTreeMap<PathBuf, Vec<PathBuf>>) -> Self {
        let mut imports = found;
        let open = self.documents.keys().filter_map(|path| Some((path.clone(), self.imports.get(path)?.clone())));
        imports.extend(open);
        let mut next = self.clone();
        next.import(imports);
        next
    }

    fn import(&mut self, imports: BTreeMap<PathBuf, Vec<PathBuf>>) {
        (self.imports, self.importers) = (Arc::new(imports), Arc::default());
    }

    /// Without what was read of these files, if they say something else now.
    fn without(&self, touched: &[Touched<'_>]) -> Self {
        let same_program = |_: &Path, slot: &Slot| match slot.get() {
            Some(Some(program)) => !program.places.changed(&program.known.sources, touched),
            _ => false,
        };
        let same_check = |_: &Path, slot: &CheckSlot| match slot.get() {
            Some(Some(check)) => !check.places.changed(&check.sources, touched),
            _ => false,
        };
        let is_touched = |path: &Path| touched.iter().any(|(other, _)| *other == path);
        Self {
            programs: kept(&self.programs, same_program),
            checks: kept(&self.checks, same_check),
            outlines: kept(&self.outlines, |path: &Path, _: &Outline| !is_touched(path)),
            frames: kept(&self.frames, |path: &Path, _: &Frame| !is_touched(path)),
            near: Arc::default(),
            ..self.clone()
        }
    }

    /// The program that begins with this file; none when it cannot be read.
    pub fn program(&self, root: &Path) -> Option<Arc<Program>> {
        let slot = {
            let mut programs = lock(&self.programs);
            Arc::clone(programs.entry(root.to_path_buf()).or_default())
        };
        slot.get_or_init(|| self.read(root).map(Arc::new)).clone()
    }

    fn read(&self, root: &Path) -> Option<Program> {
        let mut asked = BTreeSet::new();
        let mut ahead = self.read_ahead(root);
        let mut loader = |name: &str| self.load(name, &mut asked, &mut ahead);
        let known = Known::read(&mut loader, &root.to_string_lossy(), None).ok()?;
        let places = Places::new(&known.analysis.files, &known.sources, asked);
        Some(Program { known, places })
    }

    fn check(&self, root: &Path) -> Option<Arc<Check>> {
        let slot = Arc::clone(lock(&self.checks).entry(root.to_path_buf()).or_default());
        slot.get_or_init(|| self.read_check(root).map(Arc::new)).clone()
    }

    fn read_check(&self, root: &Path) -> Option<Check> {
        let mut asked = BTreeSet::new();
        let mut ahead = self.read_ahead(root);
        let mut loader = |name: &str| self.load(name, &mut asked, &mut ahead);
        let mut sources = Sources::default();
        let memory = Arc::clone(lock(&self.memories).entry(root.to_path_buf()).or_default());
        let checked = check_again(&mut loader, &root.to_string_lossy(), &mut sources, &mut lock(&memory)).ok()?;
        let places = Places::new(&checked.files, &sources, asked);
        Some(Check { sources, checked, places })
    }

    fn load(&self, name: &str, asked: &mut BTreeSet<PathBuf>, ahead: &mut Ahead) -> Result<Text, String> {
        let path = identity(Path::new(name));
        asked.insert(path.clone());
        if let Some(reading) = ahead.remove(&path) {
            return Ok(Text::Read(reading));
        }
        let source = self.source(&path)?;
        Ok(Text::Read(self.readings.get(&path, &source)))
    }

    fn source(&self, path: &Path) -> Result<Arc<SourceFile>, String> {
        match self.documents.get(path) {
            Some(document) => Ok(Arc::clone(&document.source)),
            None => Ok(Arc::new(SourceFile::from_bytes(FileId(0), "", &program_files::read(path)?))),
        }
    }

    /// The programs that a file is a part of: those of the files that reach it and that no other file imports.
    pub fn programs_of(&self, path: &Path) -> Vec<Arc<Program>> {
        let roots = self.roots_of(path);
        let mut programs: Vec<Arc<Program>> =
            roots.iter().filter_map(|root| self.program(root)).filter(|program| program.file(path).is_some()).collect();
        if programs.is_empty() {
            programs.extend(self.program(path));
        }
        programs
    }

    /// The first of them.
    pub fn program_of(&self, path: &Path) -> Option<Arc<Program>> {
        let roots = self.roots_of(path);
        let found = roots.iter().filter_map(|root| self.program(root)).find(|program| program.file(path).is_some());
        found.or_else(|| self.program(path))
    }

    /// What `check` would say of the file.
    pub fn diagnostics(&self, path: &Path) -> (Vec<Arc<Check>>, Vec<Diagnostic>) {
        if library::is_part(path) {
            return (Vec::new(), Vec::new());
        }
        let roots = self.roots_of(path);
        let mut checks: Vec<Arc<Check>> =
            roots.iter().filter_map(|root| self.check(root)).filter(|check| check.file(path).is_some()).collect();
        if checks.is_empty() {
            checks.extend(self.check(path));
        }
        let parts: Vec<(&[Diagnostic], FileId)> =
            checks.iter().filter_map(|check| Some((check.checked.diagnostics.as_slice(), check.file(path)?))).collect();
        let diagnostics = merge(&parts);
        (checks, diagnostics)
    }
}

fn read_text(path: &Path) -> Option<Arc<SourceFile>> {
    let bytes = program_files::read(path).ok()?;
    Some(Arc::new(SourceFile::from_bytes(FileId(0), "", &bytes)))
}

type Kept<T> = Arc<Mutex<HashMap<PathBuf, Arc<T>>>>;

fn kept<T>(slots: &Kept<T>, keeps: impl Fn(&Path, &Arc<T>) -> bool) -> Kept<T> {
    let slots = lock(slots);
    let kept = slots.iter().filter(|(path, slot)| keeps(path, slot));
    Arc::new(Mutex::new(kept.map(|(path, slot)| (path.clone(), Arc::clone(slot))).collect()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
