//! One of the backups in a folder, by what a person knows of it.

use serde_json::{Value as Json, json};

use super::catalogue::list;
use super::metadata::Metadata;
use crate::adapters::files::FilesContext;
use crate::adapters::files::failure::{Performed, refusal};

/// `previous` for the newest one, an id, an archive, or a date or time (of UTC, when it names no zone): the newest one that
/// was made no later. An emergency backup holds what somebody wanted to get away from, so only its id or archive finds it.
pub fn find(ctx: &FilesContext<'_>, which: &str, from: &str) -> Performed<Json> {
    let mut known: Vec<(String, Metadata)> = Vec::new();
    for backup in list(ctx, from)? {
        known.extend(backup.metadata.ok().map(|metadata| (backup.archive, metadata)));
    }
    let named = |(archive, metadata): &&(String, Metadata)| {
        metadata.id == which || metadata.archive == which || archive == which
    };
    // The oldest one is the first.
    let mut newest = known.iter().rev().filter(|(_, metadata)| !metadata.emergency);
    let found = if which == "previous" {
        newest.next()
    } else {
        known.iter().find(named).or_else(|| {
            let until = instant(which)?;
            newest.find(|(_, metadata)| metadata.created_at <= until)
        })
    };
    match found {
        Some((archive, metadata)) => Ok(json!({
            "id": metadata.id,
            "archive": archive,
            "created": metadata.created_at.to_string(),
            "sha256": metadata.sha256,
        })),
        None if known.is_empty() => Err(refusal(format!("there is no backup in `{from}`"))),
        None if which == "previous" => Err(refusal(format!(
            "there are only emergency backups in `{from}`, of what was overwritten; name one to go back to it: `{}`",
            known.last().map_or("", |(_, metadata)| metadata.id.as_str())
        ))),
        None if known.len() == 1 => {
            Err(refusal(format!("the only backup in `{from}` is `{}`, not `{which}`", known[0].1.id)))
        }
        None => {
            let newest: Vec<&str> = known.iter().rev().take(3).map(|(_, metadata)| metadata.id.as_str()).collect();
            let count = known.len();
            Err(refusal(format!(
                "none of the {count} backups in `{from}` is `{which}`; the newest are `{}`",
                newest.join("`, `")
            )))
        }
    }
}

/// The last instant that a date or time means.
fn instant(text: &str) -> Option<jiff::Timestamp> {
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant);
    }
    let utc = |time: jiff::civil::DateTime| time.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp());
    if text.len() == "2025-12-17".len() {
        let day = text.parse::<jiff::civil::Date>().ok()?;
        return utc(day.at(23, 59, 59, 999_999_999));
    }
    utc(text.parse::<jiff::civil::DateTime>().ok()?)
}

#[cfg(test)]
mod tests {
    use super::instant;

    #[test]
    fn a_day_means_all_of_it_and_a_time_without_a_zone_is_utc() {
        let said = |text: &str| instant(text).map(|instant| instant.to_string());
        assert_eq!(said("2025-12-17").as_deref(), Some("2025-12-17T23:59:59.999999999Z"));
        assert_eq!(said("2025-12-17T09:30").as_deref(), Some("2025-12-17T09:30:00Z"));
        assert_eq!(said("2025-12-17T09:30:00+01:00").as_deref(), Some("2025-12-17T08:30:00Z"));
        assert_eq!(said("yesterday"), None);
    }
}
