//! `explain CODE`: what a diagnostic means.

use clap::Args as Arguments;

use super::exit::Exit;
use super::output;
use crate::analysis::explain::explanation;
use crate::base::diagnostic::{Code, Severity};
use crate::base::suggest;

/// Says what a diagnostic means: cause, example, remedy.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The code, as `PG202`, or its name, as `unit-mismatch`.
    code: String,
}

pub fn run(args: Args) -> Exit {
    match find_code(&args.code) {
        Some(code) => {
            output::say(&describe(code));
            Exit::Well
        }
        None => {
            output::complain(&unknown_code(&args.code));
            Exit::Usage
        }
    }
}

fn describe(code: Code) -> String {
    let mut text = format!("{} {} ({})\n", code.id(), code.name(), code.severity().name());
    if let Some(explanation) = explanation(code) {
        text.push_str(&format!("\n{}\n", explanation.why));
        text.push_str(&format!("\nThis has it:\n\n{}", indent(explanation.bad)));
        text.push_str(&format!("\nThis has not:\n\n{}", indent(explanation.good)));
    }
    if code.severity() == Severity::Warning {
        let id = code.id();
        text.push_str(&format!("\n`// phasegate: allow({id}) why` above a statement silences it there.\n"));
    }
    text
}

fn indent(example: &str) -> String {
    example.lines().map(|line| if line.is_empty() { "\n".to_owned() } else { format!("    {line}\n") }).collect()
}

fn find_code(text: &str) -> Option<Code> {
    Code::from_id(text).or_else(|| Code::ALL.iter().copied().find(|code| code.name().eq_ignore_ascii_case(text)))
}

fn unknown_code(text: &str) -> String {
    let known = Code::ALL.iter().flat_map(|code| [code.id(), code.name()]);
    let upper = text.to_uppercase();
    let nearest = suggest::nearest(text, known.clone()).or_else(|| suggest::nearest(&upper, known));
    match nearest {
        Some(nearest) => format!("error: there is no diagnostic `{text}`; did you mean `{nearest}`?\n"),
        None => format!("error: there is no diagnostic `{text}`; codes look like `PG202`\n"),
    }
}
