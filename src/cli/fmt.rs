//! `fmt`: one style for all programs.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use clap::Args as Arguments;
use rayon::ThreadPoolBuilder;
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::exit::Exit;
use super::{diff, output, terminal};
use crate::adapters::program_files;
use crate::base::counted::counted;
use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceFile, Sources};
use crate::format::{Formatted, Refused, format};
use crate::report::diagnostics::text;

/// Formats programs. What does not parse is left as it is and reported.
#[derive(Debug, Arguments)]
pub struct Args {
    /// Files, folders that are walked for `.deploy` files, or `-` for standard input.
    #[arg(value_name = "PATH", default_value = ".")]
    paths: Vec<PathBuf>,

    /// Writes nothing; lists the files that would change, and exits 1 if there are any.
    #[arg(long)]
    check: bool,

    /// Writes nothing; shows what would change.
    #[arg(long)]
    diff: bool,
}

/// The name of standard input.
const INPUT: &str = "-";

/// Reading programs recurses; they may be nested deeper than the stack of a thread usually allows.
const STACK: usize = 16 << 20;

pub fn run(args: Args) -> Exit {
    if !args.paths.iter().any(|path| path.as_os_str() == INPUT) {
        return format_files(&args);
    }
    if args.paths.len() > 1 {
        output::complain("error: `-` stands for standard input and cannot be mixed with other paths\n");
        return Exit::Usage;
    }
    format_input(&args)
}

fn format_files(args: &Args) -> Exit {
    let (files, complaints) = program_files::find(&args.paths);
    if files.is_empty() && complaints.is_empty() {
        output::complain("warning: no `.deploy` files here\n");
    }
    let mut tally = Tally::default();
    for complaint in complaints {
        tally.fail(&complaint);
    }
    for treated in treat_all(&files, args) {
        tally.add(treated, args);
    }
    tally.summarise(args);
    tally.exit(args)
}

fn treat_all(files: &[PathBuf], args: &Args) -> Vec<Treated> {
    let pool = ThreadPoolBuilder::new().stack_size(STACK).build();
    match pool {
        Ok(pool) if files.len() > 1 => pool.install(|| files.par_iter().map(|file| treat(file, args)).collect()),
        _ => files.iter().map(|file| treat(file, args)).collect(),
    }
}

/// What became of one file.
#[derive(Default)]
struct Treated {
    name: String,
    changes: bool,
    diff: String,
    /// What does not parse, drawn.
    findings: Vec<String>,
    /// Why it could not be done.
    failure: Option<String>,
}

fn treat(path: &Path, args: &Args) -> Treated {
    let name = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
    let failed = |message: String| Treated { name: name.clone(), failure: Some(message), ..Treated::default() };
    let bytes = match program_files::read(path) {
        Ok(bytes) => bytes,
        Err(message) => return failed(message),
    };
    let mut sources = Sources::default();
    let id = sources.add(|id| SourceFile::from_bytes(id, &*name, &bytes));
    let Some(source) = sources.get(id) else { return failed(format!("`{name}` was lost")) };
    let Ok(Formatted { text, diagnostics }) = format(source) else { return failed(refusal(&name)) };
    let mut treated =
        Treated { changes: text.is_some(), findings: draw(&sources, &diagnostics), name, ..Treated::default() };
    if let Some(text) = text {
        if args.diff {
            treated.diff = diff::unified(&treated.name, &source.text, &text);
        } else if !args.check {
            treated.failure = program_files::replace(path, &bytes, text.as_bytes()).err();
        }
    }
    treated
}

fn draw(sources: &Sources, diagnostics: &[Diagnostic]) -> Vec<String> {
    if diagnostics.is_empty() {
        return Vec::new();
    }
    let look = terminal::look();
    diagnostics.iter().map(|diagnostic| text::render(sources, diagnostic, look)).collect()
}

fn refusal(name: &str) -> String {
    format!(
        "`{name}` was left as it is: formatted, it would not say the same\n  help: this is a fault of phasegate; please \
         report it, with the file"
    )
}

/// Standard input to standard output, which always gets a whole text.
fn format_input(args: &Args) -> Exit {
    let mut bytes = Vec::new();
    if let Err(error) = io::stdin().lock().read_to_end(&mut bytes) {
        output::complain(&format!("error: standard input cannot be read: {error}\n"));
        return Exit::Usage;
    }
    let mut sources = Sources::default();
    let id = sources.add(|id| SourceFile::from_bytes(id, "<stdin>", &bytes));
    let formatted = sources.get(id).map_or(Err(Refused), format);
    let mut tally = Tally::default();
    match formatted {
        Err(Refused) => {
            tally.fail(&refusal("<stdin>"));
            give(&bytes, args);
        }
        Ok(Formatted { text, diagnostics }) => {
            let result = text.as_ref().map_or(bytes.as_slice(), String::as_bytes);
            give(result, args);
            let before = String::from_utf8_lossy(&bytes);
            let diff = text.as_ref().filter(|_| args.diff).map(|text| diff::unified("<stdin>", &before, text));
            let treated = Treated {
                name: "<stdin>".to_owned(),
                changes: text.is_some(),
                diff: diff.unwrap_or_default(),
                findings: draw(&sources, &diagnostics),
                failure: None,
            };
            tally.add(treated, args);
        }
    }
    tally.exit(args)
}

fn give(bytes: &[u8], args: &Args) {
    if !args.check && !args.diff {
        output::hand_over(bytes);
    }
}

/// What has become of all files so far.
#[derive(Default)]
struct Tally {
    changes: usize,
    as_they_were: usize,
    findings: bool,
    failed: bool,
}

impl Tally {
    fn fail(&mut self, message: &str) {
        output::complain(&format!("error: {message}\n"));
        self.failed = true;
    }

    fn add(&mut self, treated: Treated, args: &Args) {
        treated.findings.iter().for_each(|finding| output::complain(finding));
        self.findings |= !treated.findings.is_empty();
        if let Some(message) = treated.failure {
            return self.fail(&message);
        }
        if !treated.changes {
            self.as_they_were += 1;
            return;
        }
        self.changes += 1;
        output::say(&treated.diff);
        if args.check && !args.diff {
            output::say(&format!("{}\n", treated.name));
        }
    }

    fn summarise(&self, args: &Args) {
        let writes = !args.check && !args.diff;
        let would = if writes { "formatted" } else { "would change" };
        let summary = match (self.changes, self.as_they_were) {
            (0, 0) => return,
            (0, all) => format!("{} formatted already\n", counted(all, "file")),
            (changes, 0) => format!("{} {would}\n", counted(changes, "file")),
            (changes, rest) => format!("{} {would}, {rest} formatted already\n", counted(changes, "file")),
        };
        if writes { output::say(&summary) } else { output::complain(&summary) }
    }

    fn exit(&self, args: &Args) -> Exit {
        if self.failed {
            Exit::Usage
        } else if self.findings || (args.check && self.changes > 0) {
            Exit::Findings
        } else {
            Exit::Well
        }
    }
}
