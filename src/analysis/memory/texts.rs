//! The texts of all items, by hash and by words: what an item may depend on.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem::{Discriminant, discriminant};
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet, FxHasher};

use crate::base::source::Sources;
use crate::syntax::ast::ItemKind;

use super::super::load::Module;
use super::super::symbols::{ItemRef, declared};
use super::layout::Layout;

/// The words of texts, by the hash of the text.
pub type Words = FxHashMap<u64, Arc<[u64]>>;

pub struct Texts<'m> {
    modules: &'m [Module],
    pub layout: Layout,
    hashes: Vec<Vec<u64>>,
    pub words: Words,
    /// The items that a word may name.
    named: FxHashMap<u64, Vec<ItemRef>>,
    /// What the words of each item may name, by module and item.
    links: Vec<Vec<Vec<ItemRef>>>,
    /// What names nothing by itself may be what anything refers to.
    pub always: FxHashSet<ItemRef>,
    context: DefaultHasher,
    /// Which names there are.
    pub names: u64,
}

impl<'m> Texts<'m> {
    /// None where items overlap. `known`: the words of the last time.
    pub fn of(modules: &'m [Module], sources: &Sources, known: &mut Words) -> Option<Self> {
        let mut texts = Self {
            modules,
            layout: Layout::of(modules)?,
            hashes: Vec::new(),
            words: FxHashMap::default(),
            named: FxHashMap::default(),
            links: Vec::new(),
            always: FxHashSet::default(),
            context: DefaultHasher::new(),
            names: 0,
        };
        let mut names = DefaultHasher::new();
        for (module, read) in modules.iter().enumerate() {
            let source = sources.get(read.file)?;
            source.name.hash(&mut texts.context);
            texts.hashes.push(Vec::with_capacity(read.ast.items.len()));
            for item in 0..read.ast.items.len() {
                let reference = ItemRef { module, item };
                let text = source.slice(texts.layout.span(reference));
                let hash = hash_of(text);
                texts.hashes[module].push(hash);
                texts.layout.enter(module, hash);
                let remembered = || known.remove(&hash).unwrap_or_else(|| words_of(text));
                texts.words.entry(hash).or_insert_with(remembered);
                texts.enter(reference, hash, &mut names);
            }
        }
        texts.names = names.finish();
        texts.links = texts.hashes.iter().map(|items| items.iter().map(|hash| texts.linked(*hash)).collect()).collect();
        Some(texts)
    }

    fn enter(&mut self, reference: ItemRef, hash: u64, names: &mut DefaultHasher) {
        let item = &self.modules[reference.module].ast.items[reference.item];
        let kind: Discriminant<ItemKind> = discriminant(&item.kind);
        if let Some((_, name)) = declared(item) {
            (reference.module, kind, &name.text).hash(names);
            self.named.entry(hash_of(&name.text)).or_default().push(reference);
        }
        match item.kind {
            ItemKind::Use(_) | ItemKind::Environment(_) | ItemKind::Freeze(_) | ItemKind::Signature(_) => {
                (reference.module, kind, hash).hash(&mut self.context);
                self.always.insert(reference);
            }
            // What it might declare or use is asked for by its words.
            ItemKind::Broken => drop(self.always.insert(reference)),
            _ => {}
        }
    }

    /// What the words of a text may name.
    fn linked(&self, hash: u64) -> Vec<ItemRef> {
        let words = self.words.get(&hash).into_iter().flat_map(|words| words.iter());
        words.filter_map(|word| self.named.get(word)).flatten().copied().collect()
    }

    pub fn references(&self) -> impl Iterator<Item = ItemRef> + use<'m> {
        let modules = self.modules.iter().enumerate();
        modules.flat_map(|(module, read)| (0..read.ast.items.len()).map(move |item| ItemRef { module, item }))
    }

    /// The item and all that it names, directly or not, in order.
    pub fn around(&self, reference: ItemRef) -> Vec<ItemRef> {
        let mut found = FxHashSet::from_iter([reference]);
        let mut open = vec![reference];
        while let Some(next) = open.pop() {
            let links = self.links[next.module][next.item].iter().copied();
            open.extend(links.filter(|linked| found.insert(*linked)));
        }
        let mut found: Vec<ItemRef> = found.into_iter().collect();
        found.sort_unstable();
        found
    }

    /// What stands for the texts of these items, one of which is meant.
    pub fn key(&self, reference: ItemRef, around: &[ItemRef]) -> u64 {
        let mut hasher = self.context.clone();
        self.layout.id(reference).hash(&mut hasher);
        for reference in around {
            (reference.module, self.layout.id(*reference)).hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Of whole texts, and of each word: the quick hasher is good enough for that.
pub fn hash_of(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    hasher.finish()
}

fn words_of(text: &str) -> Arc<[u64]> {
    let words = text.split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric());
    let words: FxHashSet<&str> = words.filter(|word| !word.is_empty()).collect();
    words.into_iter().map(hash_of).collect()
}
