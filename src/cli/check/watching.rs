//! `check --watch`: checks again whenever a program changes, until Ctrl-C.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use super::super::exit::Exit;
use super::super::output;
use super::programs::{Overlay, Programs, STANDARD_INPUT};
use super::{Args, Format, report};
use crate::adapters::watching::FolderWatch;
use crate::session::interrupts;

pub fn run(args: &Args) -> Exit {
    if args.paths.iter().any(|path| path.as_os_str() == STANDARD_INPUT) {
        output::complain("error: standard input cannot be watched: name files or folders\n");
        return Exit::Usage;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.map_err(|error| error.to_string()).and_then(|runtime| runtime.block_on(watch(args))) {
        Ok(exit) => exit,
        Err(message) => {
            output::complain(&format!("error: {message}\n"));
            Exit::Usage
        }
    }
}

async fn watch(args: &Args) -> Result<Exit, String> {
    let mut interrupts = interrupts::listen();
    let mut watch = FolderWatch::new()?;
    watch.follow(&args.paths, std::iter::empty())?;
    loop {
        let mut programs = Programs::check(&args.paths, &Overlay::new());
        if watch.follow(&args.paths, files_of(&programs))? {
            // What changed in a folder before it was watched is not missed.
            programs = Programs::check(&args.paths, &Overlay::new());
        }
        let exit = report(args, &programs);
        if args.format == Format::Text {
            output::say("watching for changes; Ctrl-C ends\n");
        }
        tokio::select! {
            _ = interrupts.recv() => return Ok(exit),
            changed = watch.changed() => separate(args, changed.iter().map(PathBuf::as_path)),
        }
    }
}

fn files_of(programs: &Programs) -> impl Iterator<Item = PathBuf> {
    let files: Vec<PathBuf> = programs.files().into_keys().map(Path::to_path_buf).collect();
    files.into_iter()
}

/// On a terminal each result has the screen for itself; elsewhere a line says why there is another one.
fn separate<'p>(args: &Args, changed: impl Iterator<Item = &'p Path>) {
    if args.format != Format::Text {
        return;
    }
    if io::stdout().is_terminal() && !args.is_spoken() {
        return output::clear_screen();
    }
    let here = std::env::current_dir().and_then(|folder| folder.canonicalize()).unwrap_or_default();
    let names: Vec<String> =
        changed.map(|path| format!("`{}`", path.strip_prefix(&here).unwrap_or(path).display())).collect();
    output::say(&format!("\nchanged: {}\n\n", names.join(", ")));
}
