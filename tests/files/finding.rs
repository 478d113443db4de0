//! Finding files and backups.

use phasegate::contract::effect::{Effect, Outcome};
use serde_json::{Value as Json, json};

use crate::backups::create;
use crate::world::World;

fn found(world: &World, patterns: &[&str]) -> Json {
    let patterns = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
    match world.outcome(&Effect::FindFiles { patterns }) {
        Outcome::Done(answer) => answer,
        Outcome::Failed(failure) => panic!("{}", failure.message),
    }
}

#[test]
fn files_are_found_by_name_and_patterns_without_one_are_named() {
    let world = World::with(&[("docs/b.md", ""), ("docs/deep/a.md", ""), ("docs/c.txt", ""), ("plan.json", "")]);
    let answer = found(&world, &["docs/**/*.md", "plan.json", "nowhere.md", "no/*.md", "docs"]);
    let files = json!(["docs/b.md", "docs/c.txt", "docs/deep/a.md", "plan.json"]);
    assert_eq!(answer, json!({ "files": files, "missing": ["nowhere.md", "no/*.md"] }));
}

#[test]
fn a_backup_is_found_by_what_is_known_of_it() {
    let mut world = World::with(&[("a", "1")]);
    let find = |world: &World, which: &str| {
        let effect = Effect::FindBackup { which: which.to_owned(), from: "backups".to_owned() };
        match world.outcome(&effect) {
            Outcome::Done(answer) => answer["id"].as_str().expect("an id").to_owned(),
            Outcome::Failed(failure) => failure.message,
        }
    };
    assert_eq!(find(&world, "previous"), "there is no backup in `backups`");
    assert!(matches!(world.outcome(&create("first", &["a"])), Outcome::Done(_)));
    world.now = world.now.plus(std::time::Duration::from_secs(86_400));
    assert!(matches!(world.outcome(&create("second", &["a"])), Outcome::Done(_)));
    for (which, id) in [
        ("previous", "second"),
        ("first", "first"),
        ("backups/first.tar.zst", "first"),
        ("2025-01-06", "first"),
        ("2025-01-06T10:00", "first"),
        ("2025-01-07T12:00:00Z", "second"),
    ] {
        assert_eq!(find(&world, which), id, "{which}");
    }
    assert_eq!(
        find(&world, "2024-12-31"),
        "none of the 2 backups in `backups` is `2024-12-31`; the newest are `second`, `first`"
    );
}

#[test]
fn what_a_restore_overwrote_is_found_by_its_own_name_alone() {
    let mut world = World::with(&[("a", "good")]);
    let find = |world: &World, which: &str| {
        let effect = Effect::FindBackup { which: which.to_owned(), from: "backups".to_owned() };
        match world.outcome(&effect) {
            Outcome::Done(answer) => answer["id"].as_str().expect("an id").to_owned(),
            Outcome::Failed(failure) => failure.message,
        }
    };
    assert!(matches!(world.outcome(&create("good", &["a"])), Outcome::Done(_)));
    world.now = world.now.plus(std::time::Duration::from_secs(86_400));
    let restore = Effect::RestoreBackup {
        archive: "backups/good.tar.zst".to_owned(),
        target: ".".to_owned(),
        emergency_id: "emergency.r.back.1".to_owned(),
        to: "backups".to_owned(),
    };
    assert!(matches!(world.outcome(&restore), Outcome::Done(_)));
    for (which, id) in [
        ("previous", "good"),
        ("2025-01-07", "good"),
        ("emergency.r.back.1", "emergency.r.back.1"),
        ("backups/emergency.r.back.1.tar.zst", "emergency.r.back.1"),
    ] {
        assert_eq!(find(&world, which), id, "{which}");
    }
    for ending in ["tar.zst", "tar.zst.sha256", "json"] {
        std::fs::remove_file(world.path(&format!("backups/good.{ending}"))).expect("it is there");
    }
    assert_eq!(
        find(&world, "previous"),
        "there are only emergency backups in `backups`, of what was overwritten; name one to go back to it: \
         `emergency.r.back.1`"
    );
}
