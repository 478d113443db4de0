//! Which files `source: ["config/", "models/*.bin", "/etc/app"]` means, in an order that does not depend on the disk.
//!
//! A folder means everything in it. A glob means what it matches, a matched folder whole; `*` stops at `/`, `**` does
//! not. A source that means nothing is an error: a backup without what it was for is no backup.
//! Symbolic links met on the way are taken as links; a source that is itself one is followed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::atomic::AtomicBool;

use globset::{GlobBuilder, GlobMatcher};

use super::FilesContext;
use super::draft::DRAFT_PREFIX;
use super::failure::{Performed, check_cancel, fault, refusal};

/// State of ours, journal included: it changes while it is copied, and must not come back with a restore.
const OWN_FOLDER: &str = ".phasegate";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Link,
}

/// Something that a source means.
#[derive(Debug, Clone)]
pub struct Found {
    /// Relative to the root, with `/`; for what lies outside of it, the absolute path without its first `/`.
    pub name: String,
    pub place: PathBuf,
    pub kind: Kind,
    pub metadata: Metadata,
}

/// What the sources mean, by name, each once.
#[derive(Debug, Default)]
pub struct Selection {
    pub found: Vec<Found>,
    /// Names of sockets, pipes and devices, which have no content to keep.
    pub skipped: Vec<String>,
}

impl Selection {
    #[must_use]
    pub fn files(&self) -> usize {
        self.found.iter().filter(|found| found.kind != Kind::Folder).count()
    }
}

/// Finds everything that `sources` mean below `root`, leaving out the folder `except`.
///
/// # Errors
/// When a source is not there, matches nothing or cannot be read.
pub fn select(root: &Path, sources: &[String], except: Option<&Path>, cancel: &AtomicBool) -> Performed<Selection> {
    let root = fs::canonicalize(root).map_err(|error| fault("read", &root.display().to_string(), &error))?;
    let except = except.and_then(|folder| fs::canonicalize(folder).ok());
    let mut walk = Walk { except, cancel, found: BTreeMap::new(), skipped: Vec::new() };
    for source in sources {
        let before = walk.found.len() + walk.skipped.len();
        let known = walk.add_source(&root, source)?;
        if !known && walk.found.len() + walk.skipped.len() == before {
            return Err(refusal(format!(
                "`{source}` matches no file; check the pattern, relative to the working folder"
            )));
        }
    }
    Ok(Selection { found: walk.found.into_values().collect(), skipped: walk.skipped })
}

/// The files that the patterns mean, by name, and the patterns that mean none.
///
/// # Errors
/// When a pattern is none, or something cannot be read.
pub fn find(ctx: &FilesContext<'_>, patterns: &[String]) -> Performed<serde_json::Value> {
    let root = fs::canonicalize(&ctx.root).map_err(|error| fault("read", &ctx.root.display().to_string(), &error))?;
    let (mut files, mut missing) = (BTreeSet::new(), Vec::new());
    for pattern in patterns {
        let mut walk = Walk { except: None, cancel: ctx.cancel, found: BTreeMap::new(), skipped: Vec::new() };
        let is_glob = pattern.contains(['*', '?', '[', '{']);
        if is_glob || fs::symlink_metadata(root.join(pattern)).is_ok() {
            walk.add_source(&root, pattern)?;
        }
        let known = walk.found.into_values().filter(|found| found.kind != Kind::Folder);
        let names: Vec<String> = known.map(|found| shown_name(&root, found)).collect();
        if names.is_empty() {
            missing.push(pattern);
        }
        files.extend(names);
    }
    Ok(serde_json::json!({ "files": files, "missing": missing }))
}

/// As a step may name it again: relative to the root, or absolute.
fn shown_name(root: &Path, found: Found) -> String {
    if found.place.starts_with(root) { found.name } else { found.place.to_string_lossy().into_owned() }
}

struct Walk<'a> {
    except: Option<PathBuf>,
    cancel: &'a AtomicBool,
    found: BTreeMap<String, Found>,
    skipped: Vec<String>,
}

impl Walk<'_> {
    /// Whether the source names something that is there, even when it adds nothing.
    fn add_source(&mut self, root: &Path, source: &str) -> Performed<bool> {
        let place = clean(&root.join(source));
        let (base, name) = named(root, &place, source)?;
        // A name that is there is meant literally, whatever letters it has.
        if fs::symlink_metadata(&base).is_ok() {
            let metadata = fs::metadata(&base).map_err(|error| fault("read", source, &error))?;
            self.add(Found { kind: kind_of(&metadata), name, place: base, metadata }, None)?;
            return Ok(true);
        }
        if !source.contains(['*', '?', '[', '{']) {
            return Err(fault("read", source, &io::Error::from(io::ErrorKind::NotFound)));
        }
        let before = self.found.len();
        let glob = matcher(source, &name)?;
        let (folder, folder_name) = fixed_part(&base, &name);
        if fs::metadata(&folder).is_ok_and(|metadata| metadata.is_dir()) {
            self.add_folder(&folder, &folder_name, Some(&glob))?;
        }
        Ok(self.found.len() > before)
    }

    /// Takes `found`, a folder with all in it. With a glob, only what it matches; folders are then just looked into.
    fn add(&mut self, found: Found, glob: Option<&GlobMatcher>) -> Performed<()> {
        check_cancel(self.cancel)?;
        let matched = glob.is_none_or(|glob| glob.is_match(&found.name));
        if found.kind == Kind::Folder {
            if self.except.as_ref().is_some_and(|except| fs::canonicalize(&found.place).is_ok_and(|it| it == *except)) {
                return Ok(());
            }
            self.add_folder(&found.place, &found.name, glob.filter(|_| !matched))?;
        } else if matched && found.kind == Kind::File && !found.metadata.is_file() {
            self.skipped.push(found.name);
            return Ok(());
        }
        if matched && !found.name.is_empty() {
            self.found.insert(found.name.clone(), found);
        }
        Ok(())
    }

    fn add_folder(&mut self, folder: &Path, name: &str, glob: Option<&GlobMatcher>) -> Performed<()> {
        let shown = if name.is_empty() { "." } else { name };
        let entries = fs::read_dir(folder).map_err(|error| fault("read the folder", shown, &error))?;
        for entry in entries {
            let entry = entry.map_err(|error| fault("read the folder", shown, &error))?;
            let file_name = entry.file_name();
            let Some(own) = file_name.to_str() else {
                let odd = file_name.to_string_lossy().into_owned();
                return Err(refusal(format!("the name `{odd}` in `{shown}` is not UTF-8; rename the file")));
            };
            if own == OWN_FOLDER || own.starts_with(DRAFT_PREFIX) {
                continue;
            }
            let name = if name.is_empty() { own.to_owned() } else { format!("{name}/{own}") };
            let place = entry.path();
            match fs::symlink_metadata(&place) {
                Ok(metadata) => self.add(Found { kind: kind_of(&metadata), name, place, metadata }, glob)?,
                // Removed since it was listed.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(fault("read", &name, &error)),
            }
        }
        Ok(())
    }
}

fn kind_of(metadata: &Metadata) -> Kind {
    if metadata.is_dir() {
        Kind::Folder
    } else if metadata.file_type().is_symlink() {
        Kind::Link
    } else {
        Kind::File
    }
}

/// The place and its name. An absolute path through a symbolic link may still lie below the root.
fn named(root: &Path, place: &Path, source: &str) -> Performed<(PathBuf, String)> {
    let below = |place: &Path| place.strip_prefix(root).ok().map(Path::to_path_buf);
    let real = || {
        let folder = fs::canonicalize(place.parent()?).ok()?;
        below(&folder.join(place.file_name()?))
    };
    let relative = below(place).or_else(real);
    let (place, parts) = match relative {
        Some(relative) => (root.join(&relative), relative),
        None => (place.to_path_buf(), place.to_path_buf()),
    };
    let mut names = Vec::new();
    for part in parts.components() {
        if let Component::Normal(name) = part {
            names.push(name.to_str().ok_or_else(|| refusal(format!("`{source}` is not UTF-8")))?);
        }
    }
    Ok((place, names.join("/")))
}

/// Without `.` and `..`, which are taken by their letters.
fn clean(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                cleaned.pop();
            }
            other => cleaned.push(other),
        }
    }
    cleaned
}

fn matcher(source: &str, name: &str) -> Performed<GlobMatcher> {
    let glob = GlobBuilder::new(name).literal_separator(true).build();
    glob.map(|glob| glob.compile_matcher())
        .map_err(|error| refusal(format!("`{source}` is no pattern: {}", error.kind())))
}

/// The folder above the first part with a wildcard.
fn fixed_part(place: &Path, name: &str) -> (PathBuf, String) {
    let parts: Vec<&str> = name.split('/').collect();
    let fixed = parts.iter().take_while(|part| !part.contains(['*', '?', '[', '{'])).count();
    let folder = place.ancestors().nth(parts.len().saturating_sub(fixed)).unwrap_or(place);
    (folder.to_path_buf(), parts.get(..fixed).unwrap_or_default().join("/"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;
    use std::sync::atomic::AtomicBool;

    use super::select;

    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in ["config/app.json", "config/deep/b.json", "config/a[1].json", "models/ltr.bin", "top.txt"] {
            let place = folder.path().join(file);
            fs::create_dir_all(place.parent().unwrap()).unwrap();
            fs::write(place, file).unwrap();
        }
        fs::create_dir_all(folder.path().join(".phasegate/backups")).unwrap();
        fs::write(folder.path().join(".phasegate/journal"), "x").unwrap();
        folder
    }

    fn names(root: &Path, sources: &[&str]) -> Result<Vec<String>, String> {
        let sources: Vec<String> = sources.iter().map(|source| (*source).to_owned()).collect();
        let selection = select(root, &sources, None, &AtomicBool::new(false)).map_err(|failure| failure.message)?;
        Ok(selection.found.into_iter().map(|found| found.name).collect())
    }

    #[test]
    fn files_folders_and_globs_are_found_in_order_each_once() {
        let tree = tree();
        let table: [(&[&str], &[&str]); 6] = [
            (
                &["models/ltr.bin", "config/app.json", "./config/../config/app.json"],
                &["config/app.json", "models/ltr.bin"],
            ),
            (&["config/"], &["config", "config/a[1].json", "config/app.json", "config/deep", "config/deep/b.json"]),
            (&["config/**"], &["config/a[1].json", "config/app.json", "config/deep", "config/deep/b.json"]),
            (&["config/*.json"], &["config/a[1].json", "config/app.json"]),
            (&["**/*.json"], &["config/a[1].json", "config/app.json", "config/deep/b.json"]),
            (&["config/a[1].json"], &["config/a[1].json"]),
        ];
        for (sources, expected) in table {
            assert_eq!(names(tree.path(), sources).unwrap(), expected, "{sources:?}");
        }
    }

    #[test]
    fn the_whole_folder_is_without_our_own_state() {
        let tree = tree();
        assert!(names(tree.path(), &["."]).unwrap().iter().all(|name| !name.contains("phasegate")));
    }

    #[test]
    fn an_absolute_path_below_the_root_has_a_relative_name_and_others_lose_their_slash() {
        let (tree, other) = (tree(), tree());
        let inside = tree.path().join("top.txt");
        assert_eq!(names(tree.path(), &[inside.to_str().unwrap()]).unwrap(), ["top.txt"]);
        let outside = other.path().join("top.txt");
        let outside = outside.to_str().unwrap();
        assert_eq!(names(tree.path(), &[outside]).unwrap(), [outside.trim_start_matches('/')]);
    }

    #[test]
    fn a_source_that_means_nothing_is_an_error() {
        let tree = tree();
        assert!(names(tree.path(), &["gone/"]).unwrap_err().contains("cannot read `gone/`: no such file or folder"));
        assert!(names(tree.path(), &["config/*.yaml"]).unwrap_err().contains("`config/*.yaml` matches no file"));
        assert!(names(tree.path(), &["config/{a"]).unwrap_err().contains("`config/{a` is no pattern"));
    }

    #[cfg(unix)]
    #[test]
    fn links_are_taken_as_links_and_never_walked_through() {
        let tree = tree();
        std::os::unix::fs::symlink("..", tree.path().join("config/loop")).unwrap();
        let found = names(tree.path(), &["config"]).unwrap();
        assert!(found.contains(&"config/loop".to_owned()) && found.len() == 6, "{found:?}");
    }
}
