//! The programs that are checked together, and what is wrong with them, each thing once.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::adapters::program_files;
use crate::analysis::{Allowed, Analysis, analyze};
use crate::base::diagnostic::{Code, Diagnostic, Severity};
use crate::base::source::Sources;
use crate::base::span::{FileId, Span};
use crate::report::diagnostics::Summary;
use crate::report::rates::{Rate, rates};

/// The path that means standard input.
pub const STANDARD_INPUT: &str = "-";

/// Texts that count instead of what is on disk, by the canonical path of their file.
pub type Overlay = BTreeMap<PathBuf, String>;

/// A file that several programs import is read for each and reported once.
#[derive(Default)]
pub struct Programs {
    pub sources: Sources,
    /// What could not be read.
    pub complaints: Vec<String>,
    analyses: Vec<Analysis>,
    /// Which file each id is, however its path was written.
    identities: HashMap<FileId, PathBuf>,
    /// All of them.
    read: HashSet<PathBuf>,
}

/// What makes a diagnostic the same as another one, of the same file in another program.
type Sameness<'a> = (&'a Path, Span, Code, &'a str);

fn has_errors(analysis: &Analysis) -> bool {
    analysis.diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error)
}

impl Programs {
    /// Reads and checks the files that `paths` mean, and all they import.
    #[must_use]
    pub fn check(paths: &[PathBuf], overlay: &Overlay) -> Self {
        let (piped, paths): (Vec<PathBuf>, Vec<PathBuf>) =
            paths.iter().cloned().partition(|path| path.as_os_str() == STANDARD_INPUT);
        let (mut files, complaints) = program_files::find(&paths);
        files.extend(piped.into_iter().next());
        let mut programs = Self { complaints, ..Self::default() };
        let imported = imported_files(&files, overlay);
        let (parts, roots): (Vec<&PathBuf>, Vec<&PathBuf>) =
            files.iter().partition(|file| imported.contains(&identity(file)));
        for file in roots {
            programs.add_or_complain(file, overlay);
        }
        // What no program has brought in after all: files that import each other, or that only seemed to be imported.
        for file in parts {
            if !programs.has_read(&identity(file)) {
                programs.add_or_complain(file, overlay);
            }
        }
        programs
    }

    fn add_or_complain(&mut self, file: &Path, overlay: &Overlay) {
        if let Err(message) = self.add(file, overlay) {
            self.complaints.push(message);
        }
    }

    fn has_read(&self, identity: &Path) -> bool {
        self.read.contains(identity)
    }

    fn add(&mut self, path: &Path, overlay: &Overlay) -> Result<(), String> {
        let name = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        let mut read = |asked: &str| {
            if asked == STANDARD_INPUT {
                return read_standard_input();
            }
            let place = if asked == name { path } else { Path::new(asked) };
            match if overlay.is_empty() { None } else { overlay.get(&identity(place)) } {
                Some(text) => Ok(text.clone().into_bytes()),
                None => program_files::read(place),
            }
        };
        let analysis = analyze(&mut read, &name, &mut self.sources)?;
        for id in &analysis.files {
            if let Some(file) = self.sources.get(*id) {
                let identity = identity(Path::new(&file.name));
                self.read.insert(identity.clone());
                self.identities.insert(*id, identity);
            }
        }
        self.analyses.push(analysis);
        Ok(())
    }

    /// How many programs were read.
    #[must_use]
    pub fn count(&self) -> usize {
        self.analyses.len()
    }

    /// Each diagnostic once. That something is unused counts only when no program uses it.
    #[must_use]
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut readers: HashMap<&Path, usize> = HashMap::new();
        let mut said: HashMap<Sameness<'_>, usize> = HashMap::new();
        for analysis in &self.analyses {
            for id in &analysis.files {
                *readers.entry(self.identity(*id)).or_default() += 1;
            }
            for diagnostic in &analysis.diagnostics {
                *said.entry(self.sameness(diagnostic)).or_default() += 1;
            }
        }
        let mut given = HashSet::new();
        let everything = self.analyses.iter().flat_map(|analysis| &analysis.diagnostics);
        let kept = everything.filter(|diagnostic| {
            let sameness = self.sameness(diagnostic);
            let agreed = diagnostic.code != Code::PG501 || said.get(&sameness) == readers.get(sameness.0);
            agreed && given.insert(sameness)
        });
        kept.cloned().collect()
    }

    /// How often the triggers of each program fire although nothing is wrong.
    #[must_use]
    pub fn rates(&self) -> Vec<Rate> {
        let sound = self.analyses.iter().filter(|analysis| !has_errors(analysis));
        sound.flat_map(|analysis| rates(&analysis.program)).collect()
    }

    /// What the programs allow, each warning once.
    #[must_use]
    pub fn allowed(&self) -> Vec<Allowed> {
        let mut given = HashSet::new();
        let everything = self.analyses.iter().flat_map(|analysis| &analysis.allowed);
        everything.filter(|allowed| given.insert(self.sameness(&allowed.diagnostic))).cloned().collect()
    }

    #[must_use]
    pub fn summary(&self, diagnostics: &[Diagnostic]) -> Summary {
        Summary::new(diagnostics, self.files().len())
    }

    /// Every file that was read, by its canonical path, under the first of its ids.
    #[must_use]
    pub fn files(&self) -> BTreeMap<&Path, FileId> {
        let mut files = BTreeMap::new();
        for id in self.analyses.iter().flat_map(|analysis| &analysis.files) {
            files.entry(self.identity(*id)).or_insert(*id);
        }
        files
    }

    fn sameness<'a>(&'a self, diagnostic: &'a Diagnostic) -> Sameness<'a> {
        (self.identity(diagnostic.at.file), diagnostic.at.span, diagnostic.code, &diagnostic.message)
    }

    #[must_use]
    pub fn identity(&self, id: FileId) -> &Path {
        self.identities.get(&id).map_or(Path::new(""), PathBuf::as_path)
    }
}

/// The files that others among them seem to import: they are checked as a part of those, and need not be checked again.
///
/// Only the beginnings of lines are looked at. A `use` in a comment or a text at worst changes the order.
fn imported_files(files: &[PathBuf], overlay: &Overlay) -> HashSet<PathBuf> {
    let mut imported = HashSet::new();
    if files.len() < 2 {
        return imported;
    }
    for file in files.iter().filter(|file| file.as_os_str() != STANDARD_INPUT) {
        let own = identity(file);
        let text = match overlay.get(&own) {
            Some(text) => text.clone(),
            None => {
                program_files::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
            }
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        let named = text.lines().filter_map(|line| line.strip_prefix("use \"")?.split('"').next());
        imported.extend(named.map(|name| identity(&folder.join(name))).filter(|target| *target != own));
    }
    imported
}

fn identity(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_path_buf())
}

fn read_standard_input() -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let read = io::stdin().lock().take(program_files::LARGEST + 1).read_to_end(&mut bytes);
    match read {
        Ok(read) if read as u64 > program_files::LARGEST => Err("standard input is too large for a program".to_owned()),
        Ok(_) => Ok(bytes),
        Err(error) => Err(format!("standard input cannot be read: {error}")),
    }
}
