//! A folder to work in, and the effects of steps performed on it the way the runtime does it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use phasegate::adapters::files::{FilesContext, perform};
use phasegate::base::time::Timestamp;
use phasegate::contract::effect::{Act, Effect, History, Outcome, Reaction, Verdict};
use phasegate::contract::registry::Args;
use phasegate::contract::value::Value;
use phasegate::steps::registry;
use serde_json::Value as Json;

/// 2025-01-06T10:00:00Z
pub const START: Timestamp = Timestamp(1_736_157_600_000_000);

pub struct World {
    _folder: tempfile::TempDir,
    pub root: PathBuf,
    slots: PathBuf,
    pub cancel: AtomicBool,
    pub now: Timestamp,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("work");
        fs::create_dir(&root).unwrap();
        let slots = folder.path().join("slots");
        Self { _folder: folder, root, slots, cancel: AtomicBool::new(false), now: START }
    }

    /// With these files in the working folder.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let world = Self::new();
        for (name, content) in files {
            world.put(name, content);
        }
        world
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) {
        let place = self.path(name);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::write(place, content).unwrap();
    }

    pub fn text(&self, name: &str) -> String {
        String::from_utf8(fs::read(self.path(name)).unwrap()).unwrap()
    }

    pub fn outcome(&self, effect: &Effect) -> Outcome {
        let secrets = |name: &str| match name {
            "TOKEN" => Ok("s3cret".to_owned()),
            other => Err(format!("there is no secret `{other}`")),
        };
        let ctx = FilesContext {
            root: self.root.clone(),
            slots: self.slots.clone(),
            secrets: &secrets,
            cancel: &self.cancel,
            now: self.now,
        };
        perform(effect, &ctx).expect("an effect on files")
    }

    pub fn perform(&self, effect: &Effect) -> Result<Json, String> {
        match self.outcome(effect) {
            Outcome::Done(answer) => Ok(answer),
            Outcome::Failed(failure) => Err(failure.message),
        }
    }

    /// Runs a step to its end: its verdict, and the acts that an undo will see.
    pub fn run(&self, step: &str, args: &Args) -> (Verdict, Vec<Act>) {
        let registry = registry();
        let step = registry.step(step).expect("a step of this name");
        let history = History { key: format!("run-1/{}/1", step.name), ..History::default() };
        self.drive(step.react, args, history)
    }

    /// Undoes what `done` did.
    pub fn undo(&self, step: &str, args: &Args, done: Vec<Act>) -> Verdict {
        let registry = registry();
        let undo = registry.step(step).and_then(|step| step.undo).expect("a step with an undo");
        let history = History { key: format!("run-1/{step}.undo/1"), done, ..History::default() };
        self.drive(undo, args, history).0
    }

    fn drive(&self, react: fn(&Args, &History) -> Reaction, args: &Args, mut history: History) -> (Verdict, Vec<Act>) {
        loop {
            match react(args, &history) {
                Reaction::Finish(verdict) => return (verdict, history.acts),
                Reaction::Perform(effect) => {
                    let outcome = Some(self.outcome(&effect));
                    history.acts.push(Act { effect, outcome });
                }
            }
        }
    }

    /// Every file below the working folder but our own state: name, content or link, mode.
    pub fn snapshot(&self) -> Vec<(String, String, u32)> {
        let mut found = Vec::new();
        walk(&self.root, "", &mut found);
        found.retain(|(name, ..)| !name.starts_with(".phasegate/") && name != ".phasegate");
        found.sort();
        found
    }

    pub fn assert_no_drafts(&self) {
        let mut found = Vec::new();
        walk(&self.root, "", &mut found);
        let left: Vec<_> = found.iter().filter(|(name, ..)| name.contains(".phasegate-")).collect();
        assert!(left.is_empty(), "drafts are left: {left:?}");
    }

    /// As in another run, which has a folder of its own.
    pub fn forget_slots(&self) {
        fs::remove_dir_all(&self.slots).unwrap();
    }

    pub fn cancel(&self) {
        self.cancel.store(true, Ordering::Relaxed);
    }
}

fn walk(folder: &Path, name: &str, found: &mut Vec<(String, String, u32)>) {
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        let name = format!("{name}{}", entry.file_name().to_string_lossy());
        let metadata = entry.path().symlink_metadata().unwrap();
        let content = if metadata.is_dir() {
            walk(&entry.path(), &format!("{name}/"), found);
            "folder".to_owned()
        } else if metadata.is_symlink() {
            format!("-> {}", fs::read_link(entry.path()).unwrap().display())
        } else {
            format!("{:?}", fs::read(entry.path()).unwrap())
        };
        found.push((name, content, mode(&metadata)));
    }
}

#[cfg(unix)]
pub fn mode(metadata: &fs::Metadata) -> u32 {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o7777
}

#[cfg(not(unix))]
pub fn mode(_: &fs::Metadata) -> u32 {
    0
}

#[cfg(unix)]
pub fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
}

pub fn args(args: &[(&str, Value)]) -> Args {
    args.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect()
}

/// A file system of `size` that is full soon, unmounted when dropped; `None` where we may not mount.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    pub fn mount(place: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(place).unwrap();
        let options = format!("size={size}");
        let mount =
            std::process::Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(place).output();
        if mount.is_ok_and(|output| output.status.success()) {
            return Some(Self(place.to_path_buf()));
        }
        eprintln!("SKIPPED: a full disk cannot be tried here, mounting a small file system needs root");
        None
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _unmounted = std::process::Command::new("umount").arg(&self.0).status();
    }
}
