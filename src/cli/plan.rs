//! `plan`: the dry run.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::{Args as Arguments, ValueEnum};

use super::exit::Exit;
use super::load::{self, LoadedPlan, Selection};
use super::{output, terminal};
use crate::adapters::clock::SystemClock;
use crate::adapters::files::{Draft, Privacy};
use crate::report::plan::{dot, json, mermaid, svg, text};
use crate::runtime::ports::Clock;

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
    show(&loaded, args.format);
    Exit::Well
}

fn show(loaded: &LoadedPlan, format: Format) {
    let plan = &loaded.plan;
    match format {
        Format::Text => output::say(&text::render(plan, terminal::look(), SystemClock::new().now())),
        Format::Json => json::render(plan, &mut |piece| output::say(piece)),
        Format::Mermaid => output::say(&mermaid::render(plan)),
        Format::Dot => output::say(&dot::render(plan)),
        Format::Svg => output::say(&svg::render(plan)),
    }
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
