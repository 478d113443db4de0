//! A disk of its own that becomes full or read-only, for real.

use std::fs;
use std::process::Command;

use super::place::{Place, said};

/// A small file system in memory, where the run keeps its state.
struct Disk<'p> {
    place: &'p Place,
}

impl<'p> Disk<'p> {
    /// None, said loudly, where mounting is not allowed.
    fn mount(place: &'p Place, size: &str) -> Option<Self> {
        fs::create_dir_all(place.path(".phasegate")).unwrap();
        let options = format!("size={size}");
        let disk = Self { place };
        if disk.run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"]) {
            return Some(disk);
        }
        eprintln!("\n*** SKIPPED: mounting a small file system needs root: no disk was full or read-only ***\n");
        None
    }

    fn run(&self, program: &str, words: &[&str]) -> bool {
        let mut command = Command::new(program);
        command.args(words).arg(self.place.path(".phasegate")).output().is_ok_and(|output| output.status.success())
    }

    fn becomes(&self, how: &str) {
        assert!(self.run("mount", &["-o", &format!("remount,{how}")]), "remounted {how}");
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        // A process that is about to go may hold it for a moment longer.
        self.run("umount", &["-l"]);
    }
}

const PROGRAM: &str = r#"
use std.{exec, shell}
/// For a test.
pipeline p {
  phase a {
    step one = exec(["sh", "act.sh", "a.one"]) timeout 60s undo exec(["sh", "act.sh", "-a.one"])
    step fill = shell("@FILL@") effect reads timeout 60s
    step two = exec(["sh", "act.sh", "a.two"]) timeout 60s undo exec(["sh", "act.sh", "-a.two"])
  }
  phase b after a { @ASKS@ step last = exec(["sh", "act.sh", "b.last"]) timeout 60s undo exec(["sh", "act.sh", "-b.last"]) }
}
"#;

fn program(fill: &str, asks: &str) -> String {
    PROGRAM.replace("@FILL@", fill).replace("@ASKS@", asks)
}

const ALL: [&str; 3] = ["a.one", "a.two", "b.last"];

/// Fills all that is left of the disk, up to the last block.
const FILL: &str = "cat /dev/zero > .phasegate/fill 2>/dev/null; cat /dev/zero >> .phasegate/fill 2>/dev/null; true";

#[test]
fn a_disk_that_runs_full_in_the_middle_is_told_and_the_run_goes_on_when_there_is_room() {
    let place = Place::with(&program(FILL, ""));
    let Some(_disk) = Disk::mount(&place, "400k") else { return };
    let output = place.phasegate(&["run", "p.deploy"]);
    let text = said(&output);
    assert_eq!(output.status.code(), Some(6), "{text}");
    assert!(text.contains("could not be written") && text.contains("put that right, then"), "{text}");
    assert!(text.contains("left after") && !text.contains("succeeded"), "{text}");
    // Looking works also while nothing can be written, and nothing goes on.
    let shown = place.says(&["status"], 0);
    assert!(shown.contains("its process is gone"), "{shown}");
    let refused = place.phasegate(&["resume"]);
    assert!(matches!(refused.status.code(), Some(1 | 6)), "{}", said(&refused));
    let so_far = place.lines("once");
    assert!(so_far.first().is_some_and(|first| first == "a.one") && so_far.len() <= 2, "{so_far:?}");
    fs::remove_file(place.path(".phasegate/fill")).unwrap();
    // What filled it is a step that only reads, and would fill it once more.
    fs::create_dir(place.path(".phasegate/fill")).unwrap();
    assert_eq!(place.go_on(), "succeeded");
    assert_eq!(place.lines("once"), ALL);
}

#[test]
fn a_disk_that_is_read_only_when_somebody_goes_on_refuses_in_words_and_can_be_looked_at() {
    let place = Place::with(&program("true", "approve \"go on?\" within 8h"));
    let Some(disk) = Disk::mount(&place, "8m") else { return };
    place.killed_when_it_says(&["run", "p.deploy"], "waits for approval");
    let run = place.run();
    disk.becomes("ro");
    for words in [&["approve", &run][..], &["resume", &run], &["abort", &run], &["rollback", &run]] {
        let text = place.says(words, 1);
        assert!(text.contains(&format!("run `{run}` cannot be gone on with")), "{words:?}: {text}");
        assert!(
            text.contains("Read-only file system") && text.contains("see to its permissions and the disk"),
            "{text}"
        );
    }
    let refused = place.says(&["run", "p.deploy"], 1);
    assert!(refused.contains("PHASEGATE_STATE"), "{refused}");
    let shown = place.says(&["status"], 0);
    assert!(shown.contains("waits for approval") && shown.contains(&format!("phasegate resume {run}")), "{shown}");
    assert_eq!(place.lines("once"), ALL[..2]);
    disk.becomes("rw");
    assert_eq!(place.go_on(), "succeeded");
    assert_eq!(place.lines("once"), ALL);

    // A journal that was closed has no file beside it that readers could share.
    disk.becomes("ro");
    let shown = place.says(&["status", &run], 0);
    assert!(shown.contains("succeeded after"), "{shown}");
    assert!(place.says(&["history"], 0).contains(&run));
    assert!(place.says(&["replay", &run], 0).contains("every decision comes out as it stands in the journal"));
    place.says(&["why", &run], 0);
    place.says(&["bundle", &run, "--out", "bundle.tar.zst"], 0);
    place.says(&["rollback", &run], 1);
}

/// What a file system does where a limit on the size of files is: a write stops anywhere in the middle of a record.
#[test]
fn a_write_that_is_torn_anywhere_is_as_if_it_had_never_begun() {
    let steps: String =
        (0..20).map(|step| format!("step s{step} = shell(\"echo {step} >> once\") idempotent timeout 60s\n")).collect();
    let program = format!("use std.shell\n/// For a test.\npipeline p {{ phase a {{ {steps} }} }}\n");
    let torn = |blocks: u32| {
        let place = Place::with(&program);
        let binary = env!("CARGO_BIN_EXE_phasegate");
        let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec '{binary}' run p.deploy");
        let output = place.command("sh", &["-c", &limited]).output().unwrap();
        let text = said(&output);
        assert_eq!(output.status.code(), Some(6), "{blocks} blocks: {text}");
        assert!(text.contains("could not be written") && text.contains("phasegate resume"), "{text}");
        assert!(text.contains("will be asked for again"), "{text}");
        assert_eq!(place.go_on(), "succeeded", "{blocks} blocks");
        let mut once = place.lines("once");
        assert!(once.len() <= 21, "only what was under way was done again: {once:?}");
        once.dedup();
        assert_eq!(once, (0..20).map(|step| step.to_string()).collect::<Vec<_>>(), "{blocks} blocks");
    };
    std::thread::scope(|scope| {
        // The log begins with what opening wrote; a record with its head is no multiple of these blocks.
        for blocks in [81, 90, 99, 107, 113, 121] {
            scope.spawn(move || torn(blocks));
        }
    });
}
