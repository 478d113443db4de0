//! A file as it was read, so that after an edit only the parts are read again that the edit touches.
//!
//! A file falls into parts: each item mark (see [`super::tokens`]) begins one. No rule of the grammar crosses such a mark, and
//! no string and no comment is open at one, so what a part says depends on its own text and on the comments above it alone.
//! Only faults look around: at the token behind, at others on the same line. So a part is *sound* when nothing is wrong in
//! it, and a sound part whose text stands where it stood, counted from the beginning or from the end of the file, is taken
//! as it was and moved. All others are read again in their order.
//!
//! Invariant: what comes out is what [`parse`] gives.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::base::diagnostic::Diagnostic;
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};

use super::ast::{Distance, File, Item, ItemKind, Moved, move_item};
use super::faults::Faults;
use super::files::{Top, parse};
use super::grammar::{self, Concrete, Rule};
use super::lower::Lower;
use super::rescan::rescan;
use super::scan::{CommentKind, Scan, scan};

/// A source with its tree and with what is wrong in it.
#[derive(Debug, Clone)]
pub struct Reading {
    pub source: Arc<SourceFile>,
    pub file: Arc<File>,
    pub diagnostics: Vec<Diagnostic>,
    parts: Vec<Part>,
    /// None as long as the text was not edited.
    scan: Option<Arc<Scan>>,
}

#[derive(Debug, Clone)]
struct Part {
    /// From the end of the token before it to the end of the line that its last token is on.
    text: Range<usize>,
    items: Range<usize>,
    /// What an allow in the file may speak about.
    targets: Vec<Span>,
    is_sound: bool,
}

impl Reading {
    /// Reads a source of which nothing is known: as a whole, since most files are never edited.
    #[must_use]
    pub fn of(source: Arc<SourceFile>) -> Self {
        let parsed = parse(&source);
        Self { source, file: Arc::new(parsed.file), diagnostics: parsed.diagnostics, parts: Vec::new(), scan: None }
    }

    /// Reads a later text of the same file.
    #[must_use]
    pub fn again(self, source: Arc<SourceFile>) -> Self {
        Self::read(source, &mut Before::of(self))
    }

    /// What the file means for those that it imports: its environments. With its own imports, as those have some too.
    #[must_use]
    pub fn frame(self) -> Self {
        let is_kept = |item: &Arc<Item>| matches!(item.kind, ItemKind::Use(_) | ItemKind::Environment(_));
        let items = self.file.items.iter().filter(|item| is_kept(item)).cloned().collect();
        let file = Arc::new(File { items, allows: Vec::new() });
        Self { source: self.source, file, diagnostics: Vec::new(), parts: Vec::new(), scan: None }
    }

    /// What is wrong, as in a file with this id.
    #[must_use]
    pub fn diagnostics_in(&self, file: FileId) -> Vec<Diagnostic> {
        let mut diagnostics = self.diagnostics.clone();
        for diagnostic in &mut diagnostics {
            diagnostic.at.file = file;
            diagnostic.labels.iter_mut().for_each(|label| label.at.file = file);
        }
        diagnostics
    }

    fn read(source: Arc<SourceFile>, before: &mut Before) -> Self {
        before.compare(&source.text);
        let scan = match &before.scan {
            Some(scan) => rescan(scan, &source.text, before.same),
            None => scan(&source.text, true),
        };
        let parts = if scan.too_deep.is_none() { read_parts(&source, &scan, before) } else { None };
        let Some((file, parts, diagnostics)) = parts else { return Self::of(source) };
        Self { source, file: Arc::new(file), diagnostics, parts, scan: Some(Arc::new(scan)) }
    }
}

/// None when a part takes too much work.
fn read_parts(source: &SourceFile, scan: &Scan, before: &mut Before) -> Option<(File, Vec<Part>, Vec<Diagnostic>)> {
    let mut faults = Faults::default();
    let mut lower = Lower::of_file(source, scan, &mut faults);
    let doubtful = doubtful_places(scan);
    let mut top = Top::default();
    let mut parts: Vec<Part> = Vec::new();
    for tokens in scan.tokens.parts() {
        let text = text_of(source, scan, tokens);
        let first = top.items.len();
        if let Some(targets) = before.take(&text, &mut top) {
            parts.push(Part { text, items: first..top.items.len(), targets, is_sound: true });
            continue;
        }
        let concrete = grammar::parse_part(Rule::file, scan, tokens)?;
        let told = lower.faults.told();
        lower.items(&concrete, &mut top);
        let targets = std::mem::take(&mut lower.targets);
        let items = first..top.items.len();
        let is_certain = lower.faults.told() == told && !touches(&doubtful, &text);
        let is_sound = is_certain && items.len() == 1 && is_declaration(&concrete);
        if let Some(last) = parts.last_mut().filter(|_| !is_sound) {
            // A statement at top level belongs to the item above it.
            last.is_sound &= !begins_astray(&concrete);
        }
        parts.push(Part { text, items, targets, is_sound });
    }
    lower.targets = parts.iter().flat_map(|part| part.targets.iter().copied()).collect();
    let allows = lower.allows();
    Some((File { items: top.items, allows }, parts, faults.finish()))
}

fn rules_of(concrete: &Concrete<'_>) -> impl Iterator<Item = Rule> {
    let items = concrete.nodes().filter(|node| node.as_rule() == Rule::item);
    items.flat_map(|item| item.into_inner().map(|inner| inner.as_rule()))
}

/// One declaration, and nothing that fits nowhere.
fn is_declaration(concrete: &Concrete<'_>) -> bool {
    let mut rules = rules_of(concrete);
    let first = rules.next();
    first.is_some_and(|rule| !matches!(rule, Rule::stray_close | Rule::misplaced | Rule::bad_item))
        && rules.next().is_none()
}

fn begins_astray(concrete: &Concrete<'_>) -> bool {
    rules_of(concrete).next() == Some(Rule::misplaced)
}

/// Whether one of these places, which are in order, is in the text.
fn touches(places: &[usize], text: &Range<usize>) -> bool {
    let first = places.partition_point(|place| *place < text.start);
    places.get(first).is_some_and(|place| *place < text.end)
}

fn text_of(source: &SourceFile, scan: &Scan, (first, last): (usize, usize)) -> Range<usize> {
    let start = if first == 0 { 0 } else { scan.tokens.end_before(first) };
    let end = scan.tokens.end_before(last);
    let rest = source.text.as_bytes().get(end..).unwrap_or_default();
    start..end + memchr::memchr(b'\n', rest).unwrap_or(rest.len())
}

/// Where the bytes alone tell that something is wrong, in order.
fn doubtful_places(scan: &Scan) -> Vec<usize> {
    let strings = scan.open_strings.iter().map(|string| string.at.start as usize);
    let signs = scan.look_alikes.iter().map(|sign| sign.at.start as usize);
    let open = scan.comments.iter().filter(|comment| comment.kind == CommentKind::Open);
    let mut places: Vec<usize> = strings.chain(signs).chain(open.map(|comment| comment.at.start as usize)).collect();
    places.sort_unstable();
    places
}

/// What is known of an earlier text.
#[derive(Debug, Default)]
struct Before {
    text: String,
    scan: Option<Arc<Scan>>,
    items: Vec<Option<Arc<Item>>>,
    /// Sound parts, by their text.
    parts: FxHashMap<Range<usize>, Part>,
    /// How many bytes are the same at the beginning and at the end.
    same: (usize, usize),
    length: usize,
}

impl Before {
    fn of(reading: Reading) -> Self {
        let text = Arc::unwrap_or_clone(reading.source).text;
        let sound = reading.parts.into_iter().filter(|part| part.is_sound);
        let parts = sound.map(|part| (part.text.clone(), part)).collect();
        let items = Arc::unwrap_or_clone(reading.file).items.into_iter().map(Some).collect();
        Self { text, scan: reading.scan, items, parts, ..Self::default() }
    }

    fn compare(&mut self, text: &str) {
        let (old, new) = (self.text.as_bytes(), text.as_bytes());
        let start = same_at_start(old, new);
        let end = same_at_end(&old[start..], &new[start..]);
        (self.same, self.length) = ((start, end), text.len());
    }

    /// The part with this text, if it was there before: puts its items where they stand now, and gives what allows may speak
    /// about.
    fn take(&mut self, text: &Range<usize>, top: &mut Top) -> Option<Vec<Span>> {
        let (start, end) = self.same;
        let behind = self.length - end;
        let stood = if text.end <= start {
            text.clone()
        } else if text.start >= behind {
            let moved = |place: usize| place + self.text.len() - self.length;
            moved(text.start)..moved(text.end)
        } else {
            return None;
        };
        let mut part = self.parts.remove(&stood)?;
        let by = Distance::between(stood.start, text.start);
        for item in &mut self.items[part.items] {
            let mut item = item.take()?;
            move_item(&mut item, by);
            top.items.push(item);
        }
        if by != Distance::between(0, 0) {
            part.targets.move_by(by);
        }
        top.astray = false;
        Some(part.targets)
    }
}

/// Compared at once: most of a text is as it was.
const BLOCK: usize = 256;

fn same_at_start(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.chunks_exact(BLOCK).zip(other.chunks_exact(BLOCK));
    let same = blocks.take_while(|(one, other)| one == other).count() * BLOCK;
    let rest = one[same..].iter().zip(&other[same..]);
    same + rest.take_while(|(one, other)| one == other).count()
}

fn same_at_end(one: &[u8], other: &[u8]) -> usize {
    let blocks = one.rchunks_exact(BLOCK).zip(other.rchunks_exact(BLOCK));
    let same = blocks.take_while(|(one, other)| one == other).count() * BLOCK;
    let rest = one[..one.len() - same].iter().rev().zip(other[..other.len() - same].iter().rev());
    same + rest.take_while(|(one, other)| one == other).count()
}
