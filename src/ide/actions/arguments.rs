//! The arguments that a call lacks, with something of the right type that a person replaces.

use super::super::completion::before::Call;
use super::super::signature::shapes_of;
use super::super::walk::{block_of, calls_of, children, expressions_around, statements};
use super::super::words::ParameterText;
use super::{Action, ActionKind, Scene};
use crate::base::diagnostic::{Code, Diagnostic, Edit};
use crate::base::span::Span;
use crate::syntax::ast::{Arg, Expr, ExprKind, Item, ItemKind};

pub fn add_missing(scene: &Scene<'_>, diagnostic: &Diagnostic) -> Option<Action> {
    if diagnostic.code != Code::PG107 {
        return None;
    }
    let tree = scene.known.tree(scene.file);
    let at = diagnostic.at.span;
    let call = tree.items().flat_map(calls_in).find_map(|call| around(call, at))?;
    let ExprKind::Call { callee, args } = &*call.kind else { return None };
    let name = scene.source.slice(callee.at).to_owned();
    let asked = Call { callee: name, before: Vec::new(), position: 0, naming: None, named: Vec::new() };
    let (shapes, _) = shapes_of(scene.known, scene.file, &asked)?;
    let missing = missing(&shapes.first()?.parameters, args);
    let end = (call.at.end as usize).checked_sub(1)?;
    if missing.is_empty() || scene.source.text.as_bytes().get(end) != Some(&b')') {
        return None;
    }
    let written: Vec<String> =
        missing.iter().map(|parameter| format!("{}: {}", parameter.name, placeholder(&parameter.text))).collect();
    let inside = scene.source.text.get(callee.at.end as usize..end).unwrap_or_default().trim_end();
    let comma = if args.is_empty() || inside.ends_with(',') { "" } else { ", " };
    let start = callee.at.end as usize + inside.len();
    let edits = vec![Edit { span: Span::new(start, start), text: format!("{comma}{}", written.join(", ")) }];
    let title = match missing.as_slice() {
        [one] => format!("add the argument `{}`", one.name),
        _ => "add the missing arguments".to_owned(),
    };
    Some(Action { title, kind: ActionKind::Answer, edits, diagnostic: Some(diagnostic.clone()) })
}

/// All expressions of an item that may be calls with parameters of their own.
fn calls_in(item: &Item) -> Vec<&Expr> {
    let mut found = Vec::new();
    if let Some(block) = block_of(item) {
        statements(block, &mut |statement| found.extend(calls_of(statement)));
    }
    match &item.kind {
        ItemKind::Metrics(metrics) => {
            found.push(&metrics.source);
            found.extend(metrics.fields.iter().map(|field| &field.value));
        }
        ItemKind::Channel(channel) => found.push(&channel.value),
        ItemKind::Schedule(schedule) => found.push(&schedule.run),
        ItemKind::Test(test) => found.extend(test.run.iter().map(|run| &run.call)),
        _ => {}
    }
    found
}

/// The innermost call around the place, which is its callee or all of it.
fn around(expr: &Expr, at: Span) -> Option<&Expr> {
    let inner = expressions_around(expr, at);
    inner.into_iter().rfind(|expr| matches!(*expr.kind, ExprKind::Call { .. }) && !children(expr).is_empty())
}

fn missing<'p>(parameters: &'p [ParameterText], args: &[Arg]) -> Vec<&'p ParameterText> {
    let named = |name: &str| args.iter().any(|arg| arg.name.as_ref().is_some_and(|own| own.text == name));
    let in_order = args.iter().filter(|arg| arg.name.is_none()).count();
    let lacking = parameters.iter().enumerate();
    lacking
        .filter(|(at, parameter)| parameter.required && *at >= in_order && !named(&parameter.name))
        .map(|(_, parameter)| parameter)
        .collect()
}

/// Something of the type of `name: type`.
fn placeholder(text: &str) -> String {
    let ty = text.split_once(':').map_or("", |(_, ty)| ty).trim();
    let plain = ty.split(['(', '<']).next().unwrap_or_default().trim_end_matches('?');
    let value = match plain {
        "int" => "0",
        "float" => "0.0",
        "bool" => "false",
        "duration" => "1m",
        "ratio" => "1%",
        "bytes" => "1MiB",
        "rate" => "1 / 1m",
        "url" => "\"https://example.com\"",
        "version" => "\"1.0.0\"",
        "regex" => "\".*\"",
        "cron" => "\"0 0 * * *\"",
        "time" => "time(\"2030-01-01T00:00:00Z\")",
        "secret" => "secret(\"NAME\")",
        "list" => "[]",
        "map" | "json" => "{}",
        "range" => "0..1",
        _ => "\"\"",
    };
    value.to_owned()
}

#[cfg(test)]
mod tests {
    use crate::ide::actions::ActionKind;
    use crate::ide::actions::cases::applied;

    #[test]
    fn what_is_missing_is_put_in_with_its_type() {
        let text = "use std.backup\npipeline p {\n  phase a { step back§up.create(retain: 1d) }\n}\n";
        let found = applied(text, ActionKind::Answer);
        assert!(found.iter().any(|text| text.contains("backup.create(retain: 1d, source: [])")), "{found:?}");
        let text = "component c(a: string, b: duration = 1m, c: int) { wait b }\npipeline p { phase x { run §c() } }\n";
        let found = applied(text, ActionKind::Answer);
        assert!(found.iter().any(|text| text.contains("run c(a: \"\", c: 0)")), "{found:?}");
    }
}
