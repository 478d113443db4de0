//! The standard library, from the signatures in `stdlib/`.

use std::fmt::Write as _;

use super::{anchor, cell};
use crate::analysis::stdlib;
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};
use crate::syntax::ast::{Item, ItemKind, SignatureItem, SignatureKind, TypeExpr, TypeKind};
use crate::syntax::parse;

pub(super) fn text() -> String {
    let mut index = String::from(
        "Steps need `use std.MODULE`; sources of metrics, their extractors and `read` do not. A step without `idempotent` is not \
         repeated after a crash unless it only reads or tells.\n\n| module | |\n|---|---|\n",
    );
    let mut body = String::new();
    for (name, written) in stdlib::modules() {
        let source = SourceFile::new(FileId(0), format!("stdlib/{name}.deploy"), *written);
        let file = parse(&source).file;
        let declared: Vec<(&Item, &SignatureItem)> = file.items().filter_map(signature).collect();
        let links: Vec<String> =
            declared.iter().map(|(_, it)| format!("[`{}`](#{})", it.name.text, anchor(&heading(it)))).collect();
        let _ = writeln!(index, "| [{name}](#{name}) | {} |", links.join(" · "));
        let _ = write!(body, "\n## {name}\n");
        for (item, signature) in declared {
            describe(&mut body, &source, item, signature);
        }
    }
    index + &body
}

fn signature(item: &Item) -> Option<(&Item, &SignatureItem)> {
    if let ItemKind::Signature(signature) = &item.kind { Some((item, signature)) } else { None }
}

fn heading(signature: &SignatureItem) -> String {
    let kind = match signature.kind {
        SignatureKind::Step => return signature.name.text.clone(),
        SignatureKind::Source => "source of metrics",
        SignatureKind::Extractor => "extractor",
        SignatureKind::Target => "ramp target",
        SignatureKind::Channel => "channel",
    };
    format!("{} {kind}", signature.name.text)
}

fn describe(body: &mut String, source: &SourceFile, item: &Item, signature: &SignatureItem) {
    let _ = write!(body, "\n### {}\n\n{}\n", heading(signature), item.doc.as_deref().unwrap_or_default().trim());
    if signature.kind == SignatureKind::Step {
        let _ = write!(body, "\n{}\n", effect(signature));
    }
    if !signature.params.is_empty() {
        body.push_str("\n| parameter | type | default | |\n|---|---|---|---|\n");
    }
    for parameter in &signature.params {
        let default = parameter.default.as_ref().map_or(String::new(), |it| format!("`{}`", slice(source, it.at)));
        let doc = cell(parameter.doc.as_deref().unwrap_or_default());
        let _ = writeln!(
            body,
            "| `{}` | `{}` | {} | {doc} |",
            parameter.name.text,
            slice(source, parameter.ty.at),
            cell(&default)
        );
    }
    if let Some(output) = &signature.output {
        describe_output(body, source, output);
    }
}

fn effect(signature: &SignatureItem) -> String {
    let effect = signature.effect.as_ref().map_or("changes", |effect| effect.text.as_str());
    let undo = match effect {
        "changes" if stdlib::STEPS_WITH_UNDO.contains(&signature.name.text.as_str()) => ", undo built in",
        "changes" if signature.body.is_some() => ", undone step by step",
        "changes" => ", undo is yours to write",
        _ => "",
    };
    let again = if signature.idempotent { ", idempotent" } else { "" };
    format!("Effect: {effect}{undo}{again}.")
}

fn describe_output(body: &mut String, source: &SourceFile, output: &TypeExpr) {
    let TypeKind::Record(fields) = &output.kind else {
        let _ = write!(body, "\nGives `{}`.\n", slice(source, output.at));
        return;
    };
    body.push_str("\n| gives | type | |\n|---|---|---|\n");
    for field in fields {
        let doc = cell(field.doc.as_deref().unwrap_or_default());
        let _ = writeln!(body, "| `{}` | `{}` | {doc} |", field.name.text, slice(source, field.ty.at));
    }
}

/// What is written at a place, on one line.
fn slice(source: &SourceFile, at: Span) -> String {
    cell(source.slice(at))
}
