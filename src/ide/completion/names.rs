//! The names that fit where the cursor is.

use super::before::{Before, is_word};
use super::elsewhere::{self, Elsewhere, offered};
use super::visible::{Visible, file_of_alias, visible};
use super::{Completion, CompletionKind, keywords};
use crate::analysis::functions;
use crate::analysis::stdlib::{Signature, catalog, module_names};
use crate::base::span::{FileId, Span};
use crate::contract::types::Type;
use crate::ide::known::Known;
use crate::ide::outline::{Symbol, SymbolKind, outline};
use crate::ide::signature::shapes_of;
use crate::ide::words::{effect_of, import_of, shape_of};
use crate::syntax::ast::SignatureKind;

/// A cursor in a program.
pub struct Scene<'s> {
    pub known: &'s Known,
    pub file: FileId,
    pub offset: usize,
    pub before: &'s Before,
    pub elsewhere: &'s [Elsewhere],
}

impl Scene<'_> {
    fn replaces(&self) -> Span {
        self.before.prefix
    }

    fn plain(&self, words: &[&str], kind: CompletionKind) -> Vec<Completion> {
        keywords::plain(words.iter().copied(), kind, self.replaces())
    }

    pub fn by_context(&self) -> Vec<Completion> {
        let mut back = self.before.back();
        let (last, second) = (back.next().unwrap_or_default(), back.next().unwrap_or_default());
        if self.in_import() {
            let modules: Vec<&str> = module_names().collect();
            return self.plain(&modules, CompletionKind::Module);
        }
        match (second, last) {
            (_, "step" | "undo") => return self.signatures(&[SignatureKind::Step]),
            (_, "from") => return self.signatures(&[SignatureKind::Source]),
            (_, "ramp") => return self.signatures(&[SignatureKind::Target]),
            (_, "run") => return self.of_kind(&[SymbolKind::Component, SymbolKind::Pipeline]),
            (_, "notify") => return self.of_kind(&[SymbolKind::Channel]),
            (_, "after") => return self.of_kind(&[SymbolKind::Phase]),
            (_, "effect") => return self.plain(&["reads", "tells", "changes", "permanent"], CompletionKind::Word),
            (_, "missing") => return self.plain(&["pause", "breach", "ok"], CompletionKind::Word),
            ("on", "failure") => return self.plain(&["rollback", "stop", "continue"], CompletionKind::Word),
            (_, "trip") => return self.of_kind(&[SymbolKind::KillSwitch]),
            ("expect", "outcome") => {
                let outcomes = ["succeeded", "failed", "rolled_back", "rollback_failed", "aborted"];
                return self.plain(&outcomes, CompletionKind::Word);
            }
            (")", "in") => return self.of_kind(&[SymbolKind::Environment]),
            (_, ",") if self.follows("after") => return self.of_kind(&[SymbolKind::Phase]),
            (_, "=") => return self.behind_equals(),
            (_, ":") if self.is_type_place() => return self.types(),
            _ => {}
        }
        if let Some(call) = self.before.call() {
            let mut found = self.arguments(&call);
            found.extend(self.values());
            return found;
        }
        if self.is_statement_start(last) {
            return self.statements();
        }
        let mut found = if is_operand(last) { keywords::words(keywords::CLAUSES, self.replaces()) } else { Vec::new() };
        if !is_operand(last) || found.is_empty() {
            found.extend(self.values());
        }
        found
    }

    /// Between `use std.{` and its end.
    fn in_import(&self) -> bool {
        let back: Vec<&str> = self.before.back().take_while(|word| *word != "}").take(60).collect();
        let Some(at) = back.iter().position(|word| *word == "std") else { return false };
        back.get(at + 1) == Some(&"use") && back[..at].contains(&"{")
    }

    /// Whether only names and commas stand between here and the word.
    fn follows(&self, word: &str) -> bool {
        let mut back = self.before.back();
        back.find(|piece| *piece != "," && (*piece == word || !is_word(piece))).is_some_and(|piece| piece == word)
    }

    fn behind_equals(&self) -> Vec<Completion> {
        let pieces: Vec<&str> = self.before.back().take(6).collect();
        let named = pieces.get(1).copied().unwrap_or_default();
        match pieces.get(2).copied().unwrap_or_default() {
            "channel" => self.signatures(&[SignatureKind::Channel]),
            "step" | "probe" => self.signatures(&[SignatureKind::Step]),
            "type" => self.types(),
            // `step now: Bench =`
            ":" if pieces.get(4) == Some(&"step") => self.signatures(&[SignatureKind::Step]),
            _ if self.before.blocks() == ["metrics"] && is_word(named) => {
                let mut found = self.signatures(&[SignatureKind::Extractor]);
                found.extend(self.values());
                found
            }
            _ => self.values(),
        }
    }

    /// `param n:`, `let n:`, `step n:`, a field of a type or of metrics.
    fn is_type_place(&self) -> bool {
        let pieces: Vec<&str> = self.before.back().take(3).collect();
        let word = pieces.get(2).copied().unwrap_or_default();
        let in_list =
            self.before.blocks().is_empty() && self.before.pieces.iter().any(|piece| piece.text == "component");
        matches!(word, "param" | "let" | "step")
            || matches!(self.before.blocks().last().copied(), Some("type" | "metrics"))
            || (in_list && matches!(word, "(" | ","))
    }

    fn is_statement_start(&self, last: &str) -> bool {
        let text = self.known.source(self.file).map(|source| source.text.as_str()).unwrap_or_default();
        let before = text.get(..self.replaces().start as usize).unwrap_or_default();
        let line = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
        let begins_line = line.trim().is_empty();
        let continues = matches!(last, "=" | "," | "(" | "[" | ":" | "." | "+" | "-" | "*" | "/" | "<" | ">");
        last == "{" || (begins_line && !continues) || last == "}"
    }

    fn statements(&self) -> Vec<Completion> {
        let blocks = self.before.blocks();
        let words = match blocks.last().copied() {
            None => keywords::ITEMS,
            Some("pipeline") => keywords::PIPELINE,
            Some("gate" | "hold" | "threshold") => keywords::CONDITIONS,
            Some("phase" | "ramp" | "parallel" | "component") => keywords::PHASE,
            Some("sentinel") => keywords::SENTINEL,
            Some("test") => keywords::TEST,
            Some("killswitch") => keywords::SWITCH,
            Some("on" | "off") => return self.signatures(&[SignatureKind::Step]),
            Some(_) => return self.values(),
        };
        let mut found = keywords::words(words, self.replaces());
        if matches!(blocks.last(), Some(&"hold")) && blocks.contains(&"ramp") {
            found.extend(keywords::words(keywords::PHASE, self.replaces()));
        }
        found
    }

    fn types(&self) -> Vec<Completion> {
        let mut found = self.plain(keywords::TYPES, CompletionKind::Type);
        found.extend(self.of_kind(&[SymbolKind::Type]));
        found
    }

    fn of_kind(&self, kinds: &[SymbolKind]) -> Vec<Completion> {
        let names = visible(self.known, self.file, self.offset);
        let fitting = names.iter().filter(|name| kinds.contains(&name.kind));
        let mut found: Vec<Completion> = fitting.map(|name| self.named(name)).collect();
        let (tree, replaces) = (self.known.tree(self.file), self.replaces());
        let others = offered(self.elsewhere, &tree, kinds)
            .filter(|(symbol, _)| !names.iter().any(|name| name.name == symbol.name));
        found.extend(others.map(|(symbol, file)| elsewhere::completion(symbol, file, &tree, replaces)));
        found
    }

    fn named(&self, name: &Visible) -> Completion {
        let kind = match name.kind {
            SymbolKind::Phase => CompletionKind::Phase,
            SymbolKind::Environment => CompletionKind::Environment,
            SymbolKind::Channel => CompletionKind::Channel,
            SymbolKind::Metrics => CompletionKind::Metrics,
            SymbolKind::Type => CompletionKind::Type,
            _ => CompletionKind::Value,
        };
        let item = Completion::new(&name.name, kind, self.replaces());
        let item = match name.kind {
            SymbolKind::Component | SymbolKind::Pipeline => item.snippet(format!("{}($0)", name.name)),
            _ => item,
        };
        match &name.ty {
            Some(ty) if *ty != Type::Error => item.detail(ty.to_string()),
            _ => item,
        }
    }

    /// What can stand where a value is needed.
    fn values(&self) -> Vec<Completion> {
        use SymbolKind::{Channel, KillSwitch, Metric, Metrics, Parameter, Phase, Rubric, Step, Threshold, Value};
        let mut found =
            self.of_kind(&[Parameter, Value, Step, Metric, Phase, Metrics, Threshold, Channel, KillSwitch, Rubric]);
        found.extend(self.plain(&["env", "run", "true", "false"], CompletionKind::Word));
        for function in functions::all() {
            let item = Completion::new(function.name, CompletionKind::Function, self.replaces());
            let mut item = item.snippet(format!("{}($0)", function.name));
            item.doc = Some(function.doc.to_owned());
            found.push(item);
        }
        found.extend(keywords::words(keywords::OPERATORS, self.replaces()));
        found
    }

    fn arguments(&self, call: &super::before::Call) -> Vec<Completion> {
        if call.naming.is_some() {
            return Vec::new();
        }
        let Some((shapes, _)) = shapes_of(self.known, self.file, call) else { return Vec::new() };
        let Some(shape) = shapes.first() else { return Vec::new() };
        let free = shape.parameters.iter().enumerate().filter(|(index, parameter)| {
            *index + call.named.len() >= call.position && !call.named.contains(&parameter.name)
        });
        let items = free.map(|(_, parameter)| {
            let label = format!("{}:", parameter.name);
            let item = Completion::new(label, CompletionKind::Argument, self.replaces());
            let mut item = item.snippet(format!("{}: $0", parameter.name)).detail(parameter.text.clone());
            item.doc.clone_from(&parameter.doc);
            item
        });
        items.collect()
    }

    fn signatures(&self, kinds: &[SignatureKind]) -> Vec<Completion> {
        let all = kinds.iter().flat_map(|kind| catalog().of_kind(*kind));
        all.map(|signature| self.called(signature, &signature.name)).collect()
    }

    /// A step or its like, written as `name`.
    fn called(&self, signature: &Signature, name: &str) -> Completion {
        let shape = shape_of(signature);
        let required = shape.parameters.iter().filter(|parameter| parameter.required).enumerate();
        let holes: Vec<String> =
            required.map(|(at, parameter)| format!("${{{}:{}}}", at + 1, parameter.name)).collect();
        let holes = if holes.is_empty() { "$0".to_owned() } else { holes.join(", ") };
        let item = Completion::new(name, CompletionKind::Step, self.replaces());
        let mut item = item.snippet(format!("{name}({holes})")).detail(shape.label);
        let doc = signature.doc.clone().map(|doc| format!("{doc}\n\n")).unwrap_or_default();
        let effect = if signature.kind == SignatureKind::Step { effect_of(signature) } else { String::new() };
        item.doc = Some(format!("{doc}{effect}").trim().to_owned());
        item.also = signature.module().and_then(|module| import_of(&self.known.tree(self.file), module));
        item
    }

    pub fn behind_a_dot(&self) -> Vec<Completion> {
        let chain = self.before.chain();
        match chain.as_slice() {
            [] => Vec::new(),
            ["std"] => {
                let modules: Vec<&str> = module_names().collect();
                self.plain(&modules, CompletionKind::Module)
            }
            ["env"] => self.keys(),
            ["run"] => self.plain(&["id", "started_at", "actor", "reason", "environment"], CompletionKind::Field),
            ["stage"] => self.plain(&["weight"], CompletionKind::Field),
            [first, rest @ ..] => self.fields_of(first, rest),
        }
    }

    fn keys(&self) -> Vec<Completion> {
        let environments = &self.known.analysis.program.environments;
        let keys = environments.values().flat_map(|environment| &environment.values);
        let mut found: Vec<Completion> = keys
            .map(|(key, value)| {
                let item = Completion::new(key, CompletionKind::Field, self.replaces());
                if value.ty == Type::Error { item } else { item.detail(value.ty.to_string()) }
            })
            .collect();
        found.extend(self.plain(&["name"], CompletionKind::Field));
        found
    }

    fn fields_of(&self, first: &str, rest: &[&str]) -> Vec<Completion> {
        let names = visible(self.known, self.file, self.offset);
        let mut found = Vec::new();
        for name in names.iter().filter(|name| name.name == first) {
            found.extend(match name.kind {
                SymbolKind::Metrics if rest.is_empty() => self.parts(&name.parts, SymbolKind::Metric, name.at.file),
                SymbolKind::Phase => self.of_phase(name, rest),
                _ => name.ty.as_ref().map(|ty| self.fields(ty, rest)).unwrap_or_default(),
            });
        }
        if let Some(file) = file_of_alias(self.known, self.file, first) {
            found.extend(self.of_file(file, rest));
        }
        if found.is_empty() && rest.is_empty() {
            let prefix = format!("{first}.");
            let all = [SignatureKind::Step, SignatureKind::Target, SignatureKind::Channel, SignatureKind::Source];
            let all = all.into_iter().flat_map(|kind| catalog().of_kind(kind));
            found.extend(
                all.filter_map(|signature| Some(self.called(signature, signature.name.strip_prefix(&prefix)?))),
            );
        }
        found
    }

    fn parts(&self, parts: &[Symbol], kind: SymbolKind, file: FileId) -> Vec<Completion> {
        let parts = parts.iter().filter(|part| part.kind == kind);
        parts
            .map(|part| {
                let at = crate::base::span::Location::new(file, part.at);
                let ty = self.known.analysis.mentions.get(&at).and_then(|mention| mention.ty.as_ref());
                let item = Completion::new(&part.name, CompletionKind::Field, self.replaces());
                match ty {
                    Some(ty) if *ty != Type::Error => item.detail(ty.to_string()),
                    _ => item,
                }
            })
            .collect()
    }

    fn of_phase(&self, phase: &Visible, rest: &[&str]) -> Vec<Completion> {
        let Some((step, rest)) = rest.split_first() else {
            return self.parts(&phase.parts, SymbolKind::Step, phase.at.file);
        };
        let step = phase.parts.iter().find(|part| part.name == *step);
        let at = step.map(|step| crate::base::span::Location::new(phase.at.file, step.at));
        let ty = at.and_then(|at| self.known.analysis.mentions.get(&at)?.ty.as_ref());
        ty.map(|ty| self.fields(ty, rest)).unwrap_or_default()
    }

    fn of_file(&self, file: FileId, rest: &[&str]) -> Vec<Completion> {
        let symbols = outline(&self.known.tree(file));
        match rest {
            [] => symbols
                .iter()
                .filter(|symbol| symbol.kind != SymbolKind::Test)
                .map(|symbol| Completion::new(&symbol.name, CompletionKind::Value, self.replaces()))
                .collect(),
            [name] => {
                let group = symbols.iter().find(|symbol| symbol.name == *name);
                group.map(|group| self.parts(&group.children, SymbolKind::Metric, file)).unwrap_or_default()
            }
            _ => Vec::new(),
        }
    }

    fn fields(&self, ty: &Type, rest: &[&str]) -> Vec<Completion> {
        let Type::Record(record) = ty.plain() else { return Vec::new() };
        match rest.split_first() {
            Some((name, rest)) => record.fields.get(*name).map(|ty| self.fields(ty, rest)).unwrap_or_default(),
            None => {
                let fields = record.fields.iter();
                let item = |(name, ty): (&String, &Type)| {
                    Completion::new(name, CompletionKind::Field, self.replaces()).detail(ty.to_string())
                };
                fields.map(item).collect()
            }
        }
    }
}

/// Whether a value ends there, so that a clause or an operator follows.
fn is_operand(last: &str) -> bool {
    const WORDS: [&str; 22] = [
        "require", "warn", "wait", "when", "and", "or", "not", "in", "if", "then", "else", "lock", "timeout", "for",
        "hold", "every", "within", "approve", "return", "retry", "through", "is",
    ];
    last == ")"
        || last == "]"
        || last == "\""
        || last.starts_with(|first: char| first.is_ascii_digit())
        || (is_word(last) && !WORDS.contains(&last))
}
