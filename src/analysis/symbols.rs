//! Which names each file declares and imports.
//!
//! Names live in spaces: types, values (metrics, thresholds, channels), and one space for each kind of item that is only
//! ever named where that kind is meant. Two of one name in one space of a file are PG102.

use rustc_hash::FxHashMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::Sources;
use crate::base::span::{Location, Span};
use crate::base::suggest::Suggestion;
use crate::syntax::ast::{Item, ItemKind, Name, Use, UseSource};

use super::load::Module;
use super::quiet::Unreadable;
use super::stdlib;

/// An item of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemRef {
    pub module: usize,
    pub item: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Space {
    Type,
    Value,
    Component,
    Pipeline,
    Environment,
    KillSwitch,
    Sentinel,
    Freeze,
    Alert,
    Rubric,
    Schedule,
}

impl Space {
    pub const ALL: [Self; 11] = [
        Self::Type,
        Self::Value,
        Self::Component,
        Self::Pipeline,
        Self::Environment,
        Self::KillSwitch,
        Self::Sentinel,
        Self::Freeze,
        Self::Alert,
        Self::Rubric,
        Self::Schedule,
    ];
}

/// What a name stands for in a file, and where it was bound there.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    pub target: ItemRef,
    pub at: Span,
    /// The name came through a `use`.
    pub imported: bool,
}

/// The names of one file.
#[derive(Debug, Default)]
pub struct Scope<'a> {
    names: FxHashMap<(Space, &'a str), Binding>,
    /// Imported modules of the standard library.
    pub std: FxHashMap<&'a str, Span>,
    /// `use "./slo.deploy" as slo`
    pub aliases: FxHashMap<&'a str, (usize, Span)>,
}

impl<'a> Scope<'a> {
    pub fn get(&self, space: Space, name: &str) -> Option<Binding> {
        self.names.get(&(space, name)).copied()
    }

    /// All that is declared or imported by the name, whatever it is.
    pub fn everything_named<'n>(&'n self, name: &'n str) -> impl Iterator<Item = Binding> + 'n {
        Space::ALL.iter().filter_map(move |space| self.get(*space, name))
    }

    /// Whether the `use` of a file that names it here brought it in.
    pub fn imports(&self, name: &str, at: Span) -> bool {
        let mut bindings = Space::ALL.iter().filter_map(|space| self.get(*space, name));
        bindings.any(|binding| binding.imported && binding.at == at)
    }

    /// All names of a space, for suggestions.
    pub fn names_of(&self, space: Space) -> impl Iterator<Item = &'a str> + '_ {
        self.names.keys().filter(move |(of, _)| *of == space).map(|(_, name)| *name)
    }
}

/// The name an item declares and the space it lives in.
pub fn declared(item: &Item) -> Option<(Space, &Name)> {
    Some(match &item.kind {
        ItemKind::Type(item) => (Space::Type, &item.name),
        ItemKind::Environment(item) => (Space::Environment, &item.name),
        ItemKind::Metrics(item) => (Space::Value, &item.name),
        ItemKind::Threshold(item) => (Space::Value, &item.name),
        ItemKind::Channel(item) => (Space::Value, &item.name),
        ItemKind::Component(item) => (Space::Component, &item.name),
        ItemKind::KillSwitch(item) => (Space::KillSwitch, &item.name),
        ItemKind::Sentinel(item) => (Space::Sentinel, &item.name),
        ItemKind::Freeze(item) => (Space::Freeze, &item.name),
        ItemKind::Alert(item) => (Space::Alert, &item.name),
        ItemKind::Rubric(item) => (Space::Rubric, &item.name),
        ItemKind::Schedule(item) => (Space::Schedule, &item.name),
        ItemKind::Pipeline(item) => (Space::Pipeline, &item.name),
        ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Signature(_) | ItemKind::Broken => return None,
    })
}

/// The scopes of all modules; imports of names that are not there and names declared twice are reported.
///
pub fn collect<'a>(
    modules: &'a [Module],
    unreadable: &[Unreadable<'_>],
    sources: &Sources,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<Scope<'a>> {
    let own: Vec<Scope<'a>> = (0..modules.len()).map(|module| own_names(modules, module, diagnostics)).collect();
    let imported: Vec<_> = (0..modules.len())
        .map(|module| Importer { modules, own: &own, unreadable, sources, module }.run(diagnostics))
        .collect();
    let scopes = own.into_iter().zip(imported);
    scopes
        .map(|(mut scope, imported)| {
            scope.names.extend(imported.names);
            scope.std = imported.std;
            scope.aliases = imported.aliases;
            scope
        })
        .collect()
}

fn own_names<'a>(modules: &'a [Module], module: usize, diagnostics: &mut Vec<Diagnostic>) -> Scope<'a> {
    let mut scope = Scope::default();
    let file = modules[module].file;
    for (index, item) in modules[module].ast.items.iter().enumerate() {
        let Some((space, name)) = declared(item) else { continue };
        if name.text.is_empty() {
            continue;
        }
        let binding = Binding { target: ItemRef { module, item: index }, at: name.at, imported: false };
        match scope.names.get(&(space, name.text.as_str())) {
            Some(first) => diagnostics.push(duplicate(&name.text, file_at(file, name.at), file_at(file, first.at))),
            None => {
                scope.names.insert((space, &name.text), binding);
            }
        }
    }
    scope
}

fn file_at(file: crate::base::span::FileId, at: Span) -> Location {
    Location::new(file, at)
}

/// PG102
pub fn duplicate(name: &str, at: Location, first: Location) -> Diagnostic {
    Diagnostic::new(Code::PG102, at, format!("`{name}` is declared twice"))
        .label("declared again")
        .also(first, "first declared here")
        .help("give one of them another name")
}

struct Importer<'a, 'b> {
    modules: &'a [Module],
    own: &'b [Scope<'a>],
    unreadable: &'b [Unreadable<'b>],
    sources: &'b Sources,
    module: usize,
}

impl<'a> Importer<'a, '_> {
    fn run(&self, diagnostics: &mut Vec<Diagnostic>) -> Scope<'a> {
        let mut scope = Scope::default();
        for (index, item) in self.modules[self.module].ast.items.iter().enumerate() {
            let ItemKind::Use(import) = &item.kind else { continue };
            match &import.source {
                UseSource::Std(_) => self.import_std(import, &mut scope, diagnostics),
                UseSource::File(..) => {
                    if let Some(&target) = self.modules[self.module].imports.get(&index) {
                        self.import_file(import, target, &mut scope, diagnostics);
                    }
                }
                UseSource::Missing => {}
            }
        }
        scope
    }

    fn at(&self, span: Span) -> Location {
        Location::new(self.modules[self.module].file, span)
    }

    fn import_std(&self, import: &'a Use, scope: &mut Scope<'a>, diagnostics: &mut Vec<Diagnostic>) {
        for name in import.names.iter().filter(|name| !name.text.is_empty()) {
            if !stdlib::is_module(&name.text) {
                let message = format!("the standard library has no module `{}`", name.text);
                let near = Suggestion::of(&name.text, stdlib::module_names());
                // What was probably meant is imported, so that its use is no second fault.
                for meant in stdlib::module_names().filter(|module| near.names().iter().any(|name| name == module)) {
                    scope.std.entry(meant).or_insert(name.at);
                }
                diagnostics.push(Diagnostic::new(Code::PG104, self.at(name.at), message).suggest(&near, name.at));
            } else if let Some(first) = scope.std.get(name.text.as_str()) {
                diagnostics.push(duplicate(&name.text, self.at(name.at), self.at(*first)));
            } else {
                scope.std.insert(&name.text, name.at);
            }
        }
    }

    fn import_file(&self, import: &'a Use, target: usize, scope: &mut Scope<'a>, diagnostics: &mut Vec<Diagnostic>) {
        if let Some(alias) = import.alias.as_ref().filter(|alias| !alias.text.is_empty()) {
            match scope.aliases.get(alias.text.as_str()) {
                Some((_, first)) => diagnostics.push(duplicate(&alias.text, self.at(alias.at), self.at(*first))),
                None => {
                    scope.aliases.insert(&alias.text, (target, alias.at));
                }
            }
        }
        // That a file imports itself is reported as the circle it is.
        let names = if target == self.module { &[] } else { import.names.as_slice() };
        for name in names.iter().filter(|name| !name.text.is_empty()) {
            self.import_name(name, target, scope, diagnostics);
        }
    }

    fn import_name(&self, name: &'a Name, target: usize, scope: &mut Scope<'a>, diagnostics: &mut Vec<Diagnostic>) {
        let exported: Vec<(Space, Binding)> = Space::ALL
            .iter()
            .filter_map(|space| self.own[target].get(*space, &name.text).map(|binding| (*space, binding)))
            .collect();
        if exported.is_empty() {
            if !self.unreadable[target].declares.contains(name.text.as_str()) {
                diagnostics.push(self.unknown_import(name, target));
            }
            return;
        }
        for (space, binding) in exported {
            let first = self.own[self.module].get(space, &name.text).or_else(|| scope.get(space, &name.text));
            match first {
                Some(other) => {
                    let (first, again) =
                        if other.at.start < name.at.start { (other.at, name.at) } else { (name.at, other.at) };
                    diagnostics.push(duplicate(&name.text, self.at(again), self.at(first)));
                }
                None => {
                    let binding = Binding { target: binding.target, at: name.at, imported: true };
                    scope.names.insert((space, &name.text), binding);
                }
            }
        }
    }

    fn unknown_import(&self, name: &Name, target: usize) -> Diagnostic {
        let file = self.sources.get(self.modules[target].file).map(|source| source.name.as_str()).unwrap_or_default();
        let message = format!("`{file}` declares no `{}`", name.text);
        let diagnostic = Diagnostic::new(Code::PG101, self.at(name.at), message);
        let names = self.own[target].names.keys().map(|(_, name)| *name);
        diagnostic.suggest(&Suggestion::of(&name.text, names), name.at)
    }
}
