//! A program as editors see it: its files, what is wrong with it, and what each of its names stands for.

use std::sync::{Arc, OnceLock};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::names::{Meaning, Mention};
use crate::analysis::{Analysis, Place, Text, analyze_for_editor};
use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::{SourceFile, Sources};
use crate::base::span::{FileId, Location, Span};
use crate::syntax::{ast, parse};

/// A file with all that it imports. What only some requests need is worked out by the first of them.
pub struct Known {
    pub sources: Sources,
    pub analysis: Analysis,
    trees: Vec<OnceLock<Arc<ast::File>>>,
    places: OnceLock<Places>,
}

/// The places of all names, in order.
struct Places {
    at: Vec<Location>,
    /// No name is longer.
    longest: u32,
}

/// A name that stands for something.
#[derive(Debug, Clone, Copy)]
pub struct Found<'k> {
    pub at: Location,
    pub mention: &'k Mention,
}

impl Known {
    /// Reads the program that begins with the file `root`; with a place, what is near it. The trees of its files are whole
    /// in either case.
    ///
    /// # Errors
    /// The loader's message, when `root` itself cannot be read.
    pub fn read(
        loader: &mut dyn FnMut(&str) -> Result<Text, String>,
        root: &str,
        near: Option<Place<'_>>,
    ) -> Result<Self, String> {
        let mut sources = Sources::default();
        // In the order in which files get their number.
        let mut trees: Vec<OnceLock<Arc<ast::File>>> = Vec::new();
        let mut noting = |name: &str| {
            let text = loader(name)?;
            trees.push(match &text {
                Text::Read(reading) => OnceLock::from(Arc::clone(&reading.file)),
                Text::Bytes(_) => OnceLock::new(),
            });
            Ok(text)
        };
        let analysis = analyze_for_editor(&mut noting, root, &mut sources, near)?;
        Ok(Self { sources, analysis, trees, places: OnceLock::new() })
    }

    #[must_use]
    pub fn source(&self, file: FileId) -> Option<&SourceFile> {
        self.sources.get(file)
    }

    #[must_use]
    pub fn tree(&self, file: FileId) -> Arc<ast::File> {
        let (Some(tree), Some(source)) = (self.trees.get(file.0 as usize), self.source(file)) else {
            return Arc::default();
        };
        Arc::clone(tree.get_or_init(|| Arc::new(parse(source).file)))
    }

    /// Every name that stands for something, in the order of files and places.
    pub fn mentions(&self) -> impl Iterator<Item = (Location, &Mention)> {
        let found = self.places().at.iter();
        found.filter_map(|at| Some((*at, self.analysis.mentions.get(at)?)))
    }

    /// The names within a span.
    pub fn mentions_in(&self, file: FileId, span: Span) -> impl Iterator<Item = (Location, &Mention)> {
        let all = &self.places().at;
        let first = all.partition_point(|at| (at.file, at.span.start) < (file, span.start));
        let inside = all[first..].iter().take_while(move |at| at.file == file && at.span.end <= span.end);
        inside.filter_map(|at| Some((*at, self.analysis.mentions.get(at)?)))
    }

    fn places(&self) -> &Places {
        self.places.get_or_init(|| {
            let mut at: Vec<Location> = self.analysis.mentions.keys().copied().collect();
            at.sort_unstable();
            let longest = at.iter().map(|at| at.span.end - at.span.start).max().unwrap_or(0);
            Places { at, longest }
        })
    }

    /// The narrowest name that the cursor touches.
    #[must_use]
    pub fn name_at(&self, file: FileId, offset: usize) -> Option<Found<'_>> {
        let Places { at: all, longest } = self.places();
        let end = all.partition_point(|at| (at.file, at.span.start as usize) <= (file, offset));
        let is_near = |at: &&Location| at.file == file && (at.span.start + longest) as usize >= offset;
        let near = all[..end].iter().rev().take_while(is_near).filter(|at| touches(at.span, offset));
        // Of two names side by side, the one that begins here.
        let at = near.min_by_key(|at| (at.span.end - at.span.start, u32::MAX - at.span.start))?;
        Some(Found { at: *at, mention: self.analysis.mentions.get(at)? })
    }

    /// Every name that stands for this, in the order of files and places.
    #[must_use]
    pub fn named(&self, meaning: &Meaning) -> Vec<Found<'_>> {
        let named = self.mentions().filter(|(_, mention)| mention.meaning == *meaning);
        named.map(|(at, mention)| Found { at, mention }).collect()
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
pub fn merge(programs: &[(&[Diagnostic], FileId)]) -> Vec<Diagnostic> {
    type Key<'d> = (Span, Code, &'d str);
    fn key(diagnostic: &Diagnostic) -> Key<'_> {
        (diagnostic.at.span, diagnostic.code, diagnostic.message.as_str())
    }
    let of_file = |(diagnostics, file): (&'_ [Diagnostic], FileId)| -> Vec<Diagnostic> {
        diagnostics.iter().filter(|diagnostic| diagnostic.at.file == file).cloned().collect()
    };
    let all: Vec<Vec<Diagnostic>> = programs.iter().map(|part| of_file(*part)).collect();
    let mut found_by: FxHashMap<Key<'_>, usize> = FxHashMap::default();
    for own in &all {
        let own: FxHashSet<Key<'_>> = own.iter().map(key).collect();
        own.into_iter().for_each(|key| *found_by.entry(key).or_insert(0) += 1);
    }
    let mut taken: FxHashSet<Key<'_>> = FxHashSet::default();
    let is_everywhere = |diagnostic: &Diagnostic| found_by.get(&key(diagnostic)) == Some(&all.len());
    let merged = all.iter().flatten().filter(|diagnostic| {
        (diagnostic.code != Code::PG501 || is_everywhere(diagnostic)) && taken.insert(key(diagnostic))
    });
    merged.cloned().collect()
}
