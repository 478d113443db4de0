//! `man`: manual pages, made from the command line's own help.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args as Arguments, Command, CommandFactory};
use clap_mangen::Man;

use super::CommandLine;
use super::exit::Exit;
use super::output;
use crate::adapters::files::{Draft, Privacy};
use crate::base::counted::counted;

/// Prints a manual page, or writes all of them into a folder.
#[derive(Debug, Arguments)]
#[command(after_help = "phasegate man plan | man -l -\nphasegate man --out ~/.local/share/man/man1")]
pub struct Args {
    /// The command, word by word: `man backup create`; the program itself when left out.
    #[arg(value_name = "COMMAND", conflicts_with = "out")]
    command: Vec<String>,

    /// Writes every page into this folder: `phasegate.1`, `phasegate-plan.1`, …
    #[arg(long, value_name = "FOLDER", value_hint = clap::ValueHint::DirPath)]
    out: Option<PathBuf>,
}

pub fn run(args: Args) -> Exit {
    let mut whole = CommandLine::command().disable_help_subcommand(true);
    whole.build();
    match &args.out {
        Some(folder) => write_all(&whole, folder),
        None => print(&whole, &args.command),
    }
}

fn print(whole: &Command, words: &[String]) -> Exit {
    let mut command = whole;
    for word in words {
        match command.find_subcommand(word) {
            Some(found) => command = found,
            None => {
                output::complain(&format!("error: there is no command `{}`\n", words.join(" ").escape_debug()));
                return Exit::Usage;
            }
        }
    }
    match page(command, words.is_empty()) {
        Ok(page) => {
            output::hand_over(&page);
            Exit::Well
        }
        Err(error) => refuse(&error.to_string()),
    }
}

fn write_all(whole: &Command, folder: &Path) -> Exit {
    let mut written = 0;
    let mut open = vec![(whole, true)];
    let made = fs::create_dir_all(folder).map_err(|error| format!("`{}` cannot be made: {error}", folder.display()));
    if let Err(message) = made {
        return refuse(&message);
    }
    while let Some((command, is_whole)) = open.pop() {
        let name = Man::new(command.clone()).get_filename();
        let result = page(command, is_whole).map_err(|error| error.to_string());
        if let Err(message) = result.and_then(|page| write(&name, folder.join(&name), &page)) {
            return refuse(&message);
        }
        written += 1;
        open.extend(command.get_subcommands().filter(|inner| !inner.is_hide_set()).map(|inner| (inner, false)));
    }
    output::say(&format!("{} in {}\n", counted(written, "page"), folder.display()));
    Exit::Well
}

fn write(name: &str, path: PathBuf, page: &[u8]) -> Result<(), String> {
    let mut draft = Draft::begin(name, path, Privacy::Ordinary).map_err(|failure| failure.message)?;
    draft.file().write_all(page).map_err(|error| format!("`{name}` cannot be written: {error}"))?;
    draft.commit(None).map_err(|failure| failure.message)
}

fn refuse(message: &str) -> Exit {
    output::complain(&format!("error: {message}\n"));
    Exit::Usage
}

/// A page in roff. No date stands in it: the same version gives the same bytes.
fn page(command: &Command, is_whole: bool) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let version = format!("Phasegate {}", env!("CARGO_PKG_VERSION"));
    Man::new(command.clone()).source(version).manual("Phasegate").render(&mut page)?;
    if is_whole {
        page.write_all(ENDINGS.as_bytes())?;
    }
    // An empty date is an argument all the same, or the version would be taken for it.
    let page = String::from_utf8_lossy(&page).replacen(" 1  \"", " 1 \"\" \"", 1);
    Ok(page.into_bytes())
}

/// What holds for every command.
const ENDINGS: &str = r#".SH "EXIT STATUS"
.TP
\fB0\fR
well
.TP
\fB1\fR
findings, failed tests, a failed run
.TP
\fB2\fR
wrong usage, or a file that cannot be read
.TP
\fB3\fR
the run was rolled back
.TP
\fB4\fR
a rollback failed: something is still changed
.TP
\fB5\fR
the run was aborted
.TP
\fB6\fR
the run is paused and was left: resume it
.SH ENVIRONMENT
.TP
\fBPHASEGATE_STATE\fR
the folder of runs, locks and switches
.TP
\fBPHASEGATE_GROUPS\fR
the groups of whoever gives an approval
.TP
\fBPHASEGATE_SCREEN_READER\fR, \fBNO_GRAPHICS\fR
sentences instead of drawings
.TP
\fBNO_COLOR\fR, \fBCOLUMNS\fR
no colours; how wide lines are
"#;
