//! The symbols of one file.

use gen_lsp_types::{DocumentSymbol, DocumentSymbolParams, SymbolKind as Shown};
use serde_json::{Value, json};

use super::super::convert::{Ruler, path_of};
use super::{Context, Failure};
use crate::ide::outline::{Symbol, SymbolKind, flat};

pub fn answer(ctx: &Context, params: DocumentSymbolParams) -> Result<Value, Failure> {
    let uri = params.text_document.uri;
    let source = ctx.text(&uri.0)?;
    let symbols = ctx.snapshot.outline(&path_of(&uri.0));
    let ruler = Ruler::new(&source, ctx.encoding);
    if ctx.tree {
        let shown: Vec<DocumentSymbol> = symbols.iter().map(|symbol| shown(&ruler, symbol)).collect();
        return Ok(json!(shown));
    }
    let flat = flat(&symbols).into_iter().map(|(symbol, within)| {
        let location = json!({ "uri": uri, "range": ruler.range(symbol.whole) });
        json!({ "name": symbol.name, "kind": kind_of(symbol.kind), "location": location, "containerName": within })
    });
    Ok(flat.collect())
}

fn shown(ruler: &Ruler<'_>, symbol: &Symbol) -> DocumentSymbol {
    let (whole, at) = (ruler.range(symbol.whole), ruler.range(symbol.at));
    let children: Vec<DocumentSymbol> = symbol.children.iter().map(|child| shown(ruler, child)).collect();
    DocumentSymbol::new(
        symbol.name.clone(),
        Some(detail_of(symbol.kind).to_owned()),
        kind_of(symbol.kind),
        None,
        None,
        whole,
        at,
        Some(children),
    )
}

/// The word of the language.
pub fn detail_of(kind: SymbolKind) -> &'static str {
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
