//! Kill switches in a plan: where one is tripped or reset, its own steps are put in.
//!
//! `step x = killswitch.trip(s, reason: "…")` becomes a block, as a composite step does:
//!
//! ```text
//! x.stands     whether the switch stands there already
//! ┌ unless it does:
//! │ x.trip     notes that the turn begins
//! │ x.…        the `on` steps of the switch
//! └ x.turned   notes that it stands there now
//! x            what the call gives
//! ```
//!
//! A rollback takes the steps back as any others, and the note last. Steps without an undo of their own are taken back by
//! those of the other side, which then stand before them as undos (`x.way_back1`, …). Invariant: nothing behind this module
//! knows of kill switches but for the steps that keep the record; a plan is finite, however switches trip one another.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;

use super::build::hook_id;
use super::request::PlanError;
use crate::base::span::Location;
use crate::contract::types::{RecordType, Type};
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, LocalId, OutputRef, RunField};
use crate::model::operations::{KillSwitch, WayBack, is_turned_on};
use crate::model::phase::{
    Block, Call, Composite, RETURN, STANDS, Statement, StatementKind, Step, TURNED, UNDONE_WITH, WAY_BACK,
};
use crate::model::program::{Environment, Local, LocalKind, Pipeline, Program};
use crate::model::rewrite::{PutIn, each_step, rewrite_block, rewrite_expr};
use crate::model::signature::EffectClass;
use crate::model::walk;

/// Switches that trip others that trip others.
const DEEPEST: usize = 32;
/// Turns of switches in one plan.
const MOST: usize = 10_000;

/// The pipeline with the steps of all kill switches that it turns.
///
/// # Errors
/// When switches turn one another without end, or so many that no plan can hold them.
pub fn put_in<'p>(
    program: &Program,
    pipeline: &'p Pipeline,
    environment: Option<&Environment>,
) -> Result<Cow<'p, Pipeline>, Vec<PlanError>> {
    if !walk::steps(pipeline).any(|step| step.call.name.starts_with("killswitch.")) {
        return Ok(Cow::Borrowed(pipeline));
    }
    let mut whole = pipeline.clone();
    let locals = std::mem::take(&mut whole.locals);
    let environment = environment.map_or(Value::Null, |environment| Value::text(environment.name.as_str()));
    let mut weaver = Weaver { switches: &program.killswitches, environment, locals, open: Vec::new(), turns: 0 };
    weaver.pipeline(&mut whole).map_err(|error| vec![error])?;
    whole.locals = weaver.locals;
    Ok(Cow::Owned(whole))
}

/// Where statements stand.
struct Place {
    phase: String,
    /// `x.` inside a turn that is called `x`.
    within: String,
    /// The names of steps in the phase.
    taken: HashSet<String>,
}

impl Place {
    /// A name that no step of the phase has: `trip1`, and for a lone one `turned`.
    fn free(&mut self, word: &str, first: u32) -> String {
        for number in first.. {
            let number = if number == 0 { String::new() } else { number.to_string() };
            let name = format!("{}{word}{number}", self.within);
            if self.taken.insert(name.clone()) {
                return name;
            }
        }
        String::new()
    }
}

struct Weaver<'p> {
    switches: &'p IndexMap<String, KillSwitch>,
    /// Text, or null where the program declares no environment.
    environment: Value,
    /// Those of the pipeline, then what the steps of switches are made from.
    locals: Vec<Local>,
    /// The turns that are being put in, outermost first.
    open: Vec<(String, bool)>,
    turns: usize,
}

impl<'p> Weaver<'p> {
    fn pipeline(&mut self, whole: &mut Pipeline) -> Result<(), PlanError> {
        for phase in &mut whole.phases {
            let mut place = Place { phase: phase.name.clone(), within: String::new(), taken: names_in(&phase.body) };
            self.block(&mut phase.body, &mut place)?;
        }
        // Hooks of one event become one phase.
        let mut taken: HashMap<&'static str, HashSet<String>> = HashMap::new();
        for hook in &whole.hooks {
            taken.entry(hook_id(hook.event)).or_default().extend(names_in(&hook.body));
        }
        for hook in &mut whole.hooks {
            let phase = hook_id(hook.event);
            let names = taken.remove(phase).unwrap_or_default();
            let mut place = Place { phase: phase.to_owned(), within: String::new(), taken: names };
            self.block(&mut hook.body, &mut place)?;
            taken.insert(phase, place.taken);
        }
        Ok(())
    }

    fn block(&mut self, block: &mut Block, place: &mut Place) -> Result<(), PlanError> {
        for statement in &mut block.statements {
            match &mut statement.kind {
                StatementKind::Step(step) => match is_turned_on(&step.call.name) {
                    Some(on) => statement.kind = StatementKind::Scope(self.turn(step, on, place)?),
                    None if step.call.name == "killswitch.status" => {
                        let at = step.call.at;
                        step.call.args.push(("environment".to_owned(), self.environment_at(at)));
                    }
                    None => {}
                },
                StatementKind::Ramp { body, .. } | StatementKind::Parallel(body) | StatementKind::Scope(body) => {
                    self.block(body, place)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn environment_at(&self, at: Location) -> Expr {
        Expr::literal(self.environment.clone(), Type::String, at)
    }

    /// All that stands for one call.
    fn turn(&mut self, step: &Step, on: bool, place: &mut Place) -> Result<Block, PlanError> {
        let switch = self.enter(step, on)?;
        let label = step.name.clone().unwrap_or_else(|| place.free(last_word(&step.call.name), 1));
        let within = std::mem::replace(&mut place.within, format!("{label}."));
        let call = self.record_call(step);
        let put_in = PutIn {
            first_local: LocalId(u32::try_from(self.locals.len()).unwrap_or(u32::MAX)),
            phase: place.phase.clone(),
            label: label.clone(),
            reason: Some(self.add_reason(switch, &call)),
            at: None,
        };
        let mut steps = self.side(switch, on, &put_in);
        place.taken.extend(names_in(&steps));
        apply_clauses(&mut steps, step);
        let back = self.way_back(switch, on, (step, &put_in));
        if let Some(back) = &back {
            each_step(&mut steps, &mut |part| back.covers(part, &label));
        }
        self.block(&mut steps, place)?;
        let name = Some(place.free(STANDS, 0));
        let look =
            Step { name, call: sided(STANDS, &call, on), effect: EffectClass::Reads, has_undo: false, ..bare(step) };
        let look = Step { output: found(), ..look };
        let name = Some(place.free(last_word(&call.name), 0));
        let turned = sided(TURNED, &call, on);
        let begin = Step { name, call, output: found(), ..bare(step) };
        let mut inner = vec![statement(step, StatementKind::Step(begin))];
        inner.extend(back.map_or_else(Vec::new, |back| back.markers(step, place)));
        inner.append(&mut steps.statements);
        let turned = Step { name: Some(place.free(TURNED, 0)), call: turned, ..bare(step) };
        inner.push(statement(step, StatementKind::Step(turned)));
        let already = already(&place.phase, look.name.as_deref(), step.call.at);
        place.within = within;
        self.open.pop();
        Ok(assemble(step, &label, (look, inner), already))
    }

    /// Notes that the turn of this switch is being put in.
    fn enter(&mut self, step: &Step, on: bool) -> Result<&'p KillSwitch, PlanError> {
        let at = step.call.at;
        let name = argument(&step.call, "switch").and_then(Expr::as_literal).and_then(Value::as_text);
        let switches = self.switches;
        let switch = name.and_then(|name| switches.get(name));
        let switch = switch.ok_or_else(|| PlanError::program(at, "there is no such kill switch"))?;
        let turn = (switch.name.clone(), on);
        self.turns += 1;
        if self.open.contains(&turn) {
            return Err(PlanError::program(at, format!("the kill switch `{}` turns itself", switch.name)));
        }
        if self.open.len() >= DEEPEST || self.turns > MOST {
            return Err(PlanError::program(at, "kill switches turn too many others here"));
        }
        self.open.push(turn);
        Ok(switch)
    }

    /// The call that begins the turn: it notes who turns it where.
    fn record_call(&self, step: &Step) -> Call {
        let at = step.call.at;
        let mut call = step.call.clone();
        let actor = Expr::new(ExprKind::Run(RunField::Actor), Type::String, at);
        call.args.push(("environment".to_owned(), self.environment_at(at)));
        call.args.push(("actor".to_owned(), actor));
        call
    }

    /// The locals of the switch, and behind them the reason it is turned for.
    fn add_reason(&mut self, switch: &KillSwitch, call: &Call) -> LocalId {
        let count = self.locals.len() + switch.locals.len();
        let value = argument(call, "reason").cloned();
        let value = value.unwrap_or_else(|| Expr::literal(Value::text(""), Type::String, call.at));
        self.locals.extend(switch.locals.iter().cloned());
        let (name, ty, kind) = ("reason".to_owned(), Type::String, LocalKind::Value(value));
        self.locals.push(Local { name, doc: None, ty, kind, at: call.at });
        LocalId(u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// The steps of one side, as they stand in this place.
    fn side(&mut self, switch: &KillSwitch, on: bool, put_in: &PutIn) -> Block {
        let mut rewriter = put_in.clone();
        let first = put_in.first_local.0 as usize;
        for local in self.locals.iter_mut().skip(first).take(switch.locals.len()) {
            if let LocalKind::Value(value) = &mut local.kind {
                rewrite_expr(value, &mut rewriter);
            }
        }
        let mut steps = switch.side(on).clone();
        rewrite_block(&mut steps, &mut rewriter);
        steps
    }

    /// What takes the turn back instead of the undos of its steps: a written undo, else the other side where one is needed.
    fn way_back(&self, switch: &KillSwitch, on: bool, (call, put_in): (&Step, &PutIn)) -> Option<Back> {
        if let Some(undo) = &call.undo {
            return Some(Back { undos: vec![(undo.clone(), bare(call))], written: true });
        }
        let WayBack::Other(steps) = switch.way_back(on) else { return None };
        let fit = |step: &&Step| {
            let mut fitted =
                Block { statements: vec![statement(call, StatementKind::Step((*step).clone()))], ..Block::default() };
            rewrite_block(&mut fitted, &mut put_in.clone());
            let fitted = fitted.statements.pop().and_then(|statement| statement.kind.step().cloned())?;
            let limits = Step { timeout: fitted.timeout, retry: fitted.retry, backoff: fitted.backoff, ..bare(call) };
            let timeout = limits.timeout.clone().or_else(|| call.timeout.clone());
            Some((fitted.call, Step { timeout, ..limits }))
        };
        Some(Back { undos: steps.iter().filter_map(fit).collect(), written: false })
    }
}

/// Undos that take a whole turn back, in the order they run, each with a step that has its limits.
struct Back {
    undos: Vec<(Call, Step)>,
    written: bool,
}

impl Back {
    /// A change that these take back as well. A switch that is turned by this one goes back by itself.
    fn covers(&self, step: &mut Step, label: &str) {
        let goes_back_itself = !self.written && is_turned_on(&step.call.name).is_some();
        if step.effect == EffectClass::Changes && !goes_back_itself {
            let name = Expr::literal(Value::text(label), Type::String, step.call.at);
            let args = vec![("step".to_owned(), name)];
            step.undo = Some(Call { name: UNDONE_WITH.to_owned(), args, written: 1, at: step.call.at });
        }
    }

    /// Steps that change nothing and carry the undos: undone last to first, those run in their order.
    fn markers(self, call: &Step, place: &mut Place) -> Vec<Statement> {
        let marker = |(undo, limits): (Call, Step)| {
            let none = Call { name: WAY_BACK.to_owned(), args: Vec::new(), written: 0, at: undo.at };
            let name = Some(place.free(WAY_BACK, 1));
            statement(call, StatementKind::Step(Step { name, call: none, undo: Some(undo), has_undo: false, ..limits }))
        };
        let mut markers: Vec<Statement> = self.undos.into_iter().map(marker).collect();
        markers.reverse();
        markers
    }
}

/// What the call says goes for the steps of the switch: `timeout` and `retry` where they say none themselves, the latter
/// only for what may be done twice.
fn apply_clauses(steps: &mut Block, call: &Step) {
    each_step(steps, &mut |step| {
        if step.timeout.is_none() {
            step.timeout.clone_from(&call.timeout);
        }
        if step.retry.is_none() && (step.idempotent || step.effect < EffectClass::Changes) {
            step.retry.clone_from(&call.retry);
            step.backoff.clone_from(&call.backoff);
        }
    });
}

/// The blocks around the steps, and behind them what the call gives.
fn assemble(call: &Step, label: &str, (look, inner): (Step, Vec<Statement>), already: Expr) -> Block {
    let at = call.call.at;
    let composite = |when: Option<Expr>, continues: bool| {
        Some(Box::new(Composite { name: call.call.name.clone(), label: label.to_owned(), when, continues }))
    };
    let to_do = Expr::new(ExprKind::Not(already.clone()), Type::Bool, at);
    let inner = Block { statements: inner, composite: composite(Some(to_do), false), ..Block::default() };
    let fields = vec![("already".to_owned(), already)];
    let value = Expr::new(ExprKind::Record(fields), look.output.clone(), at);
    let returned = Step {
        name: Some(label.to_owned()),
        call: Call { name: RETURN.to_owned(), args: vec![("value".to_owned(), value)], written: 1, at },
        output: call.output.clone(),
        typed: call.typed,
        effect: EffectClass::Reads,
        timeout: None,
        retry: None,
        backoff: None,
        has_undo: false,
        ..bare(call)
    };
    let statements = [StatementKind::Step(look), StatementKind::Scope(inner), StatementKind::Step(returned)];
    let statements = statements.into_iter().map(|kind| statement(call, kind)).collect();
    Block { statements, composite: composite(call.when.clone(), call.continues), ..Block::default() }
}

/// A step of ours with the limits of the call, without its conditions.
fn bare(call: &Step) -> Step {
    Step {
        name: None,
        typed: false,
        when: None,
        undo: None,
        has_undo: true,
        continues: false,
        effect: EffectClass::Changes,
        idempotent: true,
        part_of: Some(call.call.name.clone()),
        output: Type::Nothing,
        ..call.clone()
    }
}

/// A step of ours about the same switch, and the side it is turned to.
fn sided(name: &str, begin: &Call, on: bool) -> Call {
    let mut args = begin.args.clone();
    args.push(("on".to_owned(), Expr::literal(Value::Bool(on), Type::Bool, begin.at)));
    Call { name: name.to_owned(), args, written: begin.written, at: begin.at }
}

/// What a step that looks where the switch stands gives.
fn found() -> Type {
    let fields = [("already".to_owned(), Type::Bool)].into();
    Type::from(RecordType { name: None, fields })
}

/// Whether that step found that there is nothing to do.
fn already(phase: &str, step: Option<&str>, at: Location) -> Expr {
    let step = step.unwrap_or_default().to_owned();
    let output = ExprKind::Output(OutputRef { phase: phase.to_owned(), element: None, step });
    Expr::new(ExprKind::Field(Expr::new(output, found(), at), "already".to_owned()), Type::Bool, at)
}

fn statement(call: &Step, kind: StatementKind) -> Statement {
    Statement { at: call.call.at, doc: None, kind }
}

fn argument<'c>(call: &'c Call, name: &str) -> Option<&'c Expr> {
    call.args.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

fn last_word(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

fn names_in(block: &Block) -> HashSet<String> {
    let blocks = walk::blocks_within(block);
    let labels = blocks.iter().filter_map(|block| block.composite.as_ref()).map(|composite| composite.label.clone());
    let named = blocks.iter().flat_map(|block| &block.statements).filter_map(|statement| match &statement.kind {
        StatementKind::Step(step) => step.name.clone(),
        _ => None,
    });
    labels.chain(named).collect()
}
