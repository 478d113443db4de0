//! Plans of programs made by hand: what the builder does with what analysis gives it.

use std::collections::HashMap;
use std::time::Duration;

use indexmap::IndexMap;

use super::build;
use super::program::{Item, NodeKind, Plan};
use super::request::{Cause, PlanError, PlanRequest, Surroundings};
use crate::base::source::{SourceFile, Sources};
use crate::base::span::Location;
use crate::contract::types::{RecordType, Type};
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, LocalId, Operator, OutputRef};
use crate::model::phase::{
    Block, Call, Condition, Each, MissingPolicy, Phase, PhaseRef, Statement, StatementKind, Step, Trigger,
    TriggerAction,
};
use crate::model::program::{
    Environment, FieldValue, Hook, HookEvent, Local, LocalKind, MetricField, MetricsGroup, Pipeline, Program,
};
use crate::model::signature::EffectClass;

const HERE: Location =
    Location { file: crate::base::span::FileId(0), span: crate::base::span::Span { start: 0, end: 1 } };

#[derive(Default)]
struct Outside {
    files: HashMap<&'static str, &'static str>,
    variables: HashMap<&'static str, &'static str>,
}

impl Surroundings for Outside {
    fn read_file(&self, path: &str) -> Result<String, String> {
        self.files.get(path).map(|text| (*text).to_owned()).ok_or_else(|| format!("there is no file `{path}`"))
    }
    fn env_var(&self, name: &str) -> Result<Option<String>, String> {
        Ok(self.variables.get(name).map(|text| (*text).to_owned()))
    }
}

fn expr(kind: ExprKind, ty: Type) -> Expr {
    Expr::new(kind, ty, HERE)
}

fn text(content: &str) -> Expr {
    Expr::literal(Value::text(content), Type::String, HERE)
}

fn seconds(amount: u64) -> Expr {
    Expr::literal(Value::duration(Duration::from_secs(amount)), Type::Duration, HERE)
}

fn boolean(value: bool) -> Expr {
    Expr::literal(Value::Bool(value), Type::Bool, HERE)
}

fn local(id: u32, ty: Type) -> Expr {
    expr(ExprKind::Local(LocalId(id)), ty)
}

fn output(phase: &str, step: &str) -> Expr {
    let reference = OutputRef { phase: phase.to_owned(), element: None, step: step.to_owned() };
    expr(ExprKind::Output(reference), Type::String)
}

fn read(function: &str, argument: Expr) -> Expr {
    let ty = if function == "read.json" { Type::Json } else { Type::String };
    expr(ExprKind::Call(function.to_owned(), vec![("path".to_owned(), argument)]), ty)
}

fn metric(group: &str, field: &str) -> Expr {
    let kind = ExprKind::Metric { group: group.to_owned(), field: field.to_owned() };
    expr(kind, Type::Metric(Box::new(Type::Float)))
}

fn statement(kind: StatementKind) -> Statement {
    Statement { at: HERE, doc: None, kind }
}

fn call(name: &str, args: Vec<(&str, Expr)>) -> Call {
    let written = args.len();
    let args = args.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    Call { name: name.to_owned(), args, written, at: HERE }
}

fn step(name: Option<&str>, argument: Expr) -> Statement {
    statement(StatementKind::Step(Step {
        name: name.map(str::to_owned),
        call: call("shell", vec![("command", argument)]),
        output: Type::String,
        typed: false,
        effect: EffectClass::Changes,
        idempotent: false,
        timeout: None,
        retry: None,
        backoff: None,
        when: None,
        undo: Some(call("file.copy", vec![])),
        has_undo: false,
        continues: false,
        part_of: None,
    }))
}

fn condition(expr: Expr) -> Condition {
    Condition {
        expr,
        text: "condition".to_owned(),
        warns: false,
        sustain: None,
        after: None,
        missing: MissingPolicy::Pause,
        reason: None,
        at: HERE,
    }
}

fn gate() -> Statement {
    statement(StatementKind::Gate { title: Some(text("title")), conditions: vec![condition(boolean(true))] })
}

fn phase(name: &str, after: &[&str], statements: Vec<Statement>) -> Phase {
    let reference = |name: &&str| PhaseRef { name: (*name).to_owned(), element: None };
    Phase {
        name: name.to_owned(),
        title: None,
        doc: None,
        after: after.iter().map(reference).collect(),
        each: None,
        when: None,
        window: None,
        on_failure: None,
        body: Block { statements, triggers: Vec::new(), composite: None },
        at: HERE,
        name_at: HERE,
    }
}

fn local_of(name: &str, ty: Type, kind: LocalKind) -> Local {
    Local { name: name.to_owned(), doc: None, ty, kind, at: HERE }
}

fn program(locals: Vec<Local>, phases: Vec<Phase>) -> Program {
    let pipeline = Pipeline {
        name: "release".to_owned(),
        doc: None,
        locals,
        lock: None,
        timeout: None,
        window: None,
        phases,
        scope: Block::default(),
        hooks: Vec::new(),
        at: HERE,
    };
    Program { pipelines: [("release".to_owned(), pipeline)].into(), ..Program::default() }
}

fn pipeline_of(program: &mut Program) -> &mut Pipeline {
    &mut program.pipelines[0]
}

fn plan_with(program: &Program, set: &[(&str, &str)], outside: &Outside) -> Result<Plan, Vec<PlanError>> {
    let params: IndexMap<String, String> =
        set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let mut sources = Sources::default();
    sources.add(|id| SourceFile::new(id, "release.deploy", "pipeline release {}"));
    build(program, &PlanRequest { pipeline: None, environment: None, params: &params, sources: &sources }, outside)
}

fn plan(program: &Program) -> Plan {
    plan_with(program, &[], &Outside::default()).expect("a plan")
}

fn messages(program: &Program) -> Vec<String> {
    let errors = plan_with(program, &[], &Outside::default()).expect_err("no plan");
    errors.into_iter().map(|error| error.message).collect()
}

fn ids(plan: &Plan) -> Vec<&str> {
    plan.nodes.iter().map(|node| node.id.as_str()).collect()
}

#[test]
fn phases_come_in_order_with_their_statements_numbered_by_kind() {
    let ramp = statement(StatementKind::Ramp {
        target: call("traffic.http", vec![("url", text("http://127.0.0.1:1"))]),
        weights: vec![Expr::literal(Value::Quantity(1.into(), crate::contract::value::Unit::Ratio), Type::Ratio, HERE)],
        body: Block {
            statements: vec![statement(StatementKind::Wait(seconds(1))), gate()],
            triggers: Vec::new(),
            composite: None,
        },
    });
    let parallel = statement(StatementKind::Parallel(Block {
        statements: vec![step(None, text("b")), step(None, text("c"))],
        triggers: Vec::new(),
        composite: None,
    }));
    let first = phase("first", &[], vec![step(Some("one"), text("a")), gate(), parallel, ramp, gate()]);
    let plan = plan(&program(Vec::new(), vec![phase("second", &["first"], vec![step(None, text("d"))]), first]));
    assert_eq!(
        ids(&plan),
        [
            "first",
            "first.one",
            "first.gate1",
            "first.step1",
            "first.step2",
            "first.ramp1",
            "first.wait1",
            "first.gate2",
            "first.gate3",
            "second",
            "second.step1"
        ]
    );
    assert!(plan.is_coherent());
    assert_eq!(plan.phases[1].after, [super::program::PhaseIndex(0)]);
    assert_eq!(plan.phases[0].before, [super::program::PhaseIndex(1)]);
    assert_eq!(plan.block(plan.phases[0].body).items.len(), 5);
}

#[test]
fn the_use_of_an_output_is_an_edge_also_through_a_let() {
    let locals = vec![local_of("tag", Type::String, LocalKind::Value(output("build", "image")))];
    let deploy = phase("deploy", &[], vec![step(None, local(0, Type::String))]);
    let build = phase("build", &[], vec![step(Some("image"), text("make"))]);
    let plan = plan(&program(locals, vec![deploy, build]));
    assert_eq!(ids(&plan), ["build", "build.image", "deploy", "deploy.step1"]);
    let NodeKind::Step(step) = &plan.nodes[3].kind else { panic!("a step") };
    assert!(matches!(&*step.call.args[0].1.kind, ExprKind::Output(output) if output.step == "image"));
    assert!(!step.call.repeatable);
    assert!(step.undo.as_ref().is_some_and(|undo| undo.repeatable));
}

#[test]
fn a_phase_for_each_element_knows_its_element() {
    let mut deploy =
        phase("deploy", &[], vec![step(Some("apply"), local(0, Type::String)), step(None, output("deploy", "apply"))]);
    deploy.each = Some(Each {
        variable: LocalId(0),
        list: Expr::literal(
            Value::List(vec![Value::text("eu"), Value::text("us")]),
            Type::List(Box::new(Type::String)),
            HERE,
        ),
        at_once: Some(Expr::literal(Value::int(1), Type::Int, HERE)),
    });
    let locals = vec![local_of("region", Type::String, LocalKind::Loop)];
    let plan = plan(&program(locals, vec![deploy, phase("end", &["deploy"], Vec::new())]));
    assert_eq!(
        ids(&plan),
        [
            "deploy[eu]",
            "deploy[eu].apply",
            "deploy[eu].step1",
            "deploy[us]",
            "deploy[us].apply",
            "deploy[us].step1",
            "end"
        ]
    );
    assert_eq!(plan.phases[2].after.len(), 2);
    assert_eq!(plan.phases[0].at_once, Some(1));
    let NodeKind::Step(step) = &plan.nodes[4].kind else { panic!("a step") };
    assert_eq!(step.call.args[0].1.as_literal(), Some(&Value::text("us")));
    let NodeKind::Step(step) = &plan.nodes[5].kind else { panic!("a step") };
    assert!(matches!(&*step.call.args[0].1.kind, ExprKind::Output(output) if output.element.as_deref() == Some("us")));
}

#[test]
fn a_phase_switched_off_takes_those_behind_it_along_and_reads_nothing() {
    let mut off = phase("off", &[], vec![step(None, read("read.text", text("gone")))]);
    off.when = Some(boolean(false));
    let plan = plan(&program(
        Vec::new(),
        vec![off, phase("behind", &["off"], vec![gate()]), phase("beside", &[], vec![gate()])],
    ));
    assert_eq!(ids(&plan), ["off", "behind", "beside", "beside.gate1"]);
    assert_eq!(plan.phases.iter().map(|phase| phase.skipped).collect::<Vec<_>>(), [true, true, false]);
}

#[test]
fn files_meet_their_type_and_are_hashed() {
    let bench =
        Type::from(RecordType { name: Some("Bench".to_owned()), fields: [("ndcg".to_owned(), Type::Float)].into() });
    let locals = vec![
        local_of("baseline", Type::Path, LocalKind::Param(Some(text("baseline.json")))),
        local_of("before", bench.clone(), LocalKind::Value(read("read.json", local(0, Type::Path)))),
    ];
    let field = expr(ExprKind::Field(local(1, bench), "ndcg".to_owned()), Type::Float);
    let program = program(locals, vec![phase("bench", &[], vec![step(None, field)])]);
    let mut outside = Outside::default();
    outside.files.insert("baseline.json", "{\"ndcg\": 0.6}");
    outside.files.insert("bad.json", "{\"ndcg\": \"x\"}");
    let plan = plan_with(&program, &[], &outside).expect("a plan");
    let NodeKind::Step(step) = &plan.nodes[1].kind else { panic!("a step") };
    assert_eq!(step.call.args[0].1.as_literal().map(Value::to_string).as_deref(), Some("0.6"));
    assert_eq!(plan.inputs.files.keys().collect::<Vec<_>>(), ["baseline.json"]);
    assert_eq!(plan.params["baseline"], Value::text("baseline.json"));

    let errors = plan_with(&program, &[("baseline", "gone.json")], &outside).expect_err("no such file");
    assert_eq!(errors[0].message, "there is no file `gone.json`");
    assert_eq!((errors.len(), errors[0].cause, errors[0].at), (1, Cause::Usage, Some(HERE)));
    let errors = plan_with(&program, &[("baseline", "bad.json")], &outside).expect_err("no number");
    assert_eq!(errors[0].message, "the data read here is no `Bench`: `ndcg`: expected `float`, found text");
}

#[test]
fn what_is_asked_for_wrongly_is_named() {
    let locals = vec![
        local_of("version", Type::Version, LocalKind::Param(None)),
        local_of("soak", Type::Duration, LocalKind::Param(Some(seconds(1)))),
    ];
    let mut program = program(locals, Vec::new());
    for name in ["staging", "production"] {
        let environment = Environment { name: name.to_owned(), values: IndexMap::new(), at: HERE };
        program.environments.insert(name.to_owned(), environment);
    }
    let errors = plan_with(&program, &[("soak", "5"), ("verson", "1.0.0")], &Outside::default()).expect_err("wrong");
    let said: Vec<String> =
        errors.iter().map(|error| format!("{} ({})", error.message, error.help.as_deref().unwrap_or("-"))).collect();
    assert_eq!(
        said,
        [
            "this program has several environments: `staging`, `production` (choose one with `--env`)",
            "there is no parameter `verson` (did you mean `version`?)",
            "parameter `version` has no value (give one: `--set version=…` (version))",
            "parameter `soak` cannot be `5`: expected a duration such as `10m` or `1h30m` (-)",
        ]
    );
    assert!(errors.iter().all(|error| error.cause == Cause::Usage));
}

#[test]
fn only_what_is_read_is_sampled_with_everything_behind_it() {
    let field = |name: &str, value| {
        let field = MetricField { name: name.to_owned(), doc: None, ty: Type::Float, value, at: HERE };
        (name.to_owned(), field)
    };
    let extract = || FieldValue::Extract(call("query", vec![("promql", text("up"))]));
    let tail = expr(
        ExprKind::Binary(Operator::Divide, metric("search", "p99"), metric("search", "p95")),
        Type::Metric(Box::new(Type::Quotient)),
    );
    let group = MetricsGroup {
        name: "search".to_owned(),
        doc: None,
        source: call("prometheus", vec![("url", expr(ExprKind::Environment("api".to_owned()), Type::Url))]),
        every: None,
        lag: None,
        fields: [
            field("worse", FieldValue::Derived(metric("search", "tail"))),
            field("tail", FieldValue::Derived(tail)),
            field("p95", extract()),
            field("p99", extract()),
            field("unused", extract()),
        ]
        .into(),
        at: HERE,
    };
    let mut program = program(Vec::new(), vec![phase("soak", &[], vec![gate()])]);
    program.groups.insert("search".to_owned(), group);
    let token = expr(ExprKind::Call("secret".to_owned(), vec![("name".to_owned(), text("HOOK"))]), Type::String);
    program.channels.insert("room".to_owned(), call("notify.webhook", vec![("url", token)]));
    let api = expr(
        ExprKind::Call(
            "env_var".to_owned(),
            vec![("name".to_owned(), text("API")), ("default".to_owned(), text("http://127.0.0.1:9"))],
        ),
        Type::String,
    );
    program.environments.insert(
        "staging".to_owned(),
        Environment { name: "staging".to_owned(), values: [("api".to_owned(), api)].into(), at: HERE },
    );
    let above = expr(
        ExprKind::Binary(Operator::Greater, metric("search", "worse"), Expr::literal(Value::int(2), Type::Int, HERE)),
        Type::Bool,
    );
    pipeline_of(&mut program).scope.triggers.push(Trigger {
        action: TriggerAction::Notify("room".to_owned()),
        condition: condition(above),
        at: HERE,
    });
    let plan = plan(&program);
    let trigger = &plan.block(plan.scope).triggers[0];
    assert_eq!(trigger.id, "trigger1");
    let reads: Vec<&str> = trigger.condition.reads.iter().map(|read| read.field.as_str()).collect();
    assert_eq!(reads, ["p99", "p95", "tail", "worse"]);
    let [group] = plan.groups.as_slice() else { panic!("one group") };
    assert_eq!(group.fields.iter().map(|field| field.field.as_str()).collect::<Vec<_>>(), ["p95", "p99"]);
    assert_eq!(group.derived.iter().map(|derived| derived.field.as_str()).collect::<Vec<_>>(), ["tail", "worse"]);
    assert_eq!(group.args["url"], Value::text("http://127.0.0.1:9"));
    assert_eq!(group.every, Duration::from_secs(60));
    assert_eq!(plan.secrets, ["HOOK"]);
    assert_eq!(plan.channels["room"].args["url"], Value::Secret("HOOK".to_owned()));
    assert_eq!(plan.inputs.variables["API"], "unset");
}

#[test]
fn hooks_of_one_event_are_one_phase_behind_the_others() {
    let mut program = program(Vec::new(), vec![phase("only", &[], Vec::new())]);
    for command in ["a", "b"] {
        let body = Block { statements: vec![step(None, text(command))], triggers: Vec::new(), composite: None };
        pipeline_of(&mut program).hooks.push(Hook { event: HookEvent::Success, body, at: HERE });
    }
    let plan = plan(&program);
    assert_eq!(ids(&plan), ["only", "on success", "on success.step1", "on success.step2"]);
    assert_eq!(plan.dag().count(), 1);
    let hook = plan.hook(HookEvent::Success).map(|index| plan.phase(index).body).expect("a hook");
    assert!(matches!(plan.block(hook).items.as_slice(), [Item::Node(_), Item::Node(_)]));
}

#[test]
fn what_must_be_known_now_says_what_it_waits_for() {
    let wait = statement(StatementKind::Wait(output("build", "image")));
    let program = program(
        Vec::new(),
        vec![phase("build", &[], vec![step(Some("image"), text("a"))]), phase("wait", &[], vec![wait])],
    );
    assert_eq!(
        messages(&program),
        ["the duration of this wait must be known when the plan is made, but depends on the output of `build.image`"]
    );
}

#[test]
fn circles_end_with_a_message() {
    let locals = vec![
        local_of("a", Type::String, LocalKind::Value(local(1, Type::String))),
        local_of("b", Type::String, LocalKind::Value(local(0, Type::String))),
    ];
    let in_lets = program(locals, vec![phase("only", &[], vec![step(None, local(0, Type::String))])]);
    assert_eq!(messages(&in_lets), ["`b` is made from itself"]);
    let in_phases = program(Vec::new(), vec![phase("a", &["b"], Vec::new()), phase("b", &["a"], Vec::new())]);
    assert!(messages(&in_phases)[0].starts_with("phases wait for one another: "));
}

#[test]
fn lets_that_double_end_with_a_message_and_long_chains_of_them_work() {
    let doubled = |last: u32| {
        let both = expr(ExprKind::List(vec![local(last, Type::Json), local(last, Type::Json)]), Type::Json);
        local_of("twice", Type::Json, LocalKind::Value(both))
    };
    let mut locals = vec![local_of("start", Type::Json, LocalKind::Value(output("build", "image")))];
    locals.extend((0..60).map(doubled));
    let build = || phase("build", &[], vec![step(Some("image"), text("a"))]);
    let large = program(locals, vec![build(), phase("use", &[], vec![step(None, local(60, Type::Json))])]);
    assert_eq!(messages(&large), ["`twice` grows too large when everything it is made from is put in"]);

    let same = |last: u32| local_of("same", Type::String, LocalKind::Value(local(last, Type::String)));
    let mut locals = vec![local_of("start", Type::String, LocalKind::Value(text("x")))];
    locals.extend((0..50_000).map(same));
    let long = program(locals, vec![phase("use", &[], vec![step(None, local(50_000, Type::String))])]);
    let NodeKind::Step(step) = &plan(&long).nodes[1].kind else { panic!("a step") };
    assert_eq!(step.call.args[0].1.as_literal(), Some(&Value::text("x")));
}

#[test]
fn a_phase_starts_only_in_its_own_window_and_that_of_the_pipeline() {
    let mut program = program(Vec::new(), vec![phase("early", &[], Vec::new()), phase("late", &[], Vec::new())]);
    pipeline_of(&mut program).window = Some(text("Mon-Fri 08:00-18:00 UTC"));
    pipeline_of(&mut program).phases[1].window = Some(text("Mon-Thu 09:00-16:00 Europe/Berlin"));
    let plan = plan(&program);
    let windows = plan.phases.iter().map(|phase| phase.windows.iter().map(|it| it.text().to_owned()).collect());
    let windows: Vec<Vec<String>> = windows.collect();
    assert_eq!(windows[0], ["Mon-Fri 08:00-18:00 UTC"]);
    assert_eq!(windows[1], ["Mon-Thu 09:00-16:00 Europe/Berlin", "Mon-Fri 08:00-18:00 UTC"]);
}

#[test]
fn a_window_that_is_none_is_refused() {
    let mut program = program(Vec::new(), vec![phase("only", &[], Vec::new())]);
    pipeline_of(&mut program).phases[0].window = Some(text("Mon-Thu"));
    assert_eq!(messages(&program).len(), 1);
}
