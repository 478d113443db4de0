//! Documents scored and corrected by a rubric: from the program to the files, on the engine, with files in memory.

mod support;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use phasegate::base::time::Timestamp;
use phasegate::contract::effect::{Effect, Outcome, TextPiece};
use phasegate::contract::samples::Samples;
use phasegate::engine::event::{Event, RunOutcome};
use phasegate::eval::rubric::score_text;
use phasegate::plan::program::{GroupIndex, Plan};
use phasegate::sim::{Asked, Simulation, World};
use phasegate::steps::registry;
use serde_json::{Value as Json, json};
use support::{START, plan};

/// A folder in memory.
#[derive(Clone, Default)]
struct Folder {
    files: Rc<RefCell<BTreeMap<String, String>>>,
    kept: Rc<RefCell<BTreeMap<String, String>>>,
}

impl World for Folder {
    fn perform(&mut self, Asked { effect, .. }: Asked<'_>) -> (Outcome, Duration) {
        let mut files = self.files.borrow_mut();
        let answer = match effect {
            Effect::FindFiles { patterns } => {
                let missing: Vec<&String> = patterns.iter().filter(|_| files.is_empty()).collect();
                json!({ "files": files.keys().collect::<Vec<_>>(), "missing": missing })
            }
            Effect::ReadFile { path } => json!({ "text": files[path] }),
            Effect::ScoreDocuments { rubric, files: asked } => {
                let rubric = serde_json::from_value(rubric.clone()).expect("a rubric");
                let scored = asked.iter().map(|file| score_text(&rubric, file, files[file].as_bytes()));
                match scored.collect::<Result<Vec<_>, _>>() {
                    Ok(documents) => json!({ "documents": documents }),
                    Err(reason) => return (Outcome::failed(reason), Duration::ZERO),
                }
            }
            Effect::CreateBackup { .. } => json!({ "archive": "backups/b.tar.zst" }),
            Effect::SaveCopy { path, slot } => {
                let kept = files.get(path).cloned().unwrap_or_default();
                self.kept.borrow_mut().insert(slot.clone(), kept);
                Json::Null
            }
            Effect::RestoreCopy { path, slot } => {
                files.insert(path.clone(), self.kept.borrow()[slot].clone());
                Json::Null
            }
            Effect::WriteFile { path, content } => {
                let [TextPiece::Plain(text)] = content.as_slice() else { panic!("plain text is written") };
                files.insert(path.clone(), text.clone());
                Json::Null
            }
            Effect::RunProcess { .. } => return (Outcome::failed("it went wrong"), Duration::ZERO),
            other => panic!("nobody asks for {other:?}"),
        };
        (Outcome::Done(answer), Duration::ZERO)
    }

    fn sample(&mut self, _: &Plan, _: GroupIndex, _: Timestamp) -> Samples {
        Samples::default()
    }
}

fn folder(files: &[(&str, Json)]) -> Folder {
    let folder = Folder::default();
    folder.files.borrow_mut().extend(files.iter().map(|(name, json)| ((*name).to_owned(), json.to_string())));
    folder
}

const RUBRIC: &str = r#"
use std.{quality, shell}

rubric contracts for json {
  pass when score >= 15 and critical >= 8
  tier critical   { criterion identity "Identity" 8 { award 8 when doc.id == doc.output.id } }
  tier functional { criterion slots "Slots" 12 { award 5 when len(doc.slots) > 0  award 7 when doc.slots[0] == "name" } }
}
"#;

fn program(phases: &str) -> Plan {
    plan(&format!("{RUBRIC}\n/// For a test.\npipeline p {{\n{phases}\n}}"))
}

/// The output of a step, and how the run ended.
fn run(plan: &Plan, folder: &Folder, step: &str) -> (Option<RunOutcome>, Option<Json>, String) {
    let registry = registry();
    let mut simulation = Simulation::start(plan, &registry, folder.clone(), START);
    simulation.run_until(START.plus(Duration::from_secs(3_600)));
    let output = simulation.events.iter().find_map(|event| match &event.event {
        Event::NodePassed { node, output, .. } if plan.node(*node).id == step => Some(output.to_json()),
        _ => None,
    });
    (simulation.state().outcome, output, simulation.state().reason.clone())
}

#[test]
fn every_document_is_scored_and_the_lowest_comes_first() {
    let plan = program("phase score { step now = quality.evaluate(contracts, [\"*.json\"], floor: 10) }");
    let good = json!({ "id": 1, "output": { "id": 1 }, "slots": ["name"] });
    let folder = folder(&[("a.json", good), ("b.json", json!({ "slots": ["x"] }))]);
    let (outcome, output, reason) = run(&plan, &folder, "score.now");
    assert_eq!(outcome, Some(RunOutcome::Succeeded), "{reason}");
    let output = output.expect("an output");
    assert_eq!((&output["total"], &output["passed"], &output["failed"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!((&output["mean"], &output["lowest"]), (&json!(12.5), &json!(5)));
    assert_eq!(output["documents"][0]["file"], "b.json");
    assert_eq!(output["documents"][0]["short_of"], json!(["identity", "slots"]));
    assert_eq!(output["tiers"], json!({ "critical": 4, "functional": 8.5 }));
}

#[test]
fn no_document_and_one_that_is_no_json_fail_with_words() {
    let plan = program("phase score { step now = quality.evaluate(contracts, [\"*.json\"]) }");
    let (outcome, _, reason) = run(&plan, &folder(&[]), "score.now");
    assert_eq!(outcome, Some(RunOutcome::Failed));
    assert!(reason.contains("there is no document at `*.json`"), "{reason}");
    let broken = Folder::default();
    broken.files.borrow_mut().insert("a.json".to_owned(), "{".to_owned());
    let (_, _, reason) = run(&plan, &broken, "score.now");
    assert!(reason.contains("`a.json` is no JSON"), "{reason}");
}

const FIX: &str = r#"step now = quality.remediate(contracts, ["*.json"], [
    { title: "the output is of the same identity", at: "$.output.id", copy: "$.id" },
    { title: "a slot", at: "$.slots", value: ["name"], only_missing: true },
  ])"#;

#[test]
fn documents_are_corrected_and_scored_before_and_after() {
    let folder = folder(&[("a.json", json!({ "id": 7 })), ("b.json", json!({ "slots": ["name"] }))]);
    let (outcome, output, reason) = run(&program(&format!("phase fix {{ {FIX} }}")), &folder, "fix.now");
    assert_eq!(outcome, Some(RunOutcome::Succeeded), "{reason}");
    let output = output.expect("an output");
    assert_eq!((&output["changed"], &output["backup"]), (&json!(1), &json!("backups/b.tar.zst")));
    assert_eq!((&output["before"]["lowest"], &output["after"]["lowest"]), (&json!(0), &json!(12)));
    let written: Json = serde_json::from_str(&folder.files.borrow()["a.json"]).expect("JSON");
    assert_eq!(written, json!({ "id": 7, "output": { "id": 7 }, "slots": ["name"] }));
}

#[test]
fn a_rollback_puts_the_documents_back() {
    let folder = folder(&[("a.json", json!({ "id": 7 }))]);
    let body = format!("phase fix {{ {FIX}\n step shell(\"next\") timeout 1m effect reads }}");
    let body = body.replace("timeout 1m effect reads", "effect reads timeout 1m");
    let (outcome, _, reason) = run(&program(&body), &folder, "fix.now");
    assert_eq!(outcome, Some(RunOutcome::RolledBack), "{reason}");
    assert_eq!(folder.files.borrow()["a.json"], json!({ "id": 7 }).to_string());
}

#[test]
fn a_data_set_is_made_and_scored_as_it_was_made() {
    let made = r#"step made = quality.generate(
      like: { id: 1, output: { id: 1 }, slots: ["name"] },
      faults: [{ title: "no output", at: "$.output", share: 40% }, { title: "odd slot", at: "$.slots[0]", share: 30%, value: "x" }],
      to: "set", documents: 50, seed: 3,
    )
    step now = quality.evaluate(contracts, ["set/*.json"])"#;
    let folder = folder(&[]);
    let (outcome, scored, reason) = run(&program(&format!("phase set {{ {made} }}")), &folder, "set.now");
    assert_eq!(outcome, Some(RunOutcome::Succeeded), "{reason}");
    let (_, made, _) = run(&program(&format!("phase set {{ {made} }}")), &folder, "set.made");
    let (scored, made) = (scored.expect("scores"), made.expect("an output"));
    assert_eq!((&scored["total"], &made["documents"]), (&json!(50), &json!(50)));
    let of = |title: &str| made["faults"][title].as_f64().expect("a count");
    assert!(of("no output") > 5.0 && of("odd slot") > 5.0, "{made}");
    // 20 points, 8 less for each fault of the output, 7 for each of the slots.
    let mean = 20.0 - (8.0 * of("no output") + 7.0 * of("odd slot")) / 50.0;
    assert!((scored["mean"].as_f64().expect("a mean") - mean).abs() < 1e-9, "{scored}");
}
