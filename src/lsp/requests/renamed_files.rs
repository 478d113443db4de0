//! Files that are about to get another name: what imports them says so afterwards, and so do they of what they import.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gen_lsp_types::TextEdit;
use serde_json::{Value, json};

use super::super::convert::{Ruler, path_of};
use super::{Context, Failure};
use crate::base::source::SourceFile;
use crate::ide::moves::{imports, relative};

pub fn answer(ctx: &Context, params: Value) -> Result<Value, Failure> {
    let files = params["files"].as_array().into_iter().flatten();
    let moves: BTreeMap<PathBuf, PathBuf> = files
        .filter_map(|file| Some((path_of(file["oldUri"].as_str()?), path_of(file["newUri"].as_str()?))))
        .filter(|(old, new)| old != new)
        .collect();
    let mut changes: BTreeMap<String, Vec<TextEdit>> = BTreeMap::new();
    for path in ctx.snapshot.files() {
        let Some(source) = ctx.snapshot.text(path) else { continue };
        let edits = edits_in(ctx, &moves, path, &source);
        if !edits.is_empty() {
            changes.insert(ctx.uri(path).0, edits);
        }
    }
    Ok(json!({ "changes": changes }))
}

fn edits_in(ctx: &Context, moves: &BTreeMap<PathBuf, PathBuf>, path: &Path, source: &SourceFile) -> Vec<TextEdit> {
    let ruler = Ruler::new(source, ctx.encoding);
    let folder = |path: &Path| path.parent().map(Path::to_path_buf).unwrap_or_default();
    let after = moved(moves, path);
    let mut edits = Vec::new();
    for import in imports(source) {
        let target = super::super::convert::identity(&folder(path).join(&import.path));
        let new_target = moved(moves, &target);
        if new_target == target && folder(&after) == folder(path) {
            continue;
        }
        let Some(written) = relative(&folder(&after), &new_target).filter(|written| *written != import.path) else {
            continue;
        };
        edits.push(TextEdit { range: ruler.range(import.at), new_text: format!("\"{written}\"") });
    }
    edits
}

/// Where a file will be, also when its folder moves.
fn moved(moves: &BTreeMap<PathBuf, PathBuf>, path: &Path) -> PathBuf {
    let found = moves.iter().find_map(|(old, new)| {
        let rest = path.strip_prefix(old).ok()?;
        Some(if rest.as_os_str().is_empty() { new.clone() } else { new.join(rest) })
    });
    found.unwrap_or_else(|| path.to_path_buf())
}
