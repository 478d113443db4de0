//! `version`: freezes versions by hand, and compares what was frozen.

use std::collections::BTreeMap;

use clap::{Args as Arguments, Subcommand};
use serde_json::{Value as Json, json};

use super::by_hand::{Format, in_working_folder};
use super::exit::Exit;
use super::output;
use crate::adapters::files::freeze::{Fingerprint, freeze, list, load, take};
use crate::adapters::files::{FilesContext, Performed};

/// Freezes versions by hand, and compares what was frozen.
#[derive(Debug, Arguments)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Writes the fingerprint of files as a version.
    Create {
        version: String,
        /// Files, folders or globs (`config/**`, quoted from the shell).
        #[arg(required = true)]
        files: Vec<String>,
        #[command(flatten)]
        shared: Shared,
    },
    /// Lists the frozen versions, the oldest first.
    List {
        #[command(flatten)]
        shared: Shared,
    },
    /// Shows every file of a frozen version.
    Show {
        version: String,
        #[command(flatten)]
        shared: Shared,
    },
    /// Says which files differ between two versions, or between a version and now; exit status 1 when some do.
    Diff {
        old: String,
        /// By default the files of the old version as they are now.
        new: Option<String>,
        #[command(flatten)]
        shared: Shared,
    },
}

#[derive(Debug, Arguments)]
struct Shared {
    /// The folder for fingerprints.
    #[arg(long, default_value = ".phasegate/versions")]
    to: String,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(args: Args) -> Exit {
    in_working_folder(|ctx| match args.action.perform(ctx) {
        Ok(exit) => exit,
        Err(failure) => {
            output::complain(&format!("error: {}\n", failure.message));
            Exit::Usage
        }
    })
}

impl Action {
    fn perform(&self, ctx: &FilesContext<'_>) -> Performed<Exit> {
        match self {
            Self::Create { version, files, shared } => {
                let made = freeze(ctx, version, files, &shared.to)?;
                let facts = load(ctx, version, &shared.to)?;
                shared.say(&made, &summary(&facts));
                Ok(Exit::Well)
            }
            Self::List { shared } => {
                let found = list(ctx, &shared.to)?;
                let mut lines = String::new();
                for version in &found {
                    lines.push_str(&version.as_ref().map_or_else(String::clone, summary));
                    lines.push('\n');
                }
                if found.is_empty() {
                    lines = format!("no versions in `{}`", shared.to);
                }
                let json = found.iter().map(|version| match version {
                    Ok(facts) => head(facts),
                    Err(reason) => json!({ "error": reason }),
                });
                shared.say(&json.collect(), &lines);
                Ok(Exit::Well)
            }
            Self::Show { version, shared } => {
                let facts = load(ctx, version, &shared.to)?;
                shared.say(&serde_json::to_value(&facts).unwrap_or(Json::Null), &shown(&facts));
                Ok(Exit::Well)
            }
            Self::Diff { old, new, shared } => {
                let old = load(ctx, old, &shared.to)?;
                let new = match new {
                    Some(new) => load(ctx, new, &shared.to)?,
                    None => as_it_is_now(ctx, &old, &shared.to)?,
                };
                let changes = differences(&old, &new);
                let text: String = changes.iter().map(|(name, change)| format!("{change:<8} {name}\n")).collect();
                let text = if changes.is_empty() { "no differences".to_owned() } else { text };
                shared.say(&json!({ "old": head(&old), "new": head(&new), "changes": changes }), &text);
                Ok(if changes.is_empty() { Exit::Well } else { Exit::Findings })
            }
        }
    }
}

impl Shared {
    fn say(&self, json: &Json, text: &str) {
        match self.format {
            Format::Text => output::say(&format!("{}\n", text.trim_end())),
            Format::Json => output::say(&format!("{json}\n")),
        }
    }
}

/// The files of a frozen version as they are now; those that are gone are left out.
fn as_it_is_now(ctx: &FilesContext<'_>, old: &Fingerprint, to: &str) -> Performed<Fingerprint> {
    let there = |name: &&String| ctx.root.join(name).symlink_metadata().is_ok();
    let files: Vec<String> = old.files.keys().filter(there).cloned().collect();
    if files.is_empty() {
        return Ok(Fingerprint { version: "now".to_owned(), files: indexmap::IndexMap::new(), ..old.clone() });
    }
    take(ctx, "now", &files, to)
}

fn differences(old: &Fingerprint, new: &Fingerprint) -> BTreeMap<String, &'static str> {
    let mut changes = BTreeMap::new();
    for (name, facts) in &old.files {
        match new.files.get(name) {
            None => changes.insert(name.clone(), "removed"),
            Some(now) if now != facts => changes.insert(name.clone(), "changed"),
            Some(_) => None,
        };
    }
    for name in new.files.keys().filter(|name| !old.files.contains_key(*name)) {
        changes.insert(name.clone(), "added");
    }
    changes
}

fn head(facts: &Fingerprint) -> Json {
    json!({
        "version": facts.version,
        "fingerprint": facts.fingerprint,
        "created_at": facts.created_at,
        "git": facts.git,
        "files": facts.files.len(),
    })
}

fn summary(facts: &Fingerprint) -> String {
    let short: String = facts.fingerprint.chars().take(16).collect();
    let count = facts.files.len();
    let files = if count == 1 { "file" } else { "files" };
    format!("{}  {short}  {count} {files}  {:.0}{}", facts.version, facts.created_at, commit(facts))
}

fn commit(facts: &Fingerprint) -> String {
    facts.git.as_ref().map_or_else(String::new, |git| {
        let short: String = git.commit.chars().take(10).collect();
        format!("  commit {short}{}", if git.dirty { " (dirty)" } else { "" })
    })
}

fn shown(facts: &Fingerprint) -> String {
    let mut text = format!(
        "version      {}\nfingerprint  {}\ncreated      {:.0}\nmade by      {} on {}/{}\n",
        facts.version, facts.fingerprint, facts.created_at, facts.build.tool, facts.build.os, facts.build.arch
    );
    if let Some(git) = &facts.git {
        text.push_str(&format!("commit       {}{}\n", git.commit, if git.dirty { " (dirty)" } else { "" }));
    }
    for (name, file) in &facts.files {
        text.push_str(&format!("{}  {name}\n", file.sha256));
    }
    text
}
