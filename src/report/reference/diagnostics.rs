//! Every diagnostic with its cause and its examples: what `explain` shows, on one page.

use std::fmt::Write as _;

use super::{anchor, capital};
use crate::analysis::explain::explanation;
use crate::base::diagnostic::Code;

pub(super) fn text() -> String {
    let mut text = String::from(
        "Errors stop a program from being planned and run. Warnings can be allowed: `// phasegate: allow(PG410) why` above a \
         statement silences one there. `phasegate explain PG202` shows the same on a terminal.\n\n\
         | code | name | |\n|---|---|---|\n",
    );
    for code in Code::ALL {
        let heading = heading(*code);
        let _ =
            writeln!(text, "| [{}](#{}) | {} | {} |", code.id(), anchor(&heading), code.name(), code.severity().name());
    }
    for code in Code::ALL {
        let _ = write!(text, "\n## {}\n\n{}.", heading(*code), capital(code.severity().name()));
        if let Some(explanation) = explanation(*code) {
            let _ = write!(text, " {}\n\nThis has it:\n\n", explanation.why);
            let _ = write!(text, "```text\n{}```\n\nThis has not:\n\n", explanation.bad);
            let _ = write!(text, "```text\n{}```", explanation.good);
        }
        text.push('\n');
    }
    text
}

fn heading(code: Code) -> String {
    format!("{} {}", code.id(), code.name())
}
