//! The imports in order: modules of the library first, then files by their path, names within each by the letter.

use super::{Action, ActionKind, Scene};
use crate::base::diagnostic::Edit;
use crate::syntax::ast::{Item, ItemKind, Use, UseSource};

pub fn sort(scene: &Scene<'_>) -> Option<Action> {
    let tree = scene.known.tree(scene.file);
    let is_use = |item: &&Item| matches!(item.kind, ItemKind::Use(_));
    let uses: Vec<&Item> = tree.items().skip_while(|item| !is_use(item)).take_while(is_use).collect();
    let (first, last) = (uses.first()?, uses.last()?);
    let whole = first.at.to(last.at);
    let text = scene.source.slice(whole);
    let is_readable = |item: &&Item| match &item.kind {
        ItemKind::Use(import) => !matches!(import.source, UseSource::Missing) && item.doc.is_none(),
        _ => false,
    };
    // A comment belongs to the line it stands at.
    if text.contains("//") || text.contains("/*") || !uses.iter().all(is_readable) {
        return None;
    }
    let mut lines: Vec<(bool, String)> = uses.iter().filter_map(|item| written(scene, item)).collect();
    lines.sort();
    lines.dedup();
    let sorted: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
    let sorted = sorted.join("\n");
    (sorted != text).then(|| {
        let edits = vec![Edit { span: whole, text: sorted }];
        Action { title: "sort the imports".to_owned(), kind: ActionKind::Imports, edits, diagnostic: None }
    })
}

fn written(scene: &Scene<'_>, item: &Item) -> Option<(bool, String)> {
    let ItemKind::Use(import) = &item.kind else { return None };
    let line = match &import.source {
        UseSource::Std(_) => format!("use std.{}", names(import)),
        UseSource::File(_, at) => match &import.alias {
            Some(alias) => format!("use {} as {}", scene.source.slice(*at), alias.text),
            None => format!("use {}.{{{}}}", scene.source.slice(*at), inner(import)),
        },
        UseSource::Missing => return None,
    };
    Some((matches!(import.source, UseSource::File(..)), line))
}

fn names(import: &Use) -> String {
    match import.names.as_slice() {
        [one] => one.text.clone(),
        _ => format!("{{{}}}", inner(import)),
    }
}

fn inner(import: &Use) -> String {
    let mut names: Vec<&str> = import.names.iter().map(|name| name.text.as_str()).collect();
    names.sort_unstable();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use crate::ide::actions::ActionKind;
    use crate::ide::actions::cases::applied;

    #[test]
    fn imports_are_sorted_with_their_names() {
        let text = "use \"./b.deploy\".{z, a}\nuse std.{shell, exec}\n§use \"./a.deploy\" as slo\nuse std.backup\n\npipeline p { }\n";
        let found = applied(text, ActionKind::Imports);
        let [text] = found.as_slice() else { panic!("{found:?}") };
        assert!(
            text.starts_with(
                "use std.backup\nuse std.{exec, shell}\nuse \"./a.deploy\" as slo\nuse \"./b.deploy\".{a, z}\n\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn comments_keep_their_lines() {
        assert_eq!(applied("use std.shell // runs\nuse std.exec§\n", ActionKind::Imports), [""; 0]);
    }
}
