//! Reading text: programs without faults, every diagnostic of the syntax, and what holds for any text at all.

use phasegate::base::source::SourceFile;
use phasegate::base::span::FileId;
use phasegate::syntax::{Parsed, parse};

const SAMPLE: &str = include_str!("samples/search_rollout.deploy");

fn read(text: &str) -> Parsed {
    parse(&SourceFile::new(FileId(0), "case.deploy", text))
}

/// `code line:column-line:column` of every diagnostic.
fn told(text: &str) -> Vec<String> {
    let source = SourceFile::new(FileId(0), "case.deploy", text);
    let parsed = parse(&source);
    let line = |diagnostic: &phasegate::base::diagnostic::Diagnostic| {
        let start = source.line_column(diagnostic.at.span.start as usize);
        format!(
            "{} {}:{} `{}` {}",
            diagnostic.code.id(),
            start.line,
            start.column,
            source.slice(diagnostic.at.span),
            diagnostic.message
        )
    };
    parsed.diagnostics.iter().map(line).collect()
}

#[test]
fn a_whole_program_reads_without_a_diagnostic() {
    assert_eq!(told(SAMPLE), Vec::<String>::new());
    let parsed = read(SAMPLE);
    assert_eq!(parsed.file.items.len(), 9);
}
