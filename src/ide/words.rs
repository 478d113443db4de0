//! How things are said in an editor: signatures, declarations and types, as text.

use std::sync::OnceLock;

use crate::analysis::functions::{self, Form};
use crate::analysis::stdlib::{Signature, modules};
use crate::base::diagnostic::Edit;
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};
use crate::contract::types::Type;
use crate::syntax::ast::{ExprKind, File, Item, ItemKind, SignatureItem, StatementKind, UseSource};
use crate::syntax::parse;

/// A call's parameters as text, and where each of them stands in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub label: String,
    pub parameters: Vec<ParameterText>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterText {
    pub name: String,
    /// `to: path = ".phasegate/backups"`
    pub text: String,
    pub doc: Option<String>,
    pub required: bool,
}

struct Module {
    name: &'static str,
    source: SourceFile,
    file: File,
}

fn library() -> &'static [Module] {
    static LIBRARY: OnceLock<Vec<Module>> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let read = |(name, text): &(&'static str, &'static str)| {
            let source = SourceFile::new(FileId(0), format!("{name}.deploy"), *text);
            let file = parse(&source).file;
            Module { name, source, file }
        };
        modules().iter().map(read).collect()
    })
}

fn declared(name: &str) -> Option<(&'static Module, &'static Item, &'static SignatureItem)> {
    library().iter().find_map(|module| {
        module.file.items().find_map(|item| match &item.kind {
            ItemKind::Signature(declared) if declared.name.text == name => Some((module, item, declared)),
            _ => None,
        })
    })
}

/// Where the library declares this, with its module.
pub fn declaration(name: &str) -> Option<(&'static str, Item)> {
    declared(name).map(|(module, item, _)| (module.name, item.clone()))
}

/// What imports the module of a step, unless the file does.
pub fn import_of(tree: &File, step: &str) -> Option<Edit> {
    let module = step.split('.').next().unwrap_or_default();
    let mut last = None;
    for item in &tree.items {
        let ItemKind::Use(import) = &item.kind else { continue };
        if matches!(import.source, UseSource::Std(_)) && import.names.iter().any(|name| name.text == module) {
            return None;
        }
        last = Some(item.at);
    }
    Some(import_line(last, &format!("use std.{module}")))
}

/// A new line of imports behind the last one, which stands at `last`.
pub fn import_line(last: Option<Span>, line: &str) -> Edit {
    match last {
        Some(at) => Edit { span: at.after(), text: format!("\n{line}") },
        None => Edit { span: Span::default(), text: format!("{line}\n\n") },
    }
}

/// Of every composite step the steps it is made of, with where it names them.
pub fn compositions() -> Vec<(String, String, Span)> {
    let mut found = Vec::new();
    for module in library() {
        for item in &module.file.items {
            let ItemKind::Signature(declared) = &item.kind else { continue };
            let Some(body) = &declared.body else { continue };
            for statement in &body.statements {
                let StatementKind::Step(step) = &statement.kind else { continue };
                let ExprKind::Call { callee, .. } = &*step.call.kind else { continue };
                found.push((declared.name.text.clone(), module.source.slice(callee.at).to_owned(), callee.at));
            }
        }
    }
    found
}

/// What is called and with what.
pub fn shape_of(signature: &Signature) -> Shape {
    let written = declared(&signature.name);
    let parameters = signature.params.iter().map(|param| {
        let default = written.and_then(|(module, _, item)| {
            let written = item.params.iter().find(|written| written.name.text == param.name)?;
            Some(module.source.slice(written.default.as_ref()?.at).to_owned())
        });
        let required = param.default.is_none();
        let end = default.map(|default| format!(" = {default}")).unwrap_or_default();
        let text = format!("{}: {}{end}", param.name, param.ty);
        ParameterText { name: param.name.clone(), text, doc: param.doc.clone(), required }
    });
    let parameters: Vec<ParameterText> = parameters.collect();
    let output = if signature.output == Type::Nothing { String::new() } else { format!(" -> {}", signature.output) };
    shape(&signature.name, parameters, &output)
}

/// One form of a function of the language.
pub fn shape_of_form(name: &str, form: &Form) -> Shape {
    let parameters = form.parameters.iter().map(|parameter| {
        let text = match parameter.default {
            Some(default) => format!("{} = {default}", parameter.name),
            None => parameter.name.to_owned(),
        };
        ParameterText { name: parameter.name.to_owned(), text, doc: None, required: parameter.default.is_none() }
    });
    shape(name, parameters.collect(), "")
}

pub fn shape(name: &str, parameters: Vec<ParameterText>, output: &str) -> Shape {
    let texts: Vec<&str> = parameters.iter().map(|parameter| parameter.text.as_str()).collect();
    let label = format!("{name}({}){output}", texts.join(", "));
    Shape { label, parameters }
}

/// What a function is for.
pub fn function_doc(name: &str) -> Option<&'static str> {
    functions::all().find(|function| function.name == name).map(|function| function.doc)
}

/// What a step does to the world, as one line.
pub fn effect_of(signature: &Signature) -> String {
    let undo = if signature.has_undo { ", takes itself back" } else { "" };
    let again = if signature.idempotent { ", idempotent" } else { "" };
    format!("effect {}{again}{undo}", signature.effect.name())
}

/// The name of the declared type inside of this one.
pub fn type_name(ty: &Type) -> Option<&str> {
    match ty.plain() {
        Type::Record(record) => record.name.as_deref(),
        Type::List(inner) | Type::Map(inner) | Type::Optional(inner) | Type::Metric(inner) | Type::Secret(inner) => {
            type_name(inner)
        }
        _ => None,
    }
}
