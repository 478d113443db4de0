//! Silence about names that something unreadable might have declared.

use std::collections::HashSet;

use crate::base::source::Sources;
use crate::base::span::Span;
use crate::syntax::ast::{Block, ItemKind, SentinelEntry, StatementKind};

use super::load::Module;

/// For each module the words in those parts of it that could not be read.
pub fn mentions<'a>(modules: &[Module], sources: &'a Sources) -> Vec<HashSet<&'a str>> {
    let words = modules.iter().map(|module| {
        let source = sources.get(module.file);
        let broken = broken_spans(module).into_iter();
        broken.flat_map(|span| words_of(source.map(|source| source.slice(span)).unwrap_or_default())).collect()
    });
    words.collect()
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

fn broken_statements(block: &Block, spans: &mut Vec<Span>) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Broken => spans.push(statement.at),
            StatementKind::Phase(phase) => broken_statements(&phase.body, spans),
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
