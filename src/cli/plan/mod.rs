//! `plan`: the dry run, and what has changed in it.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args as Arguments, ValueEnum};

use self::against::Earlier;
use super::exit::Exit;
use super::load::{self, LoadedPlan, Selection};
use super::{output, terminal};
use crate::adapters::clock::SystemClock;
use crate::adapters::files::{Draft, Privacy};
use crate::report::plan::changes::{self, markdown};
use crate::report::plan::{dot, json, mermaid, svg, text};
use crate::runtime::ports::Clock;

mod against;

/// Shows what a run would do, and what a rollback would take back.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The program; with several pipelines, the name of one behind it.
    #[arg(value_name = "FILE[:NAME]")]
    program: String,

    #[command(flatten)]
    selection: Selection,

    /// Saves the plan for `run --plan`.
    #[arg(long, value_name = "PLAN.JSON")]
    out: Option<PathBuf>,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// Shows what has changed, and what guards less now, against an earlier version: a revision of git (`main`,
    /// `HEAD~1`, `main:old/name.deploy`), another program, or a plan that `--out` saved.
    #[arg(long, value_name = "OLD")]
    against: Option<String>,

    /// Ends with exit status 1 when something is riskier than it was.
    #[arg(long, value_enum, requires = "against")]
    deny: Option<Deny>,

    /// The longest Markdown that is wanted, in bytes; what does not fit is left out.
    #[arg(long, value_name = "BYTES", default_value_t = markdown::COMMENT)]
    limit: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    Riskier,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Drawn, for people.
    Text,
    /// One object, for programs.
    Json,
    /// A flowchart for Markdown.
    Mermaid,
    /// A graph for Graphviz.
    Dot,
    /// A picture.
    Svg,
    /// A page for a comment, folded.
    Markdown,
}

pub fn run(args: Args) -> Exit {
    let loaded = match load::plan(&args.program, &args.selection) {
        Ok(loaded) => loaded,
        Err(exit) => return exit,
    };
    if let Some(path) = &args.out
        && let Err(message) = save(&loaded, path)
    {
        output::complain(&format!("error: the plan is not saved: {message}\n"));
        return Exit::Usage;
    }
    let Some(old) = &args.against else {
        show(&loaded, &args);
        return Exit::Well;
    };
    if matches!(args.format, Format::Mermaid | Format::Dot | Format::Svg) {
        output::complain("error: `--against` shows its findings as text, json or markdown\n");
        return Exit::Usage;
    }
    match against::find(old, &loaded) {
        Ok(earlier) => show_changes(&loaded, &earlier, &args),
        Err(exit) => exit,
    }
}

fn show(loaded: &LoadedPlan, args: &Args) {
    let plan = &loaded.plan;
    match args.format {
        Format::Text => output::say(&text::render(plan, terminal::look(), SystemClock::new().now())),
        Format::Json => json::render(plan, &mut |piece| output::say(piece)),
        Format::Mermaid => output::say(&mermaid::render(plan)),
        Format::Dot => output::say(&dot::render(plan)),
        Format::Svg => output::say(&svg::render(plan)),
        Format::Markdown => output::say(&markdown::render(subject(loaded), None, args.limit)),
    }
}

fn show_changes(loaded: &LoadedPlan, earlier: &Earlier, args: &Args) -> Exit {
    let plan = &loaded.plan;
    let changes = changes::compare(earlier.plan.as_ref(), plan);
    let against = earlier.described();
    match args.format {
        Format::Json => {
            let member = changes::json::render(&changes, against);
            json::render_against(plan, &member, &mut |piece| output::say(piece));
        }
        Format::Markdown => output::say(&markdown::render(subject(loaded), Some((&changes, against)), args.limit)),
        _ => output::say(&changes::text::render(&changes, plan, against, terminal::look())),
    }
    let is_denied = args.deny == Some(Deny::Riskier) && changes.summary().riskier > 0;
    if is_denied { Exit::Findings } else { Exit::Well }
}

fn subject(loaded: &LoadedPlan) -> markdown::Subject<'_> {
    markdown::Subject { plan: &loaded.plan, source: &loaded.source, now: SystemClock::new().now() }
}

/// Whole or not at all.
fn save(loaded: &LoadedPlan, path: &Path) -> Result<(), String> {
    let name = path.display().to_string();
    let mut draft =
        Draft::begin(&name, path.to_path_buf(), Privacy::Ordinary).map_err(|failure| failure.message.clone())?;
    let mut file = BufWriter::new(draft.file());
    let mut written: io::Result<()> = Ok(());
    let origin = json::Origin { source: &loaded.source, set: &loaded.set };
    json::render_saved(&loaded.plan, origin, &mut |piece| {
        if written.is_ok() {
            written = file.write_all(piece.as_bytes());
        }
    });
    written.and_then(|()| file.flush()).map_err(|error| format!("`{name}` cannot be written: {error}"))?;
    drop(file);
    draft.commit(None).map_err(|failure| failure.message)
}
