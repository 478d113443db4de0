//! `// phasegate: allow(PG410) why`: silences a warning on the next statement; one without effect is PG502.

use crate::base::diagnostic::{Code, Diagnostic, Severity};
use crate::base::source::Sources;
use crate::base::span::{Location, Span};
use crate::syntax::ast::{Allow, Name};

use super::load::Module;

/// A warning that somebody allowed.
#[derive(Debug, Clone)]
pub struct Allowed {
    pub diagnostic: Diagnostic,
    /// The comment that allows it.
    pub at: Location,
    /// The words behind the codes.
    pub reason: String,
}

/// What no test need reach: not a diagnostic, but what `test --coverage` would ask for.
const UNTESTED: &str = "untested";

/// A part of a program that its author lets go untested.
#[derive(Debug, Clone)]
pub struct Untested {
    /// The statement, with all that stands in it.
    pub at: Location,
    pub reason: String,
}

/// Every `// phasegate: allow(untested) why`.
pub fn untested(modules: &[Module]) -> Vec<Untested> {
    let allows = modules.iter().flat_map(|module| module.ast.allows.iter().map(move |allow| (module.file, allow)));
    let meant = allows.filter(|(_, allow)| allow.codes.iter().any(|code| code.text == UNTESTED));
    let found = meant.filter_map(|(file, allow)| {
        let at = Location::new(file, allow.target?);
        (!allow.reason.is_empty()).then(|| Untested { at, reason: allow.reason.clone() })
    });
    found.collect()
}

/// What is left of the diagnostics, in the order of files and places, each once; and what was silenced.
pub fn apply(
    modules: &[Module],
    sources: &Sources,
    mut diagnostics: Vec<Diagnostic>,
) -> (Vec<Diagnostic>, Vec<Allowed>) {
    let mut silenced = Vec::new();
    for module in modules {
        // While something is in error, other findings may be hidden: nothing is taken out for sure.
        let is_error = |diagnostic: &Diagnostic| diagnostic.severity() == Severity::Error;
        let is_sound = !diagnostics.iter().any(|one| one.at.file == module.file && is_error(one));
        for allow in &module.ast.allows {
            if names_nothing(module, sources, allow) {
                let at = Location::new(module.file, allow.at);
                let diagnostic = Diagnostic::new(Code::PG502, at, "nothing is allowed here");
                diagnostics.push(diagnostic.help("name what is allowed: `// phasegate: allow(PG410) why`"));
            }
            for name in &allow.codes {
                let before = silenced.len();
                let useless = match Code::from_id(&name.text) {
                    None if name.text == UNTESTED && allow.target.is_some() && !allow.reason.is_empty() => None,
                    None if name.text == UNTESTED => Some((
                        "nothing is allowed here".to_owned(),
                        Some("say why it is not tested, in front of a statement"),
                    )),
                    None => Some((format!("there is no diagnostic `{}`", name.text), None)),
                    Some(code) if code.severity() == Severity::Error => {
                        Some((format!("`{}` is an error, and only warnings can be allowed", code.id()), None))
                    }
                    Some(code) => {
                        silence(module, allow, code, &mut diagnostics, &mut silenced);
                        let message = format!("there is no `{}` ({}) here to allow", code.id(), code.name());
                        // A statement in error is not judged: what the allow is there for may come back.
                        let is_useless = silenced.len() == before && !has_error(module, allow, &diagnostics);
                        is_useless.then_some((message, Some("take the comment out")))
                    }
                };
                if let Some((message, help)) = useless {
                    let mut diagnostic = Diagnostic::new(Code::PG502, Location::new(module.file, name.at), message);
                    diagnostic.help = help.map(str::to_owned);
                    let cure = |diagnostic| without(diagnostic, module, sources, (allow, name));
                    diagnostics.push(if is_sound { cure(diagnostic) } else { diagnostic });
                }
            }
        }
    }
    diagnostics.sort_by(|left, right| left.at.cmp(&right.at).then(left.code.cmp(&right.code)));
    diagnostics.dedup_by(|next, kept| next.code == kept.code && next.at == kept.at && next.message == kept.message);
    (diagnostics, silenced)
}

/// `allow()`, `allow PG410`: it looks like an allow and has no code in parentheses.
fn names_nothing(module: &Module, sources: &Sources, allow: &Allow) -> bool {
    let written = sources.get(module.file).map(|file| file.slice(allow.at)).unwrap_or_default();
    let said = written.split_once("phasegate:").map_or("", |(_, said)| said.trim_start());
    allow.codes.is_empty() && said.strip_prefix("allow").is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
}

/// Whether an error stands in what the allow speaks about.
fn has_error(module: &Module, allow: &Allow, diagnostics: &[Diagnostic]) -> bool {
    let Some(target) = allow.target else { return false };
    diagnostics.iter().any(|diagnostic| {
        diagnostic.severity() == Severity::Error
            && diagnostic.at.file == module.file
            && diagnostic.at.span.start < target.end
            && diagnostic.at.span.end > target.start
    })
}

/// Moves what the allow speaks about from the diagnostics to what is silenced.
fn silence(module: &Module, allow: &Allow, code: Code, diagnostics: &mut Vec<Diagnostic>, silenced: &mut Vec<Allowed>) {
    let Some(target) = allow.target else { return };
    let at = Location::new(module.file, allow.at);
    let is_meant = |diagnostic: &mut Diagnostic| {
        diagnostic.code == code
            && diagnostic.at.file == module.file
            && diagnostic.at.span.start >= target.start
            && diagnostic.at.span.end <= target.end
    };
    let found = diagnostics.extract_if(.., is_meant);
    silenced.extend(found.map(|diagnostic| Allowed { diagnostic, at, reason: allow.reason.clone() }));
}

/// The diagnostic with its fix: the code goes, with its comment when it is the only one there.
fn without(diagnostic: Diagnostic, module: &Module, sources: &Sources, (allow, name): (&Allow, &Name)) -> Diagnostic {
    let Some(file) = sources.get(module.file) else { return diagnostic };
    let position = allow.codes.iter().position(|code| code.at == name.at).unwrap_or(0);
    let span = match (position, allow.codes.get(position + 1)) {
        _ if allow.codes.len() == 1 => file.removal(allow.at),
        (_, Some(next)) => Span::new(name.at.start as usize, next.at.start as usize),
        (last, None) => Span::new(allow.codes[last - 1].at.end as usize, name.at.end as usize),
    };
    let title =
        if allow.codes.len() == 1 { "take the comment out".to_owned() } else { format!("take `{}` out", name.text) };
    diagnostic.fix(title, span, "")
}
