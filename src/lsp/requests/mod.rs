//! The requests, one file each: what the protocol asks, put to [`crate::ide`], and its answer in the words of the protocol.

mod actions;
mod calls;
mod completion;
mod definition;
pub mod diagnostics;
mod folding;
mod formatting;
mod highlight;
mod hints;
mod hover;
mod lens;
mod links;
mod references;
mod rename;
mod renamed_files;
mod selection;
mod signature;
mod symbols;
mod tokens;
mod workspace_symbols;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use gen_lsp_types::{Location as Place, Range, TextDocumentPositionParams, Uri};
use lsp_server::ErrorCode;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::convert::{Encoding, offset, path_of, range, uri_of};
use super::library;
use super::workspace::{Program, Snapshot, Spot};
use crate::analysis::Asked;
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Location};

/// What every request is answered from.
#[derive(Clone)]
pub struct Context {
    pub snapshot: Snapshot,
    pub encoding: Encoding,
    /// The client takes `${1:…}` in what it inserts.
    pub snippets: bool,
    /// The client takes symbols as a tree.
    pub tree: bool,
}

impl Default for Context {
    fn default() -> Self {
        Self { snapshot: Snapshot::default(), encoding: Encoding::Utf16, snippets: false, tree: false }
    }
}

/// Why a request has no answer.
#[derive(Debug)]
pub struct Failure {
    pub code: ErrorCode,
    pub message: String,
}

impl Failure {
    pub fn refused(message: impl Into<String>) -> Self {
        Self { code: ErrorCode::RequestFailed, message: message.into() }
    }
}

/// A file in a program that it is a part of.
pub struct Here {
    pub program: Arc<Program>,
    pub file: FileId,
    pub path: PathBuf,
}

impl Here {
    pub fn source(&self) -> Option<&SourceFile> {
        self.program.known.source(self.file)
    }
}

impl Context {
    /// The file that a URI names; an error when there is none.
    pub fn here(&self, uri: &str) -> Result<Here, Failure> {
        let path = path_of(uri);
        let found = self.snapshot.program_of(&path).and_then(|program| program.file(&path).map(|file| (program, file)));
        let (program, file) = found.ok_or_else(|| Failure::refused(format!("`{uri}` cannot be read")))?;
        Ok(Here { program, file, path })
    }

    /// The text of a file, whatever it means.
    pub fn text(&self, uri: &str) -> Result<Arc<SourceFile>, Failure> {
        let text = self.snapshot.text(&path_of(uri));
        text.ok_or_else(|| Failure::refused(format!("`{uri}` cannot be read")))
    }

    /// The file and the byte that a cursor is on.
    pub fn cursor(&self, params: &TextDocumentPositionParams) -> Result<(Here, usize), Failure> {
        let here = self.here(&params.text_document.uri.0)?;
        let at = here.source().map(|source| offset(source, params.position, self.encoding)).unwrap_or_default();
        Ok((here, at))
    }

    /// What `ask` offers at a cursor, from what is near it: all else has no say there, and nobody waits for it.
    pub fn at<T>(
        &self,
        params: &TextDocumentPositionParams,
        ask: impl FnOnce(&Here, usize) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let (here, offset) = self.near(params, Asked::Offers)?;
        Ok(ask(&here, offset))
    }

    /// A cursor in a program of which only what is near it is known.
    pub fn near(&self, params: &TextDocumentPositionParams, asked: Asked) -> Result<(Here, usize), Failure> {
        let uri = &params.text_document.uri.0;
        let source = self.text(uri)?;
        let spot = Spot { path: path_of(uri), offset: offset(&source, params.position, self.encoding), asked };
        let near = self.snapshot.near(&spot).and_then(|program| program.file(&spot.path).map(|file| (program, file)));
        let (program, file) = near.ok_or_else(|| Failure::refused(format!("`{uri}` cannot be read")))?;
        Ok((Here { program, file, path: spot.path }, spot.offset))
    }

    /// A file as the client spells it.
    pub fn uri(&self, path: &Path) -> Uri {
        self.snapshot.document(path).map_or_else(|| uri_of(path), |document| Uri(document.uri.clone()))
    }

    /// A place of a program in the words of the protocol.
    pub fn place(&self, program: &Program, at: Location) -> Option<Place> {
        let range = self.range(program.known.source(at.file)?, at);
        Some(Place { uri: self.uri(program.path(at.file)), range })
    }

    pub fn range(&self, source: &SourceFile, at: Location) -> Range {
        range(source, at.span, self.encoding)
    }

    /// A place in a module of the library, as a file.
    pub fn library_place(&self, module: &str, span: crate::base::span::Span) -> Option<Place> {
        let path = library::file_of(module)?;
        let text = crate::analysis::stdlib::modules().iter().find(|(name, _)| *name == module)?.1;
        let source = SourceFile::new(FileId(0), "", text);
        Some(Place { uri: uri_of(&path), range: range(&source, span, self.encoding) })
    }
}

/// Answers one request.
///
/// # Errors
/// For methods that are unknown, parameters that do not fit and what the request itself refuses.
pub fn answer(ctx: &Context, method: &str, params: Value) -> Result<Value, Failure> {
    match method {
        "textDocument/diagnostic" => with(ctx, params, diagnostics::answer),
        "textDocument/documentSymbol" => with(ctx, params, symbols::answer),
        "textDocument/foldingRange" => with(ctx, params, folding::answer),
        "textDocument/formatting" => with(ctx, params, formatting::answer),
        "textDocument/rangeFormatting" => with(ctx, params, formatting::answer_part),
        "textDocument/onTypeFormatting" => with(ctx, params, formatting::answer_typed),
        "textDocument/prepareCallHierarchy" => with(ctx, params, calls::prepare),
        "callHierarchy/incomingCalls" => with(ctx, params, calls::incoming),
        "callHierarchy/outgoingCalls" => with(ctx, params, calls::outgoing),
        "workspace/willRenameFiles" => with(ctx, params, renamed_files::answer),
        "textDocument/hover" => with(ctx, params, hover::answer),
        "textDocument/definition" | "textDocument/declaration" => with(ctx, params, definition::answer),
        "textDocument/typeDefinition" => with(ctx, params, definition::answer_type),
        "textDocument/references" => with(ctx, params, references::answer),
        "textDocument/documentHighlight" => with(ctx, params, highlight::answer),
        "textDocument/prepareRename" => with(ctx, params, rename::prepare),
        "textDocument/rename" => with(ctx, params, rename::answer),
        "textDocument/completion" => with(ctx, params, completion::answer),
        "textDocument/signatureHelp" => with(ctx, params, signature::answer),
        "textDocument/codeAction" => with(ctx, params, actions::answer),
        "textDocument/codeLens" => with(ctx, params, lens::answer),
        "textDocument/documentLink" => with(ctx, params, links::answer),
        "textDocument/inlayHint" => with(ctx, params, hints::answer),
        "textDocument/selectionRange" => with(ctx, params, selection::answer),
        "textDocument/semanticTokens/full" => with(ctx, params, tokens::answer),
        "workspace/symbol" => with(ctx, params, workspace_symbols::answer),
        _ => Err(Failure { code: ErrorCode::MethodNotFound, message: format!("there is no method `{method}` here") }),
    }
}

fn with<P: DeserializeOwned, R: Serialize>(
    ctx: &Context,
    params: Value,
    work: impl FnOnce(&Context, P) -> Result<R, Failure>,
) -> Result<Value, Failure> {
    let params = serde_json::from_value(params)
        .map_err(|error| Failure { code: ErrorCode::InvalidParams, message: error.to_string() })?;
    serde_json::to_value(work(ctx, params)?).map_err(|error| Failure::refused(error.to_string()))
}

/// What this server can do.
pub fn capabilities(encoding: Encoding) -> Value {
    let moved = json!([{ "scheme": "file", "pattern": { "glob": "**/*.deploy" } }]);
    json!({
        "capabilities": {
            "positionEncoding": encoding.name(),
            "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
            "completionProvider": { "triggerCharacters": [".", "(", ",", ":"] },
            "hoverProvider": true,
            "signatureHelpProvider": { "triggerCharacters": ["(", ","] },
            "declarationProvider": true,
            "definitionProvider": true,
            "typeDefinitionProvider": true,
            "referencesProvider": true,
            "documentHighlightProvider": true,
            "documentSymbolProvider": true,
            "workspaceSymbolProvider": true,
            "codeActionProvider": { "codeActionKinds": actions::KINDS },
            "codeLensProvider": { "resolveProvider": false },
            "documentLinkProvider": { "resolveProvider": false },
            "documentFormattingProvider": true,
            "documentRangeFormattingProvider": true,
            "documentOnTypeFormattingProvider": { "firstTriggerCharacter": "}", "moreTriggerCharacter": ["\n"] },
            "callHierarchyProvider": true,
            "renameProvider": { "prepareProvider": true },
            "foldingRangeProvider": true,
            "selectionRangeProvider": true,
            "inlayHintProvider": true,
            "semanticTokensProvider": {
                "legend": { "tokenTypes": tokens::TYPES, "tokenModifiers": ["declaration"] },
                "full": true,
            },
            "diagnosticProvider": { "interFileDependencies": true, "workspaceDiagnostics": false },
            "workspace": {
                "workspaceFolders": { "supported": true, "changeNotifications": true },
                "fileOperations": {
                    "willRename": { "filters": moved },
                    "didRename": { "filters": moved },
                    "didCreate": { "filters": moved },
                    "didDelete": { "filters": moved },
                },
            },
        },
        "serverInfo": { "name": "phasegate", "version": env!("CARGO_PKG_VERSION") },
    })
}
