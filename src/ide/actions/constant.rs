//! A literal of a condition as a `let` with a name.

use super::super::walk::{around, block_of, condition_of, expressions_around, holds};
use super::{Action, ActionKind, Scene};
use crate::base::diagnostic::Edit;
use crate::base::span::Span;
use crate::syntax::ast::{Expr, ExprKind, Item, ItemKind};

pub fn extract(scene: &Scene<'_>) -> Option<Action> {
    let tree = scene.known.tree(scene.file);
    let item = tree.items.iter().find(|item| holds(item.at, scene.selection))?;
    // What is named by itself outside of a run has no place for a `let`.
    if !matches!(item.kind, ItemKind::Pipeline(_) | ItemKind::Component(_)) {
        return None;
    }
    let statements = around(block_of(item)?, scene.selection);
    let condition = condition_of(statements.last()?)?;
    let chain = expressions_around(&condition.condition, scene.selection);
    let literal = chain.last().filter(|expr| matches!(*expr.kind, ExprKind::Number { .. } | ExprKind::String(_)))?;
    let name = free_name(scene, item, &wanted_name(scene, &chain));
    let place = statements.first()?.at.start as usize;
    let line = scene.source.line_span(scene.source.line_column(place).line);
    let indent = scene.source.text.get(line.start as usize..place).filter(|indent| indent.trim().is_empty());
    let (place, break_line) = match indent {
        Some(indent) => (place, format!("\n{indent}")),
        None => (place, " ".to_owned()),
    };
    let declared = format!("let {name} = {}{break_line}", scene.source.slice(literal.at));
    let edits =
        vec![Edit { span: Span::new(place, place), text: declared }, Edit { span: literal.at, text: name.clone() }];
    Some(Action { title: format!("name it: `let {name}`"), kind: ActionKind::Extract, edits, diagnostic: None })
}

/// After what it limits: `search.error_rate <= 1%` gives `error_rate_limit`.
fn wanted_name(scene: &Scene<'_>, chain: &[&Expr]) -> String {
    let comparison = chain.iter().rev().find_map(|expr| match &*expr.kind {
        ExprKind::Binary { operator, left, right, .. } if operator.is_comparison() => Some((left, right)),
        _ => None,
    });
    let Some((left, right)) = comparison else { return "limit".to_owned() };
    let other = if holds(left.at, scene.selection) { right } else { left };
    match last_name(other) {
        Some(name) => format!("{name}_limit"),
        None => "limit".to_owned(),
    }
}

fn last_name(expr: &Expr) -> Option<&str> {
    match &*expr.kind {
        ExprKind::Name(name) | ExprKind::Field(_, name) => Some(name.text.as_str()).filter(|name| !name.is_empty()),
        ExprKind::Call { args, .. } => args.first().and_then(|arg| last_name(&arg.value)),
        ExprKind::Binary { left, right, .. } => last_name(left).or_else(|| last_name(right)),
        ExprKind::Group(inner) | ExprKind::Index(inner, _) => last_name(inner),
        _ => None,
    }
}

/// A name that the item does not have yet.
fn free_name(scene: &Scene<'_>, item: &Item, wanted: &str) -> String {
    let text = scene.source.slice(item.at);
    let is_taken = |name: &str| {
        let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
        words.any(|word| word == name)
    };
    let numbered = (2..1_000).map(|number| format!("{wanted}_{number}"));
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    names.find(|name| !is_taken(name)).unwrap_or_else(|| wanted.to_owned())
}

#[cfg(test)]
mod tests {
    use crate::ide::actions::ActionKind;
    use crate::ide::actions::cases::applied;

    #[test]
    fn a_limit_gets_the_name_of_what_it_limits() {
        let text = "metrics m from prometheus(\"http://a\") { error_rate: ratio = query(\"up\") }\npipeline p {\n  phase a {\n    hold 1h { require m.error_rate \
                    <= 1§% }\n  }\n}\n";
        let found = applied(text, ActionKind::Extract);
        let [text] = found.as_slice() else { panic!("{found:?}") };
        assert!(text.contains("  let error_rate_limit = 1%\n  phase a {"), "{text}");
        assert!(text.contains("require m.error_rate <= error_rate_limit }"), "{text}");
    }

    #[test]
    fn a_name_that_is_taken_is_not_taken_again() {
        let text = "pipeline p {\n  let x_limit = 1\n  param x: int = 2\n  phase a { gate { require x < §5  require x > x_limit } }\n}\n";
        let found = applied(text, ActionKind::Extract);
        assert!(found.iter().any(|text| text.contains("let x_limit_2 = 5\n")), "{found:?}");
    }
}
