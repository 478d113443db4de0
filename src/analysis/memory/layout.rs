//! Where the text of each item stands, so that what was found in one is found again where it stands now.
//!
//! An item is known by its text, as others may come and go around it; of several with one text, by which of them it is.

use rustc_hash::FxHashMap;

use crate::base::diagnostic::Diagnostic;
use crate::base::span::{FileId, Location, Span};
use crate::syntax::ast::{Block, File, ItemKind};

use super::super::checker::Used;
use super::super::load::Module;
use super::super::symbols::ItemRef;
use super::Findings;

#[derive(Debug)]
pub struct Layout {
    modules: Vec<Items>,
}

#[derive(Debug)]
struct Items {
    file: FileId,
    /// Where the text of each item begins: behind the item before it, so that its comments belong to it. And where that of
    /// the last one ends.
    starts: Vec<u32>,
    /// What each item is known by.
    ids: Vec<u64>,
    by_id: FxHashMap<u64, usize>,
}

impl Layout {
    /// None where items overlap.
    pub fn of(modules: &[Module]) -> Option<Self> {
        let items = modules.iter().map(|module| {
            let starts = starts(&module.ast)?;
            Some(Items { file: module.file, starts, ids: Vec::new(), by_id: FxHashMap::default() })
        });
        Some(Self { modules: items.collect::<Option<_>>()? })
    }

    /// The text of an item, with the comments above it.
    pub fn span(&self, ItemRef { module, item }: ItemRef) -> Span {
        let starts = &self.modules[module].starts;
        Span { start: starts[item], end: starts[item + 1] }
    }

    /// Takes the hash of the text of the next item of a module.
    pub fn enter(&mut self, module: usize, hash: u64) {
        let items = &mut self.modules[module];
        let mut id = hash;
        while items.by_id.contains_key(&id) {
            id = id.rotate_left(7).wrapping_add(1);
        }
        items.by_id.insert(id, items.ids.len());
        items.ids.push(id);
    }

    pub fn id(&self, ItemRef { module, item }: ItemRef) -> u64 {
        self.modules[module].ids[item]
    }

    pub fn item_at(&self, at: Location) -> Option<ItemRef> {
        let module = self.modules.iter().position(|items| items.file == at.file)?;
        let starts = &self.modules[module].starts;
        let item = starts.partition_point(|start| *start <= at.span.start).checked_sub(1)?;
        let inside = starts.get(item + 1).is_some_and(|end| at.span.end <= *end);
        inside.then_some(ItemRef { module, item })
    }

    /// Moves findings to where their texts stand in another layout.
    pub fn move_to(&self, next: &Self, findings: &mut Findings) -> Option<()> {
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
            match used {
                Used::Item(item) | Used::Field(item, _) => *item = self.item(next, *item)?,
                Used::Import(module, span) => {
                    let file = self.modules.get(*module)?.file;
                    *span = self.place(next, Location::new(file, *span))?.span;
                }
            }
        }
        Some(())
    }

    fn item(&self, next: &Self, ItemRef { module, item }: ItemRef) -> Option<ItemRef> {
        let id = self.modules.get(module)?.ids.get(item)?;
        let item = *next.modules.get(module)?.by_id.get(id)?;
        Some(ItemRef { module, item })
    }

    fn place(&self, next: &Self, at: Location) -> Option<Location> {
        let before = self.item_at(at)?;
        let now = self.item(next, before)?;
        let (from, to) = (self.span(before).start, next.span(now).start);
        let moved = |offset: u32| offset - from + to;
        Some(Location::new(at.file, Span { start: moved(at.span.start), end: moved(at.span.end) }))
    }
}

pub fn places_of(diagnostic: &Diagnostic) -> impl Iterator<Item = Location> {
    let file = diagnostic.at.file;
    let edits = diagnostic.fix.iter().flat_map(|fix| &fix.edits).map(move |edit| Location::new(file, edit.span));
    std::iter::once(diagnostic.at).chain(diagnostic.labels.iter().map(|label| label.at)).chain(edits)
}

/// None where items overlap.
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
