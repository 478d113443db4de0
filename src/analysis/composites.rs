//! Composite steps: judged once, where the library declares them, and put in where they are called.
//!
//! A call becomes a block of ordinary steps. What stands in it is called `x.set` where the call is called `x`; a last step
//! `x` gives what the composite one returns. Nothing behind the analysis knows of composite steps but for that block.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::{Location, Span};
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, LocalId};
use crate::model::phase::{Block, Call, Composite, RETURN, Statement, StatementKind, Step, UNDONE_WITH};
use crate::model::program::{Local, LocalKind};
use crate::model::rewrite::{PutIn, each_step, rewrite_block, rewrite_expr};
use crate::model::signature::EffectClass;
use crate::model::walk::blocks_within;
use crate::syntax::ast::{self, SignatureItem};

use super::checker::{Checker, Frame, Place};
use super::phases::{PhaseInfo, PhaseTable};
use super::statements::Body;
use super::stdlib::Signature;

/// The body of a composite step, read: `Local` is an index into its own locals, outputs are those of a phase without a name.
#[derive(Debug, Clone)]
pub struct Composition {
    /// Its parameters, then its `let`s.
    locals: Vec<Local>,
    block: Block,
}

impl Composition {
    /// Whether everything that it changes can be taken back.
    #[must_use]
    pub fn has_undo(&self) -> bool {
        steps_of(&self.block).all(|step| step.effect < EffectClass::Changes || step.undo.is_some() || step.has_undo)
    }
}

impl<'a> Checker<'a> {
    /// Reads the body of a composite step and reports what is wrong in it.
    pub fn judge_composite(&mut self, declared: &'a SignatureItem, signature: &Signature) -> Option<Composition> {
        let body = declared.body.as_ref()?;
        let mut info = PhaseInfo::default();
        self.collect_steps(body, &mut info);
        let phases = std::rc::Rc::new(PhaseTable::of_component(info));
        let frame = Frame { phases, returns: Some(signature.output.clone()), ..Frame::new() };
        let (block, frame) = self.in_frame(frame, |checker| {
            checker.declare_params(&declared.params);
            checker.frame.phase = Some(0);
            checker.read_block(body, Body::Composite)
        });
        self.report_unused_locals(&frame);
        self.check_return(declared, signature);
        self.check_promises(signature, &block);
        Some(Composition { locals: frame.locals, block })
    }

    /// `return EXPR`: a step whose output is the value.
    pub fn read_return(&mut self, written: &'a ast::Expr) -> Option<StatementKind> {
        let output = self.frame.returns.clone()?;
        let value = self.in_place(Place::Argument, |checker| checker.check(written, &output));
        let args = vec![("value".to_owned(), value)];
        let call = Call { name: RETURN.to_owned(), args, written: 1, at: self.here(written.at) };
        Some(StatementKind::Step(Step {
            // The name of the call is put before it, and nothing is left behind that.
            name: Some(String::new()),
            idempotent: true,
            ..Step::plain(call, output, EffectClass::Reads)
        }))
    }

    /// What is declared has to be returned, once, at the end.
    fn check_return(&mut self, declared: &SignatureItem, signature: &Signature) {
        let Some((last, before)) = declared.body.as_ref().and_then(|body| body.statements.split_last()) else {
            if signature.output != Type::Nothing {
                self.report_no_return(declared, signature);
            }
            return;
        };
        let is_return = |statement: &ast::Statement| matches!(statement.kind, ast::StatementKind::Return(_));
        if let Some(early) = before.iter().find(|statement| is_return(statement)) {
            let message = "`return` stands at the end of a composite step";
            self.report(Diagnostic::new(Code::PG112, self.here(early.at), message));
        } else if is_return(last) && signature.output == Type::Nothing {
            let message = format!("`{}` declares no output", signature.name);
            let help = "declare what it returns: `-> { … }`";
            self.report(Diagnostic::new(Code::PG112, self.here(last.at), message).help(help));
        } else if !is_return(last) && signature.output != Type::Nothing {
            self.report_no_return(declared, signature);
        }
    }

    fn report_no_return(&mut self, declared: &SignatureItem, signature: &Signature) {
        let message = format!("`{}` declares an output and returns nothing", signature.name);
        let help = "write `return …` at its end";
        self.report(Diagnostic::new(Code::PG107, self.here(declared.name.at), message).help(help));
    }

    /// What a composite step does may not be graver than what it declares.
    fn check_promises(&mut self, signature: &Signature, block: &Block) {
        for step in steps_of(block) {
            let name = &step.call.name;
            let message = if step.effect > signature.effect {
                let (does, declares) = (step.effect.name(), signature.effect.name());
                format!("`{name}` {does}, and `{}` declares `effect {declares}`", signature.name)
            } else if signature.idempotent && step.effect >= EffectClass::Changes && !step.idempotent {
                format!("`{name}` is not idempotent, and `{}` declares that it is", signature.name)
            } else {
                continue;
            };
            self.report(Diagnostic::new(Code::PG112, step.call.at, message));
        }
    }

    /// The body where it is called: `step` is the call with its clauses.
    pub fn put_in(&mut self, composition: &Composition, step: Step, at: Span) -> Block {
        let phase = self.frame.phase.and_then(|phase| self.frame.phases.phases.get(phase));
        let label = step.name.clone().or_else(|| phase?.labels.get(&at).cloned());
        let label = label.unwrap_or_else(|| step.call.name.rsplit('.').next().unwrap_or_default().to_owned());
        let mut put_in = PutIn {
            first_local: LocalId(u32::try_from(self.frame.locals.len()).unwrap_or(u32::MAX)),
            phase: phase.map(|phase| phase.name.clone()).unwrap_or_default(),
            label,
            reason: None,
            at: Some(self.here(at)),
        };
        self.add_locals(composition, (&step.call, self.here(at)), &mut put_in);
        let mut block = composition.block.clone();
        rewrite_block(&mut block, &mut put_in);
        let label = put_in.label;
        if step.typed && !returns(&block, &label) {
            let message = format!("`{}` has no output that could be read", step.call.name);
            self.report(Diagnostic::new(Code::PG201, self.here(at), message).help("leave the type out"));
        }
        apply_clauses(&mut block, &step, &label);
        let Step { call, when, continues, .. } = step;
        block.composite = Some(Box::new(Composite { name: call.name, label, when, continues }));
        block
    }

    /// Its parameters with the arguments, and its `let`s, as locals of the pipeline.
    fn add_locals(&mut self, composition: &Composition, (call, at): (&Call, Location), put_in: &mut PutIn) {
        for local in &composition.locals {
            let kind = match &local.kind {
                LocalKind::Value(value) => {
                    let mut value = value.clone();
                    rewrite_expr(&mut value, put_in);
                    LocalKind::Value(value)
                }
                LocalKind::Param(_) | LocalKind::Loop => {
                    let argument = call.args.iter().find(|(name, _)| *name == local.name);
                    let missing = || Expr::new(ExprKind::Literal(Value::Null), Type::Error, at);
                    LocalKind::Value(argument.map_or_else(missing, |(_, value)| value.clone()))
                }
            };
            self.add_local(Local { kind, at, ..local.clone() });
            if let Some(used) = self.frame.local_used.last_mut() {
                *used = true;
            }
        }
    }
}

/// What the call says goes for what is in it: `timeout` and `retry` where it says none itself; a written undo instead of
/// all of its own.
fn apply_clauses(block: &mut Block, call: &Step, label: &str) {
    let undone = call.undo.as_ref().and_then(|_| position_of_undo(block));
    let mut position = 0;
    each_step(block, &mut |step| {
        step.part_of = Some(call.call.name.clone());
        if step.call.name == RETURN {
            if call.typed && step.name.as_deref() == Some(label) {
                step.output = call.output.clone();
                step.typed = true;
            }
            return;
        }
        if step.timeout.is_none() {
            step.timeout.clone_from(&call.timeout);
        }
        if step.retry.is_none() {
            step.retry.clone_from(&call.retry);
            step.backoff.clone_from(&call.backoff);
        }
        if let Some(undo) = &call.undo
            && step.effect == EffectClass::Changes
        {
            let is_the_one = undone == Some(position);
            step.undo = Some(if is_the_one { undo.clone() } else { undone_with(label, call.call.at) });
            position += 1;
        }
    });
}

/// Which of the changes carries the undo of all: the first one that always happens, for it is there as soon as anything is.
fn position_of_undo(block: &Block) -> Option<usize> {
    let changes = || steps_of(block).filter(|step| step.effect == EffectClass::Changes);
    changes().position(|step| step.when.is_none()).or_else(|| changes().next().map(|_| 0))
}

fn undone_with(label: &str, at: Location) -> Call {
    let name = Expr::literal(Value::text(label), Type::String, at);
    Call { name: UNDONE_WITH.to_owned(), args: vec![("step".to_owned(), name)], written: 1, at }
}

fn returns(block: &Block, label: &str) -> bool {
    steps_of(block).any(|step| step.call.name == RETURN && step.name.as_deref() == Some(label))
}

fn steps_of(block: &Block) -> impl Iterator<Item = &Step> {
    blocks_within(block).into_iter().flat_map(|block| &block.statements).filter_map(step_of)
}

fn step_of(statement: &Statement) -> Option<&Step> {
    if let StatementKind::Step(step) = &statement.kind { Some(step) } else { None }
}
