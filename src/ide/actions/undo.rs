//! An `undo` for a step that changes something and has none.

use super::super::walk::{around, block_of, holds};
use super::super::words::import_of;
use super::{Action, ActionKind, Scene};
use crate::analysis::stdlib::catalog;
use crate::base::diagnostic::Edit;
use crate::base::span::Span;
use crate::model::signature::EffectClass;
use crate::syntax::ast::{Expr, ExprKind, SignatureKind, StatementKind, StepStatement};

/// What nobody has written yet fails loudly, should it ever be done.
const COMMAND: &str = "say how this is taken back";

pub fn add(scene: &Scene<'_>) -> Option<Action> {
    let tree = scene.known.tree(scene.file);
    let at = Span::new(scene.selection.start as usize, scene.selection.start as usize);
    let item = tree.items.iter().find(|item| holds(item.at, at))?;
    let statement = around(block_of(item)?, at).pop()?;
    let StatementKind::Step(step) = &statement.kind else { return None };
    if step.undo.is_some() || !changes_for_good(scene, step) {
        return None;
    }
    let (place, call) = (end_before_undo(step), placeholder(scene, &step.call));
    let mut edits = vec![Edit { span: Span::new(place, place), text: format!(" undo {call}") }];
    edits.extend(import_of(&tree, call.split('(').next().unwrap_or_default()));
    edits.sort_by_key(|edit| edit.span);
    Some(Action { title: "say how the step is undone".to_owned(), kind: ActionKind::Rewrite, edits, diagnostic: None })
}

/// Whether it changes something that nothing takes back.
fn changes_for_good(scene: &Scene<'_>, step: &StepStatement) -> bool {
    let ExprKind::Call { callee, .. } = &*step.call.kind else { return false };
    let Some(signature) = catalog().get(SignatureKind::Step, scene.source.slice(callee.at)) else { return false };
    let effect = match &step.effect {
        Some(written) => written.text == EffectClass::Changes.name(),
        None => signature.effect == EffectClass::Changes,
    };
    effect && !signature.has_undo
}

/// The same command again where there is one: only its words have to be changed.
fn placeholder(scene: &Scene<'_>, call: &Expr) -> String {
    let callee = match &*call.kind {
        ExprKind::Call { callee, .. } => scene.source.slice(callee.at),
        _ => "",
    };
    match callee {
        "exec" => format!("exec([\"false\", \"{COMMAND}\"])"),
        _ => format!("shell(\"false # {COMMAND}\")"),
    }
}

/// Clauses come in their order: only `on failure` stands behind an `undo`.
fn end_before_undo(step: &StepStatement) -> usize {
    let clauses = [&step.timeout, &step.retry, &step.backoff, &step.when];
    let ends = clauses.into_iter().flatten().map(|clause| clause.at.end);
    let words = step.effect.iter().map(|name| name.at.end).chain(step.idempotent.map(|at| at.end));
    ends.chain(words).fold(step.call.at.end, u32::max) as usize
}

#[cfg(test)]
mod tests {
    use crate::ide::actions::ActionKind;
    use crate::ide::actions::cases::applied;

    #[test]
    fn a_change_gets_an_undo_in_its_place() {
        let text = "use std.shell\npipeline p {\n  phase a {\n    step sh§ell(\"apply\") timeout 1m on failure continue\n  }\n}\n";
        let found = applied(text, ActionKind::Rewrite);
        let [text] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            text.contains("timeout 1m undo shell(\"false # say how this is taken back\") on failure continue"),
            "{text}"
        );
        let text = "use std.http\npipeline p {\n  phase a { step http.po§st(\"https://a\", body: {}) timeout 1m }\n}\n";
        let found = applied(text, ActionKind::Rewrite);
        assert!(found.iter().any(|text| text.contains("use std.shell") && text.contains("undo shell(")), "{found:?}");
    }

    #[test]
    fn what_takes_itself_back_or_only_reads_needs_none() {
        for call in
            ["flags.set(\"a\", { b: \"c\" })", "shell(\"true\") effect reads", "shell(\"true\") undo shell(\"x\")"]
        {
            let text =
                format!("use std.{{flags, shell}}\npipeline p {{\n  phase a {{ step§ {call} timeout 1m }}\n}}\n");
            assert_eq!(applied(&text, ActionKind::Rewrite), [""; 0], "{call}");
        }
    }
}
