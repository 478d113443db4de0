//! `check --fix`: puts sure fixes into the files, and checks again until nothing changes.
//!
//! Invariants: a file is written once, when all is decided, and whole; one that is not UTF-8 is never written; one that
//! somebody else has changed meanwhile is left alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::super::exit::Exit;
use super::super::{diff, output};
use super::programs::{Overlay, Programs, STANDARD_INPUT};
use super::{Args, Format, report};
use crate::adapters::program_files;
use crate::analysis::fixes;
use crate::base::counted::counted;
use crate::base::diagnostic::Diagnostic;

/// Fixes that undo each other would go on for ever.
const MOST_ROUNDS: usize = 16;

/// A file that gets a new text.
struct Change {
    name: String,
    before: String,
    after: String,
}

pub fn run(args: &Args) -> Exit {
    if args.paths.iter().any(|path| path.as_os_str() == STANDARD_INPUT) {
        output::complain("error: standard input cannot be fixed in place: name a file\n");
        return Exit::Usage;
    }
    let mut fixing = Fixing::default();
    let programs = fixing.settle(&args.paths);
    if args.diff {
        return fixing.show(args, &programs);
    }
    let refused = fixing.write();
    // What could not be written is still as it was.
    fixing.told.retain(|(path, _)| !refused.contains_key(path));
    let programs = if refused.is_empty() { programs } else { Programs::check(&args.paths, &Overlay::new()) };
    let told: String = fixing.told.iter().map(|(_, line)| format!("fixed {line}\n")).collect();
    if args.format == Format::Text {
        output::say(&told)
    } else {
        output::complain(&told)
    }
    for refusal in refused.values() {
        output::complain(&format!("error: {refusal}\n"));
    }
    let exit = report(args, &programs);
    if args.format == Format::Text && refused.is_empty() && !fixing.told.is_empty() {
        let (fixes, files) = (fixing.told.len(), fixing.changes.len());
        output::say(&format!("{} fixed in {}\n", counted(fixes, "problem"), counted(files, "file")));
    }
    if refused.is_empty() { exit } else { Exit::Usage }
}

#[derive(Default)]
struct Fixing {
    changes: BTreeMap<PathBuf, Change>,
    /// What was fixed, a line each, with its file.
    told: Vec<(PathBuf, String)>,
}

impl Fixing {
    /// Fixes what can be fixed, in memory; gives the programs as they are then.
    fn settle(&mut self, paths: &[PathBuf]) -> Programs {
        let mut programs = Programs::check(paths, &Overlay::new());
        for _ in 0..MOST_ROUNDS {
            if !self.round(&programs) {
                break;
            }
            let overlay = self.changes.iter().map(|(path, change)| (path.clone(), change.after.clone())).collect();
            programs = Programs::check(paths, &overlay);
        }
        programs
    }

    /// Whether anything was fixed.
    fn round(&mut self, programs: &Programs) -> bool {
        let diagnostics = programs.diagnostics();
        let mut by_file: BTreeMap<&Path, Vec<&Diagnostic>> = BTreeMap::new();
        for diagnostic in diagnostics.iter().filter(|diagnostic| diagnostic.fix.is_some()) {
            by_file.entry(programs.identity(diagnostic.at.file)).or_default().push(diagnostic);
        }
        let ids = programs.files();
        let mut any = false;
        for (path, diagnostics) in by_file {
            let Some(file) = ids.get(path).and_then(|id| programs.sources.get(*id)) else { continue };
            let Some(fixed) = fixes::apply(file, &diagnostics).filter(|fixed| fixed.text != file.text) else {
                continue;
            };
            any = true;
            for diagnostic in fixed.fixed {
                let place = file.line_column(diagnostic.at.span.start as usize);
                let title = diagnostic.fix.as_ref().map_or("", |fix| fix.title.as_str());
                let at = format!("{}:{}:{}", file.name, place.line, place.column);
                self.told.push((path.to_path_buf(), format!("{at} {}: {title}", diagnostic.code.id())));
            }
            let change = self.changes.entry(path.to_path_buf());
            let first = || Change { name: file.name.clone(), before: file.text.clone(), after: String::new() };
            change.or_insert_with(first).after = fixed.text;
        }
        any
    }

    /// The files that could not be written, and why.
    fn write(&self) -> BTreeMap<PathBuf, String> {
        let write = |(path, change): (&PathBuf, &Change)| {
            let (before, after) = (change.before.as_bytes(), change.after.as_bytes());
            let refusal = program_files::replace(Path::new(&change.name), before, after).err()?;
            Some((path.clone(), refusal))
        };
        self.changes.iter().filter_map(write).collect()
    }

    /// Writes nothing; shows what would change.
    fn show(&self, args: &Args, programs: &Programs) -> Exit {
        for change in self.changes.values() {
            output::say(&diff::unified(&change.name, &change.before, &change.after));
        }
        let (fixes, files) = (self.told.len(), self.changes.len());
        if fixes > 0 {
            output::complain(&format!("{} would be fixed in {}\n", counted(fixes, "problem"), counted(files, "file")));
        }
        for complaint in &programs.complaints {
            output::complain(&format!("error: {complaint}\n"));
        }
        let left = super::verdict(args, programs, programs.summary(&programs.diagnostics()));
        if left == Exit::Well && fixes > 0 { Exit::Findings } else { left }
    }
}
