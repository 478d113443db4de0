//! The names that are visible where the cursor is, innermost first.

use crate::base::span::{FileId, Location, Span};
use crate::contract::types::Type;
use crate::ide::known::Known;
use crate::ide::outline::{Symbol, SymbolKind, outline};
use crate::syntax::ast::{Block, File, ItemKind, Statement, StatementKind, UseSource};

/// A name and what it stands for.
#[derive(Debug, Clone, PartialEq)]
pub struct Visible {
    pub name: String,
    pub kind: SymbolKind,
    pub at: Location,
    /// What a value of it is.
    pub ty: Option<Type>,
    /// What stands in it: fields of metrics, steps of a phase.
    pub parts: Vec<Symbol>,
}

/// All names at a place.
#[must_use]
pub fn visible(known: &Known, file: FileId, offset: usize) -> Vec<Visible> {
    let tree = known.tree(file);
    let symbols = outline(&tree);
    let mut scene = Scene { known, file, offset, found: Vec::new() };
    // The last one that begins before the cursor, as what is being written may not be readable yet.
    let around = symbols.iter().rposition(|symbol| (symbol.whole.start as usize) < offset);
    if let Some(around) = around.map(|at| &symbols[at]) {
        scene.add_parts(around);
        scene.add_loops(&tree, around.whole);
    }
    symbols.iter().for_each(|symbol| scene.add(symbol, file));
    scene.add_imports(&tree);
    scene.found
}

/// The file that an alias stands for.
#[must_use]
pub fn file_of_alias(known: &Known, file: FileId, alias: &str) -> Option<FileId> {
    let tree = known.tree(file);
    tree.items.iter().find_map(|item| match &item.kind {
        ItemKind::Use(import) if import.alias.as_ref().is_some_and(|name| name.text == alias) => {
            imported_file(known, &import.source, file)
        }
        _ => None,
    })
}

/// The file that a `use` names, when it could be read.
#[must_use]
pub fn imported_file(known: &Known, source: &UseSource, importer: FileId) -> Option<FileId> {
    let UseSource::File(literal, _) = source else { return None };
    let importer = known.source(importer)?;
    let path = crate::analysis::import_path(&importer.name, literal)?;
    let files = known.analysis.files.iter().filter_map(|file| known.source(*file));
    files.into_iter().find(|source| source.name == path).map(|source| source.id)
}

struct Scene<'k> {
    known: &'k Known,
    file: FileId,
    offset: usize,
    found: Vec<Visible>,
}

impl Scene<'_> {
    fn add(&mut self, symbol: &Symbol, file: FileId) {
        let at = Location::new(file, symbol.at);
        let ty = self.known.analysis.mentions.get(&at).and_then(|mention| mention.ty.clone());
        let (name, kind) = (symbol.name.clone(), symbol.kind);
        if !self.found.iter().any(|other| other.name == name && other.kind == kind) {
            self.found.push(Visible { name, kind, at, ty, parts: symbol.children.clone() });
        }
    }

    /// What a pipeline, component or group declares, and of the phase around the cursor its steps.
    fn add_parts(&mut self, around: &Symbol) {
        let began = |symbol: &&Symbol| (symbol.whole.start as usize) < self.offset;
        let phase = around.children.iter().filter(began).rfind(|symbol| symbol.kind == SymbolKind::Phase).cloned();
        if let Some(phase) = &phase {
            phase.children.iter().for_each(|step| self.add(step, self.file));
        }
        let is_named =
            |kind| matches!(kind, SymbolKind::Parameter | SymbolKind::Value | SymbolKind::Phase | SymbolKind::Metric);
        let own_steps = around.kind == SymbolKind::Component;
        for symbol in &around.children {
            if is_named(symbol.kind) || (own_steps && symbol.kind == SymbolKind::Step) {
                self.add(symbol, self.file);
            }
        }
    }

    /// The variable of the phase's `for`.
    fn add_loops(&mut self, tree: &File, around: Span) {
        let item = tree.items.iter().find(|item| item.at.start == around.start);
        let Some(ItemKind::Pipeline(pipeline)) = item.map(|item| &item.kind) else { return };
        let variables: Vec<Symbol> = phases_before(&pipeline.body, self.offset)
            .filter_map(|statement| match &statement.kind {
                StatementKind::Phase(phase) => phase.each.as_ref().map(|each| each.variable.clone()),
                _ => None,
            })
            .map(|name| Symbol {
                name: name.text,
                kind: SymbolKind::Value,
                whole: name.at,
                at: name.at,
                children: Vec::new(),
            })
            .collect();
        variables
            .iter()
            .filter(|variable| !variable.name.is_empty())
            .for_each(|variable| self.add(variable, self.file));
    }

    fn add_imports(&mut self, tree: &File) {
        for item in &tree.items {
            let ItemKind::Use(import) = &item.kind else { continue };
            let Some(target) = imported_file(self.known, &import.source, self.file) else { continue };
            let symbols = outline(&self.known.tree(target));
            for name in &import.names {
                symbols.iter().filter(|symbol| symbol.name == name.text).for_each(|symbol| self.add(symbol, target));
            }
        }
    }
}

/// The last phase that begins before the place.
fn phases_before(body: &Block, offset: usize) -> impl Iterator<Item = &Statement> {
    let mut before = body.statements.iter().filter(move |statement| (statement.at.start as usize) < offset);
    before.rfind(|statement| matches!(statement.kind, StatementKind::Phase(_))).into_iter()
}
