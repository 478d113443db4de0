//! Every code as a SARIF rule, from the same words that `explain` prints.

use super::level;
use super::log::{Configuration, Help, Message, Rule, RuleProperties};
use crate::analysis::explain::explanation;
use crate::base::diagnostic::{Code, Severity};

pub fn rule(code: Code) -> Rule {
    let words = code.name().replace('-', " ");
    let explanation = explanation(code);
    let why = explanation.map_or_else(|| sentence(&words), |explanation| explanation.why.to_owned());
    let mut help = Help { text: why.clone(), markdown: why.clone() };
    if let Some(explanation) = explanation {
        let (bad, good) = (explanation.bad.trim_start_matches('\n'), explanation.good.trim_start_matches('\n'));
        help.text.push_str(&format!("\n\nThis has it:\n\n{bad}\nThis has not:\n\n{good}"));
        help.markdown
            .push_str(&format!("\n\nThis has it:\n\n```deploy\n{bad}```\n\nThis has not:\n\n```deploy\n{good}```\n"));
    }
    if code.severity() == Severity::Warning {
        let silence = format!("\n`// phasegate: allow({}) why` above a statement silences it there.\n", code.id());
        help.text.push_str(&silence);
        help.markdown.push_str(&silence);
    }
    Rule {
        id: code.id(),
        name: pascal_case(code.name()),
        short_description: Message::new(&sentence(&words)),
        full_description: Message::new(&why),
        help,
        default_configuration: Configuration { level: level(code.severity()) },
        properties: RuleProperties { tags: [family(code)] },
    }
}

/// `unit-mismatch` → `UnitMismatch`, as viewers expect of a rule's name.
fn pascal_case(name: &str) -> String {
    name.split('-').map(capital).collect()
}

/// `unit mismatch` → `Unit mismatch.`
fn sentence(words: &str) -> String {
    capital(words) + "."
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

fn family(code: Code) -> &'static str {
    match code.id().as_bytes().get(2) {
        Some(b'0') => "syntax",
        Some(b'1') => "names",
        Some(b'2') => "types",
        Some(b'3') => "order",
        Some(b'4') => "safety",
        _ => "upkeep",
    }
}
