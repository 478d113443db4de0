//! Changes of programs on disk, as they happen.
//!
//! Folders are watched, not files: editors replace files by others, and what is deleted may come back. A storm of
//! changes is one change.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ignore::WalkBuilder;
use notify::event::{AccessKind, AccessMode};
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout, timeout_at};

/// Changes that follow each other so closely belong together,
const PAUSE: Duration = Duration::from_millis(80);
/// but nobody waits longer than this.
const LONGEST: Duration = Duration::from_secs(1);

/// More folders than this are not watched; systems have limits.
const MOST_FOLDERS: usize = 4_096;

/// Watches folders until it is dropped.
pub struct FolderWatch {
    watcher: RecommendedWatcher,
    changes: mpsc::UnboundedReceiver<Vec<PathBuf>>,
    folders: BTreeSet<PathBuf>,
    /// Files that count whatever they are called.
    files: BTreeSet<PathBuf>,
}

impl FolderWatch {
    /// # Errors
    /// What is in the way, for people.
    pub fn new() -> Result<Self, String> {
        let (sender, changes) = mpsc::unbounded_channel();
        let tell = move |event: notify::Result<Event>| {
            if let Some(paths) = event.ok().filter(|event| changes_something(event.kind)).map(|event| event.paths) {
                // Nobody listens any more: then nobody has to be told.
                let _ = sender.send(paths);
            }
        };
        let watcher = notify::recommended_watcher(tell).map_err(|error| format!("cannot watch files: {error}"))?;
        Ok(Self { watcher, changes, folders: BTreeSet::new(), files: BTreeSet::new() })
    }

    /// Watches the folders among `paths` with all in them, and the folders of `files`. Whether any are new.
    ///
    /// # Errors
    /// When the system watches no more folders.
    pub fn follow(&mut self, paths: &[PathBuf], files: impl Iterator<Item = PathBuf>) -> Result<bool, String> {
        self.files = files.collect();
        let mut wanted: BTreeSet<PathBuf> = self.files.iter().filter_map(|file| folder_of(file)).collect();
        for path in paths {
            if path.is_dir() {
                wanted.extend(folders_in(path));
            } else {
                wanted.extend(folder_of(path));
            }
        }
        // What was imported from a folder may come back there. A folder that is gone is watched no more by itself, and
        // watched anew when it is there again.
        self.folders.retain(|folder| folder.is_dir());
        let new: Vec<PathBuf> = wanted.difference(&self.folders).take(MOST_FOLDERS).cloned().collect();
        for folder in &new {
            self.watcher
                .watch(folder, RecursiveMode::NonRecursive)
                .map_err(|error| format!("`{}` cannot be watched: {error}", folder.display()))?;
            self.folders.insert(folder.clone());
        }
        Ok(!new.is_empty())
    }

    /// Waits for a change that matters, and until it is quiet again. Gives what changed.
    pub async fn changed(&mut self) -> BTreeSet<PathBuf> {
        let mut changed = BTreeSet::new();
        while changed.is_empty() {
            match self.changes.recv().await {
                Some(paths) => changed.extend(paths.into_iter().filter(|path| self.matters(path))),
                None => std::future::pending().await,
            }
        }
        let end = Instant::now() + LONGEST;
        while let Ok(Ok(Some(paths))) = timeout_at(end, timeout(PAUSE, self.changes.recv())).await {
            changed.extend(paths.into_iter().filter(|path| self.matters(path)));
        }
        // A folder that went and came back is another one.
        self.folders.retain(|folder| !changed.contains(folder));
        changed
    }

    /// A program, a file that one imports, or a folder that may hold some.
    fn matters(&self, path: &Path) -> bool {
        path.extension().is_some_and(|extension| extension == "deploy")
            || self.files.contains(path)
            || self.folders.contains(path)
            || path.is_dir()
    }
}

/// Reading changes nothing; a file that was written has changed when it is closed, too.
fn changes_something(kind: EventKind) -> bool {
    match kind {
        EventKind::Access(access) => access == AccessKind::Close(AccessMode::Write),
        _ => true,
    }
}

fn folder_of(file: &Path) -> Option<PathBuf> {
    let folder = file.parent()?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    folder.canonicalize().ok()
}

/// A folder and those in it, without hidden ones and what git ignores.
fn folders_in(root: &Path) -> Vec<PathBuf> {
    let entries = WalkBuilder::new(root).build().filter_map(Result::ok);
    let folders = entries.filter(|entry| entry.file_type().is_some_and(|kind| kind.is_dir()));
    folders.take(MOST_FOLDERS).filter_map(|entry| entry.path().canonicalize().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::FolderWatch;
    use std::fs;
    use std::path::Path;
    use std::slice;
    use std::time::Duration;

    /// What the watch says about `act`, if it says anything.
    async fn told(watch: &mut FolderWatch, act: impl FnOnce()) -> Option<Vec<String>> {
        act();
        let changed = tokio::time::timeout(Duration::from_secs(3), watch.changed()).await.ok()?;
        let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
        Some(changed.iter().filter_map(|path| name(path)).collect())
    }

    #[tokio::test]
    async fn changed_replaced_new_and_deleted_programs_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("there");
        let (program, other) = (root.join("a.deploy"), root.join("b.deploy"));
        fs::write(&program, "").expect("written");
        let mut watch = FolderWatch::new().expect("a watch");
        assert_eq!(watch.follow(slice::from_ref(&root), std::iter::once(program.clone())), Ok(true));
        assert_eq!(watch.follow(slice::from_ref(&root), std::iter::once(program.clone())), Ok(false));
        let written = told(&mut watch, || fs::write(&program, "type").expect("written")).await;
        assert_eq!(written, Some(vec!["a.deploy".to_owned()]));
        let replaced = told(&mut watch, || {
            fs::write(root.join("a.tmp"), "type A").expect("written");
            fs::rename(root.join("a.tmp"), &program).expect("renamed");
        });
        assert_eq!(replaced.await, Some(vec!["a.deploy".to_owned()]));
        let new = told(&mut watch, || fs::write(&other, "").expect("written")).await;
        assert_eq!(new, Some(vec!["b.deploy".to_owned()]));
        let deleted = told(&mut watch, || fs::remove_file(&program).expect("removed")).await;
        assert_eq!(deleted, Some(vec!["a.deploy".to_owned()]));
    }

    #[tokio::test]
    async fn what_is_no_program_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("there");
        let mut watch = FolderWatch::new().expect("a watch");
        watch.follow(slice::from_ref(&root), std::iter::empty()).expect("watched");
        fs::write(root.join("notes.md"), "").expect("written");
        let told = tokio::time::timeout(Duration::from_millis(300), watch.changed()).await;
        assert!(told.is_err(), "{told:?}");
        fs::create_dir(root.join("inner")).expect("made");
        assert_eq!(watch.changed().await.len(), 1);
        assert_eq!(watch.follow(slice::from_ref(&root), std::iter::empty()), Ok(true));
        fs::write(root.join("inner/c.deploy"), "").expect("written");
        assert_eq!(watch.changed().await.into_iter().next(), Some(root.join("inner/c.deploy")));
    }
}
