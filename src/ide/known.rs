//! A program as editors see it: its files, what is wrong with it, and what each of its names stands for.

use crate::analysis::names::{Meaning, Mention};
use crate::analysis::{Analysis, analyze_for_editor};
use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::{SourceFile, Sources};
use crate::base::span::{FileId, Location, Span};
use crate::syntax::{ast, parse};

/// A file with all that it imports.
pub struct Known {
    pub sources: Sources,
    pub analysis: Analysis,
}

/// A name that stands for something.
#[derive(Debug, Clone, Copy)]
pub struct Found<'k> {
    pub at: Location,
    pub mention: &'k Mention,
}

impl Known {
    /// Reads the program that begins with the file `root`.
    ///
    /// # Errors
    /// The loader's message, when `root` itself cannot be read.
    pub fn read(loader: &mut dyn FnMut(&str) -> Result<Vec<u8>, String>, root: &str) -> Result<Self, String> {
        let mut sources = Sources::default();
        let analysis = analyze_for_editor(loader, root, &mut sources)?;
        Ok(Self { sources, analysis })
    }

    #[must_use]
    pub fn source(&self, file: FileId) -> Option<&SourceFile> {
        self.sources.get(file)
    }

    #[must_use]
    pub fn tree(&self, file: FileId) -> ast::File {
        self.source(file).map(|source| parse(source).file).unwrap_or_default()
    }

    /// The narrowest name that the cursor touches.
    #[must_use]
    pub fn name_at(&self, file: FileId, offset: usize) -> Option<Found<'_>> {
        let touches = |at: &Location| at.file == file && touches(at.span, offset);
        let found = self.analysis.mentions.iter().filter(|(at, _)| touches(at));
        // Of two names side by side, the one that begins here.
        let narrowest = found.min_by_key(|(at, _)| (at.span.end - at.span.start, u32::MAX - at.span.start));
        narrowest.map(|(at, mention)| Found { at: *at, mention })
    }

    /// Every name that stands for this, in the order of files and places.
    #[must_use]
    pub fn named(&self, meaning: &Meaning) -> Vec<Found<'_>> {
        let mentions = self.analysis.mentions.iter();
        let mut found: Vec<Found<'_>> = mentions
            .filter(|(_, mention)| mention.meaning == *meaning)
            .map(|(at, mention)| Found { at: *at, mention })
            .collect();
        found.sort_by_key(|found| found.at);
        found
    }

    /// The diagnostics of one file.
    pub fn diagnostics(&self, file: FileId) -> impl Iterator<Item = &Diagnostic> {
        self.analysis.diagnostics.iter().filter(move |diagnostic| diagnostic.at.file == file)
    }
}

#[must_use]
pub fn touches(span: Span, offset: usize) -> bool {
    span.start as usize <= offset && offset <= span.end as usize
}

/// What is wrong with a file that is a part of several programs: each thing once, and that something is unused only when no
/// program uses it.
#[must_use]
pub fn merge(programs: &[(&Known, FileId)]) -> Vec<Diagnostic> {
    let mut merged: Vec<Diagnostic> = Vec::new();
    let same = |one: &Diagnostic, other: &Diagnostic| {
        one.at.span == other.at.span && one.code == other.code && one.message == other.message
    };
    for (known, file) in programs {
        for diagnostic in known.diagnostics(*file) {
            let everywhere =
                || programs.iter().all(|(known, file)| known.diagnostics(*file).any(|other| same(diagnostic, other)));
            if !merged.iter().any(|other| same(diagnostic, other)) && (diagnostic.code != Code::PG501 || everywhere()) {
                merged.push(diagnostic.clone());
            }
        }
    }
    merged
}
