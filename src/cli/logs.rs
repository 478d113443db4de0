//! `logs`: what the commands of a run printed.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use clap::Args as Arguments;

use super::exit::Exit;
use super::output;
use super::runs;
use crate::adapters::output::file_stem;
use crate::adapters::state::{RunFolder, StateFolder};
use crate::session::look;
use crate::session::record;
use crate::session::refusal::Refusal;

/// How often `--follow` looks for more.
const PACE: Duration = Duration::from_millis(200);

/// Shows what the commands of a run printed, execution by execution.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name, or a bundle; else the last one.
    run: Option<String>,

    /// Only of this step, or of the steps of this phase.
    node: Option<String>,

    /// Goes on showing what comes, until the run is over or left.
    #[arg(long, short)]
    follow: bool,
}

pub fn run(args: Args) -> Exit {
    if let Some(bundle) = args.run.as_deref().filter(|name| record::is_bundle(name)) {
        return match show_bundled(bundle, args.node.as_deref()) {
            Ok(()) => Exit::Well,
            Err(refusal) => runs::refuse(&refusal),
        };
    }
    let run = match choose(&StateFolder::from_environment(), args.run.as_deref()) {
        Ok(run) => run,
        Err(refusal) => return runs::refuse(&refusal),
    };
    let mut logs =
        Logs { folder: run.output(), stem: args.node.as_deref().map(file_stem), shown: Vec::new(), last: None };
    loop {
        // Asked before the last look: what was printed up to the end is shown.
        let driven = run.driven_by().is_some();
        if let Err(problem) = logs.show() {
            return runs::refuse(&Refusal::usage(problem));
        }
        if !args.follow || !driven {
            break;
        }
        thread::sleep(PACE);
    }
    if logs.shown.is_empty() {
        nothing(&run, args.node.as_deref());
    }
    Exit::Well
}

/// What is in a bundle is there as a whole: nothing comes after it.
fn show_bundled(path: &str, node: Option<&str>) -> Result<(), Refusal> {
    let record = record::open(&StateFolder::from_environment(), path)?;
    let stem = node.map(file_stem);
    let outputs = record.outputs()?;
    let wanted: Vec<_> = outputs.iter().filter(|(name, _)| is_wanted(name, stem.as_deref())).collect();
    if wanted.is_empty() {
        output::complain(&format!("nothing was printed by the commands of {}\n", node.unwrap_or(path)));
    }
    for (name, bytes) in wanted {
        output::say(&format!("--- {}\n", name.trim_end_matches(".log")));
        output::say(&String::from_utf8_lossy(bytes));
    }
    Ok(())
}

fn choose(state: &StateFolder, name: Option<&str>) -> Result<RunFolder, Refusal> {
    match name {
        Some(name) => look::choose(state, Some(name)),
        None => state.runs()?.pop().ok_or_else(|| Refusal::usage("nothing has been run here yet")),
    }
}

fn nothing(run: &RunFolder, node: Option<&str>) {
    let whose = node.map_or_else(|| format!("run `{}`", run.id()), |node| format!("`{node}` in run `{}`", run.id()));
    output::complain(&format!("nothing was printed by the commands of {whose}\n"));
}

/// The files of a run, and how much of each has been shown.
struct Logs {
    folder: PathBuf,
    stem: Option<String>,
    shown: Vec<(String, u64)>,
    /// Whose output was shown last: a title stands where another's begins.
    last: Option<String>,
}

impl Logs {
    fn show(&mut self) -> Result<(), String> {
        for name in self.names()? {
            let index = self.shown.iter().position(|(known, _)| *known == name).unwrap_or_else(|| {
                self.shown.push((name.clone(), 0));
                self.shown.len() - 1
            });
            let from = self.shown[index].1;
            let rest = read_from(&self.folder.join(&name), from)?;
            if rest.is_empty() {
                continue;
            }
            self.shown[index].1 = from + u64::try_from(rest.len()).unwrap_or(u64::MAX);
            if self.last.as_ref() != Some(&name) {
                output::say(&format!("--- {}\n", name.trim_end_matches(".log")));
                self.last = Some(name);
            }
            output::say(&String::from_utf8_lossy(&rest));
        }
        Ok(())
    }

    /// In the order in which they began to print.
    fn names(&self) -> Result<Vec<String>, String> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("`{}` cannot be read: {error}", self.folder.display())),
        };
        let mut files: Vec<(SystemTime, String)> = entries
            .filter_map(Result::ok)
            .filter_map(|entry| {
                let name = entry.file_name().into_string().ok()?;
                let metadata = entry.metadata().ok()?;
                let began = metadata.created().or_else(|_| metadata.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
                (name.ends_with(".log") && is_wanted(&name, self.stem.as_deref())).then_some((began, name))
            })
            .collect();
        files.sort();
        Ok(files.into_iter().map(|(_, name)| name).collect())
    }
}

/// Whether a file holds what this step, or the steps of this phase, printed.
fn is_wanted(name: &str, stem: Option<&str>) -> bool {
    let Some(stem) = stem else { return true };
    name.strip_prefix(stem).is_some_and(|rest| rest.starts_with(['.', '[']))
}

fn read_from(path: &Path, from: u64) -> Result<Vec<u8>, String> {
    use std::io::Seek;
    let failed = |error: std::io::Error| format!("`{}` cannot be read: {error}", path.display());
    let mut file = File::open(path).map_err(failed)?;
    file.seek(std::io::SeekFrom::Start(from)).map_err(failed)?;
    let mut rest = Vec::new();
    file.read_to_end(&mut rest).map_err(failed)?;
    Ok(rest)
}
