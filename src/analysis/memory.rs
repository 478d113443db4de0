//! What was found in pipelines and tests the last time, for editors, which check a file with every key.
//!
//! What is found in one of them depends on its own text, on the text of what it names and of what that names in turn, on
//! all imports and environments, and on which names there are at all. While none of that is changed the same is found
//! again, where its text stands now. Any word of a text counts as a name, so more is looked at again than has to be, and
//! never less. What depends on the order in which things are read, or lies outside of all that, is not remembered.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::Sources;
use crate::base::span::{FileId, Location, Span};
use crate::syntax::ast::{Block, File, ItemKind};

use super::checker::Used;
use super::load::Module;
use super::quiet::Unreadable;
use super::symbols::{ItemRef, declared};

/// From one check of a program to the next.
#[derive(Debug, Default)]
pub struct Memory {
    entries: FxHashMap<ItemRef, Entry>,
    /// The words of texts, by the hash of the text.
    words: FxHashMap<u64, Arc<[u64]>>,
}

/// What was found in one item, with places as they were then.
#[derive(Debug, Clone)]
pub struct Findings {
    pub found: Vec<Diagnostic>,
    pub lints: Vec<Diagnostic>,
    pub used: Vec<Used>,
    pub expansions: usize,
}

#[derive(Debug)]
struct Entry {
    key: u64,
    /// What could not be read then, if that played a part.
    unreadable: Option<u64>,
    layout: Arc<Layout>,
    findings: Findings,
}

/// Where the text of each item begins: behind the item before it, so that its comments belong to it.
#[derive(Debug)]
struct Layout {
    files: Vec<FileId>,
    starts: Vec<Vec<u32>>,
}

/// One check with a memory.
#[derive(Debug)]
pub struct Run {
    memory: Memory,
    fresh: FxHashMap<ItemRef, Entry>,
    layout: Arc<Layout>,
    keys: FxHashMap<ItemRef, u64>,
    /// What each pipeline and test names, directly or not, with itself.
    near: FxHashMap<ItemRef, FxHashSet<ItemRef>>,
    /// What every item may depend on.
    always: FxHashSet<ItemRef>,
    unreadable: u64,
    /// Pipelines that a test which is read again runs.
    again: FxHashSet<ItemRef>,
}

impl Run {
    /// None where items overlap: then nothing can be said of their texts.
    pub fn new(
        modules: &[Module],
        sources: &Sources,
        unreadable: &[Unreadable<'_>],
        mut memory: Memory,
    ) -> Option<Self> {
        let mut texts = Texts::of(modules, sources, &mut memory)?;
        let remembered = modules.iter().enumerate().flat_map(|(module, read)| {
            let items = read.ast.items.iter().enumerate();
            let meant = items.filter(|(_, item)| matches!(item.kind, ItemKind::Pipeline(_) | ItemKind::Test(_)));
            meant.map(move |(item, _)| ItemRef { module, item })
        });
        let mut near = FxHashMap::default();
        let mut keys = FxHashMap::default();
        for reference in remembered {
            let around = texts.around(reference);
            keys.insert(reference, texts.key(&around));
            near.insert(reference, around.into_iter().collect());
        }
        memory.words = std::mem::take(&mut texts.words);
        let layout = Arc::new(texts.layout);
        let (always, unreadable) = (texts.always, hash_of_unreadable(unreadable));
        let (fresh, again) = (FxHashMap::default(), FxHashSet::default());
        Some(Self { memory, fresh, layout, keys, near, always, unreadable, again })
    }

    /// Called when it is known what else a key depends on, before anything is recalled.
    pub fn begin(&mut self, modules: &[Module], groups_differ: bool) {
        self.keys.values_mut().for_each(|key| *key = key.rotate_left(1) ^ u64::from(groups_differ));
        let kind = |reference: &ItemRef| &modules[reference.module].ast.items[reference.item].kind;
        let tests = self.keys.keys().filter(|reference| matches!(kind(reference), ItemKind::Test(_)));
        let changed: Vec<ItemRef> = tests.filter(|test| self.known(**test).is_none()).copied().collect();
        for test in changed {
            let run = self.near[&test].iter().filter(|near| matches!(kind(near), ItemKind::Pipeline(_)));
            let run: Vec<ItemRef> = run.copied().collect();
            self.again.extend(run);
        }
    }

    fn known(&self, reference: ItemRef) -> Option<&Entry> {
        let entry = self.memory.entries.get(&reference)?;
        let is_same = self.keys.get(&reference) == Some(&entry.key);
        (is_same && entry.unreadable.is_none_or(|then| then == self.unreadable)).then_some(entry)
    }

    /// What was found in the item, if it would be found again.
    pub fn recall(&mut self, reference: ItemRef) -> Option<&Findings> {
        if self.again.contains(&reference) {
            return None;
        }
        let entry = self.known(reference)?;
        let findings = entry.layout.moved(&self.layout, &entry.findings)?;
        let entry = Entry { key: entry.key, unreadable: entry.unreadable, layout: Arc::clone(&self.layout), findings };
        self.fresh.insert(reference, entry);
        self.fresh.get(&reference).map(|entry| &entry.findings)
    }

    /// Keeps what was found in the item. `asked`: what could not be read played a part.
    pub fn remember(&mut self, reference: ItemRef, findings: Findings, asked: bool) {
        let (Some(key), Some(near)) = (self.keys.get(&reference), self.near.get(&reference)) else { return };
        let is_near = |at: Location| {
            self.layout.item_at(at).is_some_and(|item| near.contains(&item) || self.always.contains(&item))
        };
        let all = findings.found.iter().chain(&findings.lints);
        let fits = all.clone().all(|diagnostic| places_of(diagnostic).all(is_near));
        // What suggests a step depends on all of them, and of a missing import the first one is told.
        if fits && all.clone().all(|diagnostic| diagnostic.code != Code::PG103) {
            let unreadable = asked.then_some(self.unreadable);
            let layout = Arc::clone(&self.layout);
            self.fresh.insert(reference, Entry { key: *key, unreadable, layout, findings });
        }
    }

    /// For the next check.
    pub fn finish(self) -> Memory {
        Memory { entries: self.fresh, words: self.memory.words }
    }
}

impl Layout {
    fn item_at(&self, at: Location) -> Option<ItemRef> {
        let module = self.files.iter().position(|file| *file == at.file)?;
        let item = self.starts[module].partition_point(|start| *start <= at.span.start).checked_sub(1)?;
        let inside = self.starts[module].get(item + 1).is_some_and(|end| at.span.end <= *end);
        inside.then_some(ItemRef { module, item })
    }

    /// The findings as places are in another layout of the same items.
    fn moved(&self, next: &Self, findings: &Findings) -> Option<Findings> {
        let mut findings = findings.clone();
        for diagnostic in findings.found.iter_mut().chain(&mut findings.lints) {
            let file = diagnostic.at.file;
            diagnostic.at = self.place(next, diagnostic.at)?;
            for label in &mut diagnostic.labels {
                label.at = self.place(next, label.at)?;
            }
            for edit in diagnostic.fix.iter_mut().flat_map(|fix| &mut fix.edits) {
                edit.span = self.place(next, Location::new(file, edit.span))?.span;
            }
        }
        for used in &mut findings.used {
            if let Used::Import(module, span) = used {
                *span = self.place(next, Location::new(*self.files.get(*module)?, *span))?.span;
            }
        }
        Some(findings)
    }

    fn place(&self, next: &Self, at: Location) -> Option<Location> {
        let ItemRef { module, item } = self.item_at(at)?;
        let (from, to) = (self.starts[module][item], *next.starts.get(module)?.get(item)?);
        let moved = |offset: u32| offset - from + to;
        Some(Location::new(at.file, Span { start: moved(at.span.start), end: moved(at.span.end) }))
    }
}

fn places_of(diagnostic: &Diagnostic) -> impl Iterator<Item = Location> {
    let file = diagnostic.at.file;
    let edits = diagnostic.fix.iter().flat_map(|fix| &fix.edits).map(move |edit| Location::new(file, edit.span));
    std::iter::once(diagnostic.at).chain(diagnostic.labels.iter().map(|label| label.at)).chain(edits)
}

/// The texts of all items, by hash and by words.
struct Texts<'m> {
    modules: &'m [Module],
    layout: Layout,
    hashes: Vec<Vec<u64>>,
    words: FxHashMap<u64, Arc<[u64]>>,
    /// The items that a word may name.
    named: FxHashMap<u64, Vec<ItemRef>>,
    always: FxHashSet<ItemRef>,
    context: u64,
}

impl<'m> Texts<'m> {
    fn of(modules: &'m [Module], sources: &Sources, memory: &mut Memory) -> Option<Self> {
        let files = modules.iter().map(|module| module.file).collect();
        let layout = Layout { files, starts: modules.iter().map(|module| starts(&module.ast)).collect::<Option<_>>()? };
        let mut known = std::mem::take(&mut memory.words);
        let mut texts = Self {
            modules,
            layout,
            hashes: Vec::new(),
            words: FxHashMap::default(),
            named: FxHashMap::default(),
            always: FxHashSet::default(),
            context: 0,
        };
        let mut context = DefaultHasher::new();
        for (module, read) in modules.iter().enumerate() {
            let source = sources.get(read.file)?;
            source.name.hash(&mut context);
            // The end of a file belongs to no item, and a long program sees its library otherwise than a short one.
            let mut hashes = Vec::with_capacity(read.ast.items.len());
            for item in 0..read.ast.items.len() {
                let starts = &texts.layout.starts[module];
                let text = source.slice(Span { start: starts[item], end: starts[item + 1] });
                let hash = hash_of(text);
                hashes.push(hash);
                let words = known.remove(&hash).unwrap_or_else(|| words_of(text));
                texts.words.entry(hash).or_insert(words);
                texts.enter(ItemRef { module, item }, hash, &mut context);
            }
            texts.hashes.push(hashes);
        }
        texts.context = context.finish();
        Some(texts)
    }

    fn enter(&mut self, reference: ItemRef, hash: u64, context: &mut DefaultHasher) {
        let item = &self.modules[reference.module].ast.items[reference.item];
        let kind: Discriminant<ItemKind> = discriminant(&item.kind);
        kind.hash(context);
        if let Some((space, name)) = declared(item) {
            (space, &name.text).hash(context);
            self.named.entry(hash_of(&name.text)).or_default().push(reference);
        }
        // What names nothing by itself may be what anything refers to.
        let is_everywhere = matches!(
            item.kind,
            ItemKind::Use(_)
                | ItemKind::Environment(_)
                | ItemKind::Freeze(_)
                | ItemKind::Signature(_)
                | ItemKind::Broken
        );
        if is_everywhere {
            hash.hash(context);
            self.always.insert(reference);
        }
    }

    /// The item and all that it names, directly or not, in order.
    fn around(&self, reference: ItemRef) -> Vec<ItemRef> {
        let mut found = FxHashSet::from_iter([reference]);
        let mut open = vec![reference];
        while let Some(next) = open.pop() {
            let words = self.words.get(&self.hashes[next.module][next.item]);
            for word in words.iter().flat_map(|words| words.iter()) {
                for named in self.named.get(word).into_iter().flatten() {
                    if found.insert(*named) {
                        open.push(*named);
                    }
                }
            }
        }
        let mut found: Vec<ItemRef> = found.into_iter().collect();
        found.sort_unstable();
        found
    }

    fn key(&self, around: &[ItemRef]) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.context.hash(&mut hasher);
        for reference in around {
            (reference, self.hashes[reference.module][reference.item]).hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Where the text of each item begins, and where that of the last one ends. None where they overlap.
fn starts(file: &File) -> Option<Vec<u32>> {
    let mut starts = vec![0];
    for item in &file.items {
        let last = match &item.kind {
            ItemKind::Pipeline(pipeline) => end_of(&pipeline.body),
            ItemKind::Component(component) => end_of(&component.body),
            _ => 0,
        };
        // A statement that stands behind its block belongs to it all the same.
        if last > item.at.end || starts.last().is_some_and(|start| *start > item.at.start) {
            return None;
        }
        starts.push(item.at.end);
    }
    Some(starts)
}

fn end_of(block: &Block) -> u32 {
    block.statements.last().map_or(0, |statement| statement.at.end)
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

fn words_of(text: &str) -> Arc<[u64]> {
    let words = text.split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
    let words: FxHashSet<&str> = words.filter(|word| !word.is_empty()).collect();
    words.into_iter().map(hash_of).collect()
}

fn hash_of_unreadable(modules: &[Unreadable<'_>]) -> u64 {
    let mut sum = DefaultHasher::new();
    for module in modules {
        // In no order.
        let all = |words: &FxHashSet<&str>| words.iter().fold(0_u64, |sum, word| sum.wrapping_add(hash_of(word)));
        (all(&module.declares), all(&module.uses), module.unclosed).hash(&mut sum);
    }
    sum.finish()
}
