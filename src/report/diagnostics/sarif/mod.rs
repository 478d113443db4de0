//! Diagnostics as a SARIF 2.1.0 log, for code scanning services and editors.
//!
//! Invariants: the log validates against the published schema; the same findings give the same text; places cost what
//! they show (each file is walked once). The model in `log` is our own: the crate for it needs a second `syn` and half a
//! minute of compilation for a dozen structures.

mod log;
mod places;
mod rules;

use std::collections::HashMap;

use indexmap::IndexMap;
use sha2::{Digest, Sha256};

use self::log::{
    Artifact, ArtifactChange, ArtifactLocation, BaseId, Driver, Fix, Invocation, Location, Log, Message, Notification,
    PhysicalLocation, Replacement, Run, Suppression, Tool, Wrapped,
};
use self::places::{Places, file_uri, relative_uri};
use crate::analysis::Allowed;
use crate::base::diagnostic::{Code, Diagnostic, Severity};
use crate::base::source::{SourceFile, Sources};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/os/schemas/sarif-schema-2.1.0.json";
/// The folder that relative paths are relative to.
const ROOT: &str = "%SRCROOT%";

/// Of a longer line the fingerprint takes the message instead: a file may be one line of megabytes.
const LONGEST_LINE: usize = 1_000;

/// How the check went, beside its findings.
#[derive(Debug, Clone, Copy)]
pub struct Circumstances<'a> {
    /// The folder that relative paths are relative to, absolute, when it is known.
    pub folder: Option<&'a str>,
    /// What could not be read.
    pub complaints: &'a [String],
    pub exit_status: u8,
}

/// The whole log as one line of JSON.
#[must_use]
pub fn render(sources: &Sources, diagnostics: &[Diagnostic], allowed: &[Allowed], around: Circumstances<'_>) -> String {
    let mut writer = Writer { sources, places: HashMap::new(), artifacts: IndexMap::new(), repeats: HashMap::new() };
    let mut results: Vec<log::Result<'_>> = diagnostics.iter().map(|diagnostic| writer.result(diagnostic)).collect();
    results.extend(allowed.iter().map(|allowed| writer.suppressed(allowed)));
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "Phasegate",
                full_name: "Phasegate, the checker of production rollouts",
                semantic_version: env!("CARGO_PKG_VERSION"),
                rules: Code::ALL.iter().map(|code| rules::rule(*code)).collect(),
            },
        },
        invocations: vec![invocation(around)],
        original_uri_base_ids: around.folder.map(|folder| {
            let uri = file_uri(folder) + "/";
            IndexMap::from([(ROOT, BaseId { uri })])
        }),
        artifacts: writer.artifacts.into_values().collect(),
        results,
        language: "en",
        default_encoding: "utf-8",
        column_kind: "unicodeCodePoints",
    };
    let mut text = serde_json::to_string(&Log { schema: SCHEMA, version: "2.1.0", runs: vec![run] })
        .expect("plain data of texts and numbers");
    text.push('\n');
    text
}

fn invocation(around: Circumstances<'_>) -> Invocation {
    let notification = |complaint: &String| Notification { level: "error", message: Message::new(complaint) };
    Invocation {
        execution_successful: around.complaints.is_empty(),
        exit_code: around.exit_status,
        working_directory: around.folder.map(|folder| BaseId { uri: file_uri(folder) + "/" }),
        tool_execution_notifications: around.complaints.iter().map(notification).collect(),
    }
}

struct Writer<'s> {
    sources: &'s Sources,
    /// By the name of the file.
    places: HashMap<&'s str, Places<'s>>,
    artifacts: IndexMap<&'s str, Artifact>,
    /// How often a finding of the same kind on the same words was seen in a file.
    repeats: HashMap<(String, Code, String), usize>,
}

impl<'s> Writer<'s> {
    fn result(&mut self, diagnostic: &'s Diagnostic) -> log::Result<'s> {
        let related = diagnostic.labels.iter().enumerate().filter_map(|(index, label)| {
            let physical_location = self.physical(label.at)?;
            Some(Location { id: Some(index + 1), physical_location, message: Some(Message::new(&label.message)) })
        });
        let related_locations = related.collect();
        let locations = self.physical(diagnostic.at).map(|physical_location| {
            let message = Some(&diagnostic.label).filter(|label| !label.is_empty());
            Location { id: None, physical_location, message: message.map(|label| Message::new(label)) }
        });
        log::Result {
            rule_id: diagnostic.code.id(),
            rule_index: diagnostic.code as usize,
            level: level(diagnostic.severity()),
            message: message(diagnostic),
            locations: locations.into_iter().collect(),
            related_locations,
            partial_fingerprints: self.fingerprint(diagnostic),
            fixes: self.fix(diagnostic).into_iter().collect(),
            suppressions: None,
        }
    }

    /// A warning that the program allows, with its reason.
    fn suppressed(&mut self, allowed: &'s Allowed) -> log::Result<'s> {
        let physical_location = self.physical(allowed.at);
        let location =
            physical_location.map(|physical| Location { id: None, physical_location: physical, message: None });
        let justification = Some(allowed.reason.as_str()).filter(|reason| !reason.is_empty());
        let suppression = Suppression { kind: "inSource", justification, location };
        log::Result { suppressions: Some(vec![suppression]), ..self.result(&allowed.diagnostic) }
    }

    fn fix(&mut self, diagnostic: &'s Diagnostic) -> Option<Fix<'s>> {
        let fix = diagnostic.fix.as_ref()?;
        let file = self.sources.get(diagnostic.at.file)?;
        let artifact_location = self.artifact(file);
        let places = self.places.entry(&file.name).or_insert_with(|| Places::new(file));
        let replacement = |edit: &'s crate::base::diagnostic::Edit| Replacement {
            deleted_region: places.region(edit.span),
            inserted_content: Some(Wrapped { text: &edit.text }).filter(|content| !content.text.is_empty()),
        };
        let replacements = fix.edits.iter().map(replacement).collect();
        let change = ArtifactChange { artifact_location, replacements };
        Some(Fix { description: Message::new(&fix.title), artifact_changes: vec![change] })
    }

    fn physical(&mut self, at: crate::base::span::Location) -> Option<PhysicalLocation> {
        let file = self.sources.get(at.file)?;
        let artifact_location = self.artifact(file);
        let places = self.places.entry(&file.name).or_insert_with(|| Places::new(file));
        Some(PhysicalLocation { artifact_location, region: places.region(at.span) })
    }

    fn artifact(&mut self, file: &'s SourceFile) -> ArtifactLocation {
        let index = self.artifacts.get_index_of(file.name.as_str()).unwrap_or(self.artifacts.len());
        let absolute = file.name.starts_with('/');
        let location = ArtifactLocation {
            uri: if absolute { file_uri(&file.name) } else { relative_uri(&file.name) },
            uri_base_id: (!absolute).then_some(ROOT),
            index: Some(index),
        };
        let described = || Artifact {
            location: ArtifactLocation { index: None, ..location.clone() },
            length: file.first_bad_byte.is_none().then_some(file.text.len()),
            roles: ["analysisTarget"],
            source_language: "phasegate",
        };
        self.artifacts.entry(&file.name).or_insert_with(described);
        location
    }

    /// What stays the same when lines are added elsewhere: code, file and the words of the line; the number tells apart
    /// what is otherwise the same.
    fn fingerprint(&mut self, diagnostic: &Diagnostic) -> IndexMap<&'static str, String> {
        let Some(file) = self.sources.get(diagnostic.at.file) else { return IndexMap::new() };
        let line = file.line_span(file.line_column(diagnostic.at.span.start as usize).line);
        let mut hash = Sha256::new();
        for part in [diagnostic.code.id(), &file.name] {
            hash.update(part);
            hash.update([0]);
        }
        let text = file.slice(line);
        let words = if text.len() <= LONGEST_LINE { text } else { diagnostic.message.as_str() };
        for word in words.split_whitespace() {
            hash.update(word);
            hash.update([b' ']);
        }
        let digest: String = hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
        let repeat = self.repeats.entry((file.name.clone(), diagnostic.code, digest.clone())).or_default();
        *repeat += 1;
        IndexMap::from([("phasegateFinding/v1", format!("{digest}:{repeat}"))])
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn message(diagnostic: &Diagnostic) -> Message {
    match &diagnostic.help {
        Some(help) => Message::new(&format!("{}\n{help}", diagnostic.message)),
        None => Message::new(&diagnostic.message),
    }
}
