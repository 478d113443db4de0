//! What is wrong with a file: pushed after each change, or given when it is asked for.

use std::path::Path;

use gen_lsp_types::{
    Code as ProtocolCode, Diagnostic as Shown, DiagnosticRelatedInformation, DiagnosticSeverity, DiagnosticTag,
    Location as Place, Message, Range,
};
use serde_json::{Value, json};

use super::super::convert::{Ruler, path_of};
use super::super::workspace::{Check, Program};
use super::{Context, Failure};
use crate::base::diagnostic::{Code, Diagnostic, Severity};
use crate::base::source::SourceFile;
use crate::base::span::FileId;

pub fn answer(ctx: &Context, params: Value) -> Result<Value, Failure> {
    let uri = params["textDocument"]["uri"].as_str().unwrap_or_default();
    Ok(json!({ "kind": "full", "items": of_file(ctx, &path_of(uri)) }))
}

/// All of one file, in its order.
pub fn of_file(ctx: &Context, path: &Path) -> Vec<Shown> {
    let (programs, mut diagnostics) = ctx.snapshot.diagnostics(path);
    diagnostics.sort_by_key(|diagnostic| (diagnostic.at.span, diagnostic.code));
    // Places are those of the program that the diagnostic is from; the file's own text is the same in all.
    let owner = |diagnostic: &Diagnostic| match programs.as_slice() {
        [only] => Some(only),
        several => several.iter().find(|program| {
            let same = program.file(path) == Some(diagnostic.at.file);
            same && program.diagnostics(diagnostic.at.file).any(|other| other == diagnostic)
        }),
    };
    // One line may have thousands of them.
    let source = programs.first().and_then(|program| program.source(program.file(path)?));
    let ruler = source.map(|source| Ruler::new(source, ctx.encoding));
    let shown = |diagnostic: &Diagnostic| {
        let range = ruler.as_ref()?.range(diagnostic.at.span);
        Some(Shown { range, ..shown(ctx, Files::Check(owner(diagnostic)?), diagnostic)? })
    };
    diagnostics.iter().filter_map(shown).collect()
}

/// The files that places of a diagnostic are in.
#[derive(Clone, Copy)]
pub enum Files<'p> {
    Program(&'p Program),
    Check(&'p Check),
}

impl<'p> Files<'p> {
    fn source(self, file: FileId) -> Option<&'p SourceFile> {
        match self {
            Self::Program(program) => program.known.source(file),
            Self::Check(check) => check.source(file),
        }
    }

    fn path(self, file: FileId) -> &'p Path {
        match self {
            Self::Program(program) => program.path(file),
            Self::Check(check) => check.path(file),
        }
    }
}

/// All but its place.
pub fn shown(ctx: &Context, files: Files<'_>, diagnostic: &Diagnostic) -> Option<Shown> {
    let mut message = diagnostic.message.clone();
    if !diagnostic.label.is_empty() {
        message.push_str(&format!(" ({})", diagnostic.label));
    }
    if let Some(help) = &diagnostic.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let related = diagnostic.labels.iter().filter_map(|label| {
        let range = ctx.range(files.source(label.at.file)?, label.at);
        let location = Place { uri: ctx.uri(files.path(label.at.file)), range };
        Some(DiagnosticRelatedInformation { location, message: label.message.clone() })
    });
    let related: Vec<DiagnosticRelatedInformation> = related.collect();
    let severity = match diagnostic.severity() {
        Severity::Error => DiagnosticSeverity::Error,
        Severity::Warning => DiagnosticSeverity::Warning,
    };
    let is_idle = matches!(diagnostic.code, Code::PG303 | Code::PG501 | Code::PG502 | Code::PG505);
    Some(Shown {
        range: Range::default(),
        severity: Some(severity),
        code: Some(ProtocolCode::String(diagnostic.code.id().to_owned())),
        code_description: None,
        source: Some("phasegate".to_owned()),
        message: Message::String(message),
        tags: is_idle.then(|| vec![DiagnosticTag::Unnecessary]),
        related_information: (!related.is_empty()).then_some(related),
        data: None,
    })
}
