//! The standard library: the signatures in `stdlib/*.deploy`, read once.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::base::diagnostic::Diagnostic;
use crate::base::source::{SourceFile, Sources};
use crate::base::span::FileId;
use crate::contract::types::Type;
use crate::model::signature::{EffectClass, ParamSpec};
use crate::syntax::ast::{ItemKind, SignatureItem, SignatureKind};
use crate::syntax::parse;

use super::checker::Checker;
use super::load::Module;
use super::symbols;

/// Each module with the text of its signatures, in alphabetical order.
const MODULES: &[(&str, &str)] = &[
    ("backup", include_str!("../../stdlib/backup.deploy")),
    ("bench", include_str!("../../stdlib/bench.deploy")),
    ("calibrate", include_str!("../../stdlib/calibrate.deploy")),
    ("exec", include_str!("../../stdlib/exec.deploy")),
    ("file", include_str!("../../stdlib/file.deploy")),
    ("flags", include_str!("../../stdlib/flags.deploy")),
    ("http", include_str!("../../stdlib/http.deploy")),
    ("ir", include_str!("../../stdlib/ir.deploy")),
    ("k8s", include_str!("../../stdlib/k8s.deploy")),
    ("killswitch", include_str!("../../stdlib/killswitch.deploy")),
    ("metrics", include_str!("../../stdlib/metrics.deploy")),
    ("migrate", include_str!("../../stdlib/migrate.deploy")),
    ("notify", include_str!("../../stdlib/notify.deploy")),
    ("quality", include_str!("../../stdlib/quality.deploy")),
    ("read", include_str!("../../stdlib/read.deploy")),
    ("report", include_str!("../../stdlib/report.deploy")),
    ("shell", include_str!("../../stdlib/shell.deploy")),
    ("tcp", include_str!("../../stdlib/tcp.deploy")),
    ("traffic", include_str!("../../stdlib/traffic.deploy")),
    ("version", include_str!("../../stdlib/version.deploy")),
];

/// Steps whose implementation brings an undo; a test holds it against the registry.
pub const STEPS_WITH_UNDO: &[&str] = &[
    "backup.create",
    "backup.restore",
    "calibrate.isotonic",
    "file.copy",
    "file.write",
    "flags.set",
    "flags.unset",
    "killswitch.reset",
    "killswitch.trip",
    "quality.remediate",
    "report.write",
    "version.freeze",
];

/// Modules that need no `use`.
const ALWAYS_THERE: &[&str] = &["read", "metrics"];

/// A declared step, source, extractor, target or channel.
#[derive(Debug, Clone)]
pub struct Signature {
    pub kind: SignatureKind,
    pub name: String,
    pub doc: Option<String>,
    pub params: Vec<ParamSpec>,
    pub output: Type,
    pub effect: EffectClass,
    pub idempotent: bool,
    /// Whether the built-in implementation brings an undo.
    pub has_undo: bool,
}

impl Signature {
    /// The module to import for it; none when it is always there.
    #[must_use]
    pub fn module(&self) -> Option<&str> {
        let module = self.name.split('.').next().unwrap_or_default();
        let free =
            matches!(self.kind, SignatureKind::Source | SignatureKind::Extractor) || ALWAYS_THERE.contains(&module);
        (!free).then_some(module)
    }

    /// Whether a step may say for itself what it does: commands and requests.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.name.as_str(), "shell" | "exec") || self.name.starts_with("http.")
    }
}

/// All signatures.
#[derive(Debug, Default)]
pub struct Catalog {
    signatures: HashMap<(SignatureKind, String), Signature>,
    /// What is wrong with the library itself; a test holds it empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl Catalog {
    #[must_use]
    pub fn get(&self, kind: SignatureKind, name: &str) -> Option<&Signature> {
        self.signatures.get(&(kind, name.to_owned()))
    }

    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Signature> {
        self.get(SignatureKind::Step, name)
    }

    /// All of one kind, by name.
    #[must_use]
    pub fn of_kind(&self, kind: SignatureKind) -> Vec<&Signature> {
        let mut found: Vec<&Signature> = self.signatures.values().filter(|signature| signature.kind == kind).collect();
        found.sort_by(|left, right| left.name.cmp(&right.name));
        found
    }
}

/// Whether `use std.NAME` is right.
#[must_use]
pub fn is_module(name: &str) -> bool {
    module_names().any(|module| module == name)
}

pub fn module_names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name)
}

/// The texts of the library, for hover and the reference.
#[must_use]
pub fn modules() -> &'static [(&'static str, &'static str)] {
    MODULES
}

#[must_use]
pub fn catalog() -> &'static Catalog {
    static CATALOG: OnceLock<Catalog> = OnceLock::new();
    CATALOG.get_or_init(read_catalog)
}

fn read_catalog() -> Catalog {
    let mut sources = Sources::default();
    let mut diagnostics = Vec::new();
    let mut modules = Vec::new();
    for (name, text) in MODULES {
        let id = sources.add(|id| SourceFile::new(id, format!("stdlib/{name}.deploy"), *text));
        let parsed = sources.get(id).map(parse).expect("the file was just added");
        diagnostics.extend(parsed.diagnostics);
        modules.push(Module { file: id, ast: parsed.file, imports: HashMap::new() });
    }
    let unreadable: Vec<_> = modules.iter().map(|_| super::quiet::Unreadable::default()).collect();
    let scopes = symbols::collect(&modules, &unreadable, &sources, &mut diagnostics);
    let nothing = Catalog::default();
    let mut checker = Checker::new(&modules, &scopes, &unreadable, &sources, &nothing);
    let mut signatures = HashMap::new();
    for (index, module) in modules.iter().enumerate() {
        checker.module = index;
        for item in &module.ast.items {
            if let ItemKind::Signature(declared) = &item.kind {
                let signature = read_signature(&mut checker, declared, item.doc.clone());
                signatures.insert((signature.kind, signature.name.clone()), signature);
            }
        }
    }
    diagnostics.extend(checker.finish());
    Catalog { signatures, diagnostics }
}

fn read_signature<'a>(checker: &mut Checker<'a>, declared: &'a SignatureItem, doc: Option<String>) -> Signature {
    let params = declared.params.iter().map(|param| {
        let ty = checker.resolve_type(&param.ty);
        let mut default = param.default.as_ref().map(|default| checker.check(default, &ty));
        if let Some(default) = &mut default {
            default.at.file = FileId(u32::MAX);
        }
        ParamSpec { name: param.name.text.clone(), doc: param.doc.clone(), ty, default }
    });
    let params = params.collect();
    let output = declared.output.as_ref().map_or(Type::Nothing, |output| checker.resolve_type(output));
    let effect = match declared.effect.as_ref().map(|effect| effect.text.as_str()) {
        Some("reads") => EffectClass::Reads,
        Some("tells") => EffectClass::Tells,
        Some("permanent") => EffectClass::Permanent,
        _ => EffectClass::Changes,
    };
    Signature {
        kind: declared.kind,
        name: declared.name.text.clone(),
        doc,
        params,
        output,
        effect,
        idempotent: declared.idempotent,
        has_undo: STEPS_WITH_UNDO.contains(&declared.name.text.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::{MODULES, catalog};

    #[test]
    fn the_library_reads_without_a_finding() {
        assert!(catalog().diagnostics.is_empty(), "{:#?}", catalog().diagnostics);
    }

    #[test]
    fn the_signatures_that_programs_rely_on_are_there() {
        for step in ["shell", "exec", "http.get", "http.post", "backup.create", "version.freeze", "notify.send"] {
            assert!(catalog().step(step).is_some(), "{step}");
        }
    }

    #[test]
    fn every_file_of_the_library_is_in_the_table() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("stdlib");
        let mut files: Vec<String> = std::fs::read_dir(folder)
            .expect("the folder is part of the sources")
            .filter_map(|entry| entry.ok()?.path().file_stem()?.to_str().map(str::to_owned))
            .collect();
        files.sort();
        let known: Vec<&str> = MODULES.iter().map(|(name, _)| *name).collect();
        assert_eq!(known, files);
    }
}
