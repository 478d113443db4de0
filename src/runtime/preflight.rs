//! Looks at everything a run will need before it changes anything, and names all that is missing at once.
//!
//! Invariant: nothing here changes anything: it reads metrics and weights, and looks for secrets and programs.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use tokio_util::sync::CancellationToken;

use super::ports::{Clock, Errand, World};
use super::sampling::read_group;
use crate::contract::effect::{Act, History, Reaction, Verdict};
use crate::contract::registry::Registry;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind, Piece};
use crate::plan::program::{Call, Group, NodeKind, Plan, Target};

/// No target takes longer to tell its weight.
const LONGEST: Duration = Duration::from_secs(10);

/// A step that reads a weight and needs more effects than this for it never ends.
const MOST_EFFECTS: usize = 32;

/// Words that the shell itself knows.
const SHELL_WORDS: &[&str] = &[
    "alias", "bg", "break", "case", "cd", "command", "continue", "do", "echo", "else", "eval", "exec", "exit",
    "export", "false", "fg", "for", "function", "getopts", "hash", "if", "jobs", "kill", "local", "printf", "pwd",
    "read", "readonly", "return", "select", "set", "shift", "source", "test", "then", "time", "times", "trap", "true",
    "type", "ulimit", "umask", "unalias", "unset", "until", "wait", "while", "dir", "copy", "del", "move", "ren",
    "rem", "call", "start", "md", "mkdir",
];

/// Everything that is missing, in words for people; empty: the run may begin.
pub async fn look(plan: &Plan, registry: &Registry, world: &Arc<dyn World>, clock: &dyn Clock) -> Vec<String> {
    let mut missing: Vec<String> = plan.secrets.iter().filter_map(|name| world.look_for_secret(name).err()).collect();
    missing.extend(not_built_in(plan, registry));
    missing.extend(programs(plan).into_iter().filter_map(|(node, program)| {
        let problem = world.look_for_program(&program).err()?;
        Some(format!("step `{node}`: {problem}"))
    }));
    let groups = join_all(plan.groups.iter().map(|group| group_faults(group, registry, world, clock)));
    let targets = join_all(targets(plan).into_iter().map(|(node, target)| target_fault(node, target, registry, world)));
    let (groups, targets) = tokio::join!(groups, targets);
    missing.extend(groups.into_iter().flatten());
    missing.extend(targets.into_iter().flatten());
    missing
}

/// Steps and channels that the language has and this version cannot do.
fn not_built_in(plan: &Plan, registry: &Registry) -> Vec<String> {
    let mut missing: Vec<String> = Vec::new();
    for node in &plan.nodes {
        let NodeKind::Step(step) = &node.kind else { continue };
        let calls = std::iter::once(&step.call).chain(&step.undo);
        for call in calls.filter(|call| !step.is_switched_off() && registry.step(&call.name).is_none()) {
            missing.push(format!("step `{}`: `{}` is not in this version", node.id, call.name));
        }
    }
    let channels = plan.channels.iter().filter(|(_, channel)| registry.channel(&channel.name).is_none());
    missing.extend(channels.map(|(name, kind)| format!("channel `{name}`: `{}` is not in this version", kind.name)));
    missing
}

async fn group_faults(group: &Group, registry: &Registry, world: &Arc<dyn World>, clock: &dyn Clock) -> Vec<String> {
    let reading = read_group(group, registry, world, clock, &CancellationToken::new()).await;
    let mut told: Vec<(String, Vec<String>)> = Vec::new();
    for (field, reason) in reading.faults {
        // One server that is down is one fault, however many fields it serves.
        match told.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, fields)) => fields.push(field),
            None => told.push((reason, vec![field])),
        }
    }
    let name = |fields: &[String]| {
        let names: Vec<String> = fields.iter().map(|field| format!("`{}.{field}`", group.name)).collect();
        if names.len() == 1 { format!("metric {}", names.join("")) } else { format!("metrics {}", names.join(", ")) }
    };
    told.into_iter().map(|(reason, fields)| format!("{}: {reason}", name(&fields))).collect()
}

fn targets(plan: &Plan) -> Vec<(&str, &Target)> {
    let mut targets: Vec<(&str, &Target)> = Vec::new();
    for node in &plan.nodes {
        if let NodeKind::Ramp { target, .. } = &node.kind
            && !targets.iter().any(|(_, known)| *known == target)
        {
            targets.push((&node.id, target));
        }
    }
    targets
}

async fn target_fault(node: &str, target: &Target, registry: &Registry, world: &Arc<dyn World>) -> Option<String> {
    let token = CancellationToken::new();
    let _guard = token.clone().drop_guard();
    let read = tokio::time::timeout(LONGEST, read_weight(target, registry, world, &token)).await;
    let problem = match read {
        Ok(Ok(())) => return None,
        Ok(Err(problem)) => problem,
        Err(_) => format!("it did not answer within {} s", LONGEST.as_secs()),
    };
    Some(format!("ramp `{node}`: the weight of `{}` cannot be read: {problem}", target.name))
}

async fn read_weight(
    target: &Target,
    registry: &Registry,
    world: &Arc<dyn World>,
    token: &CancellationToken,
) -> Result<(), String> {
    let found = registry.target(&target.name).ok_or_else(|| format!("there is no target `{}`", target.name))?;
    let mut history = History { key: "preflight".to_owned(), ..History::default() };
    for _ in 0..MOST_EFFECTS {
        match (found.read)(&target.args, &history) {
            Reaction::Finish(Verdict::Passed(_)) => return Ok(()),
            Reaction::Finish(Verdict::Failed(reason)) => return Err(reason),
            Reaction::Perform(effect) => {
                let errand = Errand { key: "preflight".to_owned(), effect: effect.clone(), output: None };
                let outcome = Some(world.perform(errand, token.child_token()).await);
                history.acts.push(Act { effect, outcome });
            }
        }
    }
    Err(format!("it needs more than {MOST_EFFECTS} requests"))
}

/// The programs that steps start by a plain name known now, each with the first step that does.
fn programs(plan: &Plan) -> Vec<(String, String)> {
    let mut programs: Vec<(String, String)> = Vec::new();
    for node in &plan.nodes {
        let NodeKind::Step(step) = &node.kind else { continue };
        if step.is_switched_off() {
            continue;
        }
        for call in std::iter::once(&step.call).chain(&step.undo) {
            if let Some(program) = program(call)
                && !programs.iter().any(|(_, known)| *known == program)
            {
                programs.push((node.id.clone(), program));
            }
        }
    }
    programs
}

fn program(call: &Call) -> Option<String> {
    let argument = |name: &str| call.args.iter().find(|(known, _)| known == name).map(|(_, value)| value);
    match call.name.as_str() {
        "exec" => plain_name(&first_of_list(argument("argv")?)?),
        "shell" => {
            let word = first_word(argument("command")?)?;
            plain_name(&word).filter(|word| !SHELL_WORDS.contains(&word.as_str()))
        }
        _ => None,
    }
}

fn first_of_list(expr: &Expr) -> Option<String> {
    match &*expr.kind {
        ExprKind::List(items) => items.first()?.as_literal()?.as_text().map(str::to_owned),
        ExprKind::Literal(value) => value.as_list()?.first().and_then(Value::as_text).map(str::to_owned),
        _ => None,
    }
}

/// The first word of a command line, when it is sure where it ends.
fn first_word(expr: &Expr) -> Option<String> {
    let (text, whole) = match &*expr.kind {
        ExprKind::Literal(value) => (value.as_text()?, true),
        ExprKind::Text(pieces) => match pieces.first()? {
            Piece::Text(text) => (text.as_str(), pieces.len() == 1),
            Piece::Value(_) => return None,
        },
        _ => return None,
    };
    let text = text.trim_start();
    let end = text.find(char::is_whitespace);
    if end.is_none() && !whole {
        return None;
    }
    Some(text[..end.unwrap_or(text.len())].to_owned())
}

/// A name that is looked for on PATH; a path may be made by a step before, and `X=1 program` or `(a; b)` is no name.
fn plain_name(word: &str) -> Option<String> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.' | '+');
    (!word.is_empty() && !word.starts_with(['.', '-']) && word.chars().all(plain)).then(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Call, Expr, ExprKind, Piece, Value, program};
    use crate::base::span::Location;
    use crate::contract::types::Type;

    fn expr(kind: ExprKind) -> Expr {
        Expr::new(kind, Type::String, Location::default())
    }

    fn shell(kind: ExprKind) -> Option<String> {
        let args = vec![("command".to_owned(), expr(kind))];
        program(&Call { name: "shell".to_owned(), args, written: 1, repeatable: false })
    }

    fn line(text: &str) -> Option<String> {
        shell(ExprKind::Literal(Value::text(text)))
    }

    #[test]
    fn the_first_word_of_a_command_line_is_looked_for() {
        assert_eq!(line("kubectl apply -f x.yaml").as_deref(), Some("kubectl"));
        assert_eq!(line("  \n  npm run bench").as_deref(), Some("npm"));
    }

    #[test]
    fn what_is_no_plain_program_is_left_to_the_shell() {
        for text in
            ["", "cd x && make", "X=1 make", "./deploy.sh", "/opt/x/y", "(a; b)", "\"my tool\" x", "a|b", "$CMD"]
        {
            assert_eq!(line(text), None, "{text}");
        }
    }

    #[test]
    fn a_word_that_goes_on_in_an_interpolation_is_not_known() {
        let value = || Piece::Value(expr(ExprKind::Literal(Value::text("x"))));
        assert_eq!(shell(ExprKind::Text(vec![Piece::Text("tool".to_owned()), value()])), None);
        assert_eq!(shell(ExprKind::Text(vec![Piece::Text("tool -v ".to_owned()), value()])).as_deref(), Some("tool"));
        assert_eq!(shell(ExprKind::Text(vec![value()])), None);
    }

    #[test]
    fn the_first_argument_of_exec_is_looked_for() {
        let argv = ExprKind::List(vec![expr(ExprKind::Literal(Value::text("git")))]);
        let args = vec![("argv".to_owned(), expr(argv))];
        let call = Call { name: "exec".to_owned(), args, written: 1, repeatable: false };
        assert_eq!(program(&call).as_deref(), Some("git"));
    }
}
