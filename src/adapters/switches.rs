//! How kill switches stand, in the state folder: one file for each switch and environment.
//!
//! Invariants: a record is written whole or not at all, and by one process at a time; what a run found before it turned a
//! switch is durable in the run's folder before the record changes, and stays. A record that cannot be read is an error,
//! never a switch at rest.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use sha2::{Digest, Sha256};

use super::state::write_whole;
use crate::base::time::Timestamp;
use crate::contract::effect::Outcome;
use crate::contract::switch::{Known, SwitchAct, SwitchName, SwitchRecord};

/// The switches of a state folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Switches {
    folder: PathBuf,
}

/// What an act about a switch needs beside the switches.
#[derive(Debug, Clone, Copy)]
pub struct Turning<'a> {
    /// The folder of the run, where what was found is kept.
    pub slots: &'a Path,
    pub now: Timestamp,
}

impl Switches {
    #[must_use]
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Every switch that was ever turned, by environment and name.
    ///
    /// # Errors
    /// When one cannot be read, in words for people.
    pub fn all(&self) -> Result<Vec<SwitchRecord>, String> {
        let entries = match fs::read_dir(&self.folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(format!("the kill switches in `{}` {}", self.folder.display(), unread(&error))),
        };
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let records = paths.filter(|path| path.extension().is_some_and(|ending| ending == "json"));
        let mut records: Vec<SwitchRecord> =
            records.map(|path| read_record(&path)).filter_map(Result::transpose).collect::<Result<_, _>>()?;
        records.sort_by(|left, right| {
            (&left.name.environment, &left.name.switch).cmp(&(&right.name.environment, &right.name.switch))
        });
        Ok(records)
    }

    /// How a switch stands; none: it was never turned.
    ///
    /// # Errors
    /// When that cannot be known, in words for people.
    pub fn record(&self, name: &SwitchName) -> Result<Option<SwitchRecord>, String> {
        read_record(&self.path(name))
    }

    /// Does what a step of a run asks for.
    #[must_use]
    pub fn perform(&self, name: &SwitchName, act: &SwitchAct, turning: Turning<'_>) -> Outcome {
        let answer = match act.key() {
            None => {
                self.record(name).and_then(|record| act.rule(name, Known { record, kept: None }, turning.now).answer)
            }
            Some(key) => self.locked(name).and_then(|_lock| self.change((name, act), key, turning)),
        };
        answer.map_or_else(Outcome::failed, Outcome::Done)
    }

    fn change(&self, (name, act): (&SwitchName, &SwitchAct), key: &str, turning: Turning<'_>) -> Result<Json, String> {
        let slot = slot(key);
        let kept = match read_text(&turning.slots.join(&slot))? {
            Some(text) => Some(parse(&text, &slot)?),
            None => None,
        };
        let ruling = act.rule(name, Known { record: self.record(name)?, kept }, turning.now);
        if let Some(keep) = &ruling.keep {
            write_json(turning.slots, &slot, keep)?;
        }
        match &ruling.record {
            Some(Some(record)) => write_json(&self.folder, &file_name(name), record)?,
            Some(None) => self.remove(name)?,
            None => {}
        }
        ruling.answer
    }

    fn remove(&self, name: &SwitchName) -> Result<(), String> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(format!("the record of the kill switch `{}` cannot be removed: {error}", name.switch))
            }
            _ => Ok(()),
        }
    }

    /// One process at a time; the lock dies with the process.
    fn locked(&self, name: &SwitchName) -> Result<File, String> {
        let failed = |error: io::Error| {
            format!("the kill switch `{}` cannot be turned: `{}`: {error}", name.switch, self.folder.display())
        };
        fs::create_dir_all(&self.folder).map_err(failed)?;
        let path = self.path(name).with_extension("lock");
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).map_err(failed)?;
        file.lock().map_err(failed)?;
        Ok(file)
    }

    fn path(&self, name: &SwitchName) -> PathBuf {
        self.folder.join(file_name(name))
    }
}

fn read_record(path: &Path) -> Result<Option<SwitchRecord>, String> {
    let Some(text) = read_text(path)? else { return Ok(None) };
    parse(&text, &path.display().to_string()).map(Some)
}

fn read_text(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("the record of a kill switch, `{}`, {}", path.display(), unread(&error))),
    }
}

fn unread(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}

fn parse<T: serde::de::DeserializeOwned>(text: &str, name: &str) -> Result<T, String> {
    serde_json::from_str(text).map_err(|error| {
        format!(
            "the record of a kill switch, `{name}`, is damaged ({error}); see how the switch stands, then remove it"
        )
    })
}

fn write_json(folder: &Path, name: &str, content: &impl serde::Serialize) -> Result<(), String> {
    let failed =
        |reason: String| format!("the record of a kill switch cannot be written in `{}`: {reason}", folder.display());
    let text = serde_json::to_vec_pretty(content).map_err(|error| failed(error.to_string()))?;
    fs::create_dir_all(folder)
        .and_then(|()| write_whole(folder, name, &text))
        .map_err(|error| failed(error.to_string()))
}

fn slot(key: &str) -> String {
    format!("switch-{}.json", digest(key.as_bytes(), 16))
}

/// Readable, and never two switches in one file: what is no plain letter goes, a digest of the whole comes.
fn file_name(name: &SwitchName) -> String {
    let plain = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    let environment = name.environment.as_deref();
    let readable = |text: &str| text.chars().filter(plain).take(60).collect::<String>();
    let whole = format!("{}\n{}", name.switch, environment.map_or_else(String::new, |name| format!("in {name}")));
    let place = environment.map_or_else(String::new, |name| format!(".{}", readable(name)));
    format!("{}{place}-{}.json", readable(&name.switch), digest(whole.as_bytes(), 4))
}

fn digest(bytes: &[u8], length: usize) -> String {
    Sha256::digest(bytes).iter().take(length).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Outcome, SwitchAct, SwitchName, Switches, Timestamp, Turning, file_name};
    use crate::contract::switch::{Side, Standing};

    struct Place {
        folder: tempfile::TempDir,
        switches: Switches,
    }

    impl Place {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let switches = Switches::at(folder.path().join("switches"));
            Self { folder, switches }
        }

        fn act(&self, act: &SwitchAct) -> Outcome {
            let turning = Turning { slots: self.folder.path(), now: Timestamp(1_736_157_600_000_000) };
            self.switches.perform(&name("production"), act, turning)
        }

        fn begin(&self, to: Side, key: &str) -> Outcome {
            let key = key.to_owned();
            self.act(&SwitchAct::Begin { to, reason: "slow".to_owned(), actor: "ada".to_owned(), key })
        }

        fn end(&self, to: Side, key: &str) -> Outcome {
            let key = key.to_owned();
            self.act(&SwitchAct::End { to, reason: "slow".to_owned(), actor: "ada".to_owned(), key })
        }

        fn standing(&self) -> Option<Standing> {
            self.switches.record(&name("production")).unwrap().map(|record| record.standing)
        }
    }

    fn name(environment: &str) -> SwitchName {
        SwitchName { switch: "basic".to_owned(), environment: Some(environment.to_owned()) }
    }

    fn already(is_so: bool) -> Outcome {
        Outcome::Done(json!({ "already": is_so }))
    }

    #[test]
    fn a_switch_is_turned_in_two_acts_and_once() {
        let place = Place::new();
        assert_eq!(place.standing(), None);
        assert_eq!(place.begin(Side::Off, "r1/a/1"), already(true), "what was never tripped is at rest");
        assert_eq!(place.begin(Side::On, "r1/b/1"), already(false));
        assert_eq!(place.standing(), Some(Standing::Tripping));
        assert_eq!(place.end(Side::On, "r1/c/1"), Outcome::Done(json!(null)));
        assert_eq!(place.standing(), Some(Standing::Tripped));
        assert_eq!(place.begin(Side::On, "r2/b/1"), already(true));
        assert_eq!(place.switches.record(&name("staging")), Ok(None), "another environment is another switch");
    }

    #[test]
    fn an_act_that_is_done_again_does_not_meet_its_own_work() {
        let place = Place::new();
        place.begin(Side::On, "r1/b/1");
        place.end(Side::On, "r1/c/1");
        assert_eq!(place.begin(Side::On, "r1/b/1"), already(false));
        place.act(&SwitchAct::Restore { key: "r1/b/1".to_owned() });
        assert_eq!(place.standing(), None);
    }

    #[test]
    fn taking_back_restores_what_was_found() {
        let place = Place::new();
        place.begin(Side::On, "r1/b/1");
        place.end(Side::On, "r1/c/1");
        place.begin(Side::Off, "r2/b/1");
        place.end(Side::Off, "r2/c/1");
        assert_eq!(place.standing(), Some(Standing::AtRest));
        place.act(&SwitchAct::Waver { back_from: Side::Off, key: "r2/c/1".to_owned() });
        assert_eq!(place.standing(), Some(Standing::Tripping));
        place.act(&SwitchAct::Restore { key: "r2/b/1".to_owned() });
        let record = place.switches.record(&name("production")).unwrap().unwrap();
        assert_eq!((record.standing, record.run.as_str()), (Standing::Tripped, "r1"));
        place.act(&SwitchAct::Restore { key: "r9/never/1".to_owned() });
        assert_eq!(place.standing(), Some(Standing::Tripped));
    }

    #[test]
    fn two_runs_that_turn_it_both_ways_at_once_leave_nobody_sure() {
        let place = Place::new();
        place.begin(Side::On, "r1/b/1");
        place.begin(Side::Off, "r2/b/1");
        let Outcome::Failed(failure) = place.end(Side::On, "r1/c/1") else { panic!("r2 has turned it meanwhile") };
        assert!(failure.message.contains("by run `r2`"), "{}", failure.message);
        assert_eq!(place.standing(), Some(Standing::Tripping));
        assert!(matches!(place.end(Side::Off, "r2/c/1"), Outcome::Failed(_)));
    }

    #[test]
    fn two_runs_that_trip_it_at_once_both_have_tripped_it() {
        let place = Place::new();
        assert_eq!(place.begin(Side::On, "r1/b/1"), already(false));
        assert_eq!(place.begin(Side::On, "r2/b/1"), already(false));
        assert_eq!(place.end(Side::On, "r1/c/1"), Outcome::Done(json!(null)));
        assert_eq!(place.standing(), Some(Standing::Tripped));
        assert_eq!(place.end(Side::On, "r2/c/1"), Outcome::Done(json!(null)));
        assert_eq!(place.standing(), Some(Standing::Tripped));
    }

    #[test]
    fn a_damaged_record_is_no_switch_at_rest() {
        let place = Place::new();
        place.begin(Side::On, "r1/b/1");
        let path = place.folder.path().join("switches").join(file_name(&name("production")));
        std::fs::write(&path, "{").unwrap();
        assert!(matches!(place.act(&SwitchAct::Look), Outcome::Failed(_)));
        assert!(matches!(place.begin(Side::On, "r2/b/1"), Outcome::Failed(_)));
        assert!(place.switches.all().unwrap_err().contains("damaged"));
    }

    #[test]
    fn names_never_leave_the_folder_nor_meet() {
        let names = [("../x", None), ("x", None), ("x", Some("")), ("x", Some("y")), ("x.y", None), ("xin y", None)];
        let names = names.map(|(switch, environment): (&str, Option<&str>)| {
            file_name(&SwitchName { switch: switch.to_owned(), environment: environment.map(str::to_owned) })
        });
        for (at, name) in names.iter().enumerate() {
            assert!(!name.contains('/') && !name.starts_with('.'), "{name}");
            assert!(!names[at + 1..].contains(name), "{name}");
        }
    }
}
