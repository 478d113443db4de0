//! A run's record as the members of a bundle, and back.
//!
//! | member | holds |
//! |---|---|
//! | `run.json` | what was pinned when the run began |
//! | `plan.json` | the plan |
//! | `base.state`, `earlier.jsonl` | when older samples were dropped: the state behind the last of them, and what else was kept of that time |
//! | `journal.jsonl` | the events, one a line |
//! | `program.json`, `program/N.deploy` | the program: the names of its files, and each of them |
//! | `output/….log` | what the commands printed |
//! | `evidence/GROUP.csv` | the samples, as `simulate` and `test` read them |
//! | `evidence/artefacts.json` | hashes: of what the plan was made from, and of what steps made |
//!
//! Secrets travel by name in all of them; before a bundle is written, every member is looked through for the contents that
//! can be had here.

use std::fmt::Write;
use std::io::Read;
use std::path::Path;

use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::record::Record;
use super::refusal::Refusal;
use crate::adapters::bundle::{Members, is_plain};
use crate::adapters::secrets::Secrets;
use crate::base::time::Timestamp;
use crate::contract::held::Held;
use crate::contract::samples::Samples;
use crate::contract::types::{Type, encode};
use crate::contract::value::Value;
use crate::engine::event::{Event, Recorded};
use crate::engine::snapshot::{self, Snapshot};
use crate::engine::state::State;
use crate::plan::fingerprint::hash;
use crate::plan::program::{Group, GroupIndex, Plan};

const RUN: &str = "run.json";
const PLAN: &str = "plan.json";
const JOURNAL: &str = "journal.jsonl";
const BASE: &str = "base.state";
const EARLIER: &str = "earlier.jsonl";
const PROGRAM: &str = "program.json";
const OUTPUT: &str = "output/";

/// Of what one execution printed no more goes into a bundle: its end.
const LARGEST_OUTPUT: u64 = 4 << 20;

/// The members of a bundle of `record`.
///
/// # Errors
/// When the outputs cannot be read, or a secret's content stands somewhere.
pub fn members(record: &Record, secrets: &Secrets) -> Result<Members, Refusal> {
    let mut members = Members::new();
    let mut put = |name: &str, json: Result<Vec<u8>, serde_json::Error>| match json {
        Ok(bytes) => {
            members.insert(name.to_owned(), bytes);
            Ok(())
        }
        Err(error) => Err(Refusal::new(format!("`{name}` of the bundle cannot be written: {error}"))),
    };
    put(RUN, serde_json::to_vec_pretty(&record.meta))?;
    put(PLAN, serde_json::to_vec(&record.plan))?;
    put(PROGRAM, serde_json::to_vec_pretty(&program_index(record)))?;
    put("evidence/artefacts.json", serde_json::to_vec_pretty(&artefacts(record)))?;
    members.insert(JOURNAL.to_owned(), lines(&record.events)?);
    if record.base.started {
        let base = Snapshot::of(&record.plan, &record.base);
        let base =
            base.ok_or_else(|| Refusal::new("the state before the first sample that is kept cannot be written"))?;
        members.insert(BASE.to_owned(), base.state);
        members.insert(EARLIER.to_owned(), lines(&record.earlier)?);
    }
    for (number, (_, text)) in record.program.iter().enumerate() {
        members.insert(program_member(number), text.clone().into_bytes());
    }
    for (number, group) in (0u32..).zip(&record.plan.groups) {
        let name = format!("evidence/{}.csv", plain(&group.name));
        members.insert(name, samples(&record.plan, GroupIndex(number), &record.events).into_bytes());
    }
    for (name, bytes) in record.outputs()? {
        members.insert(format!("{OUTPUT}{}", plain(&name)), bytes);
    }
    members.sort_unstable_keys();
    look_for_secrets(&record.plan, secrets, &members)?;
    Ok(members)
}

fn lines(events: &[Recorded]) -> Result<Vec<u8>, Refusal> {
    let mut lines = Vec::new();
    for recorded in events {
        let line = serde_json::to_vec(recorded);
        lines.extend(line.map_err(|error| Refusal::new(format!("an event cannot be written: {error}")))?);
        lines.push(b'\n');
    }
    Ok(lines)
}

/// A name that may stand in a bundle.
fn plain(name: &str) -> String {
    let letter = |letter: char| if letter.is_ascii_alphanumeric() || "._-[]".contains(letter) { letter } else { '_' };
    let name: String = name.chars().take(150).map(letter).collect();
    if is_plain(&name) { name } else { hash(name.as_bytes()) }
}

fn program_member(number: usize) -> String {
    format!("program/{number}.deploy")
}

fn program_index(record: &Record) -> Json {
    let files = record.program.iter().enumerate().map(|(number, (name, text))| {
        json!({ "name": name, "member": program_member(number), "sha256": hash(text.as_bytes()) })
    });
    let kept: Vec<&String> = record.program.iter().map(|(name, _)| name).collect();
    let missing: Vec<&String> = record.plan.inputs.program.keys().filter(|name| !kept.contains(name)).collect();
    json!({ "files": files.collect::<Vec<_>>(), "not_kept": missing })
}

/// What the plan was made from, and every hash that a step gave.
fn artefacts(record: &Record) -> Json {
    let made = record.events.iter().filter_map(|recorded| match &recorded.event {
        Event::NodePassed { node, output: Value::Record(fields), .. } => {
            let hashes: serde_json::Map<String, Json> = fields
                .iter()
                .filter(|(name, _)| {
                    matches!(name.as_str(), "sha256" | "fingerprint" | "id" | "archive" | "files" | "size")
                })
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect();
            let is_artefact = hashes.contains_key("sha256") || hashes.contains_key("fingerprint");
            let id = record.plan.nodes.get(node.0 as usize).map(|node| node.id.as_str());
            is_artefact.then(|| json!({ "step": id, "at": recorded.at.to_string(), "made": hashes }))
        }
        _ => None,
    });
    let inputs = &record.plan.inputs;
    json!({
        "fingerprint": record.plan.fingerprint,
        "program": inputs.program,
        "files": inputs.files,
        "variables": inputs.variables,
        "steps": made.collect::<Vec<_>>(),
    })
}

/// The samples of a group, a row for each tick, raw as its source would give them.
fn samples(plan: &Plan, index: GroupIndex, events: &[Recorded]) -> String {
    let group = plan.group(index);
    let mut text = "time".to_owned();
    for query in &group.fields {
        let _ = write!(text, ",{}.{}", group.name, query.field);
    }
    text.push('\n');
    let mut last: Option<Timestamp> = None;
    for recorded in events {
        let Event::Sampled { group: of, tick, values } = &recorded.event else { continue };
        if *of == index && last.is_none_or(|last| *tick > last) {
            last = Some(*tick);
            row(&mut text, group, *tick, values);
        }
    }
    text
}

fn row(text: &mut String, group: &Group, tick: Timestamp, values: &Samples) {
    let time = jiff::Timestamp::from_microsecond(tick.0).map_or_else(|_| tick.to_string(), |time| time.to_string());
    text.push_str(&time);
    for query in &group.fields {
        text.push(',');
        if let Some(Ok(value)) = values.get(&query.field).map(Held::value) {
            text.push_str(&cell(&value, &query.ty));
        }
    }
    text.push('\n');
}

fn cell(value: &Value, ty: &Type) -> String {
    let raw = match encode(value, ty) {
        Json::String(text) => text,
        other => other.to_string(),
    };
    if raw.contains([',', '"', '\n', '\r']) { format!("\"{}\"", raw.replace('"', "\"\"")) } else { raw }
}

/// The end of what each execution printed, by the names of the files.
///
/// # Errors
/// When a file is there and cannot be read.
pub fn read_outputs(folder: &Path) -> Result<IndexMap<String, Vec<u8>>, Refusal> {
    let mut outputs = IndexMap::new();
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(outputs) };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.ends_with(".log") && path.is_file() {
            let bytes = read_end(&path)
                .map_err(|error| Refusal::new(format!("`{}` cannot be read: {error}", path.display())))?;
            outputs.insert(name, bytes);
        }
    }
    outputs.sort_unstable_keys();
    Ok(outputs)
}

fn read_end(path: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Seek, SeekFrom};
    let mut file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    let skipped = size.saturating_sub(LARGEST_OUTPUT);
    let mut bytes = if skipped > 0 { format!("… {skipped} bytes before this\n").into_bytes() } else { Vec::new() };
    file.seek(SeekFrom::Start(skipped))?;
    file.take(LARGEST_OUTPUT).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// No content of a secret that can be had here may stand in a bundle.
fn look_for_secrets(plan: &Plan, secrets: &Secrets, members: &Members) -> Result<(), Refusal> {
    for name in &plan.secrets {
        // What is not here cannot be looked for; what is, is never shown.
        let _ = secrets.resolve(name);
    }
    let redactor = secrets.redactor();
    for (name, bytes) in members {
        let text = String::from_utf8_lossy(bytes);
        if redactor.redact(&text) != text {
            return Err(Refusal::new(format!(
                "the bundle was not written: the content of a secret stands in its `{name}`"
            ))
            .help("this must not be: look where it comes from, change the secret, and report it"));
        }
    }
    Ok(())
}

/// The record that a bundle holds.
///
/// # Errors
/// When a member is missing or is not what it has to be, in words for people.
pub fn record(place: &str, mut members: Members) -> Result<Record, Refusal> {
    let problem = |what: String| Refusal::usage(format!("`{place}` is damaged: {what}; get another copy of it"));
    let meta = parse(&members, RUN).map_err(problem)?;
    let plan = members.get(PLAN).ok_or_else(|| problem(format!("it has no `{PLAN}`")))?;
    let plan =
        crate::adapters::journal::read_plan(plan).map_err(|reason| Refusal::usage(format!("`{place}`: {reason}")))?;
    let journal = members.get(JOURNAL).ok_or_else(|| problem(format!("it has no `{JOURNAL}`")))?;
    let events = events(JOURNAL, journal).map_err(problem)?;
    let earlier = members.get(EARLIER).map_or(Ok(Vec::new()), |bytes| self::events(EARLIER, bytes)).map_err(problem)?;
    let base = match members.get(BASE) {
        None => State::new(&plan),
        Some(bytes) => snapshot::read(&plan, bytes).ok_or_else(|| {
            problem(format!("`{BASE}` is not what this version of Phasegate writes, or not of this plan"))
        })?,
    };
    let index: Json = parse(&members, PROGRAM).map_err(problem)?;
    let mut program = Vec::new();
    for file in index["files"].as_array().into_iter().flatten() {
        let text = |key: &str| file[key].as_str().unwrap_or_default();
        let content = members.get(text("member")).and_then(|bytes| String::from_utf8(bytes.clone()).ok());
        let content = content.ok_or_else(|| problem(format!("`{}` is missing or no text", text("member"))))?;
        program.push((text("name").to_owned(), content));
    }
    let names: Vec<String> = members.keys().filter(|name| name.starts_with(OUTPUT)).cloned().collect();
    let outputs = names.into_iter().filter_map(|name| {
        let bytes = members.swap_remove(&name)?;
        Some((name.trim_start_matches(OUTPUT).to_owned(), bytes))
    });
    Ok(Record::bundled((meta, plan), base, (earlier, events), program, outputs.collect()))
}

fn parse<T: DeserializeOwned>(members: &Members, name: &str) -> Result<T, String> {
    let bytes = members.get(name).ok_or_else(|| format!("it has no `{name}`"))?;
    serde_json::from_slice(bytes).map_err(|error| format!("`{name}`: {error}"))
}

fn events(member: &str, journal: &[u8]) -> Result<Vec<Recorded>, String> {
    let mut events: Vec<Recorded> = Vec::new();
    for (number, line) in journal.split(|byte| *byte == b'\n').enumerate() {
        if line.is_empty() {
            continue;
        }
        let recorded: Recorded =
            serde_json::from_slice(line).map_err(|error| format!("line {} of `{member}`: {error}", number + 1))?;
        events.push(recorded);
    }
    Ok(events)
}
