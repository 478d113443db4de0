//! Selected statements as a component, with what they name from around them as its parameters.

use super::super::known::Known;
use super::super::outline::{SymbolKind, flat, outline};
use super::super::walk::{around, block_of, body_of, holds, statements};
use super::{Action, ActionKind, Scene};
use crate::analysis::names::Meaning;
use crate::base::diagnostic::Edit;
use crate::base::span::{FileId, Location, Span};
use crate::contract::types::Type;
use crate::syntax::ast::{Block, Item, ItemKind, Statement, StatementKind};

/// The name that a person changes next.
const NAME: &str = "extracted";

pub fn extract(scene: &Scene<'_>) -> Option<Action> {
    let selected = trimmed(scene)?;
    let tree = scene.known.tree(scene.file);
    let item = tree.items.iter().find(|item| holds(item.at, selected))?;
    let ItemKind::Pipeline(pipeline) = &item.kind else { return None };
    let block = block_around(&pipeline.body, selected)?;
    let chosen: Vec<&Statement> = block.statements.iter().filter(|one| holds(selected, one.at)).collect();
    let (first, last) = (chosen.first()?, chosen.last()?);
    let whole = first.at.to(last.at);
    // A part of a statement is none, and what speaks about its phase has to stand in it.
    if whole != selected
        || chosen.iter().any(|one| {
            matches!(one.kind, StatementKind::OnFailure { .. } | StatementKind::Window(_) | StatementKind::Broken)
        })
    {
        return None;
    }
    let params = params_of(scene.known, scene.file, item, whole)?;
    if declares_for_others(scene.known, scene.file, item, whole) {
        return None;
    }
    let name = free_name(scene);
    let list: Vec<String> = params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let args: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
    let body = moved(scene, whole)?;
    let start = line_start_with_comments(scene, item);
    let component = format!("component {name}({}) {{\n{body}\n}}\n\n", list.join(", "));
    let edits = vec![
        Edit { span: Span::new(start, start), text: component },
        Edit { span: whole, text: format!("run {name}({})", args.join(", ")) },
    ];
    let title = format!("make it a component: `{name}`");
    Some(Action { title, kind: ActionKind::Extract, edits, diagnostic: None })
}

/// The selection without the blanks around it; none when nothing is selected.
fn trimmed(scene: &Scene<'_>) -> Option<Span> {
    let text = scene.source.slice(scene.selection);
    let inner = text.trim();
    let start = scene.selection.start as usize + (text.len() - text.trim_start().len());
    (!inner.is_empty()).then(|| Span::new(start, start + inner.len()))
}

/// The innermost block of a phase around a span.
fn block_around(body: &Block, at: Span) -> Option<&Block> {
    let chain = around(body, at);
    let inner = chain.iter().rev().filter_map(|statement| Some((body_of(statement)?, statement)));
    let usable = inner.filter(|(_, statement)| {
        matches!(statement.kind, StatementKind::Phase(_) | StatementKind::Ramp { .. } | StatementKind::Parallel(_))
    });
    usable.map(|(block, _)| block).find(|block| holds(block.at, at) && block.at != at)
}

/// What the statements name of what the pipeline declares around them, with types. None when something has no type that can
/// be written, or is the output of a step.
fn params_of(known: &Known, file: FileId, item: &Item, whole: Span) -> Option<Vec<(String, String)>> {
    let tree = known.tree(file);
    let symbols = outline(&tree);
    let kinds: Vec<(Span, SymbolKind)> =
        flat(&symbols).into_iter().map(|(symbol, _)| (symbol.at, symbol.kind)).collect();
    let mut params: Vec<(String, String)> = Vec::new();
    for (at, mention) in known.mentions_in(file, whole) {
        let Meaning::Declared(place) = mention.meaning else { continue };
        if place.file != file || !holds(item.at, place.span) || holds(whole, place.span) {
            continue;
        }
        if kinds.iter().any(|(at, kind)| *at == place.span && matches!(kind, SymbolKind::Step | SymbolKind::Phase)) {
            return None;
        }
        let name = known.source(file)?.slice(place.span).to_owned();
        if params.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let declared = known.analysis.mentions.get(&Location::new(file, place.span));
        let ty = declared.and_then(|mention| mention.ty.as_ref()).or(known.analysis.mentions.get(&at)?.ty.as_ref())?;
        params.push((name, written(ty)?));
    }
    Some(params)
}

/// The type as a program can say it.
fn written(ty: &Type) -> Option<String> {
    match ty {
        Type::Record(record) if record.name.is_none() => None,
        Type::List(inner) | Type::Map(inner) | Type::Range(inner) | Type::Secret(inner) | Type::Optional(inner) => {
            written(inner).map(|_| ty.to_string())
        }
        Type::Quotient => Some("float".to_owned()),
        Type::Error | Type::Nothing | Type::Metric(_) | Type::Channel | Type::Rubric | Type::KillSwitch => None,
        _ => Some(ty.to_string()),
    }
}

/// Whether something outside names what is declared inside.
fn declares_for_others(known: &Known, file: FileId, item: &Item, whole: Span) -> bool {
    let mut inside = Vec::new();
    if let Some(block) = block_of(item) {
        statements(block, &mut |statement| {
            let name = match &statement.kind {
                StatementKind::Step(step) => step.name.as_ref(),
                StatementKind::Let { name, .. } => Some(name),
                _ => None,
            };
            inside.extend(name.filter(|name| holds(whole, name.at)).map(|name| name.at));
        });
    }
    let is_meant = |place: &Location| place.file == file && inside.contains(&place.span);
    known.mentions().any(|(at, mention)| match &mention.meaning {
        Meaning::Declared(place) => is_meant(place) && !(at.file == file && holds(whole, at.span)),
        _ => false,
    })
}

fn free_name(scene: &Scene<'_>) -> String {
    let numbered = (2..1_000).map(|number| format!("{NAME}_{number}"));
    let mut names = std::iter::once(NAME.to_owned()).chain(numbered);
    names.find(|name| !scene.source.text.contains(name.as_str())).unwrap_or_else(|| NAME.to_owned())
}

/// The text of the statements, one level deep. None when a text of several lines would change by that.
fn moved(scene: &Scene<'_>, whole: Span) -> Option<String> {
    let text = scene.source.slice(whole);
    if text.contains("\"\"\"") {
        return None;
    }
    let line = scene.source.line_span(scene.source.line_column(whole.start as usize).line);
    let depth = (whole.start - line.start) as usize;
    let lines = text.lines().enumerate().map(|(number, line)| {
        let blanks = line.len() - line.trim_start().len();
        let kept = if number == 0 { line } else { &line[blanks.min(depth)..] };
        if kept.trim().is_empty() { String::new() } else { format!("  {kept}") }
    });
    Some(lines.collect::<Vec<String>>().join("\n"))
}

/// Where the item begins, with the comments right above it.
fn line_start_with_comments(scene: &Scene<'_>, item: &Item) -> usize {
    let mut line = scene.source.line_column(item.at.start as usize).line;
    let is_comment = |line: usize| scene.source.slice(scene.source.line_span(line)).trim_start().starts_with("//");
    while line > 1 && is_comment(line - 1) {
        line -= 1;
    }
    scene.source.line_span(line).start as usize
}

#[cfg(test)]
mod tests {
    use crate::base::span::Span;
    use crate::ide::actions::cases::{applied, chosen};
    use crate::ide::actions::{ActionKind, actions};
    use crate::ide::cursor::Case;

    const TEXT: &str = "use std.shell\n\n/// It is.\npipeline p {\n  param host: string = \"a\"\n  let soak = 5m\n\n  phase one {\n    \
                        step shell(\"ping ${host}\") effect reads timeout 1m\n    wait soak\n    wait 1m\n  }\n}\n";

    fn extracted(from: &str, to: &str) -> Vec<String> {
        let case = Case::new(&format!("{TEXT}§"));
        let start = TEXT.find(from).expect("there");
        let end = TEXT.find(to).expect("there") + to.len();
        let found = actions(&[(&case.known, case.file)], Span::new(start, end));
        chosen(&case, found, ActionKind::Extract)
    }

    #[test]
    fn statements_become_a_component_with_what_they_name() {
        let found = extracted("    step shell", "wait soak\n");
        let [text] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            text.contains(
                "component extracted(host: string, soak: duration) {\n  step shell(\"ping ${host}\") effect reads timeout 1m\n  wait \
                 soak\n}\n\n/// It is.\npipeline p {"
            ),
            "{text}"
        );
        assert!(text.contains("  phase one {\n    run extracted(host, soak)\n    wait 1m\n  }"), "{text}");
    }

    #[test]
    fn a_part_of_a_statement_is_none() {
        assert_eq!(extracted("shell(\"ping", "wait soak"), [""; 0]);
        assert_eq!(applied("pipeline p {\n  phase a { wait §1m }\n}\n", ActionKind::Extract), [""; 0]);
    }
}
