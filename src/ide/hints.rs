//! What stands between the lines: when each phase starts at the earliest and the latest, where that can be planned.

use indexmap::IndexMap;

use super::known::Known;
use crate::base::span::FileId;
use crate::model::program::Program;
use crate::plan;
use crate::plan::request::{PlanRequest, Surroundings};
use crate::report::plan::span_text;
use crate::report::plan::timing::Timing;

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

/// None for pipelines that cannot be planned as they are: parameters without a default, files that are read.
#[must_use]
pub fn hints(known: &Known, file: FileId) -> Vec<Hint> {
    if known.analysis.has_errors() {
        return Vec::new();
    }
    let program = &known.analysis.program;
    let environment = environment(program);
    let params = IndexMap::new();
    let mut found = Vec::new();
    for pipeline in program.pipelines.values().filter(|pipeline| pipeline.at.file == file) {
        let request =
            PlanRequest { pipeline: Some(&pipeline.name), environment, params: &params, sources: &known.sources };
        let Ok(plan) = plan::build(program, &request, &Alone) else { continue };
        let timing = Timing::new(&plan);
        for phase in pipeline.phases.iter().filter(|phase| phase.name_at.file == file) {
            let Some((index, _)) = plan.dag().find(|(_, planned)| planned.name == phase.name) else { continue };
            let span = timing.start(index);
            // What starts at once, or at a time of which nothing is known, says nothing.
            if !span.min.is_zero() || span.max.is_some_and(|latest| !latest.is_zero()) {
                let start = span_text(span);
                let within = environment.map(|name| format!(" in `{name}`")).unwrap_or_default();
                let meaning =
                    format!("when this phase starts{within}, from the start of the run; pauses are not foreseen");
                found.push(Hint { offset: phase.name_at.span.end as usize, text: format!("at {start}"), meaning });
            }
        }
    }
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
    use crate::ide::cursor::Case;

    #[test]
    fn phases_say_when_they_start() {
        let case = Case::new(
            "environment staging { soak = 1m }\nenvironment production { soak = 1h }\npipeline p {\n  phase one { wait \
             env.soak }\n  phase two after one { wait 5m }\n}\n§",
        );
        let found: Vec<String> = hints(&case.known, case.file).into_iter().map(|hint| hint.text).collect();
        assert_eq!(found, ["at 1h"]);
        let text = "pipeline p {\n  param n: duration\n  phase one { wait n }\n  phase two after one { wait n }\n}\n§";
        let case = Case::new(text);
        assert_eq!(hints(&case.known, case.file), []);
    }
}
