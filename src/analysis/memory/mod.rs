//! What was found in declarations the last time, for editors, which check a file with every key.
//!
//! What is found in one of them depends on its own text, on the text of what it names and of what that names in turn, and on
//! all imports and environments; where it is in error also on which names there are at all, as one of them may be meant.
//! While none of that is changed the same is found again, where its text stands now. Any word of a text counts as a name, so
//! more is looked at again than has to be, and never less. What depends on the order in which things are read, or lies
//! outside of all that, is not remembered.

mod layout;
mod texts;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::diagnostic::{Code, Diagnostic, Severity};
use crate::base::source::Sources;
use crate::base::span::Location;
use crate::syntax::ast::ItemKind;

use super::checker::Used;
use super::load::Module;
use super::queries::Queries;
use super::quiet::Unreadable;
use super::symbols::ItemRef;

use layout::{Layout, places_of};
use texts::{Texts, Words, hash_of};

/// From one check of a program to the next.
#[derive(Debug, Default)]
pub struct Memory {
    entries: FxHashMap<u64, Entry>,
    /// What the last check did not find again: who takes an edit back has it.
    older: FxHashMap<u64, Entry>,
    words: Words,
    pub queries: Queries,
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
    /// The names of the program then, if they played a part.
    names: Option<u64>,
    /// What could not be read then, if that played a part.
    unreadable: Option<u64>,
    layout: Arc<Layout>,
    findings: Findings,
}

/// What is remembered of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Itself,
    /// What lints find in a component when nothing runs it.
    Alone,
}

/// One check with a memory.
#[derive(Debug)]
pub struct Run {
    memory: Memory,
    fresh: FxHashMap<u64, Entry>,
    layout: Arc<Layout>,
    keys: FxHashMap<ItemRef, u64>,
    /// What each item that is remembered names, directly or not, with itself; in order.
    near: FxHashMap<ItemRef, Vec<ItemRef>>,
    /// What every item may depend on.
    always: FxHashSet<ItemRef>,
    names: u64,
    unreadable: u64,
    /// What was recalled, as far as it is not in the program all the same.
    recalled: FxHashSet<ItemRef>,
    /// Pipelines that a test which is read again runs.
    run: FxHashSet<ItemRef>,
}

impl Run {
    /// None where items overlap: then nothing can be said of their texts, and the memory stays as it was.
    pub fn new(
        modules: &[Module],
        sources: &Sources,
        unreadable: &[Unreadable<'_>],
        memory: &mut Memory,
    ) -> Option<Self> {
        let texts = Texts::of(modules, sources, &mut memory.words)?;
        let mut near = FxHashMap::default();
        let mut keys = FxHashMap::default();
        for reference in texts.references().filter(|reference| is_remembered(kind_of(modules, *reference))) {
            let around = texts.around(reference);
            keys.insert(reference, texts.key(reference, &around));
            near.insert(reference, around);
        }
        let Texts { words, layout, always, names, .. } = texts;
        let memory = Memory { words, ..std::mem::take(memory) };
        let unreadable = hash_of_unreadable(unreadable);
        let (fresh, recalled, run) = (FxHashMap::default(), FxHashSet::default(), FxHashSet::default());
        let layout = Arc::new(layout);
        let mut this = Self { memory, fresh, layout, keys, near, always, names, unreadable, recalled, run };
        this.note_pipelines_of_tests(modules);
        Some(this)
    }

    fn note_pipelines_of_tests(&mut self, modules: &[Module]) {
        let tests = self.keys.keys().filter(|reference| matches!(kind_of(modules, **reference), ItemKind::Test(_)));
        let changed: Vec<ItemRef> = tests.filter(|test| !self.is_known(self.keys[*test])).copied().collect();
        for test in changed {
            let is_run = |near: &&ItemRef| matches!(kind_of(modules, **near), ItemKind::Pipeline(_));
            self.run.extend(self.near[&test].iter().filter(is_run));
        }
    }

    fn key(&self, reference: ItemRef, part: Part) -> Option<u64> {
        let key = *self.keys.get(&reference)?;
        Some(match part {
            Part::Itself => key,
            Part::Alone => key.rotate_left(1),
        })
    }

    fn is_known(&self, key: u64) -> bool {
        let entry = self.memory.entries.get(&key).or_else(|| self.memory.older.get(&key));
        entry.is_some_and(|entry| self.holds(entry))
    }

    fn holds(&self, entry: &Entry) -> bool {
        entry.names.is_none_or(|then| then == self.names) && entry.unreadable.is_none_or(|then| then == self.unreadable)
    }

    /// What was found in the item, if it would be found again.
    pub fn recall(&mut self, reference: ItemRef, part: Part) -> Option<&Findings> {
        let key = self.key(reference, part)?;
        if !self.is_known(key) {
            return None;
        }
        let mut entry = self.memory.entries.remove(&key).or_else(|| self.memory.older.remove(&key))?;
        entry.layout.move_to(&self.layout, &mut entry.findings)?;
        entry.layout = Arc::clone(&self.layout);
        self.recalled.insert(reference);
        self.fresh.insert(key, entry);
        self.fresh.get(&key).map(|entry| &entry.findings)
    }

    /// Whether a test that is read again needs the pipeline as it is.
    pub fn is_run(&self, pipeline: ItemRef) -> bool {
        self.run.contains(&pipeline)
    }

    /// What the item names, directly or not, and what was recalled, in order; each once.
    pub fn take_recalled(&mut self, reference: ItemRef) -> Vec<ItemRef> {
        let near = self.near.get(&reference).into_iter().flatten();
        near.filter(|near| self.recalled.remove(*near)).copied().collect()
    }

    /// Keeps what was found in the item. `asked`: what could not be read played a part.
    pub fn remember(&mut self, (reference, part): (ItemRef, Part), findings: Findings, asked: bool) {
        let (Some(key), Some(near)) = (self.key(reference, part), self.near.get(&reference)) else { return };
        let is_near = |at: Location| {
            let item = self.layout.item_at(at);
            item.is_some_and(|item| near.binary_search(&item).is_ok() || self.always.contains(&item))
        };
        let all = findings.found.iter().chain(&findings.lints);
        let fits = all.clone().all(|diagnostic| places_of(diagnostic).all(is_near));
        // What suggests a step depends on all of them, and of a missing import the first one is told.
        if fits && all.clone().all(|diagnostic| diagnostic.code != Code::PG103) {
            let has_errors = all.clone().any(|diagnostic| diagnostic.severity() == Severity::Error);
            let (names, unreadable) = (has_errors.then_some(self.names), asked.then_some(self.unreadable));
            self.fresh.insert(key, Entry { names, unreadable, layout: Arc::clone(&self.layout), findings });
        }
    }

    /// For the next check.
    pub fn finish(self) -> Memory {
        Memory { entries: self.fresh, older: self.memory.entries, ..self.memory }
    }
}

fn kind_of(modules: &[Module], ItemRef { module, item }: ItemRef) -> &ItemKind {
    &modules[module].ast.items[item].kind
}

/// All but what is read wherever it is named, or what everything depends on.
fn is_remembered(kind: &ItemKind) -> bool {
    !matches!(
        kind,
        ItemKind::Use(_) | ItemKind::Environment(_) | ItemKind::Type(_) | ItemKind::Signature(_) | ItemKind::Broken
    )
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
