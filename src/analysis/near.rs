//! What is near a place of a program: the declaration around it and all that it names, directly or not. What stands there
//! means the same when the rest of the program is left out, so that is not looked at where only one place is asked about.
//!
//! Any word of a text counts as a name, so more is kept than has to be, and never less. What names nothing by itself may be
//! what anything refers to: environments, freezes and what could not be read are always kept. Of imports those names are
//! kept that something kept might mean.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::source::Sources;
use crate::base::span::Span;
use crate::syntax::ast::{Item, ItemKind};

use super::load::Module;
use super::symbols::{ItemRef, declared};

/// A place in a file of a program.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    /// Whether it is the file that was loaded under this name.
    pub is_file: &'p dyn Fn(&str) -> bool,
    pub offset: usize,
    pub asked: Asked,
}

/// What is asked about a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// What may stand there: no lint has a say in that.
    Offers,
    /// What stands there, with all that is wrong with it.
    Itself,
    /// That, with what runs the component there.
    Runs,
}

/// Leaves out of the modules what is not near the place.
pub fn keep(modules: &mut [Module], sources: &Sources, place: Place<'_>) {
    let is_there = |module: &Module| sources.get(module.file).is_some_and(|source| (place.is_file)(&source.name));
    let Some(module) = modules.iter().position(is_there) else { return };
    let around = around(&modules[module], place.offset).map(|item| ItemRef { module, item });
    let mut first: Vec<ItemRef> = around.collect();
    if place.asked == Asked::Runs {
        let running = first.iter().flat_map(|item| running(modules, sources, *item));
        first = first.iter().copied().chain(running).collect();
    }
    let Reach { kept, words } = Reach::of(modules, sources, first);
    for (module, read) in modules.iter_mut().enumerate() {
        let items = std::mem::take(&mut read.ast.items);
        let imports = std::mem::take(&mut read.imports);
        for (item, written) in items.into_iter().enumerate() {
            if !kept.contains(&ItemRef { module, item }) {
                continue;
            }
            if let Some(target) = imports.get(&item) {
                read.imports.insert(read.ast.items.len(), *target);
            }
            read.ast.items.push(with_imports(written, &words));
        }
    }
}

/// The item that the place is in or behind. Where that may be a part of the declaration above it, that one too.
fn around(module: &Module, offset: usize) -> impl Iterator<Item = usize> + use<> {
    let items = &module.ast.items;
    let behind = items.partition_point(|item| item.at.start as usize <= offset);
    let above = items.partition_point(|item| (item.at.start as usize) < offset);
    let is_declaration =
        |item: &usize| !matches!(items[*item].kind, ItemKind::Use(_) | ItemKind::Signature(_) | ItemKind::Broken);
    let first = (0..above).rev().find(is_declaration).unwrap_or(above).min(behind.saturating_sub(1));
    first..behind
}

/// Whatever may run a component, directly or through others: it stands in them too.
fn running(modules: &[Module], sources: &Sources, component: ItemRef) -> Vec<ItemRef> {
    let items = modules
        .iter()
        .enumerate()
        .flat_map(|(module, read)| (0..read.ast.items.len()).map(move |item| ItemRef { module, item }));
    let kind = |reference: &ItemRef| &modules[reference.module].ast.items[reference.item].kind;
    let (mut rest, mut found) = (items.collect::<Vec<ItemRef>>(), Vec::new());
    rest.retain(|item| matches!(kind(item), ItemKind::Component(_) | ItemKind::Pipeline(_)));
    let mut names: Vec<&str> = match kind(&component) {
        ItemKind::Component(written) => vec![&written.name.text],
        _ => Vec::new(),
    };
    while let Some(name) = names.pop() {
        let runs = |item: &mut ItemRef| words_of(text_of(modules, sources, *item)).any(|word| word == name);
        for item in rest.extract_if(.., runs) {
            if let ItemKind::Component(written) = kind(&item) {
                names.push(&written.name.text);
            }
            found.push(item);
        }
    }
    found
}

/// A `use` with those names only that something might mean; others stay as they are.
fn with_imports(item: Arc<Item>, words: &FxHashSet<String>) -> Arc<Item> {
    match &item.kind {
        ItemKind::Use(import) if !import.names.iter().all(|name| words.contains(&name.text)) => {
            let mut import = import.clone();
            import.names.retain(|name| words.contains(&name.text));
            Arc::new(Item { doc: item.doc.clone(), at: item.at, kind: ItemKind::Use(import) })
        }
        _ => item,
    }
}

struct Reach {
    kept: FxHashSet<ItemRef>,
    /// Every word of what is kept, imports apart unless they are what the place is in.
    words: FxHashSet<String>,
}

impl Reach {
    fn of(modules: &[Module], sources: &Sources, first: Vec<ItemRef>) -> Self {
        let mut named: FxHashMap<&str, Vec<ItemRef>> = FxHashMap::default();
        let mut kept = FxHashSet::from_iter(first.iter().copied());
        let mut open = first;
        for (module, read) in modules.iter().enumerate() {
            for (item, written) in read.ast.items.iter().enumerate() {
                let reference = ItemRef { module, item };
                if let Some((_, name)) = declared(written) {
                    named.entry(name.text.as_str()).or_default().push(reference);
                }
                match &written.kind {
                    ItemKind::Use(_) => drop(kept.insert(reference)),
                    ItemKind::Environment(_) | ItemKind::Freeze(_) | ItemKind::Broken if kept.insert(reference) => {
                        open.push(reference);
                    }
                    _ => {}
                }
            }
        }
        let mut words = FxHashSet::default();
        while let Some(next) = open.pop() {
            for word in words_of(text_of(modules, sources, next)) {
                if words.contains(word) {
                    continue;
                }
                words.insert(word.to_owned());
                let named = named.get(word).into_iter().flatten();
                open.extend(named.filter(|item| kept.insert(**item)));
            }
        }
        Self { kept, words }
    }
}

/// The text of an item, with what stands behind its block and belongs to it all the same.
fn text_of<'s>(modules: &[Module], sources: &'s Sources, ItemRef { module, item }: ItemRef) -> &'s str {
    let Some(source) = sources.get(modules[module].file) else { return "" };
    let items = &modules[module].ast.items;
    let end = items.get(item + 1).map_or(source.text.len(), |next| next.at.start as usize);
    source.slice(Span::new(items[item].at.start as usize, end))
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}
