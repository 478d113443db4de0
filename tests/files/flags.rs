//! Flags in a file of flagd's format.

use phasegate::contract::effect::{Effect, Verdict};
use phasegate::contract::registry::Args;
use phasegate::contract::value::Value;
use serde_json::{Value as Json, json};

use crate::world::{World, args};

/// Kept by people: odd spaces, a number that floats cannot hold, an order of its own.
const FILE: &str = r#"{
    "$schema": "https://flagd.dev/schema/v0/flags.json",
    "metadata": { "version": "v7", "n": 123456789012345678901 },
    "flags": {
        "dedup":   { "state": "ENABLED", "variants": { "on": {"k": "4"}, "off": {} }, "defaultVariant": "on" },
        "banner": { "state": "DISABLED", "variants": { "a": 1.0, "b": 2 }, "defaultVariant": "a" }
    }
}
"#;

fn set_args(feature: &str, settings: &[(&str, &str)]) -> Args {
    let settings = settings.iter().map(|(name, value)| ((*name).to_owned(), Value::text(*value))).collect();
    args(&[
        ("feature", Value::text(feature)),
        ("settings", Value::Record(settings)),
        ("file", Value::text("flags.json")),
    ])
}

fn set(feature: &str, slot: &str) -> Effect {
    Effect::SetFlag {
        file: "flags.json".to_owned(),
        feature: feature.to_owned(),
        settings: Some([("k".to_owned(), "5".to_owned())].into()),
        slot: slot.to_owned(),
    }
}

fn restore(feature: &str, slot: &str) -> Effect {
    let (file, feature, slot) = ("flags.json".to_owned(), feature.to_owned(), slot.to_owned());
    Effect::RestoreFlag { file, feature, slot, previous: None }
}

fn flags(world: &World) -> Json {
    serde_json::from_str::<Json>(&world.text("flags.json")).unwrap()["flags"].take()
}

#[test]
fn a_flag_is_set_for_flagd_and_everything_else_keeps_every_byte() {
    let world = World::with(&[("flags.json", FILE)]);
    let args = set_args("early_exit", &[("margin", "0.12"), ("min_probes", "96")]);
    let (verdict, done) = world.run("flags.set", &args);
    assert_eq!(verdict, Verdict::Passed(Value::Record([("previous".to_owned(), Value::Null)].into())));
    let definition = json!({
        "state": "ENABLED",
        "variants": { "on": { "margin": "0.12", "min_probes": "96" }, "off": {} },
        "defaultVariant": "on",
    });
    assert_eq!(flags(&world)["early_exit"], definition);
    let text = world.text("flags.json");
    let old_part = FILE.rsplit_once("\n    }\n}").unwrap().0;
    assert!(
        text.starts_with(old_part) && text.contains("\n        \"early_exit\": {\n            \"state\""),
        "{text}"
    );
    assert_eq!(world.undo("flags.set", &args, done), Verdict::Passed(Value::Null));
    assert_eq!(world.text("flags.json"), FILE);
}

#[test]
fn a_flag_that_was_there_is_replaced_in_its_place_and_its_settings_are_the_output() {
    let world = World::with(&[("flags.json", FILE)]);
    let args = set_args("dedup", &[("k", "5")]);
    let (verdict, done) = world.run("flags.set", &args);
    let Verdict::Passed(output) = verdict else { panic!("{verdict:?}") };
    assert_eq!(output.to_json(), json!({ "previous": { "k": "4" } }));
    assert_eq!(flags(&world).as_object().unwrap().keys().collect::<Vec<_>>(), ["dedup", "banner"]);
    world.undo("flags.set", &args, done);
    assert_eq!(world.text("flags.json"), FILE);
}

#[test]
fn without_settings_a_flag_is_on_or_off() {
    let world = World::new();
    world.run("flags.set", &set_args("basic", &[]));
    assert_eq!(flags(&world)["basic"]["variants"], json!({ "on": true, "off": false }));
}

#[test]
fn a_flag_is_taken_out_and_comes_back_in_its_place() {
    let world = World::with(&[("flags.json", FILE)]);
    for feature in ["dedup", "banner", "never_there"] {
        let args = args(&[("feature", Value::text(feature)), ("file", Value::text("flags.json"))]);
        let (_, done) = world.run("flags.unset", &args);
        assert!(flags(&world).get(feature).is_none());
        world.undo("flags.unset", &args, done);
        assert_eq!(world.text("flags.json"), FILE);
        // The next round is another run with slots of its own.
        world.forget_slots();
    }
}

#[test]
fn a_file_that_was_not_there_is_made_and_goes_away_again() {
    let world = World::new();
    let args = set_args("early_exit", &[("margin", "0.12")]);
    let (_, done) = world.run("flags.set", &args);
    let file: Json = serde_json::from_str(&world.text("flags.json")).unwrap();
    assert_eq!(file["$schema"], "https://flagd.dev/schema/v0/flags.json");
    world.undo("flags.set", &args, done);
    assert!(!world.path("flags.json").exists());
}

#[test]
fn two_features_in_a_new_file_are_undone_in_either_order() {
    for order in [["b", "a"], ["a", "b"]] {
        let world = World::new();
        world.perform(&set("a", "slot-a")).unwrap();
        world.perform(&set("b", "slot-b")).unwrap();
        assert_eq!(flags(&world).as_object().unwrap().len(), 2);
        world.perform(&restore(order[0], &format!("slot-{}", order[0]))).unwrap();
        assert_eq!(flags(&world).as_object().unwrap().keys().collect::<Vec<_>>(), [order[1]]);
        world.perform(&restore(order[1], &format!("slot-{}", order[1]))).unwrap();
        let left = if world.path("flags.json").exists() { flags(&world) } else { json!({}) };
        assert_eq!(left, json!({}));
    }
}

#[test]
fn a_crash_between_doing_and_recording_does_not_lose_what_was_before() {
    let world = World::with(&[("flags.json", FILE)]);
    let first = world.perform(&set("dedup", "slot")).unwrap();
    // Nobody recorded the answer; the engine asks again under the same key.
    let again = world.perform(&set("dedup", "slot")).unwrap();
    assert_eq!(first, again);
    assert_eq!(again["previous"]["variants"]["on"], json!({ "k": "4" }));
    world.perform(&restore("dedup", "slot")).unwrap();
    world.perform(&restore("dedup", "slot")).unwrap();
    assert_eq!(world.text("flags.json"), FILE);
    // Never begun: nothing to take back.
    world.perform(&restore("banner", "another slot")).unwrap();
    assert_eq!(world.text("flags.json"), FILE);
}

#[test]
fn what_others_changed_meanwhile_stays() {
    let world = World::with(&[("flags.json", FILE)]);
    world.perform(&set("dedup", "slot")).unwrap();
    let theirs = world.text("flags.json").replace("\"v7\"", "\"v8\"");
    world.put("flags.json", &theirs);
    world.perform(&restore("dedup", "slot")).unwrap();
    assert_eq!(world.text("flags.json"), FILE.replace("\"v7\"", "\"v8\""));
}

#[test]
fn phases_side_by_side_do_not_lose_each_others_flags() {
    let world = World::new();
    let root = &world.root;
    std::thread::scope(|scope| {
        for index in 0..16 {
            scope.spawn(move || {
                let no_secrets = |name: &str| Err(name.to_owned());
                let cancel = std::sync::atomic::AtomicBool::new(false);
                let ctx = phasegate::adapters::files::FilesContext {
                    root: root.clone(),
                    slots: root.join("slots"),
                    secrets: &no_secrets,
                    cancel: &cancel,
                    now: crate::world::START,
                };
                let effect = set(&format!("feature_{index}"), &format!("slot-{index}"));
                phasegate::adapters::files::perform(&effect, &ctx).unwrap();
            });
        }
    });
    assert_eq!(flags(&world).as_object().unwrap().len(), 16);
}

#[test]
fn a_file_that_is_no_flag_file_is_left_alone() {
    for (text, words) in [
        ("not json", "`flags.json` is no JSON"),
        ("[1]", "is no flag file of flagd"),
        ("{\"flags\": []}", "is no flag file of flagd"),
        ("", "`flags.json` is no JSON"),
    ] {
        let world = World::with(&[("flags.json", text)]);
        let failure = world.perform(&set("a", "slot")).unwrap_err();
        assert!(failure.contains(words), "{failure}");
        assert_eq!(world.text("flags.json"), text);
    }
    let failure = World::new().perform(&set("", "slot")).unwrap_err();
    assert!(failure.contains("a flag needs a key"), "{failure}");
}
