//! The call around the cursor: what can be passed, and which of it is being written.

use super::completion::before::{Before, Call};
use super::known::Known;
use super::words::{self, ParameterText, Shape};
use crate::analysis::functions;
use crate::analysis::stdlib::catalog;
use crate::base::span::FileId;
use crate::syntax::ast::{File, ItemKind, Param, SignatureKind, StatementKind};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Help {
    /// One for each form.
    pub shapes: Vec<Shape>,
    pub doc: Option<String>,
    /// The parameter that is being written, of the first form.
    pub active: Option<usize>,
}

#[must_use]
pub fn signature_help(known: &Known, file: FileId, offset: usize) -> Option<Help> {
    let source = known.source(file)?;
    let call = Before::new(source, offset).call()?;
    let (shapes, doc) = shapes_of(known, file, &call)?;
    let active = shapes.first().and_then(|shape| active(shape, &call));
    Some(Help { shapes, doc, active })
}

fn active(shape: &Shape, call: &Call) -> Option<usize> {
    match &call.naming {
        Some(name) => shape.parameters.iter().position(|parameter| parameter.name == *name),
        None => (call.position < shape.parameters.len()).then_some(call.position),
    }
}

/// What a call of this name can mean.
#[must_use]
pub fn shapes_of(known: &Known, file: FileId, call: &Call) -> Option<(Vec<Shape>, Option<String>)> {
    const KINDS: [SignatureKind; 5] = [
        SignatureKind::Step,
        SignatureKind::Target,
        SignatureKind::Source,
        SignatureKind::Channel,
        SignatureKind::Extractor,
    ];
    if let Some(signature) = KINDS.into_iter().find_map(|kind| catalog().get(kind, &call.callee)) {
        return Some((vec![words::shape_of(signature)], signature.doc.clone()));
    }
    let forms = functions::forms(&call.callee);
    if !forms.is_empty() {
        let shapes = forms.into_iter().map(|form| words::shape_of_form(&call.callee, form)).collect();
        return Some((shapes, words::function_doc(&call.callee).map(str::to_owned)));
    }
    let own = known.tree(file);
    let others = known.analysis.files.iter().filter(|other| **other != file).map(|other| known.tree(*other));
    std::iter::once(own).chain(others).find_map(|tree| declared(known, &tree, &call.callee))
}

/// A component or pipeline of the program.
fn declared(known: &Known, tree: &File, callee: &str) -> Option<(Vec<Shape>, Option<String>)> {
    let name = callee.rsplit('.').next().unwrap_or_default();
    tree.items.iter().find_map(|item| {
        let params: Vec<&Param> = match &item.kind {
            ItemKind::Component(component) if component.name.text == name => component.params.iter().collect(),
            ItemKind::Pipeline(pipeline) if pipeline.name.text == name => {
                let statements = pipeline.body.statements.iter();
                let params = statements.filter_map(|statement| match &statement.kind {
                    StatementKind::Param(param) => Some(param),
                    _ => None,
                });
                params.collect()
            }
            _ => return None,
        };
        let parameters = params.into_iter().map(|param| ParameterText {
            name: param.name.text.clone(),
            text: text_of(known, param),
            doc: param.doc.clone(),
            required: param.default.is_none(),
        });
        Some((vec![words::shape(name, parameters.collect(), "")], item.doc.clone()))
    })
}

fn text_of(known: &Known, param: &Param) -> String {
    // Which file it is in does not matter where the text at the place begins with the name.
    let texts = known.sources.iter().map(|source| source.slice(param.at));
    let written =
        texts.map(|text| text.trim_start_matches("param").trim()).find(|text| text.starts_with(&param.name.text));
    written.map_or_else(|| param.name.text.clone(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::signature_help;
    use crate::ide::cursor::Case;

    fn help(marked: &str) -> Option<(String, Option<usize>)> {
        let case = Case::new(marked);
        let help = signature_help(&case.known, case.file, case.offset)?;
        Some((help.shapes.first()?.label.clone(), help.active))
    }

    #[test]
    fn the_call_around_the_cursor_is_shown() {
        let (label, active) =
            help("use std.backup\npipeline p { phase a { step backup.create([\"a\", \"b\"], §) } }\n").expect("a call");
        assert!(label.starts_with("backup.create(source: list<path>, "), "{label}");
        assert_eq!(active, Some(1));
        let (_, active) = help("use std.backup\npipeline p { phase a { step backup.create(retain: §").expect("a call");
        assert_eq!(active, Some(2));
    }

    #[test]
    fn components_and_functions_are_calls_too() {
        let (label, active) = help(
            "component c(feature: string, wait_for: duration = 5m) { wait wait_for }\npipeline p { \
                                    phase a { run c(\"x\", §) } }\n",
        )
        .expect("a call");
        assert_eq!((label.as_str(), active), ("c(feature: string, wait_for: duration = 5m)", Some(1)));
        let (label, _) = help("pipeline p { phase a { gate { require max([1, 2§]) > 1 } } }\n").expect("a call");
        assert!(label.starts_with("max("), "{label}");
        assert_eq!(help("pipeline p { phase a { wait 1§m } }\n"), None);
    }
}
