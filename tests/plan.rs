//! `phasegate plan` from a program on disk to what people and programs get.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

const PROGRAM: &str = include_str!("samples/fan.deploy");

struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        Self(folder)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn phasegate(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
        command.args(args).current_dir(self.path()).env("COLUMNS", "110").env("NO_COLOR", "1").env_remove("REGION");
        command.output().expect("phasegate runs")
    }

    /// Standard output of a command that has to end well.
    fn said(&self, args: &[&str]) -> String {
        let output = self.phasegate(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }

    fn json(&self, args: &[&str]) -> Json {
        serde_json::from_str(&self.said(args)).expect("JSON")
    }

    /// Exit status and standard error.
    fn refused(&self, args: &[&str]) -> (Option<i32>, String) {
        let output = self.phasegate(args);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn fan() -> Folder {
    Folder::with(&[("fan.deploy", PROGRAM)])
}

const STAGING: [&str; 7] = ["plan", "fan.deploy", "--env", "staging", "--set", "version=1.2.3", "--format"];

fn in_staging<'a>(more: &[&'a str]) -> Vec<&'a str> {
    STAGING.iter().copied().chain(more.iter().copied()).collect()
}

fn node<'a>(plan: &'a Json, id: &str) -> &'a Json {
    let nodes = plan["nodes"].as_array().expect("nodes");
    nodes.iter().find(|node| node["id"] == id).unwrap_or_else(|| panic!("node {id}"))
}

#[test]
fn json_holds_every_node_with_its_resolved_call() {
    let plan = fan().json(&in_staging(&["json"]));
    let ids: Vec<&str> =
        plan["nodes"].as_array().expect("nodes").iter().filter_map(|node| node["id"].as_str()).collect();
    assert_eq!(
        ids,
        [
            "build",
            "build.image",
            "build.step1",
            "build.step2",
            "build.gate1",
            "deploy[eu]",
            "deploy[eu].apply",
            "deploy[eu].ramp1",
            "deploy[eu].hold1",
            "deploy[us]",
            "deploy[us].apply",
            "deploy[us].ramp1",
            "deploy[us].hold1",
            "extra",
            "last",
            "announce",
            "announce.approve1",
            "announce.step1"
        ]
    );
    assert_eq!(plan["pipeline"], "release");
    assert_eq!(plan["environment"], "staging");
    assert_eq!(plan["params"], serde_json::json!({ "version": "1.2.3", "regions": ["eu", "us"] }));
    let image = node(&plan, "build.image");
    assert_eq!(image["call"], "shell(\"make image V=1.2.3\")");
    assert_eq!(image["undo"], "shell(\"make clean\")");
    assert_eq!(image["effect"], "changes");
    // Three attempts of 20 minutes, and pauses of one and two seconds.
    assert_eq!(image["expected"], serde_json::json!({ "min_s": 0, "max_s": 3603 }));
    assert_eq!(node(&plan, "build.gate1")["after"], serde_json::json!(["build.step1", "build.step2"]));
    assert_eq!(node(&plan, "build.step2")["after"], serde_json::json!(["build.image"]));
    assert_eq!(node(&plan, "announce")["after"], serde_json::json!(["build", "deploy[eu]", "deploy[us]"]));
    assert_eq!(node(&plan, "deploy[us].apply")["call"], "shell(\"deploy us ${build.image.tag}\")");
    let ramp = node(&plan, "deploy[eu].ramp1");
    assert_eq!(ramp["call"], "traffic.http(\"http://127.0.0.1:8080/weight\")");
    assert_eq!(ramp["weights"], serde_json::json!([0.05, 0.5, 1]));
    assert_eq!(ramp["expected"], serde_json::json!({ "min_s": 1800, "max_s": 1800 }));
    assert_eq!(node(&plan, "deploy[eu]")["expected"], serde_json::json!({ "min_s": 1800, "max_s": 2400 }));
    for off in ["extra", "last"] {
        assert_eq!(node(&plan, off)["skipped"], true, "{off}");
    }
    assert_eq!(plan["critical_path"][0], "build");
    let actions: Vec<&str> =
        plan["triggers"].as_array().expect("triggers").iter().filter_map(|it| it["id"].as_str()).collect();
    assert_eq!(actions, ["trigger1", "deploy[eu].trigger1", "deploy[us].trigger1"]);
}

#[test]
fn a_rollback_lists_weights_first_then_what_was_done_last_and_what_stays() {
    let plan = fan().json(&in_staging(&["json"]));
    let entry = |from: &str| {
        let entries = plan["rollback"].as_array().expect("entries");
        entries.iter().find(|entry| entry["from"] == from).cloned().unwrap_or_default()
    };
    assert_eq!(entry("build")["undoes"], serde_json::json!(["build.image"]));
    assert_eq!(
        entry("announce")["undoes"],
        serde_json::json!([
            "deploy[us].ramp1",
            "deploy[eu].ramp1",
            "deploy[us].apply",
            "deploy[eu].apply",
            "build.image"
        ])
    );
    assert_eq!(entry("announce")["keeps"], serde_json::json!([]));
    assert_eq!(plan["rollback"].as_array().map(Vec::len), Some(6));
    let args = ["plan", "fan.deploy", "--env", "production", "--set", "version=1.2.3", "--format", "json"];
    let production = fan().json(&args);
    let last =
        production["rollback"].as_array().expect("entries").iter().find(|entry| entry["from"] == "last").cloned();
    assert_eq!(last.expect("an entry")["keeps"], serde_json::json!(["extra.step1", "last.step1"]));
}

#[test]
fn text_shows_stages_time_line_rollback_and_secrets_by_name_only() {
    let text = fan().said(&in_staging(&["text"]));
    for part in [
        "Plan of release in staging",
        "Stage 1",
        "step image = shell(\"make image V=1.2.3\")",
        "undone by shell(\"make clean\")",
        "hold 10m every 1m",
        "require web.errors <= 1% for 5m",
        "Time line",
        "critical path",
        "Rollback",
        "room = notify.slack(secret(\"HOOK\"))",
        "rollback when web.tail > 4 for 5m else \"tail of 1.2.3\"",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    assert!(text.lines().all(|line| line.chars().count() <= 110 || line.contains("fingerprint")), "{text}");
}

#[test]
fn pictures_escape_what_people_write() {
    let folder = fan();
    let svg = folder.said(&in_staging(&["svg"]));
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    assert!(svg.contains("Build &lt;it&gt; &amp; &quot;more&quot;"), "{svg}");
    assert_eq!(svg.matches("<g ").count(), svg.matches("</g>").count());
    let mermaid = folder.said(&in_staging(&["mermaid"]));
    assert!(mermaid.starts_with("flowchart TD\n"));
    assert!(mermaid.contains("Build #lt;it#gt; #amp; #quot;more#quot;"), "{mermaid}");
    assert!(mermaid.contains("p0 --> p1"));
    let dot = folder.said(&in_staging(&["dot"]));
    assert!(dot.contains("Build <it> & \\\"more\\\"") && dot.contains("p0 -> p1;"), "{dot}");
}

#[test]
fn the_fingerprint_follows_what_the_plan_is_made_from_and_nothing_else() {
    let folder = fan();
    let fingerprint = |args: &[&str]| folder.json(args)["fingerprint"].as_str().map(str::to_owned);
    let first = fingerprint(&in_staging(&["json"]));
    assert_eq!(first.as_ref().map(String::len), Some(64));
    assert_eq!(first, fingerprint(&in_staging(&["json"])));
    assert_ne!(first, fingerprint(&in_staging(&["json", "--set", "regions=eu"])));
    let production = ["plan", "fan.deploy", "--env", "production", "--set", "version=1.2.3", "--format", "json"];
    assert_ne!(first, fingerprint(&production));
    fs::write(folder.path().join("fan.deploy"), format!("{PROGRAM}\n// more\n")).expect("written");
    assert_ne!(first, fingerprint(&in_staging(&["json"])));
}

#[test]
fn a_saved_plan_holds_all_that_is_needed_to_make_it_again() {
    let folder = fan();
    folder.said(&in_staging(&["json", "--out", "plan.json"]));
    let saved: Json = serde_json::from_slice(&fs::read(folder.path().join("plan.json")).expect("saved")).expect("JSON");
    let shown = folder.json(&in_staging(&["json"]));
    assert_eq!(saved["fingerprint"], shown["fingerprint"]);
    assert_eq!(saved["nodes"], shown["nodes"]);
    assert_eq!(saved["source"], "fan.deploy");
    assert_eq!(saved["set"], serde_json::json!({ "version": "1.2.3" }));
    let plan: phasegate::plan::program::Plan = serde_json::from_value(saved["plan"].clone()).expect("a plan");
    assert!(plan.is_coherent());
    assert_eq!(Json::from(plan.fingerprint.as_str()), saved["fingerprint"]);
}

#[test]
fn a_saved_plan_that_says_something_else_than_it_does_is_refused() {
    let folder = fan();
    folder.said(&in_staging(&["json", "--out", "plan.json"]));
    let path = folder.path().join("plan.json");
    let mut saved: Json = serde_json::from_slice(&fs::read(&path).expect("saved")).expect("JSON");
    saved["nodes"][1]["call"] = "shell(\"true\")".into();
    fs::write(&path, saved.to_string()).expect("written");
    let (status, said) = folder.refused(&["run", "--plan", "plan.json"]);
    assert_eq!(status, Some(1), "{said}");
    assert!(said.contains("changed by hand"), "{said}");
}

#[test]
fn what_is_asked_for_wrongly_ends_with_2_and_a_hint() {
    let folder = fan();
    let cases: [(&[&str], &str); 9] = [
        (&["plan", "gone.deploy"], "gone.deploy"),
        (&["plan", "fan.deploy", "--set", "version=1.2.3"], "several environments: `staging`, `production`"),
        (&["plan", "fan.deploy", "--env", "prodution", "--set", "version=1.2.3"], "did you mean `production`?"),
        (&["plan", "fan.deploy:relase", "--env", "staging"], "did you mean `release`?"),
        (&["plan", "fan.deploy", "--env", "staging"], "parameter `version` has no value"),
        (&["plan", "fan.deploy", "--env", "staging", "--set", "verson=1.2.3"], "did you mean `version`?"),
        (&["plan", "fan.deploy", "--env", "staging", "--set", "version=1"], "it is no version"),
        (&["plan", "fan.deploy", "--env", "staging", "--set", "version"], "sets nothing"),
        (&["plan", "fan.deploy", "--format", "png"], "invalid value"),
    ];
    for (args, wanted) in cases {
        let (status, said) = folder.refused(args);
        assert_eq!(status, Some(2), "{args:?}: {said}");
        assert!(said.contains(wanted), "{args:?}: {said}");
    }
    let (status, said) = folder.refused(&in_staging(&["text", "--out", "."]));
    assert_eq!(status, Some(2), "{said}");
}

#[test]
fn files_and_variables_are_read_while_planning_or_named() {
    let program = "use std.shell\n\
        type Bench = { p95: duration(ms) }\n\
        /// One.\n\
        pipeline one {\n\
          param baseline: path = \"baseline.json\"\n\
          let before: Bench = read.json(baseline)\n\
          let region = env_var(\"REGION\", default: \"eu\")\n\
          phase a { step shell(\"go ${before.p95} ${region}\") effect reads timeout 1m }\n\
        }\n";
    let folder = Folder::with(&[("one.deploy", program), ("baseline.json", "{\"p95\": 1500}")]);
    let plan = folder.json(&["plan", "one.deploy", "--format", "json"]);
    assert_eq!(node(&plan, "a.step1")["call"], "shell(\"go 1s500ms eu\")");
    let (status, said) = folder.refused(&["plan", "one.deploy", "--set", "baseline=gone.json"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("gone.json") && said.contains("one.deploy:6:"), "{said}");
    fs::write(folder.path().join("baseline.json"), "{\"p96\": 1500}").expect("written");
    let (status, said) = folder.refused(&["plan", "one.deploy"]);
    assert_eq!(status, Some(2));
    assert!(said.contains("`p95`: this field is missing"), "{said}");
}

#[test]
fn a_program_with_errors_is_not_planned() {
    let folder = Folder::with(&[("bad.deploy", "pipeline p { phase a after b { } }")]);
    let (status, said) = folder.refused(&["plan", "bad.deploy"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("PG101"), "{said}");
}
