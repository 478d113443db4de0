//! What stands between the lines: types that are inferred, the traffic of ramps so far; and where a pipeline can be planned,
//! when each phase starts at the earliest and the latest and what a rollback at its end undoes.

use indexmap::IndexMap;

use super::known::Known;
use super::walk::{block_of, holds, statements};
use crate::base::span::{FileId, Location, Span};
use crate::contract::types::Type;
use crate::model::phase::Phase;
use crate::model::program::{Pipeline, Program};
use crate::plan;
use crate::plan::program::{NodeIndex, PhaseIndex, Plan};
use crate::plan::request::{PlanRequest, Surroundings};
use crate::report::plan::rollback::{Share, each_reach, share_of};
use crate::report::plan::span_text;
use crate::report::plan::timing::Timing;
use crate::syntax::ast::{Block, Expr, ExprKind, Name, StatementKind, Unit};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    /// Right behind this.
    pub offset: usize,
    pub text: String,
    /// What it is, in a sentence.
    pub meaning: String,
}

/// The environment that is meant when none is named.
const USUAL: &str = "production";
/// Longer types are cut.
const LONGEST: usize = 40;
/// What a rollback undoes is named up to here, and counted beyond.
const MOST_NAMES: usize = 3;
/// What a rollback undoes grows with the square of the phases.
const MOST_PHASES: usize = 1_000;

/// Those of a part of a file.
#[must_use]
pub fn hints(known: &Known, file: FileId, wanted: Span) -> Vec<Hint> {
    let tree = known.tree(file);
    let mut found = Vec::new();
    for item in tree.items.iter().filter(|item| touches(item.at, wanted)) {
        let Some(block) = block_of(item) else { continue };
        statements(block, &mut |statement| match &statement.kind {
            StatementKind::Let { name, ty: None, .. } => found.extend(type_of(known, file, name)),
            StatementKind::Phase(phase) => {
                found.extend(phase.each.iter().filter_map(|each| type_of(known, file, &each.variable)));
            }
            StatementKind::Ramp { weights, body, .. } if takes_time(body) => found.extend(traffic(weights)),
            _ => {}
        });
    }
    if !known.analysis.has_errors() {
        found.extend(planned(known, file, wanted));
    }
    found.retain(|hint| wanted.start as usize <= hint.offset && hint.offset <= wanted.end as usize);
    found.sort_by_key(|hint| hint.offset);
    found
}

fn touches(span: Span, other: Span) -> bool {
    span.start <= other.end && other.start <= span.end
}

/// What is not written there.
fn type_of(known: &Known, file: FileId, name: &Name) -> Option<Hint> {
    let mention = known.analysis.mentions.get(&Location::new(file, name.at))?;
    let ty = mention.ty.as_ref().filter(|ty| !matches!(ty, Type::Error | Type::Nothing))?;
    let mut text = format!(": {ty}");
    if text.chars().count() > LONGEST {
        text = text.chars().take(LONGEST).chain(['…']).collect();
    }
    Some(Hint { offset: name.at.end as usize, text, meaning: format!("`{}` is of the type `{ty}`", name.text) })
}

/// Whether requests come while it lasts.
fn takes_time(body: &Block) -> bool {
    body.statements
        .iter()
        .any(|statement| matches!(statement.kind, StatementKind::Hold { .. } | StatementKind::Wait(_)))
}

/// Behind each weight but the first, how much of all requests so far went where the ramp leads: every weight lasts as long as
/// the others, as the same is done at each.
fn traffic(weights: &[Expr]) -> Vec<Hint> {
    let mut sum = 0.0;
    let mut found = Vec::new();
    for (at, weight) in weights.iter().enumerate() {
        let ExprKind::Number { value, unit: Unit::Percent | Unit::Points, .. } = &*weight.kind else {
            return Vec::new();
        };
        sum += value.to_f64();
        if at > 0 {
            let share = (sum / (at + 1) as f64 * 1_000.0).round() / 10.0;
            let meaning = format!(
                "when this weight is over, {share}% of the requests since the ramp began have gone where it leads, if they come \
                 evenly and no weight is cut short"
            );
            found.push(Hint { offset: weight.at.end as usize, text: format!("Σ {share}%"), meaning });
        }
    }
    found
}

/// When phases start and what a rollback at their end undoes. None for pipelines that cannot be planned as they are:
/// parameters without a default, files that are read.
fn planned(known: &Known, file: FileId, wanted: Span) -> Vec<Hint> {
    let program = &known.analysis.program;
    let environment = environment(program);
    let params = IndexMap::new();
    let mut found = Vec::new();
    let tree = known.tree(file);
    let whole =
        |pipeline: &Pipeline| tree.items.iter().find(|item| holds(item.at, pipeline.at.span)).map(|item| item.at);
    for pipeline in program.pipelines.values().filter(|pipeline| pipeline.at.file == file) {
        if !whole(pipeline).is_some_and(|whole| touches(whole, wanted)) {
            continue;
        }
        let request =
            PlanRequest { pipeline: Some(&pipeline.name), environment, params: &params, sources: &known.sources };
        let Ok(plan) = plan::build(program, &request, &Alone) else { continue };
        let within = environment.map(|name| format!(" in `{name}`")).unwrap_or_default();
        let phases = pipeline.phases.iter().filter(|phase| phase.name_at.file == file);
        let phases: Vec<&Phase> = phases.collect();
        found.extend(starts(&plan, &phases, &within));
        found.extend(rollbacks(&plan, &phases, &within));
    }
    found
}

fn starts(plan: &Plan, phases: &[&Phase], within: &str) -> Vec<Hint> {
    let timing = Timing::new(plan);
    let mut found = Vec::new();
    for phase in phases {
        let Some((index, _)) = plan.dag().find(|(_, planned)| planned.name == phase.name) else { continue };
        let span = timing.start(index);
        // What starts at once, or at a time of which nothing is known, says nothing.
        if !span.min.is_zero() || span.max.is_some_and(|latest| !latest.is_zero()) {
            let start = span_text(span);
            let meaning = format!("when this phase starts{within}, from the start of the run; pauses are not foreseen");
            found.push(Hint { offset: phase.name_at.span.end as usize, text: format!("at {start}"), meaning });
        }
    }
    found
}

/// At the end of each phase, where there is something to undo or something that stays.
fn rollbacks(plan: &Plan, phases: &[&Phase], within: &str) -> Vec<Hint> {
    if plan.phases.len() > MOST_PHASES {
        return Vec::new();
    }
    let shares: Vec<Share> =
        (0..plan.phases.len()).map(|at| share_of(plan, PhaseIndex(u32::try_from(at).unwrap_or(u32::MAX)))).collect();
    let mut found = Vec::new();
    each_reach(plan, &shares, |index, before| {
        let Some(phase) = phases.iter().find(|phase| phase.name == plan.phase(index).name) else { return };
        let offset = phase.at.span.end as usize;
        // Of the phases of a `for` the first speaks for all.
        if found.iter().any(|hint: &Hint| hint.offset == offset) {
            return;
        }
        let parts = before.iter().copied().chain([index.0]).map(|at| &shares[at as usize]);
        let parts: Vec<&Share> = parts.rev().collect();
        let names = |of: fn(&Share) -> &[NodeIndex]| -> Vec<&str> {
            parts.iter().flat_map(|share| of(share)).map(|node| plan.node(*node).id.as_str()).collect()
        };
        let undone: Vec<&str> = names(|share| &share.ramps).into_iter().chain(names(|share| &share.undoes)).collect();
        let kept = names(|share| &share.keeps);
        if undone.is_empty() && kept.is_empty() {
            return;
        }
        let mut text = match undone.as_slice() {
            [] => "a rollback undoes nothing".to_owned(),
            few if few.len() <= MOST_NAMES => format!("a rollback undoes {}", few.join(", ")),
            many => format!("a rollback undoes {} and {} more", many[..MOST_NAMES].join(", "), many.len() - MOST_NAMES),
        };
        if !kept.is_empty() {
            text.push_str(&format!("; {} stays", kept.len()));
        }
        let undone = if undone.is_empty() { "nothing".to_owned() } else { undone.join(", ") };
        let mut meaning = format!("what a rollback at the end of this phase undoes{within}, in its order: {undone}");
        if !kept.is_empty() {
            meaning.push_str(&format!("; what stays as it is then: {}", kept.join(", ")));
        }
        found.push(Hint { offset, text, meaning });
    });
    found
}

fn environment(program: &Program) -> Option<&str> {
    let usual = program.environments.get_key_value(USUAL).map(|(name, _)| name);
    usual.or_else(|| program.environments.keys().next()).map(String::as_str)
}

/// Nothing outside the program is looked at.
struct Alone;

impl Surroundings for Alone {
    fn read_file(&self, path: &str) -> Result<String, String> {
        Err(format!("`{path}` is not read here"))
    }

    fn env_var(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }

    fn stand_in(&self, name: &str) -> Option<String> {
        Some(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::hints;
    use crate::base::span::Span;
    use crate::ide::cursor::Case;

    fn texts(text: &str) -> Vec<String> {
        let case = Case::new(&format!("{text}§"));
        hints(&case.known, case.file, Span::new(0, text.len())).into_iter().map(|hint| hint.text).collect()
    }

    #[test]
    fn phases_say_when_they_start() {
        let text = "environment staging { soak = 1m }\nenvironment production { soak = 1h }\npipeline p {\n  phase one { wait \
                    env.soak }\n  phase two after one { wait 5m }\n}\n";
        assert_eq!(texts(text), ["at 1h"]);
        let text = "pipeline p {\n  param n: duration\n  phase one { wait n }\n  phase two after one { wait n }\n}\n";
        assert_eq!(texts(text), [""; 0]);
    }

    #[test]
    fn values_without_a_type_show_it() {
        let text = "pipeline p {\n  let a = 5m\n  let b: int = 2\n  phase one for x in [\"u\"] { wait a * b }\n}\n";
        assert_eq!(texts(text), [": duration", ": string"]);
    }

    #[test]
    fn ramps_say_how_much_traffic_it_was_so_far() {
        let text = "use std.traffic\ncomponent c() {\n  ramp traffic.http(\"http://a\") through 5%, 25%, 100% { hold 1h { require 1 < 2 } \
                    }\n}\n";
        assert_eq!(texts(text), ["Σ 15%", "Σ 43.3%"]);
    }

    #[test]
    fn phases_say_what_a_rollback_undoes() {
        let text = "use std.{flags, shell}\npipeline p {\n  phase one { step on = flags.set(\"a\", { b: \"c\" }) }\n  phase two after \
                    one {\n    step shell(\"apply\") timeout 1m\n    step off = flags.unset(\"z\")\n  }\n}\n";
        assert_eq!(texts(text)[0], "a rollback undoes one.on");
        assert!(texts(text).contains(&"a rollback undoes two.off, one.on; 1 stays".to_owned()), "{:?}", texts(text));
    }
}
