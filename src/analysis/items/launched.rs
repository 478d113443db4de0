//! What the tests of a pipeline can name in it beside its phases: the outputs of steps, unnamed nodes, `traffic`.

use rustc_hash::FxHashMap;
use std::rc::Rc;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::{Block, Call, StatementKind};
use crate::model::program::Pipeline;
use crate::syntax::ast::{self, Arg};

use super::super::checker::{Checker, Surroundings};
use super::super::graph::are_other_targets;
use super::super::phases::PhaseTable;
use super::super::symbols::ItemRef;

#[derive(Debug, Clone)]
pub struct Launched {
    pub table: Rc<PhaseTable>,
    /// For each phase its nodes by their names, unnamed ones as in the plan (`gate1`), steps with their output.
    pub nodes: FxHashMap<String, FxHashMap<String, Option<Type>>>,
    /// The elements of phases whose `for` has a list that is known before the run.
    pub elements: FxHashMap<String, Vec<String>>,
    /// More than one target is ramped for sure.
    several_targets: bool,
}

impl Launched {
    pub fn of(table: Rc<PhaseTable>, pipeline: &Pipeline) -> Self {
        let mut launched =
            Self { table, nodes: FxHashMap::default(), elements: FxHashMap::default(), several_targets: false };
        let mut targets: Vec<&Call> = Vec::new();
        for phase in &pipeline.phases {
            let mut nodes = Nodes::default();
            nodes.add(&phase.body, &mut targets);
            nodes.number("");
            launched.nodes.entry(phase.name.clone()).or_insert(nodes.named);
        }
        if let Some((first, others)) = targets.split_first() {
            launched.several_targets = others.iter().any(|other| are_other_targets(pipeline, first, other));
        }
        launched
    }

    /// The output of a step, with its encodings; none when nothing is known of the step.
    pub fn output(&self, phase: &str, step: &str) -> Option<Type> {
        let node = self.nodes.get(phase).and_then(|nodes| nodes.get(step)).cloned().flatten();
        let declared = || Some(self.table.step(self.table.index_of(phase)?, step)?.1.output.clone());
        node.or_else(declared)
    }

    /// The steps in a composite one.
    pub fn names_in(&self, phase: &str, step: &str) -> Vec<&str> {
        let nodes = self.nodes.get(phase).into_iter().flatten();
        let inner = nodes.filter_map(|(name, _)| name.strip_prefix(step)?.strip_prefix('.'));
        let mut inner: Vec<&str> = inner.collect();
        inner.sort_unstable();
        inner
    }

    /// Whether a phase (none: any) ramps something; so may one that could not be read.
    fn may_ramp(&self, name: Option<&str>) -> bool {
        let mut meant = self.table.phases.iter().filter(|phase| name.is_none_or(|name| phase.name == name));
        meant.any(|phase| phase.ramps || phase.incomplete)
    }
}

/// The nodes of a phase while they are counted.
#[derive(Default)]
struct Nodes {
    named: FxHashMap<String, Option<Type>>,
    /// How many unnamed ones there are of each kind, steps with their outputs.
    counts: FxHashMap<&'static str, Vec<Option<Type>>>,
}

impl Nodes {
    fn add<'p>(&mut self, block: &'p Block, targets: &mut Vec<&'p Call>) {
        for statement in &block.statements {
            match &statement.kind {
                StatementKind::Step(step) => match &step.name {
                    Some(name) => drop(self.named.insert(name.clone(), Some(step.output.clone()))),
                    None => self.counts.entry("step").or_default().push(Some(step.output.clone())),
                },
                StatementKind::Gate { .. } => self.counts.entry("gate").or_default().push(None),
                StatementKind::Hold { .. } => self.counts.entry("hold").or_default().push(None),
                StatementKind::Ramp { target, .. } => {
                    targets.push(target);
                    self.counts.entry("ramp").or_default().push(None);
                }
                StatementKind::Approve { .. } => self.counts.entry("approve").or_default().push(None),
                StatementKind::Wait(_) => self.counts.entry("wait").or_default().push(None),
                StatementKind::Parallel(_) | StatementKind::Scope(_) => {}
            }
            let Some(inner) = statement.kind.inner() else { continue };
            match &inner.composite {
                None => self.add(inner, targets),
                Some(composite) => {
                    let outside = std::mem::take(&mut self.counts);
                    self.add(inner, targets);
                    self.number(&format!("{}.", composite.label));
                    self.counts = outside;
                }
            }
        }
    }

    /// Numbers leave the names of steps alone, as in the plan.
    fn number(&mut self, prefix: &str) {
        for (kind, outputs) in std::mem::take(&mut self.counts) {
            let mut number = 0;
            for output in outputs {
                let name = loop {
                    number += 1;
                    let name = format!("{prefix}{kind}{number}");
                    if !self.named.contains_key(&name) {
                        break name;
                    }
                };
                self.named.insert(name, output);
            }
        }
    }
}

impl<'a> Checker<'a> {
    /// `traffic` in an expectation of a test; none where it is an ordinary name.
    pub fn bare_traffic(&mut self, at: Span) -> Option<Expr> {
        let Surroundings::Scenario(pipeline) = self.frame.surroundings else { return None };
        let Some(launched) = self.launched_by(pipeline) else { return Some(self.error(at)) };
        if launched.several_targets {
            let message = "several targets are ramped, and this says the weight of none of them";
            let diagnostic = Diagnostic::new(Code::PG107, self.here(at), message)
                .label("a phase is missing")
                .help("name the phase that ramps it: `traffic(PHASE)`");
            self.report(diagnostic);
            return Some(self.error(at));
        }
        if !launched.may_ramp(None) {
            let message = "there is no ramp in this pipeline, and so no `traffic`";
            self.report(Diagnostic::new(Code::PG101, self.here(at), message));
            return Some(self.error(at));
        }
        Some(self.weight(Vec::new(), at))
    }

    /// `traffic(PHASE)` in an expectation of a test; none where it is an ordinary call.
    pub fn traffic_of(&mut self, written: &'a ast::Expr, callee: &'a ast::Expr, args: &'a [Arg]) -> Option<Expr> {
        let Surroundings::Scenario(pipeline) = self.frame.surroundings else { return None };
        if !matches!(&*callee.kind, ast::ExprKind::Name(name) if name.text == "traffic") {
            return None;
        }
        let Some(launched) = self.launched_by(pipeline) else { return Some(self.error(written.at)) };
        let [arg] = args else {
            if args.is_empty() {
                return self.bare_traffic(written.at);
            }
            let message = "`traffic` takes one argument: the phase that ramps";
            self.report(Diagnostic::new(Code::PG110, self.here(args[1].value.at), message).label("too many"));
            return Some(self.error(written.at));
        };
        if let Some(name) = arg.name.as_ref().filter(|name| name.text != "phase" && !name.text.is_empty()) {
            let message = format!("`traffic` has no parameter `{}`", name.text);
            let diagnostic = Diagnostic::new(Code::PG106, self.here(name.at), message);
            self.report_with_near(diagnostic.help("write `traffic(PHASE)`"), name.at, None);
            return Some(self.error(written.at));
        }
        let Some(phase) = self.phase_named(&launched, &arg.value) else { return Some(self.error(written.at)) };
        if !launched.may_ramp(Some(&phase.name)) {
            let message = format!("there is no ramp in the phase `{}`", phase.name);
            self.report(Diagnostic::new(Code::PG101, self.here(arg.value.at), message));
            return Some(self.error(written.at));
        }
        let name = match phase.element {
            Some(element) => format!("{}[{element}]", phase.name),
            None => phase.name,
        };
        let phase = Expr::literal(Value::Text(name), Type::String, self.here(arg.value.at));
        Some(self.weight(vec![("phase".to_owned(), phase)], written.at))
    }

    fn weight(&self, args: Vec<(String, Expr)>, at: Span) -> Expr {
        Expr::new(ExprKind::Call("traffic".to_owned(), args), Type::Ratio, self.here(at))
    }

    fn launched_by(&self, pipeline: Option<ItemRef>) -> Option<Rc<Launched>> {
        self.launched.get(&pipeline?).cloned()
    }
}
