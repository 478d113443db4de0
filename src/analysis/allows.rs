//! `// phasegate: allow(PG410) why`: silences a warning on the next statement; one without effect is PG502.

use crate::base::diagnostic::{Code, Diagnostic, Severity};
use crate::base::span::Location;

use super::load::Module;

/// What is left of the diagnostics, in the order of files and places, each once.
pub fn apply(modules: &[Module], mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    for module in modules {
        for allow in &module.ast.allows {
            for name in &allow.codes {
                let at = Location::new(module.file, name.at);
                let Some(code) = Code::from_id(&name.text) else {
                    let message = format!("there is no diagnostic `{}`", name.text);
                    diagnostics.push(Diagnostic::new(Code::PG502, at, message));
                    continue;
                };
                if code.severity() == Severity::Error {
                    let message = format!("`{}` is an error, and only warnings can be allowed", code.id());
                    diagnostics.push(Diagnostic::new(Code::PG502, at, message));
                    continue;
                }
                let before = diagnostics.len();
                if let Some(target) = allow.target {
                    diagnostics.retain(|diagnostic| {
                        diagnostic.code != code
                            || diagnostic.at.file != module.file
                            || diagnostic.at.span.start < target.start
                            || diagnostic.at.span.end > target.end
                    });
                }
                if diagnostics.len() == before {
                    let message = format!("there is no `{}` ({}) here to allow", code.id(), code.name());
                    diagnostics.push(Diagnostic::new(Code::PG502, at, message).help("take the comment out"));
                }
            }
        }
    }
    diagnostics.sort_by(|left, right| left.at.cmp(&right.at).then(left.code.cmp(&right.code)));
    diagnostics.dedup_by(|next, kept| next.code == kept.code && next.at == kept.at && next.message == kept.message);
    diagnostics
}
