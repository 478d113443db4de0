//! `backup`: by hand what the steps of the module `backup` do.

use std::time::Duration;

use clap::{Args as Arguments, Subcommand};
use jiff::{Span, SpanRelativeTo};
use serde_json::{Value as Json, json};

use super::by_hand::{Format, in_working_folder};
use super::exit::Exit;
use super::output;
use crate::adapters::files::archive::catalogue::{Listed, list, prune};
use crate::adapters::files::archive::create::create;
use crate::adapters::files::archive::metadata::Metadata;
use crate::adapters::files::archive::restore::restore;
use crate::adapters::files::archive::verify::verify;
use crate::adapters::files::{FilesContext, Performed};
use crate::base::counted::counted;
use crate::base::time::Timestamp;

/// Makes, lists, checks, restores and prunes backups by hand.
#[derive(Debug, Arguments)]
pub struct Args {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Archives files with a SHA-256 manifest and metadata.
    Create {
        /// Files, folders or globs (`config/**`, quoted from the shell).
        #[arg(required = true)]
        source: Vec<String>,
        /// How long `backup prune` keeps it.
        #[arg(long, default_value = "90d", value_parser = parse_retain)]
        retain: Duration,
        /// Its name; by default one made from the time.
        #[arg(long)]
        id: Option<String>,
        #[command(flatten)]
        shared: Shared,
    },
    /// Lists the backups, the oldest first.
    List {
        #[command(flatten)]
        shared: Shared,
    },
    /// Checks every byte of a backup.
    Verify {
        /// The id of a backup, or the path of its archive.
        backup: String,
        #[command(flatten)]
        shared: Shared,
    },
    /// Verifies a backup, makes an emergency backup of what is there now, then puts the files back.
    Restore {
        /// The id of a backup, or the path of its archive.
        backup: String,
        /// The folder below which the files are put.
        #[arg(long, default_value = ".")]
        target: String,
        #[command(flatten)]
        shared: Shared,
    },
    /// Removes the backups whose time is over.
    Prune {
        /// Only says which those are.
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        shared: Shared,
    },
}

#[derive(Debug, Arguments)]
struct Shared {
    /// The folder for backups.
    #[arg(long, default_value = ".phasegate/backups")]
    to: String,
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub fn run(args: Args) -> Exit {
    in_working_folder(|ctx| match args.action.perform(ctx) {
        Ok(()) => Exit::Well,
        Err(failure) => {
            output::complain(&format!("error: {}\n", failure.message));
            args.action.exit_of_failure(ctx)
        }
    })
}

impl Action {
    /// A backup that is not there is wrong usage; one that is damaged is a finding.
    fn exit_of_failure(&self, ctx: &FilesContext<'_>) -> Exit {
        match self {
            Self::Verify { backup, shared } | Self::Restore { backup, shared, .. }
                if !ctx.root.join(archive_of(backup, &shared.to)).exists() =>
            {
                Exit::Usage
            }
            _ => Exit::Findings,
        }
    }

    fn perform(&self, ctx: &FilesContext<'_>) -> Performed<()> {
        match self {
            Self::Create { source, retain, id, shared } => {
                let id = id.clone().unwrap_or_else(|| id_from_time("backup", ctx.now));
                let made = create(ctx, &id, source, &shared.to, *retain)?;
                shared.say(&made, &format!("archived {} in {}", files(&made, "files"), text(&made, "archive")));
            }
            Self::List { shared } => {
                let backups = list(ctx, &shared.to)?;
                let json: Json = backups.iter().map(listed_json).collect();
                shared.say(&json, &table(&backups, &shared.to));
            }
            Self::Verify { backup, shared } => {
                let sound = verify(ctx, &archive_of(backup, &shared.to))?;
                shared.say(&sound, &format!("{} is sound: {}", text(&sound, "id"), files(&sound, "files")));
            }
            Self::Restore { backup, target, shared } => {
                let emergency = id_from_time("emergency", ctx.now);
                let done = restore(ctx, &archive_of(backup, &shared.to), target, &emergency, &shared.to)?;
                let said = format!(
                    "restored {}; what was there before is in {}",
                    files(&done, "restored"),
                    text(&done, "emergency")
                );
                shared.say(&done, &said);
            }
            Self::Prune { dry_run, shared } => {
                let over = prune(ctx, &shared.to, *dry_run)?;
                let json: Json = over.iter().map(|metadata| Json::from(metadata.id.as_str())).collect();
                shared.say(&json, &pruned(&over, *dry_run));
            }
        }
        Ok(())
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

fn archive_of(backup: &str, to: &str) -> String {
    if backup.ends_with(".tar.zst") || backup.contains('/') {
        return backup.to_owned();
    }
    format!("{}/{backup}.tar.zst", to.trim_end_matches('/'))
}

/// `backup-20250106T100000.123456Z`: sorts by time, and no two of one machine meet.
fn id_from_time(kind: &str, now: Timestamp) -> String {
    let time = jiff::Timestamp::from_microsecond(now.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    format!("{kind}-{}", time.strftime("%Y%m%dT%H%M%S.%6fZ"))
}

fn table(backups: &[Listed], to: &str) -> String {
    if backups.is_empty() {
        return format!("no backups in `{to}`");
    }
    let mut rows = vec![["ID", "CREATED", "KEPT UNTIL", "FILES", "SIZE", "COMMIT"].map(str::to_owned)];
    let mut unreadable = String::new();
    for backup in backups {
        match &backup.metadata {
            Ok(metadata) => rows.push(row(metadata)),
            Err(reason) => unreadable.push_str(&format!("{}: {reason}\n", backup.archive)),
        }
    }
    let widths: Vec<usize> =
        (0..6).map(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        format!("{}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    });
    lines.collect::<String>() + &unreadable
}

fn row(metadata: &Metadata) -> [String; 6] {
    let commit = metadata.git.as_ref().map_or_else(String::new, |git| {
        let short: String = git.commit.chars().take(10).collect();
        if git.dirty { format!("{short} (dirty)") } else { short }
    });
    [
        metadata.id.clone(),
        format!("{:.0}", metadata.created_at),
        format!("{:.0}", metadata.retain_until),
        (metadata.files + metadata.links).to_string(),
        size(metadata.size),
        commit,
    ]
}

fn listed_json(backup: &Listed) -> Json {
    match &backup.metadata {
        Ok(metadata) => serde_json::to_value(metadata).unwrap_or(Json::Null),
        Err(reason) => json!({ "archive": backup.archive, "error": reason }),
    }
}

fn pruned(over: &[Metadata], dry_run: bool) -> String {
    if over.is_empty() {
        return "nothing to prune".to_owned();
    }
    let verb = if dry_run { "would remove" } else { "removed" };
    over.iter().map(|metadata| format!("{verb} {} ({})\n", metadata.id, size(metadata.size))).collect()
}

fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        // A tenth is all that is shown.
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

fn text(json: &Json, field: &str) -> String {
    match json.get(field) {
        Some(Json::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    }
}

fn files(json: &Json, field: &str) -> String {
    let count = text(json, field);
    count.parse::<u64>().map_or_else(|_| format!("{count} files"), |count| counted(count, "file"))
}

fn parse_retain(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no duration; write it like `90d` or `12h`");
    let span: Span = text.parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(duration).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{archive_of, id_from_time, parse_retain, size};
    use crate::base::time::Timestamp;

    #[test]
    fn durations_are_written_as_in_the_language() {
        assert_eq!(parse_retain("90d"), Ok(Duration::from_secs(90 * 86_400)));
        assert_eq!(parse_retain("1h30m"), Ok(Duration::from_secs(5_400)));
        assert_eq!(parse_retain("2w"), Ok(Duration::from_secs(14 * 86_400)));
        assert!(parse_retain("soon").is_err() && parse_retain("-1d").is_err() && parse_retain("1mo").is_err());
    }

    #[test]
    fn a_backup_is_named_by_id_or_by_path() {
        assert_eq!(archive_of("nightly", "backups/"), "backups/nightly.tar.zst");
        assert_eq!(archive_of("other/nightly.tar.zst", "backups"), "other/nightly.tar.zst");
        assert_eq!(id_from_time("backup", Timestamp(1_736_157_600_123_456)), "backup-20250106T100000.123456Z");
    }

    #[test]
    fn sizes_are_short() {
        let table =
            [(0, "0 B"), (1_023, "1023 B"), (1_536, "1.5 KiB"), (5 << 20, "5.0 MiB"), (u64::MAX, "17179869183.9 GiB")];
        for (bytes, expected) in table {
            assert_eq!(size(bytes), expected);
        }
    }
}
