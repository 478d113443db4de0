//! The state of one analysis: what is known of all files, what has been used, what has been reported, and the frame
//! of the declaration that is being read.

use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

use indexmap::IndexMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::source::Sources;
use crate::base::span::{Location, Span};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::model::expr::{Expr, ExprKind, LocalId};
use crate::model::program::{Local, LocalKind};
use crate::syntax::ast::{Item, Name, Statement, StatementKind};

use super::items::Launched;
use super::load::Module;
use super::memory::Run;
use super::names::Mentions;
use super::phases::PhaseTable;
use super::queries::Queries;
use super::quiet::{Unread, Unreadable};
use super::stdlib::Catalog;
use super::symbols::{Binding, ItemRef, Scope, declared, duplicate};

/// How many component and threshold bodies one analysis expands; beyond it a program is refused.
const MOST_EXPANSIONS: usize = 200_000;

/// Something that PG501 asks about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Used {
    Item(ItemRef),
    /// A field of a metrics group, by its index.
    Field(ItemRef, usize),
    /// A name that a module imports, by its place.
    Import(usize, Span),
}

/// What may stand where an expression is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Metrics and functions over them.
    Condition,
    /// Read when the step starts: functions over metrics, no bare metrics.
    Argument,
    /// Settled when the plan is made.
    Constant,
}

/// What a name in an inner scope stands for.
#[derive(Debug, Clone)]
pub enum Entry {
    Local(LocalId),
    /// The parameter of a threshold, bound to a metrics group.
    Group(ItemRef),
}

#[derive(Debug, Clone)]
pub struct Bound {
    pub entry: Entry,
    pub at: Location,
}

/// What an expression stands in, as far as it decides what can be named there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Surroundings {
    /// A pipeline, or what is put into one.
    #[default]
    Run,
    /// An alert, a schedule or a sentinel, whose probes have bare names: there is no `run` around it.
    Watch(Option<ItemRef>),
    /// A rubric: what is read from an untyped document takes the type it meets.
    Document,
    /// An expectation of a test about this pipeline, which knows `traffic`.
    Scenario(Option<ItemRef>),
}

/// The declaration that is being read.
#[derive(Debug)]
pub struct Frame<'a> {
    pub locals: Vec<Local>,
    pub local_used: Vec<bool>,
    pub scopes: Vec<FxHashMap<&'a str, Bound>>,
    pub phases: Rc<PhaseTable>,
    /// The phase whose statements are being read.
    pub phase: Option<usize>,
    /// The `let`s further down in each open block.
    pub later: Vec<FxHashMap<&'a str, Span>>,
    /// `let`s that were named above their declaration.
    pub named_early: FxHashSet<Span>,
    /// Steps of the phase whose output is there by now.
    pub produced: FxHashSet<String>,
    pub place: Place,
    pub in_ramp: bool,
    /// Inside something that only happens under a condition.
    pub guarded: bool,
    /// Inside a hook: what it refers to need not have run.
    pub in_hook: bool,
    /// The metrics group whose derived fields are being read.
    pub group: Option<ItemRef>,
    /// What `result` is.
    pub result: Option<Type>,
    /// In a composite step: what it returns.
    pub returns: Option<Type>,
    pub surroundings: Surroundings,
}

impl Frame<'_> {
    pub fn new() -> Self {
        Self {
            locals: Vec::new(),
            local_used: Vec::new(),
            scopes: vec![FxHashMap::default()],
            phases: Rc::new(PhaseTable::default()),
            phase: None,
            later: Vec::new(),
            named_early: FxHashSet::default(),
            produced: FxHashSet::default(),
            place: Place::Constant,
            in_ramp: false,
            guarded: false,
            in_hook: false,
            group: None,
            result: None,
            returns: None,
            surroundings: Surroundings::Run,
        }
    }
}

pub struct Checker<'a> {
    pub modules: &'a [Module],
    pub scopes: &'a [Scope<'a>],
    pub sources: &'a Sources,
    pub catalog: &'a Catalog,
    pub unreadable: Unread<'a>,
    /// The module of the text that is being read.
    pub module: usize,
    pub frame: Frame<'a>,
    /// Resolved `type` items; none while one is being resolved.
    pub types: FxHashMap<ItemRef, Option<Type>>,
    pub environment_names: Vec<String>,
    /// The phases of each pipeline that has been read.
    pub tables: FxHashMap<ItemRef, Rc<PhaseTable>>,
    /// What the tests of a pipeline can name in it.
    pub launched: FxHashMap<ItemRef, Rc<Launched>>,
    /// The keys all environments have, with their type.
    pub environment_keys: IndexMap<String, Type>,
    /// By key, the lists of names that environments write out.
    pub environment_lists: FxHashMap<String, Vec<Vec<String>>>,
    /// The fields of each metrics group, with their types.
    pub groups: FxHashMap<ItemRef, Rc<IndexMap<String, Type>>>,
    /// The name an item has in the program: its own, or one with its file when two files share it.
    pub program_names: FxHashMap<ItemRef, String>,
    pub used: FxHashSet<Used>,
    /// Components and thresholds that are being expanded, innermost last.
    pub expanding: Vec<(ItemRef, Location)>,
    pub(super) expansions: usize,
    /// Circles of components or thresholds that have been reported, each by its members.
    circles: FxHashSet<Vec<ItemRef>>,
    /// Modules whose missing import has been reported, by file.
    missing_imports: FxHashSet<(usize, String)>,
    /// Cron lines that have been judged, with what is wrong with them.
    pub crons: FxHashMap<String, Option<String>>,
    /// PromQL that has been judged.
    pub queries: Queries,
    /// What names stand for; none when nobody asks.
    pub mentions: Option<Mentions>,
    /// What was found the last time; none when nobody keeps it.
    pub memory: Option<Run>,
    /// What was found since this was last reset depends on more than what is named there: on what had been read before, or on
    /// what stands elsewhere.
    pub depends_on_more: bool,
    pub(super) diagnostics: Vec<Diagnostic>,
    muted: usize,
}

impl<'a> Checker<'a> {
    pub fn new(
        modules: &'a [Module],
        scopes: &'a [Scope<'a>],
        unreadable: &'a [Unreadable<'a>],
        sources: &'a Sources,
        catalog: &'a Catalog,
    ) -> Self {
        Self {
            modules,
            scopes,
            sources,
            catalog,
            unreadable: Unread::new(unreadable),
            module: 0,
            frame: Frame::new(),
            types: FxHashMap::default(),
            environment_names: Vec::new(),
            tables: FxHashMap::default(),
            launched: FxHashMap::default(),
            environment_keys: IndexMap::new(),
            environment_lists: FxHashMap::default(),
            groups: FxHashMap::default(),
            program_names: FxHashMap::default(),
            used: FxHashSet::default(),
            expanding: Vec::new(),
            expansions: 0,
            circles: FxHashSet::default(),
            missing_imports: FxHashSet::default(),
            crons: FxHashMap::default(),
            queries: Queries::default(),
            mentions: None,
            memory: None,
            depends_on_more: false,
            diagnostics: Vec::new(),
            muted: 0,
        }
    }

    pub fn finish(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    pub fn scope(&self) -> &'a Scope<'a> {
        &self.scopes[self.module]
    }

    pub fn item(&self, item: ItemRef) -> &'a Item {
        &self.modules[item.module].ast.items[item.item]
    }

    pub fn here(&self, span: Span) -> Location {
        Location::new(self.modules[self.module].file, span)
    }

    /// The text a span of the current file covers.
    pub fn text(&self, span: Span) -> &'a str {
        self.sources.get(self.modules[self.module].file).map(|source| source.slice(span)).unwrap_or_default()
    }

    pub fn report(&mut self, diagnostic: Diagnostic) {
        if self.muted == 0 {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Reports with a suggestion to write `near` instead of what stands at `at`.
    pub fn report_with_near(&mut self, diagnostic: Diagnostic, at: Span, near: impl Into<Suggestion>) {
        self.report(diagnostic.suggest(&near.into(), at));
    }

    pub fn report_duplicate(&mut self, name: &Name, first: Span) {
        self.report(duplicate(&name.text, self.here(name.at), self.here(first)));
    }

    /// Whether nothing is reported now: what only reports need not be looked for.
    pub fn is_muted(&self) -> bool {
        self.muted > 0
    }

    /// Does `work` without reporting anything: for what is judged elsewhere.
    pub fn muted<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.muted += 1;
        let result = work(self);
        self.muted -= 1;
        result
    }

    /// Does `work` as part of another file.
    pub fn in_module<T>(&mut self, module: usize, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.module, module);
        let result = work(self);
        self.module = before;
        result
    }

    /// Does `work` with another frame and gives that frame back beside the result.
    pub fn in_frame<T>(&mut self, frame: Frame<'a>, work: impl FnOnce(&mut Self) -> T) -> (T, Frame<'a>) {
        let before = std::mem::replace(&mut self.frame, frame);
        let result = work(self);
        (result, std::mem::replace(&mut self.frame, before))
    }

    pub fn in_place<T>(&mut self, place: Place, work: impl FnOnce(&mut Self) -> T) -> T {
        let before = std::mem::replace(&mut self.frame.place, place);
        let result = work(self);
        self.frame.place = before;
        result
    }

    pub fn in_scope<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> T {
        self.frame.scopes.push(FxHashMap::default());
        let result = work(self);
        self.frame.scopes.pop();
        result
    }

    /// Whether expanding the item would never end; the circle is reported once, wherever it was found.
    pub fn closes_circle(&mut self, item: ItemRef, at: Span) -> bool {
        let Some(start) = self.expanding.iter().position(|(open, _)| *open == item) else { return false };
        self.depends_on_more = true;
        let circle: Vec<ItemRef> = self.expanding[start..].iter().map(|(open, _)| *open).collect();
        let mut members = circle.clone();
        members.sort_unstable();
        if self.circles.insert(members) {
            let mut names: Vec<String> = circle.iter().map(|member| self.declared_name(*member)).collect();
            names.push(self.declared_name(item));
            // Where the first of them names the next one.
            let first = self.expanding.get(start + 1).map_or_else(|| self.here(at), |(_, at)| *at);
            let message = format!("this never ends: `{}`", names.join("` → `"));
            let mut diagnostic = Diagnostic::new(Code::PG301, first, message).label("leads into the circle");
            for member in circle {
                let place = declared(self.item(member)).map(|(_, name)| name.at).unwrap_or_default();
                diagnostic =
                    diagnostic.also(Location::new(self.modules[member.module].file, place), "part of the circle");
            }
            self.diagnostics.push(diagnostic);
        }
        true
    }

    /// Counts one more expansion of a component or threshold; false beyond the limit.
    pub fn may_expand(&mut self) -> bool {
        self.expansions += 1;
        self.depends_on_more |= self.expansions > MOST_EXPANSIONS;
        self.expansions <= MOST_EXPANSIONS
    }

    /// A new local without a name in scope.
    pub fn add_local(&mut self, local: Local) -> LocalId {
        let id = LocalId(u32::try_from(self.frame.locals.len()).unwrap_or(u32::MAX));
        self.frame.locals.push(local);
        self.frame.local_used.push(false);
        id
    }

    /// Declares a local in the innermost scope; a second one of its name there is PG102.
    pub fn declare_local(&mut self, name: &'a Name, doc: Option<String>, ty: Type, kind: LocalKind) -> LocalId {
        let at = self.here(name.at);
        self.note_place(name.at, at, Some(&ty));
        let id = self.add_local(Local { name: name.text.clone(), doc, ty, kind, at });
        let bound = Bound { entry: Entry::Local(id), at };
        if let Some(later) = self.frame.later.last_mut() {
            later.remove(name.text.as_str());
        }
        if self.frame.named_early.contains(&name.at) {
            self.frame.local_used[id.0 as usize] = true;
        }
        if name.text.is_empty() {
            return id;
        }
        let scope = self.frame.scopes.last_mut().expect("a frame has at least one scope");
        match scope.get(name.text.as_str()) {
            Some(first) => {
                let first = first.at;
                self.report(duplicate(&name.text, at, first));
                // What nothing can name is not unused as well.
                self.frame.local_used[id.0 as usize] = true;
            }
            None => {
                scope.insert(&name.text, bound);
            }
        }
        id
    }

    /// Does `work`, which reads these statements, and knows meanwhile which `let`s are still to come.
    pub fn with_lets<T>(&mut self, statements: &'a [Statement], work: impl FnOnce(&mut Self) -> T) -> T {
        let lets = statements.iter().filter_map(|statement| match &statement.kind {
            StatementKind::Let { name, .. } => Some((name.text.as_str(), name.at)),
            _ => None,
        });
        self.frame.later.push(lets.collect());
        let result = work(self);
        self.frame.later.pop();
        result
    }

    pub fn use_binding(&mut self, binding: Binding) {
        self.used.insert(Used::Item(binding.target));
        if binding.imported {
            self.used.insert(Used::Import(self.module, binding.at));
        }
    }

    /// Whether this is the first time that the file misses this module.
    pub fn note_missing_import(&mut self, module: &str) -> bool {
        self.depends_on_more = true;
        self.muted == 0 && self.missing_imports.insert((self.module, module.to_owned()))
    }

    /// Whether something unreadable in this file might declare the name.
    pub fn might_be_declared(&self, name: &str) -> bool {
        name.is_empty() || self.unreadable.declares(self.module, name)
    }

    /// An expression in error: it fits everything.
    pub fn error(&self, at: Span) -> Expr {
        Expr::new(ExprKind::Literal(crate::contract::value::Value::Null), Type::Error, self.here(at))
    }

    /// PG101
    pub fn report_undefined(&mut self, what: &str, name: &Name, near: impl Into<Suggestion>) {
        let diagnostic =
            Diagnostic::new(Code::PG101, self.here(name.at), format!("there is no {what} `{}`", name.text));
        self.report_with_near(diagnostic, name.at, near);
    }
}
