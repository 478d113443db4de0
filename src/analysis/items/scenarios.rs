//! `test "title" { run … given … expect … }`

use rustc_hash::FxHashMap;
use std::rc::Rc;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::Span;
use crate::contract::value::Value;
use crate::eval::evaluate;
use crate::model::program::{Pipeline, Program};
use crate::model::scenario::{Course, ExpectationKind, GivenKind, Test};
use crate::syntax::ast::{StringLiteral, StringPiece, TestClauseKind, TestItem};

use super::super::checker::Checker;
use super::super::constants::Constants;
use super::super::symbols::{ItemRef, duplicate};
use super::launched::Launched;

/// The pipeline that a test runs.
pub(super) struct Scene {
    pub pipeline: ItemRef,
    pub launched: Rc<Launched>,
}

impl<'a> Checker<'a> {
    /// The pipeline that the test runs, and the test when it runs one.
    pub(super) fn read_test(
        &mut self,
        doc: Option<String>,
        written: &'a TestItem,
        known: &FxHashMap<ItemRef, Pipeline>,
        program: &Program,
    ) -> (Option<ItemRef>, Option<Test>) {
        let title = self.read_test_title(&written.title);
        let Some(run) = &written.run else {
            self.report_idle_test(written);
            self.read_clauses(None, written);
            return (None, None);
        };
        let (pipeline, launch) =
            self.watching(None, |checker| checker.read_launch(&run.call, run.environment.as_ref()));
        let model = pipeline.and_then(|pipeline| known.get(&pipeline));
        let scene = pipeline.zip(model).map(|(pipeline, model)| {
            let environment = launch.as_ref().and_then(|launch| launch.environment.as_ref());
            let environment = environment.and_then(|name| program.environments.get(name));
            let launched = self.launch(pipeline, &Constants::new(model, environment));
            Scene { pipeline, launched }
        });
        let (given, expect) = self.read_clauses(scene.as_ref(), written);
        self.report_given_twice(&given);
        let at = self.here(written.title.at);
        (pipeline, launch.map(|launch| Test { title, doc, launch, given, expect, at }))
    }

    /// What tests can name in a pipeline, as it is in this environment.
    fn launch(&mut self, pipeline: ItemRef, constants: &Constants<'_>) -> Rc<Launched> {
        let table = self.tables.get(&pipeline).cloned().unwrap_or_default();
        let elements = elements(constants);
        let known = self.launched.get(&pipeline);
        if let Some(known) = known.filter(|known| known.elements == elements) {
            return known.clone();
        }
        let known = known.map(|known| Launched::clone(known));
        let mut launched = known.unwrap_or_else(|| Launched::of(table, constants.pipeline));
        launched.elements = elements;
        let launched = Rc::new(launched);
        self.launched.insert(pipeline, launched.clone());
        launched
    }

    fn read_test_title(&mut self, title: &'a StringLiteral) -> String {
        self.watching(None, |checker| checker.infer_string(title));
        let pieces = title.pieces.iter().map(|piece| match piece {
            StringPiece::Text(text) => text.as_str(),
            StringPiece::Interpolation(inner) => self.text(inner.at),
        });
        pieces.collect()
    }

    fn report_idle_test(&mut self, written: &TestItem) {
        let is_complete = !written.clauses.iter().any(|clause| matches!(clause.kind, TestClauseKind::Broken));
        if is_complete && !written.title.pieces.is_empty() {
            let diagnostic = Diagnostic::new(Code::PG107, self.here(written.title.at), "this test runs nothing")
                .label("a pipeline is missing")
                .help("say what it runs: `run PIPELINE(…) in ENVIRONMENT`");
            self.report(diagnostic);
        }
    }

    /// PG102 for two tests of one file that nobody could tell apart.
    pub(super) fn report_repeated_titles(&mut self) {
        for module in 0..self.modules.len() {
            self.module = module;
            let mut titles: FxHashMap<&str, Span> = FxHashMap::default();
            for item in &self.modules[module].ast.items {
                let crate::syntax::ast::ItemKind::Test(test) = &item.kind else { continue };
                let [StringPiece::Text(title)] = test.title.pieces.as_slice() else { continue };
                match titles.get(title.as_str()) {
                    Some(first) => {
                        let diagnostic = duplicate(title, self.here(test.title.at), self.here(*first));
                        let message = format!("two tests have the title `{title}`");
                        self.report(Diagnostic { message, ..diagnostic });
                    }
                    None => drop(titles.insert(title, test.title.at)),
                }
            }
        }
    }
}

/// What it expects at every instant and the values of its metrics, as values.
pub(super) fn for_lints(test: &Test) -> Pipeline {
    let invariants = test.expect.iter().filter_map(|expectation| match &expectation.kind {
        ExpectationKind::Always(condition) | ExpectationKind::Never(condition) => Some(condition),
        _ => None,
    });
    let courses = test.given.iter().filter_map(|given| match &given.kind {
        GivenKind::Metric { what: Course::Values { first, then, .. }, .. } => Some((first, then)),
        _ => None,
    });
    let values =
        courses.flat_map(|(first, then)| std::iter::once(first).chain(then.iter().map(|change| &change.value)));
    super::computed(&test.title, invariants.chain(values), test.at)
}

/// The elements of every phase with a `for` whose list is known before the run.
fn elements(constants: &Constants<'_>) -> FxHashMap<String, Vec<String>> {
    let phases = constants.pipeline.phases.iter();
    let known = phases.filter_map(|phase| {
        let list = evaluate(&phase.each.as_ref()?.list, constants).ok()?;
        let texts: Option<Vec<String>> = list.as_list()?.iter().map(element).collect();
        Some((phase.name.clone(), texts?))
    });
    known.collect()
}

fn element(value: &Value) -> Option<String> {
    match value {
        Value::Text(text) => Some(text.clone()),
        Value::Quantity(number, crate::contract::value::Unit::One) => Some(number.to_string()),
        _ => None,
    }
}
