//! Making, checking, restoring and pruning backups.

use std::fs;
use std::process::Command;
use std::time::Duration;

use phasegate::contract::effect::{Effect, Outcome, Verdict};
use phasegate::contract::registry::Args;
use phasegate::contract::value::Value;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::world::{SmallDisk, World, args};

pub const ARCHIVE: &str = "backups/b1.tar.zst";

pub fn create(id: &str, source: &[&str]) -> Effect {
    Effect::CreateBackup {
        id: id.to_owned(),
        source: source.iter().map(|source| (*source).to_owned()).collect(),
        to: "backups".to_owned(),
        retain: Duration::from_secs(86_400),
    }
}

pub fn verify(archive: &str) -> Effect {
    Effect::VerifyBackup { archive: archive.to_owned() }
}

pub fn restore(archive: &str, target: &str) -> Effect {
    let (archive, target) = (archive.to_owned(), target.to_owned());
    Effect::RestoreBackup { archive, target, emergency_id: "emergency-1".to_owned(), to: "emergency".to_owned() }
}

fn revert(target: &str, required: bool) -> Effect {
    let emergency = "emergency/emergency-1.tar.zst".to_owned();
    Effect::RevertRestore { emergency, target: target.to_owned(), required }
}

/// Files of every kind, under names that are hard on archives.
fn world() -> World {
    let world = World::with(&[
        ("config/app.json", "{ \"a\": 1 }\n"),
        ("config/empty", ""),
        ("config/with space & é/b.txt", "b"),
        (&format!("config/{}/{}", "d".repeat(120), "f".repeat(200)), "long"),
        ("models/ltr.bin", "weights"),
    ]);
    // Does not compress.
    let noise: Vec<u8> = (0..10_000_u32).flat_map(|index| Sha256::digest(index.to_le_bytes())).take(300_000).collect();
    world.put("models/large.bin", noise);
    fs::create_dir(world.path("config/hollow")).unwrap();
    #[cfg(unix)]
    {
        world.put("config/line\nend\\back", "odd");
        std::os::unix::fs::symlink("app.json", world.path("config/current")).unwrap();
        std::os::unix::fs::symlink("/nowhere/at/all", world.path("config/dangling")).unwrap();
        crate::world::set_mode(&world.path("models/ltr.bin"), 0o750);
        crate::world::set_mode(&world.path("config/hollow"), 0o700);
    }
    world
}

/// Without the folders of backups, which the test itself makes.
fn content(world: &World) -> Vec<(String, String, u32)> {
    let mut found = world.snapshot();
    found.retain(|(name, ..)| !name.starts_with("backups") && !name.starts_with("emergency"));
    found
}

#[test]
fn what_was_lost_comes_back_byte_for_byte() {
    let world = world();
    let before = content(&world);
    let time = world.path("config/app.json").metadata().unwrap().modified().unwrap();
    let made = world.perform(&create("b1", &["config/", "models/*"])).unwrap();
    assert_eq!((&made["id"], &made["archive"]), (&json!("b1"), &json!(ARCHIVE)));
    fs::remove_dir_all(world.path("config")).unwrap();
    world.put("models/ltr.bin", "spoiled");
    world.put("models/theirs", "stays");
    let restored = world.perform(&restore(ARCHIVE, ".")).unwrap();
    assert_eq!(restored["restored"], made["files"]);
    assert_eq!(world.text("models/theirs"), "stays");
    fs::remove_file(world.path("models/theirs")).unwrap();
    assert_eq!(content(&world), before);
    let seconds = |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(seconds(world.path("config/app.json").metadata().unwrap().modified().unwrap()), seconds(time));
    world.assert_no_drafts();
}

#[test]
fn the_undo_of_a_restore_brings_back_what_it_overwrote_and_removes_what_it_made() {
    let world = world();
    world.perform(&create("b1", &["config", "models"])).unwrap();
    fs::remove_dir_all(world.path("config")).unwrap();
    world.put("models/ltr.bin", "newer weights");
    let before = content(&world);
    let args: Args =
        args(&[("archive", Value::text(ARCHIVE)), ("target", Value::text(".")), ("to", Value::text("emergency"))]);
    let (verdict, done) = world.run("backup.restore", &args);
    assert!(matches!(verdict, Verdict::Passed(_)), "{verdict:?}");
    assert_eq!(world.text("models/ltr.bin"), "weights");
    assert_eq!(world.undo("backup.restore", &args, done), Verdict::Passed(Value::Null));
    assert_eq!(content(&world), before);
}

#[test]
fn a_restore_that_is_done_again_after_a_crash_still_knows_what_was_there_first() {
    let world = World::with(&[("a", "one"), ("b", "one")]);
    world.perform(&create("b1", &["a", "b"])).unwrap();
    world.put("a", "two");
    fs::remove_file(world.path("b")).unwrap();
    let before = content(&world);
    world.perform(&restore(ARCHIVE, ".")).unwrap();
    world.perform(&restore(ARCHIVE, ".")).unwrap();
    world.perform(&revert(".", true)).unwrap();
    world.perform(&revert(".", true)).unwrap();
    assert_eq!(content(&world), before);
}

#[test]
fn a_restore_that_never_began_needs_no_undo_but_a_lost_emergency_backup_is_told() {
    let world = World::with(&[("a", "one")]);
    assert_eq!(world.perform(&revert(".", false)), Ok(Json::Null));
    let failure = world.perform(&revert(".", true)).unwrap_err();
    assert!(failure.contains("so the restore cannot be undone"), "{failure}");
}

#[test]
fn a_target_that_is_not_there_is_made_and_goes_away_with_the_undo() {
    let world = World::with(&[("config/a", "x")]);
    world.perform(&create("b1", &["config"])).unwrap();
    world.perform(&restore(ARCHIVE, "elsewhere")).unwrap();
    assert_eq!(world.text("elsewhere/config/a"), "x");
    world.perform(&revert("elsewhere", true)).unwrap();
    assert!(!world.path("elsewhere").exists());
}

#[test]
fn the_same_id_twice_is_one_backup_and_the_same_files_are_the_same_bytes() {
    let world = world();
    let first = world.perform(&create("b1", &["config", "models"])).unwrap();
    world.put("models/ltr.bin", "changed since");
    assert_eq!(world.perform(&create("b1", &["config", "models"])).unwrap(), first);
    world.put("models/ltr.bin", "weights");
    let same = World::with(&[("x/1", "one"), ("x/2", "two")]);
    let [one, two] = ["b1", "b2"].map(|id| same.perform(&create(id, &["x/2", "x"])).unwrap()["sha256"].clone());
    assert_eq!(one, two);
    // Half a backup, as a crash leaves it, is made anew.
    fs::remove_file(same.path("backups/b1.tar.zst.sha256")).unwrap();
    fs::write(same.path(ARCHIVE), "half").unwrap();
    assert_eq!(same.perform(&create("b1", &["x"])).unwrap()["sha256"], one);
}

#[test]
fn undo_of_a_backup_removes_all_its_files() {
    let world = World::with(&[("config/a", "x")]);
    let args = args(&[
        ("source", Value::List(vec![Value::text("config/")])),
        ("to", Value::text("backups")),
        ("retain", Value::duration(Duration::from_secs(86_400))),
    ]);
    let (verdict, done) = world.run("backup.create", &args);
    let Verdict::Passed(output) = verdict else { panic!("{verdict:?}") };
    let archive = output.to_json()["archive"].as_str().unwrap().to_owned();
    assert_eq!(fs::read_dir(world.path("backups")).unwrap().count(), 3);
    let (verdict, _) = world.run("backup.verify", &args_of_archive(&archive));
    assert!(matches!(verdict, Verdict::Passed(_)), "{verdict:?}");
    world.undo("backup.create", &args, done.clone());
    world.undo("backup.create", &args, done);
    assert_eq!(fs::read_dir(world.path("backups")).unwrap().count(), 0);
}

fn args_of_archive(archive: &str) -> Args {
    args(&[("archive", Value::text(archive))])
}

#[test]
fn the_tools_of_every_system_read_a_backup() {
    let world = world();
    world.perform(&create("b1", &["config", "models"])).unwrap();
    let script = "cd backups && sha256sum --quiet -c b1.tar.zst.sha256 && mkdir out && \
                  zstd -q -d -c b1.tar.zst | tar xf - -C out && cd out && sha256sum --quiet -c MANIFEST.sha256";
    let output = Command::new("sh").arg("-c").arg(script).current_dir(&world.root).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if said.contains("not found") {
        eprintln!("SKIPPED: sha256sum, tar or zstd is not here: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
    assert_eq!(fs::read(world.path("backups/out/models/large.bin")).unwrap().len(), 300_000);
}

#[test]
fn the_metadata_say_what_is_in_it_and_how_long_it_is_kept() {
    let world = World::with(&[("config/a", "xyz"), ("config/deep/b", "z")]);
    world.perform(&create("b1", &["config"])).unwrap();
    let metadata: Json = serde_json::from_str(&world.text("backups/b1.json")).unwrap();
    assert_eq!(metadata["created_at"], json!("2025-01-06T10:00:00Z"));
    assert_eq!(metadata["retain_until"], json!("2025-01-07T10:00:00Z"));
    assert_eq!(
        (&metadata["files"], &metadata["folders"], &metadata["content_size"]),
        (&json!(2), &json!(2), &json!(4))
    );
    assert_eq!(metadata["sources"], json!(["config"]));
}

#[test]
fn every_flipped_bit_is_found_before_anything_is_overwritten() {
    let world = World::with(&[("config/a", "content of a"), ("config/b", "content of b")]);
    world.perform(&create("b1", &["config"])).unwrap();
    world.put("config/a", "newer");
    let before = content(&world);
    let mut tried = 0;
    for file in ["b1.tar.zst", "b1.tar.zst.sha256", "b1.json"] {
        let place = world.path("backups").join(file);
        let sound = fs::read(&place).unwrap();
        for at in 0..sound.len() {
            let mut flipped = sound.clone();
            flipped[at] ^= 1 << (at % 8);
            fs::write(&place, &flipped).unwrap();
            let failure = world.perform(&verify(ARCHIVE)).expect_err(&format!("bit flipped in byte {at} of {file}"));
            assert!(!failure.is_empty());
            if at % 16 == 0 {
                world.perform(&restore(ARCHIVE, ".")).expect_err("a damaged backup is not restored");
                assert_eq!(content(&world), before, "byte {at} of {file}");
            }
            tried += 1;
        }
        for cut in [0, sound.len() / 2, sound.len() - 1] {
            fs::write(&place, &sound[..cut]).unwrap();
            world.perform(&verify(ARCHIVE)).expect_err("a file that was cut off is found");
        }
        fs::write(&place, &sound).unwrap();
    }
    assert!(tried > 500, "{tried}");
    assert!(!world.path("emergency").exists());
    world.perform(&verify(ARCHIVE)).unwrap();
}

#[test]
fn a_damaged_backup_is_named_with_what_differs() {
    let world = World::with(&[("config/a", "x")]);
    world.perform(&create("b1", &["config"])).unwrap();
    let mut bytes = fs::read(world.path(ARCHIVE)).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(world.path(ARCHIVE), bytes).unwrap();
    let failure = world.perform(&verify(ARCHIVE)).unwrap_err();
    assert!(
        failure.starts_with("the backup `backups/b1.tar.zst` is damaged: the SHA-256 of `b1.tar.zst` is "),
        "{failure}"
    );
    fs::remove_file(world.path("backups/b1.tar.zst.sha256")).unwrap();
    let failure = world.perform(&verify(ARCHIVE)).unwrap_err();
    assert!(failure.contains("has no checksum file beside it"), "{failure}");
}

#[test]
fn what_is_no_backup_is_refused_in_words() {
    let world = World::with(&[("config/a", "x"), ("notes.txt", "hello")]);
    let table = [
        (verify("gone.tar.zst"), "cannot read `gone.tar.zst`: no such file or folder"),
        (verify("notes.txt"), "the name of an archive ends with `.tar.zst`"),
        (verify("config"), "the name of an archive ends with `.tar.zst`"),
        (create("../escape", &["config"]), "`../escape` is no id of a backup"),
        (create("b1", &["config/gone"]), "cannot read `config/gone`: no such file or folder"),
        (create("b1", &["config/*.yaml"]), "`config/*.yaml` matches no file"),
    ];
    for (effect, words) in table {
        let failure = world.perform(&effect).expect_err(words);
        assert!(failure.contains(words), "{failure}");
    }
    assert!(!world.path(ARCHIVE).exists());
}

#[test]
fn a_cancel_stops_a_backup_and_leaves_nothing_behind() {
    let world = world();
    world.cancel();
    let Outcome::Failed(failure) = world.outcome(&create("b1", &["models"])) else { panic!("a failure is expected") };
    assert!(failure.cancelled, "{failure:?}");
    assert!(!world.path(ARCHIVE).exists());
    world.assert_no_drafts();
}

#[test]
fn a_full_disk_leaves_no_half_backup_and_no_half_restore() {
    let world = world();
    let Some(_disk) = SmallDisk::mount(&world.path("small"), "128k") else { return };
    let mut onto_small = create("b1", &["models"]);
    if let Effect::CreateBackup { to, .. } = &mut onto_small {
        "small/backups".clone_into(to);
    }
    let failure = world.perform(&onto_small).unwrap_err();
    assert!(failure.contains("the disk is full"), "{failure}");
    assert_eq!(fs::read_dir(world.path("small/backups")).unwrap().count(), 0);
    world.perform(&create("b1", &["models"])).unwrap();
    world.put("small/models/ltr.bin", "old");
    let before = content(&world);
    let failure = world.perform(&restore(ARCHIVE, "small")).unwrap_err();
    assert!(failure.contains("the disk is full") && failure.contains("`emergency/emergency-1.tar.zst`"), "{failure}");
    assert_eq!(content(&world), before);
    world.assert_no_drafts();
}

#[test]
fn prune_removes_what_is_over_and_nothing_it_does_not_understand() {
    use phasegate::adapters::files::FilesContext;
    use phasegate::adapters::files::archive::catalogue::{list, prune};
    let mut world = World::with(&[("a", "x")]);
    world.perform(&create("old", &["a"])).unwrap();
    world.now = world.now.plus(Duration::from_secs(86_399));
    world.perform(&create("young", &["a"])).unwrap();
    world.put("backups/foreign.tar.zst", "not ours");
    let no_secrets = |name: &str| Err(name.to_owned());
    let ctx = |seconds: u64| FilesContext {
        root: world.root.clone(),
        slots: world.root.clone(),
        secrets: &no_secrets,
        cancel: &world.cancel,
        now: world.now.plus(Duration::from_secs(seconds)),
    };
    let ids = |now: u64, dry_run: bool| -> Vec<String> {
        prune(&ctx(now), "backups", dry_run).unwrap().into_iter().map(|metadata| metadata.id).collect()
    };
    assert_eq!(ids(0, false), Vec::<String>::new());
    assert_eq!(ids(1, true), ["old"]);
    assert_eq!(ids(1, false), ["old"]);
    let listed = list(&ctx(1), "backups").unwrap();
    let shown: Vec<_> = listed.iter().map(|backup| (backup.archive.as_str(), backup.metadata.is_ok())).collect();
    assert_eq!(shown, [("backups/young.tar.zst", true), ("backups/foreign.tar.zst", false)]);
    assert_eq!(ids(1_000_000, false), ["young"]);
    assert!(list(&ctx(0), "no/such/folder").unwrap().is_empty());
}
