//! `bundle`: a run in one file.

use std::path::{Path, PathBuf};

use clap::Args as Arguments;

use super::exit::Exit;
use super::output;
use super::runs;
use crate::adapters::bundle;
use crate::adapters::secrets::Secrets;
use crate::adapters::state::{StateFolder, write_whole};
use crate::base::counted::counted;
use crate::session::record;
use crate::session::refusal::Refusal;

/// Puts everything that is known of a run into one file: plan, journal, program, samples, outputs and hashes.
///
/// `replay`, `why`, `status` and `logs` take that file in place of a run, on any machine. Secrets are never in it: they travel
/// by name. It is a tar archive compressed with zstd; the same run gives the same bytes.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name.
    run: String,

    /// Where to; else `RUN.tar.zst` in the working folder.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

pub fn run(args: Args) -> Exit {
    match make(&args) {
        Ok(words) => {
            output::say(&words);
            Exit::Well
        }
        Err(refusal) => runs::refuse(&refusal),
    }
}

fn make(args: &Args) -> Result<String, Refusal> {
    let record = record::open(&StateFolder::from_environment(), &args.run)?;
    let members = crate::session::bundle::members(&record, &Secrets::from_environment())?;
    let id = &record.meta.run_id;
    let bytes = bundle::pack(id, &members)?;
    let path = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{id}.tar.zst")));
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| Refusal::usage(format!("`{}` is no name of a file", path.display())))?;
    write_whole(folder, name, &bytes)
        .map_err(|error| Refusal::usage(format!("`{}` cannot be written: {error}", path.display())))?;
    let size = bytes.len().div_ceil(1024);
    let (events, members) = (counted(record.events.len(), "event"), counted(members.len(), "member"));
    Ok(format!("{}: run {id}, {events}, {members}, {size} KiB\n", path.display()))
}
