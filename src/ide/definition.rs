//! Where the name under the cursor is declared.

use super::known::Known;
use super::words;
use crate::analysis::names::Meaning;
use crate::analysis::stdlib::modules;
use crate::base::span::{FileId, Location, Span};

/// Where something is declared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Place(Location),
    /// In a module of the library.
    Library(&'static str, Span),
}

/// All places, as the environments share their keys; none for what the language itself names.
#[must_use]
pub fn definition(known: &Known, file: FileId, offset: usize) -> Vec<Target> {
    let Some(found) = known.name_at(file, offset) else { return Vec::new() };
    targets(known, &found.mention.meaning)
}

/// Where the type of the name under the cursor is declared.
#[must_use]
pub fn type_definition(known: &Known, file: FileId, offset: usize) -> Vec<Target> {
    let Some(name) = known.name_at(file, offset).and_then(|found| words::type_name(found.mention.ty.as_ref()?)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for file in &known.analysis.files {
        for item in &known.tree(*file).items {
            if let crate::syntax::ast::ItemKind::Type(declared) = &item.kind
                && declared.name.text == name
            {
                found.push(Target::Place(Location::new(*file, declared.name.at)));
            }
        }
    }
    found
}

fn targets(known: &Known, meaning: &Meaning) -> Vec<Target> {
    match meaning {
        Meaning::Declared(at) => vec![Target::Place(*at)],
        Meaning::Key(_) | Meaning::Field(..) => {
            let named = known.named(meaning).into_iter().filter(|found| found.mention.declares);
            named.map(|found| Target::Place(found.at)).collect()
        }
        Meaning::Signature(_, name) => library(name, None).into_iter().collect(),
        Meaning::Parameter(callee, name) => library(callee, Some(name)).into_iter().collect(),
        Meaning::Module(name) => {
            let module = modules().iter().find(|(module, _)| module == name);
            module.map(|(module, _)| Target::Library(module, Span::default())).into_iter().collect()
        }
        Meaning::Function(_) | Meaning::Word(_) => Vec::new(),
    }
}

/// The declaration of what the library calls `name`, or of a parameter of it.
fn library(name: &str, param: Option<&str>) -> Option<Target> {
    let (module, item) = words::declaration(name)?;
    let crate::syntax::ast::ItemKind::Signature(declared) = item.kind else { return None };
    let at = match param {
        Some(param) => declared.params.iter().find(|declared| declared.name.text == param)?.name.at,
        None => declared.name.at,
    };
    Some(Target::Library(module, at))
}

#[cfg(test)]
mod tests {
    use super::{Target, definition, type_definition};
    use crate::ide::cursor::Case;

    fn places(case: &Case) -> Vec<String> {
        let shown = definition(&case.known, case.file, case.offset).into_iter().map(|target| match target {
            Target::Place(at) => case.show(at),
            Target::Library(module, _) => format!("std.{module}"),
        });
        shown.collect()
    }

    #[test]
    fn names_lead_to_their_declaration() {
        let values = "pipeline p {\n  let wanted = 5m\n  phase a { wait wan§ted }\n}\n";
        assert_eq!(places(&Case::new(values)), ["main.deploy:2:7 wanted"]);
        let phases = "pipeline p {\n  phase one { wait 1m }\n  phase two after §one { wait 1m }\n}\n";
        assert_eq!(places(&Case::new(phases)), ["main.deploy:2:9 one"]);
        let keys = "environment a { url = \"x\" }\nenvironment b { url = \"y\" }\nuse std.shell\npipeline p {\n  phase a { \
                    step shell(env.ur§l, timeout: 1m) }\n}\n";
        assert_eq!(places(&Case::new(keys)), ["main.deploy:1:17 url", "main.deploy:2:17 url"]);
    }

    #[test]
    fn names_lead_into_other_files_and_the_library() {
        let text = "use \"./slo.deploy\".{quick}\nuse std.shell\npipeline p {\n  phase a { gate { require quick§ } step \
                    shell(\"true\", timeout: 1m) }\n}\n";
        let other = [("slo.deploy", "threshold quick { require 1 == 1 }\n")];
        assert_eq!(places(&Case::with(text, &other)), ["slo.deploy:1:11 quick"]);
        let moved = text.replace('§', "").replace("shell(", "sh§ell(");
        assert_eq!(places(&Case::with(&moved, &other)), ["std.shell"]);
    }

    #[test]
    fn the_type_of_a_value_is_found() {
        let text = "type Box = { n: int }\npipeline p {\n  param b: Box = { n: 1 }\n  phase a { gate { require §b.n > 0 } }\n}\n";
        let case = Case::new(text);
        let found = type_definition(&case.known, case.file, case.offset);
        let [Target::Place(at)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(case.show(*at), "main.deploy:1:6 Box");
    }
}
