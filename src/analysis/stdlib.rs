//! The standard library: the signatures in `stdlib/*.deploy`, read once.

use rustc_hash::FxHashMap;
use std::borrow::Cow;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::{SourceFile, Sources};
use crate::base::span::{FileId, Location};
use crate::contract::types::Type;
use crate::model::signature::{EffectClass, ParamSpec};
use crate::syntax::ast::{self, ItemKind, SignatureItem, SignatureKind};
use crate::syntax::parse;

use super::checker::Checker;
use super::composites::Composition;
use super::excerpt::Words;
use super::expressions::path_of;
use super::graph::circles;
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
    "bench.sign_off",
    "calibrate.artefacts",
    "calibrate.isotonic",
    "file.copy",
    "file.write",
    "flags.set",
    "flags.unset",
    "killswitch.reset",
    "killswitch.trip",
    "quality.generate",
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
    /// Whether all that it changes is taken back by an undo of its own.
    pub has_undo: bool,
    /// The implementation is in Rust.
    pub builtin: bool,
    /// The implementation is in the language: a composite step.
    pub composition: Option<Composition>,
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

/// All signatures, or those of some modules: then the whole library is asked about the others.
#[derive(Debug, Default)]
pub struct Catalog {
    signatures: FxHashMap<(SignatureKind, String), Signature>,
    /// Not all of it was read.
    is_part: bool,
    /// What is wrong with the library itself; a test holds it empty.
    pub diagnostics: Vec<Diagnostic>,
}

impl Catalog {
    #[must_use]
    pub fn get(&self, kind: SignatureKind, name: &str) -> Option<&Signature> {
        let key = (kind, name.to_owned());
        self.signatures.get(&key).or_else(|| self.elsewhere(kind, name)?.signatures.get(&key))
    }

    /// The whole library, when the name may belong to a module of which not all was read; sources do not say theirs.
    fn elsewhere(&self, kind: SignatureKind, name: &str) -> Option<&'static Self> {
        let module = name.split('.').next().unwrap_or_default();
        let may_be = is_module(module) || matches!(kind, SignatureKind::Source | SignatureKind::Extractor);
        (self.is_part && may_be).then(catalog)
    }

    #[must_use]
    pub fn step(&self, name: &str) -> Option<&Signature> {
        self.get(SignatureKind::Step, name)
    }

    /// All of one kind, by name.
    #[must_use]
    pub fn of_kind(&self, kind: SignatureKind) -> Vec<&Signature> {
        if self.is_part {
            return catalog().of_kind(kind);
        }
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
    CATALOG.get_or_init(|| read_catalog(MODULES))
}

static CATALOG: OnceLock<Catalog> = OnceLock::new();

/// The library as one analysis needs it.
pub enum Library {
    Whole(&'static Catalog),
    Part(Box<Catalog>),
}

impl Library {
    /// For a program that imports these modules. The first analysis of a process reads no more than it needs, as most
    /// processes check once; from the second one on the whole library is there.
    pub fn for_imports<'n>(imported: impl Iterator<Item = &'n str>, words: &Words<'_>) -> Self {
        static IS_LATER: AtomicBool = AtomicBool::new(false);
        if IS_LATER.swap(true, Ordering::Relaxed) || CATALOG.get().is_some() {
            return Self::Whole(catalog());
        }
        Self::Part(Box::new(read_part(imported, words)))
    }
}

impl std::ops::Deref for Library {
    type Target = Catalog;

    fn deref(&self) -> &Catalog {
        match self {
            Self::Whole(catalog) => catalog,
            Self::Part(catalog) => catalog,
        }
    }
}

/// The catalog of these modules, of what is always there, and of what their composite steps import.
fn read_part<'n>(imported: impl Iterator<Item = &'n str>, words: &Words<'_>) -> Catalog {
    let mut needed: Vec<&str> = ALWAYS_THERE.iter().copied().chain(imported).collect();
    let mut part: Vec<&'static str> = Vec::new();
    let mut has_composites = false;
    while let Some(name) = needed.pop() {
        let file = MODULES.iter().find(|(module, _)| *module == name);
        if let Some((module, text)) = file.filter(|(module, _)| !part.contains(module)) {
            part.push(module);
            // A composite step names others, in words that no program has.
            has_composites |= text.lines().any(|line| line.starts_with("use std."));
            let imports = text.lines().filter_map(|line| line.strip_prefix("use std."));
            needed.extend(imports.flat_map(|names| names.split(|letter: char| !letter.is_ascii_alphanumeric())));
        }
    }
    // Each module keeps its number, so that places in it are the same as in the whole library.
    let text_of = |module: &str, text: &'static str| match text {
        _ if !part.contains(&module) => Cow::Borrowed(""),
        _ if has_composites => Cow::Borrowed(text),
        _ => words.excerpt(text).map_or(Cow::Borrowed(text), Cow::Owned),
    };
    let files: Vec<_> = MODULES.iter().map(|(module, text)| (*module, text_of(module, text))).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(module, text)| (*module, text.as_ref())).collect();
    let mut catalog = read_catalog(&files);
    catalog.is_part = true;
    catalog
}

/// The catalog of these files; without a composite step that contains itself.
fn read_catalog(files: &[(&str, &str)]) -> Catalog {
    let mut sources = Sources::default();
    let mut diagnostics = Vec::new();
    let mut modules = Vec::new();
    for (name, text) in files {
        let id = sources.add(|id| SourceFile::new(id, format!("stdlib/{name}.deploy"), *text));
        let parsed = sources.get(id).map(parse).expect("the file was just added");
        diagnostics.extend(parsed.diagnostics);
        modules.push(Module { file: id, ast: parsed.file, imports: FxHashMap::default() });
    }
    let unreadable: Vec<_> = modules.iter().map(|_| super::quiet::Unreadable::default()).collect();
    let scopes = symbols::collect(&modules, &unreadable, &sources, &mut diagnostics);
    let nothing = Catalog::default();
    let mut checker = Checker::new(&modules, &scopes, &unreadable, &sources, &nothing);
    let mut catalog = Catalog::default();
    let mut composites: Vec<(usize, &SignatureItem)> = Vec::new();
    for (index, module) in modules.iter().enumerate() {
        checker.module = index;
        for item in &module.ast.items {
            if let ItemKind::Signature(declared) = &item.kind {
                let signature = read_signature(&mut checker, declared, item.doc.clone());
                catalog.signatures.insert((signature.kind, signature.name.clone()), signature);
                composites.extend(declared.body.is_some().then_some((index, declared)));
            }
        }
    }
    diagnostics.extend(checker.finish());
    for at in order_of_composites(&composites, &modules, &mut diagnostics) {
        let (module, declared) = composites[at];
        let mut checker = Checker::new(&modules, &scopes, &unreadable, &sources, &catalog);
        checker.module = module;
        let signature = catalog.step(&declared.name.text);
        let composition = signature.and_then(|signature| checker.judge_composite(declared, signature));
        diagnostics.extend(checker.finish());
        if let Some(signature) = catalog.signatures.get_mut(&(SignatureKind::Step, declared.name.text.clone())) {
            signature.has_undo = composition.as_ref().is_some_and(Composition::has_undo);
            signature.composition = composition;
        }
    }
    catalog.diagnostics = diagnostics;
    catalog
}

/// Each composite step behind those that it is made of. One that contains itself is PG301 and left out.
fn order_of_composites(
    composites: &[(usize, &SignatureItem)],
    modules: &[Module],
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<usize> {
    let find = |name: String| composites.iter().position(|(_, declared)| declared.name.text == name);
    let edges: Vec<Vec<usize>> = composites
        .iter()
        .map(|(_, declared)| {
            let mut called = Vec::new();
            declared.body.iter().for_each(|body| collect_called(body, &mut called));
            called.into_iter().filter_map(find).collect()
        })
        .collect();
    for circle in circles(&edges) {
        let names: Vec<&str> =
            circle.iter().chain(circle.first()).map(|at| composites[*at].1.name.text.as_str()).collect();
        let (module, declared) = composites[circle[0]];
        let message = format!("this never ends: `{}`", names.join("` → `"));
        let at = Location::new(modules[module].file, declared.name.at);
        diagnostics.push(Diagnostic::new(Code::PG301, at, message).label("contains itself"));
    }
    let mut order: Vec<usize> = Vec::with_capacity(composites.len());
    loop {
        let is_ready = |at: &usize| !order.contains(at) && edges[*at].iter().all(|needed| order.contains(needed));
        match (0..composites.len()).find(is_ready) {
            Some(next) => order.push(next),
            None => return order,
        }
    }
}

fn collect_called(body: &ast::Block, called: &mut Vec<String>) {
    for statement in &body.statements {
        match &statement.kind {
            ast::StatementKind::Step(step) => {
                if let ast::ExprKind::Call { callee, .. } = &*step.call.kind
                    && let Some(path) = path_of(callee)
                {
                    called.push(path.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join("."));
                }
            }
            ast::StatementKind::Parallel(inner) => collect_called(inner, called),
            _ => {}
        }
    }
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
        builtin: declared.builtin,
        composition: None,
    }
}

#[cfg(test)]
mod tests {
    use super::{MODULES, Words, catalog, read_catalog, read_part};

    #[test]
    fn the_library_reads_without_a_finding() {
        assert!(catalog().diagnostics.is_empty(), "{:#?}", catalog().diagnostics);
    }

    /// The codes that a library of one file gets.
    fn codes_of(text: &str) -> Vec<&'static str> {
        let text = format!("{}\n{text}", include_str!("../../stdlib/exec.deploy"));
        let files = [("exec", text.as_str())];
        read_catalog(&files).diagnostics.iter().map(|diagnostic| diagnostic.code.id()).collect()
    }

    #[test]
    fn a_composite_step_gives_what_it_declares() {
        let step = |rest: &str| format!("use std.exec\nstep exec.twice(word: string) {rest}\n");
        let run = "step said = exec([\"echo\", word]) effect reads";
        let fine = step(&format!("-> {{ text: string }} effect reads {{ {run} return {{ text: said.stdout }} }}"));
        assert_eq!(codes_of(&fine), [""; 0]);
        let wrong = step(&format!("-> {{ text: int }} effect reads {{ {run} return {{ text: said.stdout }} }}"));
        assert_eq!(codes_of(&wrong), ["PG201"]);
        let unknown = step(&format!("-> {{ text: string }} effect reads {{ {run} return {{ text: said.out }} }}"));
        assert_eq!(codes_of(&unknown), ["PG108"]);
        let nothing = step(&format!("-> {{ text: string }} effect reads {{ {run} }}"));
        assert_eq!(codes_of(&nothing), ["PG107"]);
        let undeclared = step(&format!("effect reads {{ {run} return 1 }}"));
        assert!(codes_of(&undeclared).contains(&"PG112"));
        let early = step(&format!("-> int effect reads {{ return 1 {run} }}"));
        assert!(codes_of(&early).contains(&"PG112"));
    }

    #[test]
    fn a_composite_step_does_no_more_than_it_declares() {
        let of = |head: &str, clauses: &str| {
            format!("use std.exec\nstep exec.one() {head} {{ step exec([\"true\"]) {clauses} }}\n")
        };
        assert_eq!(codes_of(&of("effect changes", "")), [""; 0]);
        assert_eq!(codes_of(&of("effect reads", "")), ["PG112"]);
        assert_eq!(codes_of(&of("effect changes", "effect permanent")), ["PG112"]);
        assert_eq!(codes_of(&of("effect changes idempotent", "")), ["PG112"]);
        assert_eq!(codes_of(&of("effect changes idempotent", "idempotent")), [""; 0]);
    }

    #[test]
    fn only_steps_waits_and_gates_stand_in_a_composite_step() {
        for statement in ["hold 1m { require 1 == 1 }", "approve \"me\" within 1h", "run block()", "phase p { }"] {
            let text = format!("use std.exec\nstep exec.one() effect reads {{ {statement} }}\n");
            assert_eq!(codes_of(&text), ["PG112"], "{statement}");
        }
        assert_eq!(codes_of("step exec.one(n: int) effect reads { wait 1m gate { require n > 1 } }\n"), [""; 0]);
    }

    #[test]
    fn composite_steps_may_be_made_of_others_but_not_of_themselves() {
        let two = "use std.exec\nstep exec.outer() effect changes { parallel { step exec.inner() step exec.inner() } }\n\
                   step exec.inner() effect changes { step exec([\"true\"]) }\n";
        assert_eq!(codes_of(two), [""; 0]);
        let itself = "use std.exec\nstep exec.a() effect reads { step exec.b() }\n\
                      step exec.b() effect reads { step exec.a() }\n";
        assert_eq!(codes_of(itself), ["PG301"]);
    }

    #[test]
    fn a_part_of_the_library_knows_as_much_as_the_whole() {
        let words = Words::of(std::iter::once("flags.set"));
        for modules in [["k8s", "flags"], ["backup", "flags"]] {
            let part = read_part(modules.into_iter(), &words);
            assert!(part.diagnostics.is_empty(), "{:#?}", part.diagnostics);
            assert!(part.signatures.len() < catalog().signatures.len());
            for (kind, name) in catalog().signatures.keys() {
                let (found, whole) = (part.get(*kind, name), catalog().get(*kind, name));
                assert_eq!(
                    found.map(|found| (&found.params, found.has_undo)),
                    whole.map(|whole| (&whole.params, whole.has_undo))
                );
            }
            assert!(part.step("nothing.like_this").is_none());
        }
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
