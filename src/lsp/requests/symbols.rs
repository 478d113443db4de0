//! The symbols of one file.

use gen_lsp_types::{DocumentSymbol, DocumentSymbolParams, SymbolKind as Shown};
use serde_json::{Value, json};

use super::super::convert::range;
use super::{Context, Failure};
use crate::base::source::SourceFile;
use crate::ide::outline::{Symbol, SymbolKind, flat, outline};

pub fn answer(ctx: &Context, params: DocumentSymbolParams) -> Result<Value, Failure> {
    let uri = params.text_document.uri;
    let here = ctx.here(&uri.0)?;
    let Some(source) = here.source() else { return Ok(Value::Null) };
    let symbols = outline(&here.program.known.tree(here.file));
    if ctx.tree {
        let shown: Vec<DocumentSymbol> = symbols.iter().map(|symbol| shown(ctx, source, symbol)).collect();
        return Ok(json!(shown));
    }
    let flat = flat(&symbols).into_iter().map(|(symbol, within)| {
        let location = json!({ "uri": uri, "range": range(source, symbol.whole, ctx.encoding) });
        json!({ "name": symbol.name, "kind": kind_of(symbol.kind), "location": location, "containerName": within })
    });
    Ok(flat.collect())
}

fn shown(ctx: &Context, source: &SourceFile, symbol: &Symbol) -> DocumentSymbol {
    let children: Vec<DocumentSymbol> = symbol.children.iter().map(|child| shown(ctx, source, child)).collect();
    DocumentSymbol::new(
        symbol.name.clone(),
        Some(detail_of(symbol.kind).to_owned()),
        kind_of(symbol.kind),
        None,
        None,
        range(source, symbol.whole, ctx.encoding),
        range(source, symbol.at, ctx.encoding),
        Some(children),
    )
}

/// The word of the language.
fn detail_of(kind: SymbolKind) -> &'static str {
    match kind {
        SymbolKind::Type => "type",
        SymbolKind::Field => "field",
        SymbolKind::Environment => "environment",
        SymbolKind::Key => "key",
        SymbolKind::Metrics => "metrics",
        SymbolKind::Metric => "metric",
        SymbolKind::Threshold => "threshold",
        SymbolKind::Channel => "channel",
        SymbolKind::Component => "component",
        SymbolKind::KillSwitch => "killswitch",
        SymbolKind::Sentinel => "sentinel",
        SymbolKind::Freeze => "freeze",
        SymbolKind::Alert => "alert",
        SymbolKind::Rubric => "rubric",
        SymbolKind::Schedule => "schedule",
        SymbolKind::Pipeline => "pipeline",
        SymbolKind::Parameter => "param",
        SymbolKind::Value => "value",
        SymbolKind::Phase => "phase",
        SymbolKind::Step => "step",
        SymbolKind::Test => "test",
        SymbolKind::Signature => "signature",
    }
}

pub fn kind_of(kind: SymbolKind) -> Shown {
    match kind {
        SymbolKind::Type => Shown::Struct,
        SymbolKind::Field | SymbolKind::Metric => Shown::Field,
        SymbolKind::Environment | SymbolKind::Metrics => Shown::Namespace,
        SymbolKind::Key => Shown::Key,
        SymbolKind::Threshold | SymbolKind::Rubric => Shown::Boolean,
        SymbolKind::Channel | SymbolKind::KillSwitch => Shown::Object,
        SymbolKind::Component | SymbolKind::Signature => Shown::Function,
        SymbolKind::Sentinel | SymbolKind::Alert | SymbolKind::Schedule | SymbolKind::Freeze => Shown::Event,
        SymbolKind::Pipeline => Shown::Class,
        SymbolKind::Phase => Shown::Method,
        SymbolKind::Parameter | SymbolKind::Value => Shown::Variable,
        SymbolKind::Step => Shown::Property,
        SymbolKind::Test => Shown::Method,
    }
}
