//! The files that a file imports, as it writes them, and how one file names another.

use std::path::{Component, Path};

use crate::base::source::SourceFile;
use crate::base::span::Span;
use crate::syntax::ast::{ItemKind, StringPiece, UseSource};
use crate::syntax::parse;

/// A file that a `use` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    pub path: String,
    /// With its quotes.
    pub at: Span,
}

#[must_use]
pub fn imports(source: &SourceFile) -> Vec<Import> {
    let tree = parse(source).file;
    let found = tree.items.iter().filter_map(|item| {
        let ItemKind::Use(import) = &item.kind else { return None };
        let UseSource::File(literal, at) = &import.source else { return None };
        match literal.pieces.as_slice() {
            [StringPiece::Text(path)] => Some(Import { path: path.clone(), at: *at }),
            _ => None,
        }
    });
    found.collect()
}

/// A file as one in `folder` names it: `./a.deploy`, `../shared/a.deploy`. None without a common root, and for names that no
/// text can hold.
#[must_use]
pub fn relative(folder: &Path, target: &Path) -> Option<String> {
    let (from, to): (Vec<Component<'_>>, Vec<Component<'_>>) =
        (folder.components().collect(), target.components().collect());
    let shared = from.iter().zip(&to).take_while(|(one, other)| one == other).count();
    if shared == 0 {
        return None;
    }
    let mut parts: Vec<&str> = from[shared..].iter().map(|_| "..").collect();
    if parts.is_empty() {
        parts.push(".");
    }
    for part in &to[shared..] {
        parts.push(part.as_os_str().to_str().filter(|part| !part.contains(['"', '\\', '$', '\n']))?);
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{imports, relative};
    use crate::base::source::SourceFile;
    use crate::base::span::FileId;

    #[test]
    fn files_name_each_other_by_the_shortest_way() {
        let from = |folder: &str, target: &str| relative(Path::new(folder), Path::new(target));
        assert_eq!(from("/a/b", "/a/b/c.deploy").as_deref(), Some("./c.deploy"));
        assert_eq!(from("/a/b/x", "/a/c.deploy").as_deref(), Some("../../c.deploy"));
        assert_eq!(from("/a", "/a/b/c.deploy").as_deref(), Some("./b/c.deploy"));
        assert_eq!(from("/a", "/a/\"b.deploy"), None);
    }

    #[test]
    fn imports_are_found_with_their_places() {
        let text = "use std.shell\nuse \"./a.deploy\".{b}\nuse \"c.deploy\" as d\n";
        let source = SourceFile::new(FileId(0), "main.deploy", text);
        let found = imports(&source);
        let shown: Vec<(&str, &str)> = found.iter().map(|one| (one.path.as_str(), source.slice(one.at))).collect();
        assert_eq!(shown, [("./a.deploy", "\"./a.deploy\""), ("c.deploy", "\"c.deploy\"")]);
    }
}
