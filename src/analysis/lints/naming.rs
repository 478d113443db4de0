//! PG503: names in another style than everybody's.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Location;
use crate::syntax::ast::{Block, Item, ItemKind, Name, Param, StatementKind};

use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG503,
    why: "Values, phases and steps are `snake_case`, types `PascalCase`: a reader sees at once what a name is.",
    bad: r#"
/// Waits.
pipeline Rollout { phase First { wait 1s } }
"#,
    good: r#"
/// Waits.
pipeline rollout { phase first { wait 1s } }
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for module in subject.modules {
        let mut names: Vec<(&Name, bool)> = Vec::new();
        module.ast.items.iter().for_each(|item| names_of_item(item, &mut names));
        for (name, is_type) in names {
            let well = if is_type { is_pascal(&name.text) } else { is_snake(&name.text) };
            if well || name.text.is_empty() {
                continue;
            }
            let (style, better) =
                if is_type { ("PascalCase", pascal(&name.text)) } else { ("snake_case", snake(&name.text)) };
            let at = Location::new(module.file, name.at);
            let diagnostic = Diagnostic::new(Code::PG503, at, format!("`{}` is not {style}", name.text))
                .help(format!("write `{better}`"));
            diagnostics.push(diagnostic);
        }
    }
}

fn names_of_item<'a>(item: &'a Item, names: &mut Vec<(&'a Name, bool)>) {
    let mut add = |name: &'a Name| names.push((name, false));
    match &item.kind {
        ItemKind::Type(item) => names.push((&item.name, true)),
        ItemKind::Environment(item) => {
            add(&item.name);
            item.values.iter().for_each(|value| add(&value.name));
        }
        ItemKind::Metrics(item) => {
            add(&item.name);
            item.fields.iter().for_each(|field| add(&field.name));
        }
        ItemKind::Threshold(item) => add(&item.name),
        ItemKind::Channel(item) => add(&item.name),
        ItemKind::KillSwitch(item) => add(&item.name),
        ItemKind::Sentinel(item) => add(&item.name),
        ItemKind::Freeze(item) => add(&item.name),
        ItemKind::Alert(item) => add(&item.name),
        ItemKind::Rubric(item) => add(&item.name),
        ItemKind::Schedule(item) => add(&item.name),
        ItemKind::Component(item) => {
            add(&item.name);
            item.params.iter().for_each(|param: &Param| names.push((&param.name, false)));
            names_of_block(&item.body, names);
        }
        ItemKind::Pipeline(item) => {
            add(&item.name);
            names_of_block(&item.body, names);
        }
        ItemKind::Use(_) | ItemKind::Test(_) | ItemKind::Signature(_) | ItemKind::Broken => {}
    }
}

fn names_of_block<'a>(block: &'a Block, names: &mut Vec<(&'a Name, bool)>) {
    for statement in &block.statements {
        match &statement.kind {
            StatementKind::Param(param) => names.push((&param.name, false)),
            StatementKind::Let { name, .. } => names.push((name, false)),
            StatementKind::Step(step) => names.extend(step.name.iter().map(|name| (name, false))),
            StatementKind::Phase(phase) => {
                names.push((&phase.name, false));
                names.extend(phase.each.iter().map(|each| (&each.variable, false)));
                names_of_block(&phase.body, names);
            }
            StatementKind::Parallel(body) | StatementKind::Ramp { body, .. } | StatementKind::Hook { body, .. } => {
                names_of_block(body, names);
            }
            _ => {}
        }
    }
}

fn is_snake(name: &str) -> bool {
    !name.bytes().any(|byte| byte.is_ascii_uppercase())
}

fn is_pascal(name: &str) -> bool {
    name.starts_with(|letter: char| letter.is_ascii_uppercase()) && !name.contains('_')
}

fn snake(name: &str) -> String {
    let mut written = String::new();
    let mut before_is_small = false;
    for letter in name.chars() {
        if letter.is_ascii_uppercase() && before_is_small {
            written.push('_');
        }
        before_is_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        written.push(letter.to_ascii_lowercase());
    }
    written
}

fn pascal(name: &str) -> String {
    let words = name.split('_').filter(|word| !word.is_empty());
    words
        .map(|word| {
            let (first, rest) = word.split_at(1);
            first.to_ascii_uppercase() + rest
        })
        .collect()
}
