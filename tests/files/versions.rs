//! Fingerprints of versions.

use std::process::Command;

use phasegate::contract::effect::{Effect, Verdict};
use phasegate::contract::value::Value;
use serde_json::{Value as Json, json};

use crate::world::{World, args};

fn freeze(version: &str) -> Effect {
    Effect::FreezeVersion {
        version: version.to_owned(),
        files: vec!["config/**".to_owned(), "models/ltr.bin".to_owned()],
        to: ".phasegate/versions".to_owned(),
    }
}

fn world() -> World {
    World::with(&[("config/app.json", "{}\n"), ("config/deep/b.toml", "b = 1\n"), ("models/ltr.bin", "weights")])
}

fn frozen(world: &World, version: &str) -> Json {
    serde_json::from_str(&world.text(&format!(".phasegate/versions/config_fingerprint_{version}.json"))).unwrap()
}

#[test]
fn a_fingerprint_says_what_the_version_is_made_of() {
    let world = world();
    let answer = world.perform(&freeze("1.2.3")).unwrap();
    assert_eq!(
        (&answer["files"], &answer["path"]),
        (&json!(3), &json!(".phasegate/versions/config_fingerprint_1.2.3.json"),)
    );
    let file = frozen(&world, "1.2.3");
    assert_eq!(file["fingerprint"], answer["fingerprint"]);
    assert_eq!(file["created_at"], json!("2025-01-06T10:00:00Z"));
    assert_eq!(file["build"]["os"], json!(std::env::consts::OS));
    let names: Vec<&String> = file["files"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["config/app.json", "config/deep/b.toml", "models/ltr.bin"]);
    assert_eq!(file["files"]["config/app.json"]["size"], json!(3));
}

#[test]
fn anybody_can_compute_the_fingerprint_with_sha256sum() {
    let world = world();
    let answer = world.perform(&freeze("1.2.3")).unwrap();
    let script = "sha256sum config/app.json config/deep/b.toml models/ltr.bin | sha256sum";
    let Ok(output) = Command::new("sh").arg("-c").arg(script).current_dir(&world.root).output() else {
        eprintln!("SKIPPED: no shell here");
        return;
    };
    let expected = String::from_utf8(output.stdout).unwrap();
    assert_eq!(expected.split_whitespace().next(), answer["fingerprint"].as_str());
}

#[test]
fn the_fingerprint_changes_with_any_content_or_name_and_with_nothing_else() {
    let world = world();
    let fingerprint = |world: &World| world.perform(&freeze("1.0.0")).unwrap()["fingerprint"].clone();
    let first = fingerprint(&world);
    assert_eq!(fingerprint(&world), first);
    world.put("config/app.json", "{ }\n");
    let changed = fingerprint(&world);
    assert_ne!(changed, first);
    world.put("config/app.json", "{}\n");
    std::fs::rename(world.path("config/deep/b.toml"), world.path("config/deep/c.toml")).unwrap();
    assert_ne!(fingerprint(&world), first);
}

#[test]
fn undo_removes_the_file_or_brings_back_the_one_that_was_there() {
    let world = world();
    let args = args(&[
        ("version", Value::text("1.2.3")),
        ("files", Value::List(vec![Value::text("config/")])),
        ("to", Value::text(".phasegate/versions")),
    ]);
    let (verdict, done) = world.run("version.freeze", &args);
    assert!(matches!(verdict, Verdict::Passed(_)), "{verdict:?}");
    world.undo("version.freeze", &args, done);
    assert!(!world.path(".phasegate").exists());
    world.put(".phasegate/versions/config_fingerprint_1.2.3.json", "earlier");
    world.forget_slots();
    let (_, done) = world.run("version.freeze", &args);
    world.undo("version.freeze", &args, done);
    assert_eq!(world.text(".phasegate/versions/config_fingerprint_1.2.3.json"), "earlier");
}

#[test]
fn missing_files_and_odd_versions_are_refused() {
    let world = world();
    let failure = world.perform(&freeze("../1.0.0")).unwrap_err();
    assert!(failure.contains("`../1.0.0` is no version"), "{failure}");
    std::fs::remove_file(world.path("models/ltr.bin")).unwrap();
    let failure = world.perform(&freeze("1.0.0")).unwrap_err();
    assert_eq!(failure, "cannot read `models/ltr.bin`: no such file or folder");
    assert!(!world.path(".phasegate/versions").exists());
}

#[test]
fn the_commit_and_whether_files_differ_from_it_are_noted() {
    let world = world();
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").args(identity).args(arguments).current_dir(&world.root).output();
        output.is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q"]) {
        eprintln!("SKIPPED: no git here");
        return;
    }
    world.perform(&freeze("0.1.0")).unwrap();
    assert_eq!(frozen(&world, "0.1.0")["git"], Json::Null);
    assert!(git(&["add", "config", "models"]) && git(&["commit", "-q", "-m", "first"]));
    world.perform(&freeze("0.2.0")).unwrap();
    let facts = frozen(&world, "0.2.0")["git"].clone();
    assert_eq!((facts["commit"].as_str().unwrap().len(), &facts["dirty"]), (40, &json!(false)));
    world.put("config/app.json", "changed");
    world.perform(&freeze("0.3.0")).unwrap();
    assert_eq!(frozen(&world, "0.3.0")["git"]["dirty"], json!(true));
}
