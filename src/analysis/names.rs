//! What each name of a program stands for, as the checker found it: for editors. Nothing is recorded unless it is asked for.

use rustc_hash::FxHashMap;

use crate::base::span::{Location, Span};
use crate::contract::types::Type;
use crate::syntax::ast::{self, Block, FieldValue, ItemKind, Name, SignatureKind, Statement, StatementKind, TypeKind};

use super::checker::Checker;
use super::symbols::{Binding, ItemRef, declared};

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Meaning {
    /// What is declared by the name at this place.
    Declared(Location),
    /// A step, source, extractor, target or channel of the library.
    Signature(SignatureKind, String),
    /// A parameter of one of the library or of a function: what is called, and its name.
    Parameter(String, String),
    Function(String),
    /// A module of the library.
    Module(String),
    /// A key of the environments.
    Key(String),
    /// A field of the record type of this name.
    Field(String, String),
    /// What the language itself names: `run.id`, `stage.weight`.
    Word(String),
}

/// A name in a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Mention {
    pub meaning: Meaning,
    /// What a value of it is; none when it is no value by itself.
    pub ty: Option<Type>,
    /// Whether this is where it is declared.
    pub declares: bool,
}

/// Every name that stands for something, by its place.
pub type Mentions = FxHashMap<Location, Mention>;

impl<'a> Checker<'a> {
    /// Keeps what the name at `at` stands for.
    pub fn note(&mut self, at: Span, meaning: Meaning, ty: Option<&Type>) {
        if self.mentions.is_some() && !at.is_empty() {
            self.keep(at, Mention { meaning, ty: ty.cloned(), declares: false });
        }
    }

    pub fn note_place(&mut self, at: Span, place: Location, ty: Option<&Type>) {
        if !place.span.is_empty() {
            self.note(at, Meaning::Declared(place), ty);
        }
    }

    pub fn note_item(&mut self, at: Span, item: ItemRef) {
        if self.mentions.is_some() {
            self.note_place(at, self.place_of(item), None);
        }
    }

    pub fn note_binding(&mut self, at: Span, binding: Binding) {
        self.note_item(at, binding.target);
    }

    /// `alias.name`, both of one word: the place of the name.
    pub fn note_through(&mut self, whole: Span, alias: &str, declared: Span, binding: Binding) {
        let end = whole.start as usize + alias.len();
        self.note_place(Span::new(whole.start as usize, end), self.here(declared), None);
        self.note_item(Span::new(end + 1, whole.end as usize), binding.target);
    }

    pub fn note_metric(&mut self, at: Span, group: ItemRef, field: &str, ty: &Type) {
        if self.mentions.is_none() {
            return;
        }
        let ItemKind::Metrics(metrics) = &self.item(group).kind else { return };
        if let Some(found) = metrics.fields.iter().find(|found| found.name.text == field) {
            let place = Location::new(self.modules[group.module].file, found.name.at);
            self.note_place(at, place, Some(ty));
        }
    }

    /// The names of arguments, which stand for parameters of another module.
    pub fn note_arguments(&mut self, args: &[ast::Arg], params: &[&ast::Param], module: usize) {
        if self.mentions.is_none() {
            return;
        }
        let file = self.modules[module].file;
        for name in args.iter().filter_map(|arg| arg.name.as_ref()) {
            if let Some(param) = params.iter().find(|param| param.name.text == name.text) {
                self.note_place(name.at, Location::new(file, param.name.at), None);
            }
        }
    }

    /// Where the item's name stands.
    fn place_of(&self, item: ItemRef) -> Location {
        let at = declared(self.item(item)).map(|(_, name)| name.at).unwrap_or_default();
        Location::new(self.modules[item.module].file, at)
    }

    /// A type is worth more than none, and what the program declares more than what is built in.
    fn keep(&mut self, at: Span, mention: Mention) {
        let location = self.here(at);
        let Some(mentions) = &mut self.mentions else { return };
        match mentions.entry(location) {
            std::collections::hash_map::Entry::Vacant(free) => {
                free.insert(mention);
            }
            std::collections::hash_map::Entry::Occupied(mut taken) => {
                let known = taken.get_mut();
                if matches!(mention.meaning, Meaning::Declared(_)) && !matches!(known.meaning, Meaning::Declared(_)) {
                    known.meaning = mention.meaning;
                }
                if known.ty.as_ref().is_none_or(|ty| *ty == Type::Error) {
                    known.ty = mention.ty.or_else(|| known.ty.take());
                }
                known.declares |= mention.declares;
            }
        }
    }

    fn declare(&mut self, name: &Name) {
        if name.text.is_empty() {
            return;
        }
        let meaning = Meaning::Declared(self.here(name.at));
        self.keep(name.at, Mention { meaning, ty: None, declares: true });
    }

    /// Every declaration of all files.
    pub fn note_declarations(&mut self) {
        if self.mentions.is_none() {
            return;
        }
        for module in 0..self.modules.len() {
            self.module = module;
            let ast = &self.modules[module].ast;
            for (index, item) in ast.items.iter().enumerate() {
                if let Some((_, name)) = declared(item) {
                    self.declare(name);
                }
                self.note_parts(ItemRef { module, item: index }, &item.kind);
            }
        }
        self.module = 0;
    }

    fn note_parts(&mut self, item: ItemRef, kind: &'a ItemKind) {
        match kind {
            ItemKind::Use(import) => self.note_import(item, import),
            ItemKind::Metrics(metrics) => metrics.fields.iter().for_each(|field| self.declare(&field.name)),
            ItemKind::Environment(environment) => environment.values.iter().for_each(|value| self.note_key(value)),
            ItemKind::Type(declared) => {
                if let TypeKind::Record(fields) = &declared.ty.kind {
                    for field in fields.iter().filter(|field| !field.name.text.is_empty()) {
                        let meaning = Meaning::Field(declared.name.text.clone(), field.name.text.clone());
                        self.keep(field.name.at, Mention { meaning, ty: None, declares: true });
                    }
                }
            }
            ItemKind::Threshold(threshold) => {
                threshold.parameter.iter().for_each(|(name, _)| self.declare(name));
            }
            ItemKind::Component(component) => {
                component.params.iter().for_each(|param| self.declare(&param.name));
                self.note_block(&component.body);
            }
            ItemKind::Pipeline(pipeline) => self.note_block(&pipeline.body),
            _ => {}
        }
    }

    fn note_key(&mut self, value: &FieldValue) {
        let meaning = Meaning::Key(value.name.text.clone());
        let ty = self.environment_keys.get(&value.name.text).cloned();
        if !value.name.text.is_empty() {
            self.keep(value.name.at, Mention { meaning, ty, declares: true });
        }
    }

    fn note_import(&mut self, item: ItemRef, import: &ast::Use) {
        import.alias.iter().for_each(|alias| self.declare(alias));
        if let Some(&target) = self.modules[item.module].imports.get(&item.item) {
            for name in &import.names {
                for binding in self.scopes[target].everything_named(&name.text) {
                    self.note_binding(name.at, binding);
                }
            }
        } else if matches!(import.source, ast::UseSource::Std(_)) {
            for name in &import.names {
                self.note(name.at, Meaning::Module(name.text.clone()), None);
            }
        }
    }

    fn note_block(&mut self, block: &'a Block) {
        block.statements.iter().for_each(|statement| self.note_statement(statement));
    }

    fn note_statement(&mut self, statement: &'a Statement) {
        match &statement.kind {
            StatementKind::Param(param) => self.declare(&param.name),
            StatementKind::Let { name, .. } => self.declare(name),
            StatementKind::Phase(phase) => {
                self.declare(&phase.name);
                phase.each.iter().for_each(|each| self.declare(&each.variable));
                self.note_block(&phase.body);
            }
            StatementKind::Step(step) => step.name.iter().for_each(|name| self.declare(name)),
            StatementKind::Hook { body, .. }
            | StatementKind::Parallel(body)
            | StatementKind::Gate { body, .. }
            | StatementKind::Hold { body, .. }
            | StatementKind::Ramp { body, .. } => self.note_block(body),
            _ => {}
        }
    }
}
