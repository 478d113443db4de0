//! Holds the shape of the source: layers point down, siblings do not meet, budgets are kept.
//!
//! Edit the tables at the top only with a reason, together with the module docs they describe. Every violation is
//! reported in one go, as `file:line: what is wrong`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};

/// Each layer and the layers it may name. Whoever stands lower knows nothing of who stands higher.
const LAYERS: &[(&str, &[&str])] = &[
    ("base", &[]),
    ("contract", &["base"]),
    ("syntax", &["base"]),
    ("stats", &["base"]),
    // Text to text: what a program means is none of its business.
    ("format", &["base", "syntax"]),
    ("model", &["base", "contract"]),
    ("eval", &["base", "contract", "stats", "model"]),
    ("sources", &["base", "contract"]),
    // `steps` also holds the table of all that is built in, sources included.
    ("steps", &["base", "contract", "stats", "model", "eval", "sources"]),
    // How often a chart alarms falsely is a part of the advice about it.
    ("analysis", &["base", "contract", "syntax", "stats", "model", "eval"]),
    // A limit that is chosen by its false alarms is part of the plan.
    ("plan", &["base", "contract", "stats", "model", "eval"]),
    ("engine", &["base", "contract", "stats", "model", "eval", "plan"]),
    // The engine in virtual time; recordings are read as the tables that steps read, models are written as tests are.
    ("sim", &["base", "contract", "syntax", "stats", "model", "eval", "plan", "engine", "steps"]),
    // What a test came to is told with the words a run is told with.
    ("report", &["base", "contract", "syntax", "stats", "model", "eval", "analysis", "plan", "engine", "sim"]),
    ("runtime", &["base", "contract", "stats", "model", "eval", "plan", "engine"]),
    // Documents are scored where they lie: ten thousand of them do not travel through the journal.
    ("adapters", &["base", "contract", "model", "eval", "plan", "engine", "runtime"]),
    ("session", &["base", "contract", "model", "plan", "engine", "report", "steps", "runtime", "adapters"]),
    ("demo", &["base", "contract", "model", "plan", "engine", "report", "runtime", "adapters", "session"]),
    // What an editor asks is answered from what `check` knows, with the words of the reports; when a phase starts, from
    // its plan.
    ("ide", &["base", "contract", "syntax", "format", "model", "analysis", "plan", "report"]),
    // The protocol around `ide`; files come from disk where no editor has them open.
    ("lsp", &["base", "syntax", "analysis", "format", "ide", "adapters"]),
    (
        "cli",
        &[
            "base", "contract", "syntax", "stats", "model", "eval", "sources", "steps", "analysis", "plan", "engine",
            "sim", "report", "format", "ide", "lsp", "runtime", "adapters", "session", "demo",
        ],
    ),
];

/// Layers that do nothing to the world and learn nothing from it but through their arguments.
const PURE: &[&str] = &[
    "base", "contract", "syntax", "stats", "model", "eval", "sources", "steps", "analysis", "plan", "engine", "report",
    "format", "sim", "ide",
];

/// What pure layers may not name: beginnings of paths.
const WORLDLY: &[&str] = &[
    "tokio",
    "axum",
    "reqwest",
    "rusqlite",
    "process_wrap",
    "std::fs",
    "std::env",
    "std::net",
    "std::process",
    "std::thread",
    "std::time::Instant",
    "std::time::SystemTime",
    "Instant::now",
    "SystemTime::now",
    "jiff::Timestamp::now",
    "jiff::Zoned::now",
];

/// Folders whose modules do not name each other, with those that are there for all of them.
const SIBLINGS: &[(&str, &[&str])] = &[
    ("steps", &["naming", "pages", "protocol", "sections", "table"]),
    ("sources", &[]),
    ("analysis/lints", &[]),
    ("ide", &["completion", "known", "outline", "signature", "walk", "words"]),
    ("cli", &["by_hand", "diff", "exit", "load", "output", "runs", "terminal"]),
];

const VAGUE_NAMES: &[&str] = &["util", "utils", "helper", "helpers", "common", "manager", "misc"];

const LONGEST_FUNCTION: usize = 70;
const LONGEST_FILE: usize = 500;
const MOST_PARAMETERS: usize = 5;

#[test]
fn the_source_keeps_its_shape() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "tests", "benches"] {
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    let mut violations = Vec::new();
    let sources: Vec<Source> = files.iter().filter_map(|path| read(root, path, &mut violations)).collect();
    assert!(sources.len() > 20, "only {} files found: is this the root of the package?", sources.len());
    violations.extend(sources.iter().flat_map(check));
    violations.extend(check_listed(&sources));
    violations.dedup();
    assert!(violations.is_empty(), "{} violations:\n{}\n", violations.len(), violations.join("\n"));
}

#[test]
fn the_library_forbids_unsafe_code() {
    let library = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("src/lib.rs");
    assert!(library.contains("#![forbid(unsafe_code)]"));
}

struct Source {
    /// From the root of the package, with `/`.
    path: String,
    text: String,
    ast: syn::File,
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

fn read(root: &Path, path: &Path, violations: &mut Vec<String>) -> Option<Source> {
    let name = path.strip_prefix(root).ok()?.to_string_lossy().replace('\\', "/");
    let text = fs::read_to_string(path).ok()?;
    match syn::parse_file(&text) {
        Ok(ast) => Some(Source { path: name, text, ast }),
        Err(error) => {
            violations.push(format!("{name}:{}: {error}", error.span().start().line));
            None
        }
    }
}

/// All that is wrong in one file, taken by itself.
fn check(source: &Source) -> Vec<String> {
    let in_source = source.path.starts_with("src/");
    let mut inspector = Inspector::new(source);
    if in_source {
        inspector.visit_file(&source.ast);
        inspector.check_length();
    }
    inspector.check_name();
    inspector.check_words();
    inspector.check_tokens(source.text.parse().unwrap_or_default());
    inspector.violations
}

/// Walks one file outside of its tests.
struct Inspector<'a> {
    source: &'a Source,
    /// The modules from the crate down to where the walk is: `analysis`, `lints`, `unused`.
    place: Vec<String>,
    test_lines: usize,
    violations: Vec<String>,
}

impl<'a> Inspector<'a> {
    fn new(source: &'a Source) -> Self {
        let inner = source.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut place: Vec<String> = inner.split('/').map(str::to_owned).collect();
        if matches!(place.last().map(String::as_str), Some("mod" | "lib" | "main")) {
            place.pop();
        }
        Self { source, place, test_lines: 0, violations: Vec::new() }
    }

    fn report(&mut self, line: usize, message: impl std::fmt::Display) {
        self.violations.push(format!("{}:{line}: {message}", self.source.path));
    }

    fn layer(&self) -> Option<&'static (&'static str, &'static [&'static str])> {
        LAYERS.iter().find(|(layer, _)| self.place.first().is_some_and(|first| first == layer))
    }

    /// A path as it stands in the source, with `self`, `super` and `crate` resolved.
    fn check_path(&mut self, segments: &[String], line: usize) {
        let resolved = self.resolve(segments);
        if resolved.first().is_some_and(|first| first == "crate") {
            self.check_edge(&resolved[1..], line);
            self.check_siblings(&resolved[1..], line);
        } else if PURE.iter().any(|layer| self.place.first().is_some_and(|first| first == layer)) {
            let path = resolved.join("::");
            let named = WORLDLY.iter().find(|name| path == **name || path.starts_with(&format!("{name}::")));
            if let Some(name) = named {
                self.report(line, format!("a pure layer names `{name}`"));
            }
        }
        if self.source.path == "src/main.rs"
            && segments.first().is_some_and(|first| first == "phasegate")
            && segments.get(1).is_some_and(|second| second != "cli")
        {
            self.report(line, "`main` names more than `cli`");
        }
    }

    fn resolve(&self, segments: &[String]) -> Vec<String> {
        let mut base = self.place.clone();
        let mut rest = segments;
        let mut relative = false;
        while let Some(first) = rest.first() {
            match first.as_str() {
                "crate" => base.clear(),
                "self" => {}
                "super" => drop(base.pop()),
                _ => break,
            }
            relative = true;
            rest = &rest[1..];
        }
        if !relative {
            return segments.to_vec();
        }
        std::iter::once("crate".to_owned()).chain(base).chain(rest.iter().cloned()).collect()
    }

    fn check_edge(&mut self, path: &[String], line: usize) {
        let Some(target) = path.first() else { return };
        let Some((layer, allowed)) = self.layer() else { return };
        if target != layer && !allowed.contains(&target.as_str()) {
            self.report(line, format!("`{layer}` may not name `{target}`"));
        }
    }

    fn check_siblings(&mut self, path: &[String], line: usize) {
        for (folder, shared) in SIBLINGS {
            let parts: Vec<&str> = folder.split('/').collect();
            let inside = |place: &[String]| place.len() > parts.len() && place.iter().zip(&parts).all(|(a, b)| a == b);
            if !inside(&self.place) || !inside(path) {
                continue;
            }
            let (own, other) = (self.place[parts.len()].clone(), &path[parts.len()]);
            // A name in upper case is an item of the folder's own `mod.rs`.
            let module = other.starts_with(|first: char| first.is_ascii_lowercase());
            if module && own != *other && !shared.contains(&other.as_str()) {
                self.report(line, format!("`{folder}/{own}` names its sibling `{other}`"));
            }
        }
    }

    fn check_function(&mut self, signature: &syn::Signature, body: Span) {
        let length = body.1 - body.0 + 1;
        if length > LONGEST_FUNCTION {
            self.report(body.0, format!("`{}` has {length} lines, more than {LONGEST_FUNCTION}", signature.ident));
        }
        let parameters = signature.inputs.iter().filter(|input| matches!(input, syn::FnArg::Typed(_))).count();
        if parameters > MOST_PARAMETERS {
            self.report(
                body.0,
                format!("`{}` takes {parameters} parameters, more than {MOST_PARAMETERS}", signature.ident),
            );
        }
        if signature.asyncness.is_some() && PURE.contains(&self.place.first().map_or("", String::as_str)) {
            self.report(body.0, format!("`{}` is async in a pure layer", signature.ident));
        }
    }

    fn check_length(&mut self) {
        let lines = self.source.text.lines().count().saturating_sub(self.test_lines);
        if lines > LONGEST_FILE {
            self.report(1, format!("{lines} lines without tests, more than {LONGEST_FILE}"));
        }
    }

    fn check_name(&mut self) {
        let stem = self.source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        let vague = self.source.path.split('/').find(|part| VAGUE_NAMES.contains(part));
        if let Some(name) = vague.or_else(|| VAGUE_NAMES.contains(&stem).then_some(stem)) {
            self.report(1, format!("`{name}` says nothing: name the file for what it holds"));
        }
    }

    /// Notes of unfinished work, wherever they stand.
    fn check_words(&mut self) {
        let notes = [concat!("TO", "DO"), concat!("FIX", "ME")];
        let found: Vec<(usize, &str)> = (self.source.text.lines().enumerate())
            .flat_map(|(index, line)| notes.iter().filter(|note| line.contains(**note)).map(move |note| (index, *note)))
            .collect();
        for (index, note) in found {
            self.report(index + 1, format!("`{note}`: finish it or leave it out"));
        }
    }

    /// What is looked for in tests too, and in macros, where no syntax tree reaches.
    fn check_tokens(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        for (index, tree) in trees.iter().enumerate() {
            let line = tree.span().start().line;
            if let TokenTree::Ident(name) = tree {
                let called = matches!(trees.get(index + 1), Some(TokenTree::Punct(mark)) if mark.as_char() == '!');
                if called && ["todo", "unimplemented", "dbg"].iter().any(|forbidden| name == forbidden) {
                    self.report(line, format!("`{name}!`"));
                }
            }
            let TokenTree::Group(group) = tree else { continue };
            let attribute = matches!(index.checked_sub(1).map(|before| &trees[before]), Some(TokenTree::Punct(mark)) if matches!(mark.as_char(), '#' | '!'));
            if attribute && group.delimiter() == proc_macro2::Delimiter::Bracket {
                self.check_attribute(&group.stream(), line);
            }
            self.check_tokens(group.stream());
        }
    }

    fn check_attribute(&mut self, tokens: &TokenStream, line: usize) {
        let text = tokens.to_string();
        if text.starts_with("allow") || (text.starts_with("cfg_attr") && text.contains("allow (")) {
            self.report(line, "an `allow`: say `#[expect(…, reason = \"…\")]`");
        }
        if text.starts_with("expect") && !text.contains("reason") {
            self.report(line, "an `expect` without its reason");
        }
    }

    /// Paths and calls inside the tokens of a macro.
    fn check_macro(&mut self, tokens: TokenStream) {
        let trees: Vec<TokenTree> = tokens.into_iter().collect();
        let mut index = 0;
        while index < trees.len() {
            let line = trees[index].span().start().line;
            match &trees[index] {
                TokenTree::Ident(_) => {
                    let segments = path_at(&trees[index..]);
                    index += segments.len().saturating_sub(1) * 3;
                    if segments.len() > 1 {
                        self.check_path(&segments, line);
                    }
                }
                TokenTree::Punct(dot) if dot.as_char() == '.' => {
                    if matches!(trees.get(index + 1), Some(TokenTree::Ident(name)) if is_unwrap(&name.to_string())) {
                        self.report(line, "`unwrap` outside of tests");
                    }
                }
                TokenTree::Group(group) => self.check_macro(group.stream()),
                TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
            index += 1;
        }
    }
}

type Span = (usize, usize);

fn lines_of(node: &impl Spanned) -> Span {
    (node.span().start().line, node.span().end().line)
}

fn is_unwrap(name: &str) -> bool {
    name == "unwrap" || name == "unwrap_err"
}

fn is_test(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let text = attribute.meta.path().get_ident().map(ToString::to_string).unwrap_or_default();
        let for_tests = |list: &syn::MetaList| list.tokens.to_string() == "test";
        text == "test" || (text == "cfg" && attribute.meta.require_list().is_ok_and(for_tests))
    })
}

/// `a::b::c` at the beginning of these tokens.
fn path_at(trees: &[TokenTree]) -> Vec<String> {
    let colon = |tree: Option<&TokenTree>| matches!(tree, Some(TokenTree::Punct(mark)) if mark.as_char() == ':');
    let mut segments = Vec::new();
    let mut index = 0;
    while let Some(TokenTree::Ident(name)) = trees.get(index) {
        segments.push(name.to_string());
        if !(colon(trees.get(index + 1)) && colon(trees.get(index + 2))) {
            break;
        }
        index += 3;
    }
    segments
}

impl<'ast> Visit<'ast> for Inspector<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if is_test(attributes_of(item)) {
            let (first, last) = lines_of(item);
            self.test_lines += last - first + 1;
            return;
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.place.push(module.ident.to_string());
        visit::visit_item_mod(self, module);
        self.place.pop();
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let mut paths = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut paths);
        for path in paths {
            if path.last().is_some_and(|last| last == "*") {
                self.report(lines_of(item).0, format!("`use {}`: name what you import", path.join("::")));
            }
            self.check_path(&path, lines_of(item).0);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        self.check_path(&segments, lines_of(path).0);
        visit::visit_path(self, path);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        let span = (lines_of(&function.sig).0, lines_of(&function.block).1);
        self.check_function(&function.sig, span);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if is_test(&function.attrs) {
            return;
        }
        let span = (lines_of(&function.sig).0, lines_of(&function.block).1);
        self.check_function(&function.sig, span);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        self.check_function(&function.sig, lines_of(function));
        visit::visit_trait_item_fn(self, function);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if is_unwrap(&call.method.to_string()) && call.args.is_empty() {
            self.report(call.method.span().start().line, "`unwrap` outside of tests");
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        if call.path.is_ident("panic") {
            self.report(lines_of(call).0, "`panic!`: nothing that comes in from outside may end the program");
        }
        self.check_macro(call.tokens.clone());
    }
}

fn attributes_of(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Const(item) => &item.attrs,
        _ => &[],
    }
}

fn flatten(tree: &syn::UseTree, prefix: &mut Vec<String>, paths: &mut Vec<Vec<String>>) {
    let ended = |last: &str, prefix: &[String]| prefix.iter().cloned().chain([last.to_owned()]).collect();
    match tree {
        syn::UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, paths);
            prefix.pop();
        }
        syn::UseTree::Name(name) if name.ident == "self" => paths.push(prefix.clone()),
        syn::UseTree::Name(name) => paths.push(ended(&name.ident.to_string(), prefix)),
        syn::UseTree::Rename(rename) => paths.push(ended(&rename.ident.to_string(), prefix)),
        syn::UseTree::Glob(_) => paths.push(ended("*", prefix)),
        syn::UseTree::Group(group) => group.items.iter().for_each(|item| flatten(item, prefix, paths)),
    }
}

/// A file that its folder's `mod.rs` does not list is not compiled, and nobody notices.
fn check_listed(sources: &[Source]) -> Vec<String> {
    let declared: BTreeSet<String> = sources.iter().flat_map(declared_modules).collect();
    let unlisted = |source: &&Source| {
        let module = source.path.trim_end_matches("/mod.rs").trim_end_matches(".rs");
        source.path.starts_with("src/")
            && !matches!(source.path.as_str(), "src/lib.rs" | "src/main.rs")
            && !declared.contains(module)
    };
    sources.iter().filter(unlisted).map(|source| format!("{}:1: no `mod.rs` lists this file", source.path)).collect()
}

fn declared_modules(source: &Source) -> Vec<String> {
    let folder = match source.path.as_str() {
        "src/lib.rs" => "src",
        path => path.trim_end_matches("/mod.rs").trim_end_matches(".rs"),
    };
    let modules = source.ast.items.iter().filter_map(|item| match item {
        syn::Item::Mod(module) if module.content.is_none() => Some(format!("{folder}/{}", module.ident)),
        _ => None,
    });
    modules.collect()
}

/// A file that breaks every rule is told so: without this, a rule that never fires would look like a clean source.
mod can_fail {
    use super::{Source, check, check_listed};

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned(), ast: syn::parse_file(text).expect("test text parses") }
    }

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check(&source(path, text))
    }

    fn assert_complains(path: &str, text: &str, expected: &str) {
        let found = complaints(path, text);
        assert!(found.iter().any(|line| line.contains(expected)), "wanted `{expected}`, got {found:#?}");
    }

    #[test]
    fn a_clean_file_has_no_complaints() {
        let text = "use crate::base::span::Span;\n\n/// Word.\npub fn width(span: Span) -> u32 { span.end }\n\
                    #[cfg(test)]\nmod tests { use std::fs; use crate::cli; fn f() { g().unwrap(); } }\n";
        assert_eq!(complaints("src/engine/decide.rs", text), Vec::<String>::new());
    }

    #[test]
    fn a_layer_that_looks_up_is_told() {
        assert_complains("src/base/span.rs", "use crate::model::program::Program;", "src/base/span.rs:1: `base` may");
        assert_complains("src/base/span.rs", "use crate::{model, base};", "`base` may not name `model`");
        assert_complains("src/base/span.rs", "use super::super::model;", "`base` may not name `model`");
        assert_complains("src/base/span.rs", "fn f() { crate::cli::start(); }", "`base` may not name `cli`");
        assert_complains("src/base/span.rs", "fn f() { m!(x, crate::cli::start()); }", "`base` may not name `cli`");
    }

    #[test]
    fn a_pure_layer_that_touches_the_world_is_told() {
        assert_complains("src/engine/decide.rs", "use std::{fs, io};", "names `std::fs`");
        assert_complains("src/engine/decide.rs", "fn f() { std::env::var(\"X\"); }", "names `std::env`");
        assert_complains("src/plan/mod.rs", "fn f() { let t = Instant::now(); }", "names `Instant::now`");
        assert_complains("src/plan/mod.rs", "use std::time::{Duration, SystemTime};", "SystemTime");
        assert_complains("src/eval/mod.rs", "use tokio::sync::mpsc;", "names `tokio`");
        assert_complains("src/eval/mod.rs", "async fn f() {}", "async in a pure layer");
    }

    #[test]
    fn siblings_that_meet_are_told() {
        assert_complains("src/steps/flags.rs", "use super::backup::create;", "names its sibling `backup`");
        assert_complains("src/cli/run.rs", "use crate::cli::plan::Args;", "names its sibling `plan`");
        assert_complains("src/analysis/lints/unused.rs", "use super::naming::check;", "names its sibling `naming`");
        assert_eq!(complaints("src/cli/run.rs", "use super::exit::Exit;"), Vec::<String>::new());
    }

    #[test]
    fn budgets_that_are_overdrawn_are_told() {
        let long = format!("fn f() {{\n{}}}\n", "    g();\n".repeat(70));
        assert_complains("src/engine/decide.rs", &long, "`f` has 72 lines");
        assert_complains("src/engine/decide.rs", &"// line\n".repeat(501), "501 lines without tests");
        assert_complains("src/engine/d.rs", "fn f(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8) {}", "6 parameters");
    }

    #[test]
    fn shortcuts_are_told() {
        assert_complains("src/cli/run.rs", "fn f() { g().unwrap(); }", "`unwrap`");
        assert_complains("src/cli/run.rs", "fn f() { format!(\"{}\", g().unwrap()); }", "`unwrap`");
        assert_complains("src/cli/run.rs", "fn f() { panic!(\"no\"); }", "`panic!`");
        assert_complains("src/cli/run.rs", concat!("fn f() { to", "do!(); }"), concat!("`to", "do!`"));
        assert_complains("src/cli/run.rs", concat!("#[al", "low(dead_code)]\nfn f() {}"), "an `allow`");
        assert_complains("src/cli/run.rs", concat!("#![al", "low(dead_code)]"), "an `allow`");
        assert_complains("src/cli/run.rs", "#[expect(dead_code)]\nfn f() {}", "without its reason");
        assert_complains("src/cli/run.rs", "use crate::base::span::*;", "name what you import");
        assert_complains("src/cli/run.rs", concat!("// TO", "DO: more"), "finish it");
    }

    #[test]
    fn names_that_say_nothing_are_told() {
        assert_complains("src/engine/util.rs", "", "`util` says nothing");
        assert_complains("tests/common/mod.rs", "", "`common` says nothing");
    }

    #[test]
    fn a_file_that_nobody_lists_is_told() {
        let sources = [source("src/steps/mod.rs", "pub mod flags;"), source("src/steps/lost.rs", "")];
        assert!(check_listed(&sources).contains(&"src/steps/lost.rs:1: no `mod.rs` lists this file".to_owned()));
    }

    #[test]
    fn main_names_the_command_line_only() {
        assert_complains("src/main.rs", "fn main() { phasegate::engine::go(); }", "`main` names more");
    }
}
