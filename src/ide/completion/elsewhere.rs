//! Names that other files declare, with the `use` that brings them here.

use std::sync::Arc;

use super::{Completion, CompletionKind};
use crate::base::diagnostic::Edit;
use crate::base::span::Span;
use crate::ide::outline::{Symbol, SymbolKind};
use crate::ide::words::import_line;
use crate::syntax::ast::{File, Item, ItemKind, StringPiece, Use, UseSource};

/// Another file of the folders.
#[derive(Debug, Clone)]
pub struct Elsewhere {
    /// As a `use` here would write it.
    pub path: String,
    pub symbols: Arc<Vec<Symbol>>,
}

/// People go on writing until it is one of the first.
const MOST: usize = 200;

/// What other files declare of these kinds, and this one does not import.
pub fn offered<'e>(
    elsewhere: &'e [Elsewhere],
    tree: &File,
    kinds: &[SymbolKind],
) -> impl Iterator<Item = (&'e Symbol, &'e Elsewhere)> {
    let own: Vec<&str> =
        tree.items().filter_map(uses).flat_map(|import| &import.names).map(|name| name.text.as_str()).collect();
    let all = elsewhere.iter().flat_map(|file| file.symbols.iter().map(move |symbol| (symbol, file)));
    let fitting = all.filter(|(symbol, _)| kinds.contains(&symbol.kind) && is_importable(symbol.kind));
    fitting.filter(|(symbol, _)| !own.contains(&symbol.name.as_str())).take(MOST).collect::<Vec<_>>().into_iter()
}

fn is_importable(kind: SymbolKind) -> bool {
    matches!(
        kind,
        SymbolKind::Type
            | SymbolKind::Metrics
            | SymbolKind::Threshold
            | SymbolKind::Channel
            | SymbolKind::Component
            | SymbolKind::KillSwitch
            | SymbolKind::Rubric
            | SymbolKind::Pipeline
            | SymbolKind::Environment
    )
}

pub fn completion(symbol: &Symbol, file: &Elsewhere, tree: &File, replaces: Span) -> Completion {
    let kind = match symbol.kind {
        SymbolKind::Type => CompletionKind::Type,
        SymbolKind::Metrics => CompletionKind::Metrics,
        SymbolKind::Channel => CompletionKind::Channel,
        SymbolKind::Environment => CompletionKind::Environment,
        _ => CompletionKind::Value,
    };
    let item = Completion::new(&symbol.name, kind, replaces).detail(format!("from {}", file.path));
    let mut item = match symbol.kind {
        SymbolKind::Component | SymbolKind::Pipeline => item.snippet(format!("{}($0)", symbol.name)),
        _ => item,
    };
    item.also = Some(import(tree, &file.path, &symbol.name));
    item
}

fn uses(item: &Item) -> Option<&Use> {
    match &item.kind {
        ItemKind::Use(import) => Some(import),
        _ => None,
    }
}

/// Into the list of names where one is there, else a new line.
fn import(tree: &File, path: &str, name: &str) -> Edit {
    let is_of = |import: &&Use| match &import.source {
        UseSource::File(literal, _) => matches!(literal.pieces.as_slice(), [StringPiece::Text(text)] if text == path),
        _ => false,
    };
    let known = tree.items().filter_map(uses).filter(is_of).find_map(|import| import.names.last());
    match known {
        Some(last) => Edit { span: last.at.after(), text: format!(", {name}") },
        None => {
            let last = tree.items().rfind(|item| uses(item).is_some());
            import_line(last.map(|item| item.at), &format!("use \"{path}\".{{{name}}}"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Elsewhere;
    use crate::base::source::SourceFile;
    use crate::base::span::FileId;
    use crate::ide::completion::completion;
    use crate::ide::cursor::Case;
    use crate::ide::outline::outline;
    use crate::syntax::parse;

    #[test]
    fn names_of_other_files_bring_their_import() {
        let other =
            SourceFile::new(FileId(0), "", "component watched() { wait 1m }\nthreshold quick { require 1 < 2 }\n");
        let symbols = Arc::new(outline(&parse(&other).file));
        let elsewhere = [Elsewhere { path: "./slo.deploy".to_owned(), symbols }];
        let import = |text: &str, label: &str| {
            let case = Case::new(text);
            let found = completion(&case.known, case.file, case.offset, &elsewhere);
            found.into_iter().find(|item| item.label == label).and_then(|item| item.also).map(|edit| edit.text)
        };
        let text = "use std.exec\npipeline p {\n  phase a { run wa§ }\n}\n";
        assert_eq!(import(text, "watched").as_deref(), Some("\nuse \"./slo.deploy\".{watched}"));
        let text = "use \"./slo.deploy\".{other}\npipeline p {\n  phase a { gate { require qu§ } }\n}\n";
        assert_eq!(import(text, "quick").as_deref(), Some(", quick"));
        let text = "use \"./slo.deploy\".{quick}\npipeline p {\n  phase a { gate { require qu§ } }\n}\n";
        assert_eq!(import(text, "quick"), None);
    }
}
