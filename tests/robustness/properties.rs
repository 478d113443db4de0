//! What holds for any text at all. The fuzz targets in `fuzz/` hold the same.

use indexmap::IndexMap;

use phasegate::analysis::{Analysis, analyze};
use phasegate::base::source::{SourceFile, Sources};
use phasegate::base::span::FileId;
use phasegate::format::format;
use phasegate::plan::request::{PlanRequest, Surroundings};
use phasegate::report::diagnostics::text::Look;
use phasegate::report::diagnostics::{Summary, json, text};
use phasegate::syntax::parse;
use phasegate::syntax::tree::tree;

const SHARED: &str = include_str!("../../pipelines/slo.deploy");

/// Drawing one after the other shows nothing new at some point.
const MOST_SHOWN: usize = 200;

fn source(text: &str) -> SourceFile {
    SourceFile::new(FileId(0), "case.deploy", text)
}

/// Every diagnostic and every fix lies inside the text, and the tree holds every byte of it.
pub fn parses(text: &str) {
    let source = source(text);
    for diagnostic in &parse(&source).diagnostics {
        assert!(text.get(diagnostic.at.span.range()).is_some(), "{diagnostic:?} does not fit");
        for edit in diagnostic.fix.iter().flat_map(|fix| &fix.edits) {
            assert!(text.get(edit.span.range()).is_some(), "a fix of {diagnostic:?} does not fit");
        }
    }
    assert_eq!(tree(&source).text().to_string(), text);
}

/// It can be checked, and everything that is said of it can be shown in every form.
pub fn checks(text: &str) -> (Analysis, Sources) {
    let mut sources = Sources::default();
    let mut load = |path: &str| match path {
        "case.deploy" => Ok(text.as_bytes().to_vec()),
        path if path.ends_with("slo.deploy") => Ok(SHARED.as_bytes().to_vec()),
        _ => Err("there is no such file".to_owned()),
    };
    let analysis = analyze(&mut load, "case.deploy", &mut sources).expect("the loader has the file");
    for (index, diagnostic) in analysis.diagnostics.iter().enumerate() {
        let file = sources.get(diagnostic.at.file).expect("diagnostics point into files that were read");
        assert!(file.text.get(diagnostic.at.span.range()).is_some(), "{diagnostic:?} does not fit");
        if index >= MOST_SHOWN {
            continue;
        }
        let look = Look { colour: true, unicode: true, spoken: false, width: 80 };
        assert!(!text::render(&sources, diagnostic, look).is_empty());
    }
    let summary = Summary::new(&analysis.diagnostics, analysis.files.len());
    let shown = json::render(&sources, &analysis.diagnostics, summary);
    serde_json::from_str::<serde_json::Value>(&shown).expect("JSON");
    (analysis, sources)
}

/// It can be formatted, and what comes out stays as it is when it is formatted again.
pub fn formats(text: &str) {
    let Ok(first) = format(&source(text)) else { panic!("the formatter refuses its own result") };
    let once = first.text.unwrap_or_else(|| text.to_owned());
    let second = format(&source(&once)).unwrap_or_else(|_| panic!("the formatter refuses its own result, formatted"));
    if let Some(twice) = second.text {
        assert_eq!(once, twice, "formatting it again changes it");
    }
}

struct Nothing;

impl Surroundings for Nothing {
    fn read_file(&self, path: &str) -> Result<String, String> {
        if path.ends_with(".json") { Ok("{}".to_owned()) } else { Err(format!("there is no file `{path}`")) }
    }
    fn env_var(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

/// What has no errors can be planned, or is refused with a reason, in every environment.
pub fn plans(text: &str) {
    let (analysis, sources) = checks(text);
    if analysis.has_errors() {
        return;
    }
    let params: IndexMap<String, String> = [("version".to_owned(), "1.2.3".to_owned())].into();
    let mut environments: Vec<Option<String>> = analysis.program.environments.keys().cloned().map(Some).collect();
    environments.push(None);
    for pipeline in analysis.program.pipelines.keys() {
        for environment in &environments {
            let request = PlanRequest {
                pipeline: Some(pipeline),
                environment: environment.as_deref(),
                params: &params,
                sources: &sources,
            };
            match phasegate::plan::build(&analysis.program, &request, &Nothing) {
                Ok(plan) => {
                    let mut written = String::new();
                    phasegate::report::plan::json::render(&plan, &mut |piece| written.push_str(piece));
                    serde_json::from_str::<serde_json::Value>(&written).expect("JSON");
                }
                Err(errors) => assert!(!errors.is_empty(), "refused without a reason"),
            }
        }
    }
}
