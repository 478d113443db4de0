//! Silence about names that something unreadable might have declared.

use std::cell::Cell;

use rustc_hash::FxHashSet;

use crate::base::diagnostic::{Code, Diagnostic, Severity};
use crate::base::source::Sources;
use crate::base::span::Span;
use crate::syntax::ast::{Block, ItemKind, SentinelEntry, StatementKind, UseSource};

use super::load::Module;
use super::symbols::declared;

/// The words in those parts of a file that could not be read.
#[derive(Debug, Default)]
pub struct Unreadable<'a> {
    /// Names that a statement or item which fits nothing might declare.
    pub declares: FxHashSet<&'a str>,
    /// Names that something which is only partly read might use.
    pub uses: FxHashSet<&'a str>,
    /// A block is never closed, so what stands in which block is a guess.
    pub unclosed: bool,
}

/// What could not be read of all modules, and whether that was asked for.
#[derive(Debug)]
pub struct Unread<'a> {
    modules: &'a [Unreadable<'a>],
    asked: Cell<bool>,
}

impl<'a> Unread<'a> {
    pub fn new(modules: &'a [Unreadable<'a>]) -> Self {
        Self { modules, asked: Cell::new(false) }
    }

    fn of(&self, module: usize) -> &'a Unreadable<'a> {
        self.asked.set(true);
        &self.modules[module]
    }

    /// Whether something that was not read might declare the name.
    pub fn declares(&self, module: usize, name: &str) -> bool {
        self.of(module).declares.contains(name)
    }

    /// Whether something that was not read names it.
    pub fn uses(&self, module: usize, name: &str) -> bool {
        self.of(module).uses.contains(name)
    }

    pub fn is_unclosed(&self, module: usize) -> bool {
        self.of(module).unclosed
    }

    /// Whether it was asked for since this was asked last.
    pub fn take_asked(&self) -> bool {
        self.asked.replace(false)
    }
}

/// What could not be read of each module. `faults` are what reading them has reported.
pub fn unreadable<'a>(modules: &[Module], sources: &'a Sources, faults: &[Diagnostic]) -> Vec<Unreadable<'a>> {
    let mut unreadable: Vec<Unreadable<'a>> = modules
        .iter()
        .map(|module| {
            let source = sources.get(module.file);
            let broken = broken_spans(module).into_iter();
            let words = broken.flat_map(|span| words_of(source.map(|source| source.slice(span)).unwrap_or_default()));
            let mut declares: FxHashSet<&str> = words.collect();
            let missing = missing_imports(modules, module).into_iter();
            declares.extend(missing.flat_map(|at| source.map(|source| source.slice(at)).map(words_of)).flatten());
            Unreadable { uses: declares.clone(), declares, unclosed: false }
        })
        .collect();
    // A line may have thousands of faults, and is read once.
    let mut lines = FxHashSet::default();
    for fault in faults.iter().filter(|fault| fault.severity() == Severity::Error) {
        let module = modules.iter().position(|module| module.file == fault.at.file);
        if let (Some(module), Some(source)) = (module, sources.get(fault.at.file)) {
            unreadable[module].unclosed |= fault.code == Code::PG008;
            // What the rest of its line is worth nobody knows.
            let line = source.line_column(fault.at.span.start as usize).line;
            if lines.insert((module, line)) {
                unreadable[module].uses.extend(words_of(source.slice(source.line_span(line))));
            }
        }
    }
    unreadable
}

/// Drops the warnings about lines that could not be read: what is missing there may be what was not understood.
pub fn drop_echoes(sources: &Sources, diagnostics: &mut Vec<Diagnostic>) {
    let line = |diagnostic: &Diagnostic| {
        let source = sources.get(diagnostic.at.file)?;
        Some((diagnostic.at.file, source.line_column(diagnostic.at.span.start as usize).line))
    };
    // A look-alike is read as what it looks like.
    let is_unread = |code: Code| code < Code::PG101 && code != Code::PG006;
    let unread: FxHashSet<_> =
        diagnostics.iter().filter(|diagnostic| is_unread(diagnostic.code)).filter_map(line).collect();
    // `wait 10 seconds`: the number is told by its unit, which was not read.
    let start = |diagnostic: &Diagnostic| (diagnostic.at.file, diagnostic.at.span.start);
    let numbers: FxHashSet<_> = diagnostics.iter().filter(|one| one.code == Code::PG005).map(start).collect();
    diagnostics.retain(|diagnostic| diagnostic.code != Code::PG202 || !numbers.contains(&start(diagnostic)));
    if !unread.is_empty() {
        let is_echo = |diagnostic: &Diagnostic| line(diagnostic).is_some_and(|line| unread.contains(&line));
        diagnostics.retain(|diagnostic| diagnostic.severity() == Severity::Error || !is_echo(diagnostic));
    }
}

/// The items and statements that could not be read.
fn broken_spans(module: &Module) -> Vec<Span> {
    let mut spans = Vec::new();
    for item in &module.ast.items {
        match &item.kind {
            ItemKind::Broken => spans.push(item.at),
            ItemKind::Pipeline(pipeline) => broken_statements(&pipeline.body, &mut spans),
            ItemKind::Component(component) => broken_statements(&component.body, &mut spans),
            ItemKind::KillSwitch(switch) => {
                switch.on.iter().chain(&switch.off).for_each(|block| broken_statements(block, &mut spans));
            }
            ItemKind::Sentinel(sentinel) => spans.extend(sentinel.entries.iter().filter_map(|entry| match entry {
                SentinelEntry::Broken(at) => Some(*at),
                _ => None,
            })),
            ItemKind::Rubric(rubric) => spans.extend(&rubric.unreadable),
            _ => {}
        }
    }
    spans
}

/// What is imported from files that cannot be read, and what readable files do not declare: reported at the import.
fn missing_imports(modules: &[Module], module: &Module) -> Vec<Span> {
    let mut missing = Vec::new();
    for (index, item) in module.ast.items.iter().enumerate() {
        let ItemKind::Use(import) = &item.kind else { continue };
        if !matches!(import.source, UseSource::File(..)) {
            continue;
        }
        let Some(target) = module.imports.get(&index).and_then(|target| modules.get(*target)) else {
            missing.extend(import.names.iter().chain(&import.alias).map(|name| name.at));
            continue;
        };
        let there: FxHashSet<&str> =
            target.ast.items.iter().filter_map(|item| declared(item).map(|(_, name)| name.text.as_str())).collect();
        let names = import.names.iter().filter(|name| !there.contains(name.text.as_str()));
        missing.extend(names.map(|name| name.at));
    }
    missing
}

fn broken_statements(block: &Block, spans: &mut Vec<Span>) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Broken => spans.push(statement.at),
            StatementKind::Phase(phase) => {
                let inner = phase.body.statements.iter().filter_map(|statement| match &statement.kind {
                    // A phase in a phase declares nothing there, though what names it is no second fault.
                    StatementKind::Phase(inner) => Some(inner.name.at),
                    _ => None,
                });
                spans.extend(inner);
                broken_statements(&phase.body, spans);
            }
            StatementKind::Parallel(body) | StatementKind::Ramp { body, .. } | StatementKind::Hook { body, .. } => {
                broken_statements(body, spans);
            }
            _ => {}
        }
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| letter != '_' && !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty())
}
