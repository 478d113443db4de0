//! What the commands share that do by hand what steps do.

use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

use clap::ValueEnum;

use super::exit::Exit;
use super::output;
use crate::adapters::clock::SystemClock;
use crate::adapters::files::FilesContext;
use crate::runtime::ports::Clock;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// Works with files below the working folder, outside any run: there are no slots and no secrets.
pub fn in_working_folder(work: impl FnOnce(&FilesContext<'_>) -> Exit) -> Exit {
    let root = match std::env::current_dir() {
        Ok(root) => root,
        Err(error) => {
            output::complain(&format!("error: cannot tell the working folder: {error}\n"));
            return Exit::Usage;
        }
    };
    let cancel = AtomicBool::new(false);
    let no_secrets = |name: &str| Err(format!("the secret `{name}` is not read here"));
    let now = SystemClock::new().now();
    work(&FilesContext { root, slots: PathBuf::new(), secrets: &no_secrets, cancel: &cancel, now })
}
