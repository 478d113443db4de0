//! Writing, copying, keeping, putting back and reading single files.

use phasegate::contract::effect::{Effect, Outcome, TextPiece, Verdict};
use phasegate::contract::value::Value;
use serde_json::{Value as Json, json};

use crate::world::{SmallDisk, World, args};

fn write(path: &str, content: &str) -> Effect {
    Effect::WriteFile { path: path.to_owned(), content: vec![TextPiece::Plain(content.to_owned())] }
}

fn write_args(path: &str, content: &str) -> phasegate::contract::registry::Args {
    args(&[("path", Value::text(path)), ("content", Value::text(content))])
}

#[test]
fn a_written_file_is_put_back_as_it_was() {
    let world = World::with(&[("app.conf", "old\n")]);
    let before = world.snapshot();
    let args = write_args("app.conf", "new\n");
    let (verdict, done) = world.run("file.write", &args);
    assert_eq!(verdict, Verdict::Passed(Value::Null));
    assert_eq!(world.text("app.conf"), "new\n");
    assert_eq!(world.undo("file.write", &args, done), Verdict::Passed(Value::Null));
    assert_eq!(world.snapshot(), before);
    world.assert_no_drafts();
}

#[test]
fn where_nothing_was_nothing_is_left_not_even_a_folder() {
    let world = World::with(&[("kept", "x")]);
    let before = world.snapshot();
    let args = write_args("deep/er/app.conf", "new\n");
    let (_, done) = world.run("file.write", &args);
    assert_eq!(world.text("deep/er/app.conf"), "new\n");
    world.undo("file.write", &args, done);
    assert_eq!(world.snapshot(), before);
}

#[test]
fn a_folder_that_others_use_by_then_stays() {
    let world = World::new();
    let args = write_args("made/app.conf", "new\n");
    let (_, done) = world.run("file.write", &args);
    world.put("made/other", "theirs");
    assert_eq!(world.undo("file.write", &args, done), Verdict::Passed(Value::Null));
    assert!(!world.path("made/app.conf").exists());
    assert_eq!(world.text("made/other"), "theirs");
}

#[test]
fn an_effect_that_is_done_again_after_a_crash_does_not_take_its_own_work_for_the_past() {
    let world = World::with(&[("app.conf", "old")]);
    let save = Effect::SaveCopy { path: "app.conf".to_owned(), slot: "r/n/1".to_owned() };
    world.perform(&save).unwrap();
    world.perform(&write("app.conf", "new")).unwrap();
    world.perform(&save).unwrap();
    let restore = Effect::RestoreCopy { path: "app.conf".to_owned(), slot: "r/n/1".to_owned() };
    world.perform(&restore).unwrap();
    world.perform(&restore).unwrap();
    assert_eq!(world.text("app.conf"), "old");
}

#[cfg(unix)]
#[test]
fn permissions_and_time_survive_a_write_and_its_undo() {
    use crate::world::{mode, set_mode};
    let world = World::with(&[("run.sh", "old")]);
    set_mode(&world.path("run.sh"), 0o751);
    let time = world.path("run.sh").metadata().unwrap().modified().unwrap();
    let args = write_args("run.sh", "new");
    let (_, done) = world.run("file.write", &args);
    assert_eq!(mode(&world.path("run.sh").metadata().unwrap()), 0o751);
    set_mode(&world.path("run.sh"), 0o600);
    world.undo("file.write", &args, done);
    let metadata = world.path("run.sh").metadata().unwrap();
    assert_eq!((mode(&metadata), metadata.modified().unwrap()), (0o751, time));
}

#[cfg(unix)]
#[test]
fn a_secret_reaches_only_a_file_that_others_cannot_read() {
    let world = World::new();
    let content = vec![TextPiece::Plain("token=".to_owned()), TextPiece::Secret("TOKEN".to_owned())];
    world.perform(&Effect::WriteFile { path: "env".to_owned(), content }).unwrap();
    assert_eq!(world.text("env"), "token=s3cret");
    assert_eq!(crate::world::mode(&world.path("env").metadata().unwrap()), 0o600);
    let content = vec![TextPiece::Secret("OTHER".to_owned())];
    let failure = world.perform(&Effect::WriteFile { path: "env".to_owned(), content }).unwrap_err();
    assert_eq!(failure, "there is no secret `OTHER`");
    assert_eq!(world.text("env"), "token=s3cret");
}

#[cfg(unix)]
#[test]
fn through_a_link_the_file_behind_it_is_written_and_put_back() {
    let world = World::with(&[("releases/12/app.conf", "old")]);
    std::os::unix::fs::symlink("releases/12/app.conf", world.path("current.conf")).unwrap();
    let before = world.snapshot();
    let args = write_args("current.conf", "new");
    let (_, done) = world.run("file.write", &args);
    assert_eq!(world.text("releases/12/app.conf"), "new");
    assert!(world.path("current.conf").is_symlink());
    world.undo("file.write", &args, done);
    assert_eq!(world.snapshot(), before);
    std::os::unix::fs::symlink("b", world.path("a")).unwrap();
    std::os::unix::fs::symlink("a", world.path("b")).unwrap();
    assert!(world.perform(&write("a", "x")).unwrap_err().contains("circle of symbolic links"));
}

#[test]
fn a_copy_is_undone_also_when_the_target_was_not_there() {
    let world = World::with(&[("new.bin", "new"), ("live.bin", "old")]);
    let before = world.snapshot();
    for to in ["live.bin", "fresh.bin"] {
        let args = args(&[("from", Value::text("new.bin")), ("to", Value::text(to))]);
        let (verdict, done) = world.run("file.copy", &args);
        assert_eq!((verdict, world.text(to).as_str()), (Verdict::Passed(Value::Null), "new"));
        world.undo("file.copy", &args, done);
        assert_eq!(world.snapshot(), before);
        world.forget_slots();
    }
}

#[test]
fn what_cannot_be_done_is_said_before_anything_changes() {
    let world = World::with(&[("file", "x"), ("folder/in", "y")]);
    let before = world.snapshot();
    let copy = |from: &str, to: &str| Effect::CopyFile { from: from.to_owned(), to: to.to_owned() };
    let read = |path: &str| Effect::ReadFile { path: path.to_owned() };
    let table = [
        (write("folder", "x"), "`folder` is a folder, a file is needed"),
        (write("", "x"), "is a folder, a file is needed"),
        (write("file/below", "x"), "a part of its path is a file, not a folder"),
        (write("/dev/full", "x"), "`/dev/full` is no regular file"),
        (write("nul\0byte", "x"), "nul"),
        (copy("gone", "file"), "cannot read `gone`: no such file or folder"),
        (copy("folder", "file"), "`folder` is a folder, a file is needed"),
        (copy("file", "folder"), "`folder` is a folder, a file is needed"),
        (read("gone.json"), "cannot read `gone.json`: no such file or folder"),
        (read("folder"), "`folder` is a folder, a file is needed"),
        (read("/dev/zero"), "`/dev/zero` is no regular file"),
        (Effect::RemoveFile { path: "folder".to_owned() }, "cannot remove `folder`"),
        (Effect::SaveCopy { path: "folder".to_owned(), slot: "s".to_owned() }, "`folder` is a folder"),
        (Effect::RestoreCopy { path: "file".to_owned(), slot: "never".to_owned() }, "is not in the run's folder"),
    ];
    for (effect, words) in table {
        let failure = world.perform(&effect).expect_err(words);
        assert!(failure.contains(words), "`{failure}` should contain `{words}`");
    }
    assert_eq!(world.snapshot(), before);
    world.assert_no_drafts();
}

#[test]
fn an_unwritable_folder_is_named() {
    // Even root cannot make a file there.
    if !std::path::Path::new("/sys/kernel").is_dir() {
        eprintln!("SKIPPED: no folder is known here that root cannot write");
        return;
    }
    let failure = World::new().perform(&write("/sys/kernel/phasegate.conf", "x")).unwrap_err();
    assert!(failure.starts_with("cannot write `/sys/kernel/phasegate.conf`: "), "{failure}");
}

#[test]
fn on_a_full_disk_the_old_file_stays_whole() {
    let world = World::new();
    let Some(_disk) = SmallDisk::mount(&world.path("small"), "64k") else { return };
    world.put("small/app.conf", "old");
    let failure = world.perform(&write("small/app.conf", &"x".repeat(200_000))).unwrap_err();
    assert_eq!(failure, "cannot write `small/app.conf`: the disk is full; free some space and try again");
    world.put("large", vec![7_u8; 200_000]);
    let copy = Effect::CopyFile { from: "large".to_owned(), to: "small/app.conf".to_owned() };
    assert!(world.perform(&copy).unwrap_err().contains("the disk is full"));
    assert_eq!(world.text("small/app.conf"), "old");
    world.assert_no_drafts();
}

#[test]
fn a_cancelled_effect_says_so_and_changes_nothing() {
    let world = World::with(&[("app.conf", "old")]);
    world.cancel();
    let Outcome::Failed(failure) = world.outcome(&write("app.conf", "new")) else { panic!("a failure is expected") };
    assert!(failure.cancelled, "{failure:?}");
    assert_eq!(world.text("app.conf"), "old");
}

#[test]
fn text_and_json_are_read_as_steps() {
    let world = World::with(&[("base.json", "{\"p95\": 120}"), ("broken.json", "{\"p95\": }")]);
    world.put("binary", [0x66, 0xff, 0xfe]);
    let read = |step: &str, path: &str| world.run(step, &args(&[("path", Value::text(path))])).0;
    assert_eq!(read("read.json", "base.json"), Verdict::Passed(Value::Json(json!({ "p95": 120 }))));
    assert_eq!(read("read.text", "base.json"), Verdict::Passed(Value::text("{\"p95\": 120}")));
    let Verdict::Failed(failure) = read("read.json", "broken.json") else { panic!("no JSON") };
    assert!(failure.starts_with("`broken.json` is no JSON: "), "{failure}");
    let failed = Verdict::Failed("`binary` is not UTF-8 text: the byte at offset 1 belongs to no letter".to_owned());
    assert_eq!(read("read.text", "binary"), failed);
}

#[test]
fn the_tail_of_a_file_is_its_first_line_and_the_last_ones() {
    let world = World::with(&[("short.csv", "time,p95\r\n1,2\n3,4\n"), ("empty.csv", ""), ("open.csv", "a\nb")]);
    let long: String = (0..200_000).map(|line| format!("{line},x\n")).collect();
    world.put("long.csv", format!("head\n{long}"));
    let tail = |path: &str, lines| world.perform(&Effect::ReadTail { path: path.to_owned(), lines }).unwrap();
    assert_eq!(tail("short.csv", 1), json!({ "first": "time,p95", "last": ["3,4"] }));
    assert_eq!(tail("short.csv", 9), json!({ "first": "time,p95", "last": ["time,p95", "1,2", "3,4"] }));
    assert_eq!(tail("long.csv", 2), json!({ "first": "head", "last": ["199998,x", "199999,x"] }));
    assert_eq!(tail("empty.csv", 2), json!({ "first": "", "last": Json::Array(vec![]) }));
    assert_eq!(tail("open.csv", 1), json!({ "first": "a", "last": ["b"] }));
    assert_eq!(tail("open.csv", 0)["last"], json!([]));
}
