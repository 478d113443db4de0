//! The symbols of a file, as a tree: items, and what stands in them.

use crate::base::span::Span;
use crate::syntax::ast::{
    Block, File, Item, ItemKind, Name, SentinelEntry, Statement, StatementKind, StringPiece, TypeKind,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SymbolKind {
    Type,
    Field,
    Environment,
    Key,
    Metrics,
    Metric,
    Threshold,
    Channel,
    Component,
    KillSwitch,
    Sentinel,
    Freeze,
    Alert,
    Rubric,
    Schedule,
    Pipeline,
    Parameter,
    Value,
    Phase,
    Step,
    Test,
    Signature,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    pub name: String,
    pub kind: SymbolKind,
    /// All of it.
    pub whole: Span,
    /// Its name.
    pub at: Span,
    pub children: Vec<Symbol>,
}

/// What the file declares, in its order. Broken parts are left out.
#[must_use]
pub fn outline(file: &File) -> Vec<Symbol> {
    file.items().filter_map(symbol_of).collect()
}

/// Every symbol with what it stands in, depth first.
#[must_use]
pub fn flat(symbols: &[Symbol]) -> Vec<(&Symbol, Option<&str>)> {
    fn visit<'s>(symbols: &'s [Symbol], within: Option<&'s str>, found: &mut Vec<(&'s Symbol, Option<&'s str>)>) {
        for symbol in symbols {
            found.push((symbol, within));
            visit(&symbol.children, Some(&symbol.name), found);
        }
    }
    let mut found = Vec::new();
    visit(symbols, None, &mut found);
    found
}

fn symbol_of(item: &Item) -> Option<Symbol> {
    let named = |name: &Name, kind, children| symbol(name, kind, item.at, children);
    match &item.kind {
        ItemKind::Type(declared) => named(&declared.name, SymbolKind::Type, fields_of(&declared.ty.kind)),
        ItemKind::Environment(declared) => {
            let keys = declared.values.iter();
            let keys =
                keys.filter_map(|key| symbol(&key.name, SymbolKind::Key, key.name.at.to(key.value.at), Vec::new()));
            named(&declared.name, SymbolKind::Environment, keys.collect())
        }
        ItemKind::Metrics(declared) => {
            let fields = declared.fields.iter();
            let fields = fields.filter_map(|field| symbol(&field.name, SymbolKind::Metric, field.at, Vec::new()));
            named(&declared.name, SymbolKind::Metrics, fields.collect())
        }
        ItemKind::Threshold(declared) => named(&declared.name, SymbolKind::Threshold, Vec::new()),
        ItemKind::Channel(declared) => named(&declared.name, SymbolKind::Channel, Vec::new()),
        ItemKind::Component(declared) => {
            let params = declared.params.iter();
            let params = params.filter_map(|param| symbol(&param.name, SymbolKind::Parameter, param.at, Vec::new()));
            let children = params.chain(statements_of(&declared.body)).collect();
            named(&declared.name, SymbolKind::Component, children)
        }
        ItemKind::KillSwitch(declared) => named(&declared.name, SymbolKind::KillSwitch, Vec::new()),
        ItemKind::Sentinel(declared) => {
            let probes = declared.entries.iter().filter_map(|entry| match entry {
                SentinelEntry::Probe { name, at, .. } => symbol(name, SymbolKind::Step, *at, Vec::new()),
                _ => None,
            });
            named(&declared.name, SymbolKind::Sentinel, probes.collect())
        }
        ItemKind::Freeze(declared) => named(&declared.name, SymbolKind::Freeze, Vec::new()),
        ItemKind::Alert(declared) => named(&declared.name, SymbolKind::Alert, Vec::new()),
        ItemKind::Rubric(declared) => {
            let tiers = declared.tiers.iter();
            let tiers = tiers.filter_map(|tier| symbol(&tier.name, SymbolKind::Value, tier.name.at, Vec::new()));
            named(&declared.name, SymbolKind::Rubric, tiers.collect())
        }
        ItemKind::Schedule(declared) => named(&declared.name, SymbolKind::Schedule, Vec::new()),
        ItemKind::Pipeline(declared) => {
            named(&declared.name, SymbolKind::Pipeline, statements_of(&declared.body).collect())
        }
        ItemKind::Test(declared) => {
            let text: String = declared.title.pieces.iter().map(plain).collect();
            let name = Name { text, at: declared.title.at };
            named(&name, SymbolKind::Test, Vec::new())
        }
        ItemKind::Signature(declared) => named(&declared.name, SymbolKind::Signature, Vec::new()),
        ItemKind::Use(_) | ItemKind::Broken => None,
    }
}

fn plain(piece: &StringPiece) -> &str {
    match piece {
        StringPiece::Text(text) => text,
        StringPiece::Interpolation(_) => "…",
    }
}

fn symbol(name: &Name, kind: SymbolKind, whole: Span, children: Vec<Symbol>) -> Option<Symbol> {
    let is_there = !name.text.is_empty();
    is_there.then(|| Symbol { name: name.text.clone(), kind, whole: whole.to(name.at), at: name.at, children })
}

fn fields_of(ty: &TypeKind) -> Vec<Symbol> {
    let TypeKind::Record(fields) = ty else { return Vec::new() };
    let fields = fields.iter();
    fields
        .filter_map(|field| symbol(&field.name, SymbolKind::Field, field.name.at.to(field.ty.at), Vec::new()))
        .collect()
}

fn statements_of(block: &Block) -> impl Iterator<Item = Symbol> {
    block.statements.iter().flat_map(statement_symbols)
}

fn statement_symbols(statement: &Statement) -> Vec<Symbol> {
    let one = |name: &Name, kind, children| symbol(name, kind, statement.at, children).into_iter().collect();
    match &statement.kind {
        StatementKind::Param(param) => one(&param.name, SymbolKind::Parameter, Vec::new()),
        StatementKind::Let { name, .. } => one(name, SymbolKind::Value, Vec::new()),
        StatementKind::Phase(phase) => one(&phase.name, SymbolKind::Phase, statements_of(&phase.body).collect()),
        StatementKind::Step(step) => match &step.name {
            Some(name) => one(name, SymbolKind::Step, Vec::new()),
            None => Vec::new(),
        },
        StatementKind::Parallel(body) | StatementKind::Ramp { body, .. } => statements_of(body).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{SymbolKind, flat, outline};
    use crate::ide::cursor::Case;

    #[test]
    fn items_phases_and_steps_are_found_around_what_is_broken() {
        let case = Case::new(
            "use std.shell\nmetrics m from { { {\n}\n\npipeline p {\n  param n: int = 1\n  phase one {\n    step \
             built = shell(\"true\")\n    step = = \n  }\n}\n§",
        );
        let symbols = outline(&case.known.tree(case.file));
        let found: Vec<(SymbolKind, &str, Option<&str>)> =
            flat(&symbols).into_iter().map(|(symbol, within)| (symbol.kind, symbol.name.as_str(), within)).collect();
        assert!(found.contains(&(SymbolKind::Pipeline, "p", None)), "{found:?}");
        assert!(found.contains(&(SymbolKind::Parameter, "n", Some("p"))), "{found:?}");
        assert!(found.contains(&(SymbolKind::Phase, "one", Some("p"))), "{found:?}");
        assert!(found.contains(&(SymbolKind::Step, "built", Some("one"))), "{found:?}");
    }
}
