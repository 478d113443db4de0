//! What the checker says about programs. Each case is a program whose comments name the diagnostics of their line:
//! `step shell("x") // PG412`. Anything else that is reported fails the case, and so does anything that is not.

mod clean;
mod explained;
mod items;
mod library;
mod lints;
mod memory;
mod names;
mod order;
mod types;

use std::collections::BTreeMap;

use phasegate::analysis::{Analysis, analyze};
use phasegate::base::source::Sources;

/// Checks one file.
fn check(text: &str) -> (Analysis, Sources) {
    check_files(&[("main.deploy", text)])
}

/// Checks the first of several files.
fn check_files(files: &[(&str, &str)]) -> (Analysis, Sources) {
    let mut sources = Sources::default();
    let mut loader = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| "no such file".to_owned())
    };
    let analysis = analyze(&mut loader, files[0].0, &mut sources).expect("the first file is there");
    (analysis, sources)
}

/// Fails unless exactly the diagnostics are reported that comments announce.
#[track_caller]
fn expect(text: &str) {
    expect_files(&[("main.deploy", text)]);
}

#[track_caller]
fn expect_files(files: &[(&str, &str)]) {
    let (analysis, sources) = check_files(files);
    let mut expected: BTreeMap<(String, usize), Vec<String>> = BTreeMap::new();
    for (name, text) in files {
        for (index, line) in text.lines().enumerate() {
            let Some((_, comment)) = line.rsplit_once("// PG") else { continue };
            let codes = format!("PG{comment}").split_whitespace().map(str::to_owned).collect();
            expected.insert(((*name).to_owned(), index + 1), codes);
        }
    }
    let mut found: BTreeMap<(String, usize), Vec<String>> = BTreeMap::new();
    for diagnostic in &analysis.diagnostics {
        let file = sources.get(diagnostic.at.file).expect("diagnostics point into files that were read");
        let line = file.line_column(diagnostic.at.span.start as usize).line;
        found.entry((file.name.clone(), line)).or_default().push(diagnostic.code.id().to_owned());
    }
    for codes in expected.values_mut().chain(found.values_mut()) {
        codes.sort();
    }
    if expected != found {
        let words: Vec<String> = analysis
            .diagnostics
            .iter()
            .map(|diagnostic| {
                let file = sources.get(diagnostic.at.file).expect("diagnostics point into files that were read");
                let place = file.line_column(diagnostic.at.span.start as usize);
                format!("{}:{}:{} {} {}", file.name, place.line, place.column, diagnostic.code.id(), diagnostic.message)
            })
            .collect();
        panic!("expected {expected:#?}\nfound {}", words.join("\n      "));
    }
}
