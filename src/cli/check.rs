//! `check`: every diagnostic of every program.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use clap::{Args as Arguments, ValueEnum};

use super::exit::Exit;
use super::{output, terminal};
use crate::adapters::program_files;
use crate::analysis::{Analysis, analyze};
use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::Sources;
use crate::base::span::{FileId, Span};
use crate::report::diagnostics::{Summary, github, json, text};

/// Reports every problem of every program.
#[derive(Debug, Arguments)]
pub struct Args {
    /// Files, and folders that are walked for `.deploy` files.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Exits 1 for these too.
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Drawn, for people.
    Text,
    /// One object, for programs.
    Json,
    /// Annotations on the lines of a change.
    Github,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

pub fn run(args: Args) -> Exit {
    let (files, mut complaints) = program_files::find(&args.paths);
    let mut check = Check::default();
    for file in &files {
        if let Err(message) = check.add(file) {
            complaints.push(message);
        }
    }
    if files.is_empty() && complaints.is_empty() {
        output::complain("warning: no `.deploy` files here\n");
    }
    for complaint in &complaints {
        output::complain(&format!("error: {complaint}\n"));
    }
    let summary = check.show(args.format);
    if !complaints.is_empty() {
        Exit::Usage
    } else if summary.errors > 0 || (summary.warnings > 0 && args.deny == Some(Deny::Warnings)) {
        Exit::Findings
    } else {
        Exit::Well
    }
}

/// The programs checked so far. A file that several of them import is read for each and reported once.
#[derive(Default)]
struct Check {
    sources: Sources,
    analyses: Vec<Analysis>,
    /// Which file each id is, however its path was written.
    identities: HashMap<FileId, PathBuf>,
}

/// What makes a diagnostic the same as another one, of the same file in another program.
type Sameness<'a> = (&'a Path, Span, Code, &'a str);

impl Check {
    fn add(&mut self, path: &Path) -> Result<(), String> {
        let name = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
        let mut read = |asked: &str| program_files::read(if asked == name { path } else { Path::new(asked) });
        let analysis = analyze(&mut read, &name, &mut self.sources)?;
        for id in &analysis.files {
            if let Some(file) = self.sources.get(*id) {
                let written = PathBuf::from(&file.name);
                self.identities.insert(*id, written.canonicalize().unwrap_or(written));
            }
        }
        self.analyses.push(analysis);
        Ok(())
    }

    fn show(&self, format: Format) -> Summary {
        let diagnostics = self.diagnostics();
        let files: HashSet<&PathBuf> = self.identities.values().collect();
        let summary = Summary::new(&diagnostics, files.len());
        match format {
            Format::Json => output::say(&json::render(&self.sources, &diagnostics, summary)),
            Format::Github => diagnostics.iter().for_each(|one| output::say(&github::render(&self.sources, one))),
            Format::Text => {
                let look = terminal::look();
                diagnostics.iter().for_each(|one| output::say(&text::render(&self.sources, one, look)));
                output::say(&text::render_summary(summary));
                if let Some(first) = diagnostics.first() {
                    output::say(&format!("`phasegate explain {}` says more\n", first.code.id()));
                }
            }
        }
        summary
    }

    /// Each diagnostic once. That something is unused counts only when no program uses it.
    fn diagnostics(&self) -> Vec<Diagnostic> {
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

    fn sameness<'a>(&'a self, diagnostic: &'a Diagnostic) -> Sameness<'a> {
        (self.identity(diagnostic.at.file), diagnostic.at.span, diagnostic.code, &diagnostic.message)
    }

    fn identity(&self, id: FileId) -> &Path {
        self.identities.get(&id).map_or(Path::new(""), PathBuf::as_path)
    }
}
