//! What is known of the name under the cursor: its declaration, type, value and documentation, as Markdown.

use super::known::Known;
use super::outline::{SymbolKind, flat, outline};
use super::words::{self, Shape};
use crate::analysis::functions;
use crate::analysis::names::{Meaning, Mention};
use crate::analysis::stdlib::catalog;
use crate::base::span::{FileId, Location, Span};
use crate::contract::types::Type;
use crate::report::rates::rate_at;
use crate::syntax::ast::{Block, ItemKind, StatementKind};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    pub at: Span,
    pub markdown: String,
}

/// Declarations longer than this are cut: an editor has little room.
const MOST_LINES: usize = 12;

#[must_use]
pub fn hover(known: &Known, file: FileId, offset: usize) -> Option<Hover> {
    let Some(found) = known.name_at(file, offset) else { return rate(known, file, offset) };
    let text = match &found.mention.meaning {
        Meaning::Declared(at) => declared(known, *at, found.mention),
        Meaning::Key(name) => key(known, name, found.mention),
        Meaning::Signature(kind, name) => {
            let signature = catalog().get(*kind, name)?;
            let mut text = code(&words::shape_of(signature).label);
            text.push_str(&format!("\n{}\n", words::effect_of(signature)));
            with_doc(text, signature.doc.as_deref())
        }
        Meaning::Parameter(callee, name) => parameter(callee, name)?,
        Meaning::Function(name) => {
            let shapes = functions::forms(name).into_iter().map(|form| words::shape_of_form(name, form).label);
            let shapes: Vec<String> = shapes.collect();
            with_doc(code(&shapes.join("\n")), words::function_doc(name))
        }
        Meaning::Module(name) => code(&format!("use std.{name}")),
        Meaning::Field(_, name) | Meaning::Word(name) => code(&typed(name, found.mention.ty.as_ref())),
    };
    Some(Hover { at: found.at.span, markdown: text })
}

fn code(text: &str) -> String {
    format!("```deploy\n{text}\n```\n")
}

fn with_doc(mut text: String, doc: Option<&str>) -> String {
    if let Some(doc) = doc {
        text.push('\n');
        text.push_str(doc);
        text.push('\n');
    }
    text
}

fn typed(name: &str, ty: Option<&Type>) -> String {
    match ty {
        Some(ty) if *ty != Type::Error => format!("{name}: {ty}"),
        _ => name.to_owned(),
    }
}

/// The text of the declaration, its type when that is not written there, and its documentation.
fn declared(known: &Known, at: Location, mention: &Mention) -> String {
    let Some(source) = known.source(at.file) else { return String::new() };
    let symbols = outline(&known.tree(at.file));
    let symbol = flat(&symbols).into_iter().map(|(symbol, _)| symbol).find(|symbol| symbol.at == at.span).cloned();
    let name = source.slice(at.span);
    let Some(symbol) = symbol else { return code(&typed(name, mention.ty.as_ref())) };
    let whole = source.slice(symbol.whole);
    let is_long = matches!(symbol.kind, SymbolKind::Pipeline | SymbolKind::Phase | SymbolKind::Component);
    let shown = if is_long { whole.split('{').next().unwrap_or_default().trim_end().to_owned() } else { cut(whole) };
    let mut text = code(&shown);
    if let Some(ty) = mention.ty.as_ref().filter(|ty| **ty != Type::Error && **ty != Type::Nothing) {
        text.push_str(&format!("\n`{ty}`\n"));
    }
    with_doc(text, doc_above(&source.text, symbol.whole.start as usize).as_deref())
}

fn cut(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut shown = lines[..lines.len().min(MOST_LINES)].join("\n");
    if lines.len() > MOST_LINES {
        shown.push_str("\n…");
    }
    shown
}

/// The `///` lines right above, or at the beginning of what is declared.
fn doc_above(text: &str, start: usize) -> Option<String> {
    let before = text.get(..start)?;
    let mut lines: Vec<&str> = Vec::new();
    for line in before[..before.rfind('\n').map_or(0, |at| at + 1)].lines().rev() {
        match line.trim_start().strip_prefix("///") {
            Some(words) => lines.push(words.strip_prefix(' ').unwrap_or(words)),
            None => break,
        }
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// What each environment says.
fn key(known: &Known, name: &str, mention: &Mention) -> String {
    let mut text = code(&typed(&format!("env.{name}"), mention.ty.as_ref()));
    for (environment, declared) in &known.analysis.program.environments {
        let Some(value) = declared.values.get(name) else { continue };
        let written = known.source(value.at.file).map(|source| source.slice(value.at.span)).unwrap_or_default();
        let written = written.lines().next().unwrap_or_default();
        text.push_str(&format!("- {environment}: `{written}`\n"));
    }
    text
}

fn parameter(callee: &str, name: &str) -> Option<String> {
    let (_, item) = words::declaration(callee)?;
    let crate::syntax::ast::ItemKind::Signature(declared) = &item.kind else { return None };
    let signature = catalog().get(declared.kind, callee)?;
    let Shape { parameters, .. } = words::shape_of(signature);
    let parameter = parameters.into_iter().find(|parameter| parameter.name == name)?;
    Some(with_doc(code(&parameter.text), parameter.doc.as_deref()))
}

/// Whether the place is in a trigger of a component, of which is known how often it fires where it is run.
#[must_use]
pub fn is_run_elsewhere(known: &Known, file: FileId, offset: usize) -> bool {
    fn is_in_trigger(block: &Block, offset: usize) -> bool {
        let around = block.statements.iter().filter(|statement| super::known::touches(statement.at, offset));
        around.into_iter().any(|statement| match &statement.kind {
            StatementKind::Trigger(_) => true,
            StatementKind::Ramp { body, .. } | StatementKind::Parallel(body) => is_in_trigger(body, offset),
            _ => false,
        })
    }
    let tree = known.tree(file);
    tree.items().any(|item| match &item.kind {
        ItemKind::Component(component) => is_in_trigger(&component.body, offset),
        _ => false,
    })
}

/// Of a trigger: how often it fires although nothing is wrong.
fn rate(known: &Known, file: FileId, offset: usize) -> Option<Hover> {
    if known.analysis.has_errors() {
        return None;
    }
    let is_there = |at: Location| at.file == file && super::known::touches(at.span, offset);
    let rate = rate_at(&known.analysis.program, is_there)?;
    Some(Hover { at: rate.at.span, markdown: with_doc(code(&rate.trigger), Some(&rate.sentence)) })
}

#[cfg(test)]
mod tests {
    use super::hover;
    use crate::ide::cursor::Case;

    fn text(marked: &str) -> String {
        let case = Case::new(marked);
        hover(&case.known, case.file, case.offset).map(|hover| hover.markdown).unwrap_or_default()
    }

    #[test]
    fn declarations_are_shown_with_type_and_documentation() {
        let found = text("pipeline p {\n  /// How long to look.\n  let soak = 5m\n  phase a { wait so§ak }\n}\n");
        assert!(found.contains("let soak = 5m"), "{found}");
        assert!(found.contains("`duration`"), "{found}");
        assert!(found.contains("How long to look."), "{found}");
    }

    #[test]
    fn steps_show_their_signature() {
        let found = text("use std.backup\npipeline p {\n  phase a { step backup.cre§ate([\"config/\"]) }\n}\n");
        assert!(found.contains("backup.create(source: list<path>, to: path = \".phasegate/backups\""), "{found}");
        assert!(found.contains("Archives files"), "{found}");
        assert!(found.contains("effect changes"), "{found}");
    }

    #[test]
    fn keys_show_what_each_environment_says() {
        let found = text(
            "environment a { soak = 5m }\nenvironment b { soak = 1h }\npipeline p { phase x { wait env.so§ak } }\n",
        );
        assert!(found.contains("env.soak: duration"), "{found}");
        assert!(found.contains("- a: `5m`") && found.contains("- b: `1h`"), "{found}");
    }

    #[test]
    fn triggers_say_how_often_they_fire_falsely() {
        let metrics = "metrics m from prometheus(\"http://a\") every 1m { x: float = query(\"x\") }\n";
        let trigger = |condition: &str| {
            text(&format!(
                "{metrics}/// It is.\npipeline p {{\n  roll§back when {condition}\n  phase a {{ wait 1d }}\n}}\n"
            ))
        };
        let exact = trigger("cusum(m.x, target: 1.0, sigma: 0.5).alarm");
        assert!(exact.contains("one false alarm in") && exact.contains("integral equation"), "{exact}");
        let simulated = trigger("mean(m.x, 5m) > 2.0 for 3 samples");
        assert!(simulated.contains("takes a simulation"), "{simulated}");
    }

    #[test]
    fn nothing_is_said_of_blanks() {
        assert_eq!(text("pipeline p {\n§\n  phase a { wait 1m }\n}\n"), "");
    }
}
