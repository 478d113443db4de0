//! The whole program: what every file declares, in the order in which one thing needs another.

use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::model::phase::{Block, Phase};
use crate::model::program::{Hook, HookEvent, Local, Pipeline, Program};
use crate::syntax::ast::{self, Item, ItemKind, PipelineItem, SignatureKind, StatementKind, TriggerKind};

use super::checker::{Checker, Frame, Used};
use super::graph;
use super::items::{self, launched_from_afar};
use super::lints::Judge;
use super::load::Module;
use super::memory::Part;
use super::recall::enter;
use super::soundness::standing::Beside;
use super::statements::Body;
use super::symbols::{ItemRef, Space, declared};

/// Reads everything and lets the lints judge every pipeline of every file as soon as it is known. What other files
/// hold is forgotten after that, unless the program runs it: a large program is never in memory as a whole.
pub fn build_program(checker: &mut Checker<'_>, judge: &mut Judge<'_>) -> Program {
    let items = checker.items();
    checker.name_items(&items);
    let mut program = Program { environments: checker.read_environments(), ..Program::default() };
    checker.environment_names = program.environments.keys().cloned().collect();
    checker.resolve_types(&items);
    for reference in &items {
        checker.module = reference.module;
        checker.read_declaration(*reference, &mut program, judge);
    }
    checker.judge_thresholds(&items, &mut program, judge);
    let components = checker.judge_components(&items, &mut program, judge);
    items::read_operations(checker, &items, &mut program, judge);
    let mut known = Known::new(launched_from_afar(checker));
    let by_module: FxHashMap<usize, &[ItemRef]> =
        items.chunk_by(|one, next| one.module == next.module).map(|items| (items[0].module, items)).collect();
    for items in imported_first(checker.modules).iter().filter_map(|module| by_module.get(module)) {
        checker.read_module(items, &mut program, &mut known, judge);
    }
    items::finish(checker, &items, &mut program);
    checker.judge_lone_components(components, &mut program, judge);
    checker.module = 0;
    known.into_program(checker, &items, &mut program);
    program
}

/// The pipelines that something may still ask for.
pub struct Known {
    pub pipelines: FxHashMap<ItemRef, Pipeline>,
    /// What tests of the checked file and schedules run, in their order.
    pub started: Vec<ItemRef>,
    /// What must not be forgotten with its file.
    from_afar: FxHashSet<ItemRef>,
}

impl Known {
    fn new(from_afar: FxHashSet<ItemRef>) -> Self {
        Self { pipelines: FxHashMap::default(), started: Vec::new(), from_afar }
    }

    /// Those of the checked file, and of the others those that something runs; of several with one name the first.
    fn into_program(mut self, checker: &Checker<'_>, items: &[ItemRef], program: &mut Program) {
        for reference in items.iter().filter(|reference| reference.module == 0) {
            if let Some(pipeline) = self.pipelines.remove(reference) {
                program.pipelines.entry(pipeline.name.clone()).or_insert(pipeline);
            }
        }
        for reference in self.started.into_iter().filter(|started| self.from_afar.contains(started)) {
            if let Some(pipeline) = self.pipelines.remove(&reference) {
                program.imported.entry(checker.program_name(reference)).or_insert(pipeline);
            }
        }
    }
}

/// Every file behind those it imports: what it runs is known then. Where files import each other in a circle, one of
/// them is first.
fn imported_first(modules: &[Module]) -> Vec<usize> {
    let mut order = Vec::with_capacity(modules.len());
    let mut reached = vec![false; modules.len()];
    let mut open = vec![(0, false)];
    while let Some((module, is_left)) = open.pop() {
        if is_left {
            order.push(module);
        } else if !std::mem::replace(&mut reached[module], true) {
            open.push((module, true));
            open.extend(modules[module].imports.values().map(|target| (*target, false)));
        }
    }
    order
}

/// The body of a component with what it declares.
type ReadBody = (Block, Vec<Local>);

/// Of every component its body, unless it was recalled.
type ReadBodies = Vec<(ItemRef, Option<ReadBody>)>;

impl<'a> Checker<'a> {
    /// In front of all that names them: what is wrong there is told there.
    fn resolve_types(&mut self, items: &[ItemRef]) {
        for reference in items {
            if matches!(self.item(*reference).kind, ItemKind::Type(_)) {
                self.declared_type(*reference);
            }
        }
    }

    /// Behind all that thresholds look at: what is wrong there is told there.
    fn judge_thresholds(&mut self, items: &[ItemRef], program: &mut Program, judge: &mut Judge<'_>) {
        for reference in items {
            self.module = reference.module;
            if let ItemKind::Threshold(threshold) = &self.item(*reference).kind {
                self.read_or_recall((*reference, Part::Itself), program, judge, |checker, _, _| {
                    checker.judge_threshold(*reference, threshold);
                    Vec::new()
                });
            }
        }
    }

    /// The bodies of all components, with what each declares; none of those about which it is known what is wrong.
    fn judge_components(&mut self, items: &[ItemRef], program: &mut Program, judge: &mut Judge<'_>) -> ReadBodies {
        let mut components = Vec::new();
        for reference in items {
            self.module = reference.module;
            if let ItemKind::Component(component) = &self.item(*reference).kind {
                let mut read = None;
                self.read_or_recall((*reference, Part::Itself), program, judge, |checker, _, _| {
                    let (block, frame) = checker.judge_component(*reference, component);
                    checker.report_unused_locals(&frame);
                    read = Some((block, frame.locals));
                    Vec::new()
                });
                components.push((*reference, read));
            }
        }
        components
    }

    /// The lints look at those that nothing runs by themselves.
    fn judge_lone_components(&mut self, components: ReadBodies, program: &mut Program, judge: &mut Judge<'_>) {
        for (reference, read) in components {
            if self.used.contains(&Used::Item(reference)) {
                continue;
            }
            self.read_or_recall((reference, Part::Alone), program, judge, |checker, program, judge| {
                let (block, locals) = read.unwrap_or_else(|| checker.read_component_again(reference));
                judge.pipeline(program, &checker.lone_component(reference, block, locals))
            });
        }
    }

    /// The body of a component about which it is known what is wrong.
    fn read_component_again(&mut self, reference: ItemRef) -> ReadBody {
        let ItemKind::Component(component) = &self.item(reference).kind else { return Default::default() };
        self.module = reference.module;
        let (block, frame) = self.muted(|checker| checker.judge_component(reference, component));
        (block, frame.locals)
    }

    /// The pipelines of one file, and what starts runs in it.
    fn read_module(&mut self, items: &[ItemRef], program: &mut Program, known: &mut Known, judge: &mut Judge<'_>) {
        let mut own = Vec::new();
        for reference in items {
            self.module = reference.module;
            let item = self.item(*reference);
            if let ItemKind::Pipeline(written) = &item.kind {
                let mut read = None;
                self.read_or_recall((*reference, Part::Itself), program, judge, |checker, program, judge| {
                    judge.pipeline(program, read.insert(checker.read_pipeline(*reference, item, written)))
                });
                let is_run = self.memory.as_ref().is_some_and(|memory| memory.is_run(*reference));
                if read.is_none() && is_run {
                    read = Some(self.read_again(|checker| checker.read_pipeline(*reference, item, written)));
                }
                known.pipelines.extend(read.map(|read| (*reference, read)));
                own.push(*reference);
            }
        }
        for reference in items {
            self.read_launching(*reference, program, known, judge);
        }
        for reference in own.iter().filter(|own| own.module > 0 && !known.from_afar.contains(own)) {
            known.pipelines.remove(reference);
            self.tables.remove(reference);
            self.launched.remove(reference);
        }
    }

    /// Gives each item its name in the program; two files may use one name for two things.
    fn name_items(&mut self, items: &[ItemRef]) {
        let mut taken: FxHashSet<(Space, String)> = FxHashSet::default();
        for reference in items {
            let Some((space, name)) = declared(self.item(*reference)) else { continue };
            let mut unique = name.text.clone();
            if !taken.insert((space, unique.clone())) && reference.module > 0 {
                unique = format!("{}.{unique}", self.module_stem(reference.module));
                taken.insert((space, unique.clone()));
            }
            self.program_names.insert(*reference, unique);
        }
    }

    pub fn module_name(&self, module: usize) -> String {
        self.sources.get(self.modules[module].file).map(|source| source.name.clone()).unwrap_or_default()
    }

    fn module_stem(&self, module: usize) -> String {
        let name = self.module_name(module);
        let file = name.rsplit(['/', '\\']).next().unwrap_or_default();
        file.strip_suffix(".deploy").unwrap_or(file).to_owned()
    }

    pub fn program_name(&self, item: ItemRef) -> String {
        self.program_names.get(&item).cloned().unwrap_or_default()
    }

    /// The name an item was declared with.
    pub fn declared_name(&self, item: ItemRef) -> String {
        declared(self.item(item)).map(|(_, name)| name.text.clone()).unwrap_or_default()
    }

    fn read_declaration(&mut self, reference: ItemRef, program: &mut Program, judge: &mut Judge<'_>) {
        let item = self.item(reference);
        match &item.kind {
            ItemKind::Metrics(metrics) => {
                self.read_or_recall((reference, Part::Itself), program, judge, |checker, program, judge| {
                    let group = checker.read_metrics(reference, metrics, item.doc.clone());
                    let found = judge.beside(program, Beside::Group(&group));
                    enter(&mut program.groups, group.name.clone(), group, |group| group.at);
                    found
                });
            }
            ItemKind::Channel(channel) => {
                self.read_or_recall((reference, Part::Itself), program, judge, |checker, program, _| {
                    if let Some((call, _)) = checker.call_of(SignatureKind::Channel, &channel.value) {
                        program.channels.entry(checker.program_name(reference)).or_insert(call);
                    }
                    Vec::new()
                });
            }
            ItemKind::Signature(signature) => {
                let message = "signatures stand only in the standard library";
                let help = "to share steps between phases, write a `component`";
                self.report(Diagnostic::new(Code::PG112, self.here(signature.name.at), message).help(help));
            }
            ItemKind::Use(_)
            | ItemKind::Type(_)
            | ItemKind::Environment(_)
            | ItemKind::Threshold(_)
            | ItemKind::Component(_)
            | ItemKind::KillSwitch(_)
            | ItemKind::Sentinel(_)
            | ItemKind::Freeze(_)
            | ItemKind::Alert(_)
            | ItemKind::Rubric(_)
            | ItemKind::Schedule(_)
            | ItemKind::Pipeline(_)
            | ItemKind::Test(_)
            | ItemKind::Broken => {}
        }
    }

    fn read_pipeline(&mut self, reference: ItemRef, item: &'a Item, written: &'a PipelineItem) -> Pipeline {
        let table = Rc::new(self.collect_phases(&written.body));
        self.tables.insert(reference, table.clone());
        let (mut pipeline, frame) = self.in_frame(Frame::new(), |checker| {
            checker.read_values(&written.body);
            checker.frame.phases = table;
            checker.read_pipeline_body(item, written)
        });
        self.report_unused_locals(&frame);
        pipeline.locals = frame.locals;
        graph::check(self, &pipeline);
        pipeline
    }

    /// Parameters and `let`s first: everything else may use them, wherever they stand.
    fn read_values(&mut self, body: &'a ast::Block) {
        let params = body.statements.iter().filter_map(|statement| match &statement.kind {
            StatementKind::Param(param) => Some(param),
            _ => None,
        });
        self.declare_params(params);
    }

    fn read_pipeline_body(&mut self, item: &'a Item, written: &'a PipelineItem) -> Pipeline {
        let empty = Pipeline::empty(written.name.text.as_str(), self.here(written.name.at));
        let mut pipeline = Pipeline { doc: item.doc.clone(), ..empty };
        self.with_lets(&written.body.statements, |checker| {
            for statement in &written.body.statements {
                if let StatementKind::Let { name, ty, value } = &statement.kind {
                    checker.read_let(statement, name, ty.as_ref(), value);
                }
            }
        });
        let mut phases: Vec<Phase> = Vec::new();
        let mut next_phase = 0;
        for statement in &written.body.statements {
            match &statement.kind {
                StatementKind::Phase(phase) => {
                    phases.push(self.read_phase(next_phase, statement, phase));
                    next_phase += 1;
                }
                StatementKind::Param(_) | StatementKind::Let { .. } | StatementKind::Broken => {}
                _ => self.read_pipeline_statement(statement, &mut pipeline),
            }
        }
        pipeline.phases = phases;
        pipeline
    }

    fn read_pipeline_statement(&mut self, statement: &'a ast::Statement, pipeline: &mut Pipeline) {
        match &statement.kind {
            StatementKind::Lock(value) if pipeline.lock.is_none() => {
                pipeline.lock = Some(self.check(value, &Type::String));
            }
            StatementKind::Timeout(value) if pipeline.timeout.is_none() => {
                pipeline.timeout = Some(self.check(value, &Type::Duration));
            }
            StatementKind::Window(value) if pipeline.window.is_none() => {
                pipeline.window = Some(self.read_window(value));
            }
            StatementKind::Lock(_) | StatementKind::Timeout(_) | StatementKind::Window(_) => {
                self.report_misplaced(&statement.kind, statement.at, "a pipeline that has one", "write it once");
            }
            StatementKind::Trigger(trigger) if trigger.kind != TriggerKind::RollbackPhase => {
                let triggers = self.read_triggers(trigger, statement.at);
                pipeline.scope.triggers.extend(triggers);
            }
            StatementKind::Hook { event, body } => {
                if let Some(hook) = self.read_hook(statement, event, body) {
                    pipeline.hooks.push(hook);
                }
            }
            other => {
                let help = match other {
                    StatementKind::Trigger(_) => "there is no phase around it to roll back: write `rollback when`",
                    StatementKind::Require(_) | StatementKind::Warn(_) => "conditions stand in a `gate` or a `hold`",
                    _ => "it stands in a phase",
                };
                self.report_misplaced(other, statement.at, "the pipeline itself", help);
            }
        }
    }

    fn read_hook(&mut self, statement: &'a ast::Statement, event: &'a ast::Name, body: &'a ast::Block) -> Option<Hook> {
        let known = match event.text.as_str() {
            "start" => Some(HookEvent::Start),
            "success" => Some(HookEvent::Success),
            "failure" => Some(HookEvent::Failure),
            "rollback" => Some(HookEvent::Rollback),
            "pause" => Some(HookEvent::Pause),
            "end" => Some(HookEvent::End),
            _ => {
                let words = ["start", "success", "failure", "rollback", "pause", "end"];
                self.report_word("hook", event, &words);
                None
            }
        };
        // The steps of a hook are a phase of their own that nothing else can name.
        let mut table = (*self.frame.phases).clone();
        let own = self.muted(|checker| checker.add_hook_phase(&mut table, event, body));
        let outside = std::mem::replace(&mut self.frame.phases, Rc::new(table));
        self.frame.phase = Some(own);
        self.frame.produced = FxHashSet::default();
        self.frame.in_hook = true;
        let body = self.read_block(body, Body::Hook);
        self.frame.in_hook = false;
        self.frame.phase = None;
        self.frame.phases = outside;
        Some(Hook { event: known?, body, at: self.here(statement.at) })
    }

    fn add_hook_phase(
        &mut self,
        table: &mut super::phases::PhaseTable,
        event: &'a ast::Name,
        body: &'a ast::Block,
    ) -> usize {
        let name = format!("on {}", event.text);
        let mut info = super::phases::PhaseInfo { name, ..super::phases::PhaseInfo::default() };
        self.collect_steps(body, &mut info);
        table.phases.push(Rc::new(info));
        table.phases.len() - 1
    }

    /// A component that nothing runs, as a pipeline of one phase, for the lints.
    fn lone_component(&self, reference: ItemRef, block: Block, locals: Vec<Local>) -> Pipeline {
        let at = crate::base::span::Location::new(self.modules[reference.module].file, self.item(reference).at);
        let phase = Phase {
            name: self.declared_name(reference),
            title: None,
            doc: None,
            after: Vec::new(),
            each: None,
            when: None,
            window: None,
            on_failure: None,
            body: block,
            at,
            name_at: at,
        };
        Pipeline { locals, phases: vec![phase], ..Pipeline::empty(self.declared_name(reference), at) }
    }
}
