//! `plan --against`: what has changed since a revision, and what it means; and that git is only read.

#[path = "support/outside.rs"]
mod outside;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use outside::{command, folder_with, standard_error, standard_output};
use serde_json::Value as Json;
use tempfile::TempDir;

const PROGRAM: &str = r#"use std.{flags, traffic}
use "./limits.deploy".{calm}

environment staging    { slow = 200ms }
environment production { slow = 300ms }

metrics api from http("http://127.0.0.1:9/m") every 1m {
  errors: ratio     = json("errors")
  p99: duration(ms) = json("p99")
}

/// Shifts the traffic.
pipeline release {
  param soak: duration = 1h
  timeout 2d
  lock "release"

  phase prepare {
    step feature = flags.set("new", { on: "yes" })
    approve "go?" by "release" within 1h
  }

  phase shift after prepare {
    ramp traffic.http("http://127.0.0.1:9/w") through 5%, 25%, 100% {
      hold soak { require calm(api) }
    }
    rollback when api.errors > 5% for 10m else "errors"
    rollback when api.p99 > env.slow for 10m
  }

  phase confirm after shift {
    gate "fit" {
      require api.errors <= 1%
      require api.p99 <= 200ms
    }
  }
}
"#;

const LIMITS: &str = "metrics figures from http(\"http://127.0.0.1:9/m\") every 1m {\n  errors: ratio = json(\"errors\")\n}\n\n\
                      threshold calm(m: figures) { require m.errors <= 2% }\n";

fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]);
    command.args(["-c", "protocol.file.allow=always", "-c", "commit.gpgsign=false"]).args(arguments);
    command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().expect("git is installed");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn commit(folder: &Path) {
    git(folder, &["add", "-A"]);
    git(folder, &["commit", "-q", "-m", "a version"]);
}

/// A repository with one commit that holds these files.
fn repository(files: &[(&str, &str)]) -> TempDir {
    let folder = folder_with(files);
    git(folder.path(), &["init", "-q", "-b", "main"]);
    commit(folder.path());
    folder
}

fn released() -> TempDir {
    repository(&[("pipelines/release.deploy", PROGRAM), ("pipelines/limits.deploy", LIMITS)])
}

fn edit(folder: &Path, file: &str, edits: &[(&str, &str)]) {
    let path = folder.join(file);
    let mut text = fs::read_to_string(&path).expect("the file");
    for (from, to) in edits {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    fs::write(path, text).expect("written");
}

fn plan(folder: &Path, arguments: &[&str]) -> Output {
    let all: Vec<&str> = ["plan"].iter().chain(arguments).copied().collect();
    command(folder, &all).output().expect("the program starts")
}

const RELEASE: [&str; 4] = ["pipelines/release.deploy", "--env", "production", "--against"];

fn against(folder: &Path, more: &[&str]) -> Output {
    plan(folder, &RELEASE.iter().chain(more).copied().collect::<Vec<_>>())
}

fn said(output: &Output) -> String {
    assert_eq!((output.status.code(), standard_error(output).as_str()), (Some(0), ""), "{}", standard_output(output));
    standard_output(output)
}

/// What is said of one risk.
fn notes(folder: &Path, risk: &str) -> Vec<String> {
    let report: Json = serde_json::from_str(&said(&against(folder, &["HEAD", "--format", "json"]))).expect("JSON");
    let changes = report["against"]["changes"].as_array().expect("changes");
    let notes = changes.iter().flat_map(|change| change["notes"].as_array().expect("notes"));
    let found = notes.filter(|note| note["risk"] == risk).map(|note| note["words"].as_str().expect("words").to_owned());
    found.collect()
}

#[test]
fn nothing_changes_against_the_same_version() {
    let folder = released();
    let text = said(&against(folder.path(), &["main"]));
    assert!(text.starts_with("Plan of release in production against main ("), "{text}");
    assert!(text.ends_with("\n  nothing changes\n"), "{text}");
}

#[test]
fn what_guards_less_is_said_in_words() {
    let folder = released();
    let edits = [
        ("require api.errors <= 1%", "require api.errors <= 3%"),
        ("      require api.p99 <= 200ms\n", ""),
        ("through 5%, 25%, 100%", "through 25%, 100%"),
        ("    rollback when api.errors > 5% for 10m else \"errors\"\n", ""),
        ("slow = 300ms", "slow = 900ms"),
        ("    approve \"go?\" by \"release\" within 1h\n", ""),
        ("soak: duration = 1h", "soak: duration = 10m"),
        ("  lock \"release\"\n", ""),
    ];
    edit(folder.path(), "pipelines/release.deploy", &edits);
    edit(folder.path(), "pipelines/limits.deploy", &[("<= 2%", "<= 4%")]);
    assert_eq!(
        notes(folder.path(), "riskier"),
        [
            "the lock is gone: two runs may go on at once",
            "approval `go?` removed: nobody is asked any more",
            "ramp `shift.ramp1` begins with 25% of the traffic instead of 5%",
            "hold `shift.hold1` lasts 10m instead of 1h",
            "hold `shift.hold1` is looser: `api.errors <= 4%` instead of `api.errors <= 2%`",
            "rollback trigger fires on less: `api.p99 > 900ms` instead of `api.p99 > 300ms`",
            "rollback trigger removed: `api.errors > 5%` is no longer watched",
            "gate `fit` is looser: `api.errors <= 3%` instead of `api.errors <= 1%`",
            "gate `fit` no longer requires `api.p99 <= 200ms`",
        ]
    );
    assert_eq!(notes(folder.path(), "safer"), [] as [&str; 0]);
    assert_eq!(against(folder.path(), &["HEAD", "--deny", "riskier"]).status.code(), Some(1));
}

#[test]
fn the_way_back_is_safer() {
    let folder = released();
    let edits = [
        ("require api.errors <= 1%", "require api.errors <= 0.5%"),
        ("rollback when api.errors > 5% for 10m", "rollback when api.errors > 5% for 5m"),
        ("through 5%, 25%, 100%", "through 1%, 25%, 50%, 100%"),
        ("  timeout 2d\n", "  timeout 2d\n  rollback when api.errors > 9% for 2 samples\n"),
    ];
    edit(folder.path(), "pipelines/release.deploy", &edits);
    assert_eq!(
        notes(folder.path(), "safer"),
        [
            "new rollback trigger: `api.errors > 9%`",
            "ramp `shift.ramp1` begins with 1% of the traffic instead of 5%",
            "ramp `shift.ramp1`: its largest step is 50pp instead of 75pp",
            "rollback trigger acts after 5m instead of after 10m: `api.errors > 5%`",
            "gate `fit` is stricter: `api.errors <= 0.5%` instead of `api.errors <= 1%`",
        ]
    );
    assert_eq!(notes(folder.path(), "riskier"), [] as [&str; 0]);
    assert_eq!(against(folder.path(), &["HEAD", "--deny", "riskier"]).status.code(), Some(0));
}

#[test]
fn a_phase_that_is_only_called_otherwise_and_a_check_that_comes_too_late() {
    let folder = released();
    let edits = [
        ("phase shift after prepare", "phase move_traffic after prepare"),
        ("phase confirm after shift", "phase confirm after move_traffic"),
        (
            "    step feature = flags.set(\"new\", { on: \"yes\" })\n    approve \"go?\" by \"release\" within 1h\n",
            "    approve \"go?\" by \"release\" within 1h\n    step feature = flags.set(\"new\", { on: \"yes\" })\n",
        ),
    ];
    edit(folder.path(), "pipelines/release.deploy", &edits);
    assert_eq!(notes(folder.path(), "safer").len(), 1, "{:?}", notes(folder.path(), "safer"));
    assert_eq!(notes(folder.path(), "riskier"), [] as [&str; 0]);
    assert!(notes(folder.path(), "neither").contains(&"`shift` is called `move_traffic` now".to_owned()));
    commit(folder.path());
    let (new, old) = (edits[2].1, edits[2].0);
    edit(folder.path(), "pipelines/release.deploy", &[(new, old)]);
    let riskier = notes(folder.path(), "riskier");
    assert_eq!(riskier.len(), 1, "{riskier:?}");
    assert!(riskier[0].contains(" comes ") && riskier[0].ends_with(" now"), "{riskier:?}");
}

#[test]
fn imports_and_files_that_the_plan_reads_come_from_the_revision() {
    let program = "/// Waits.\npipeline p {\n  let soak: { minutes: float } = read.json(\"data/soak.json\")\n  \
                   phase only { wait 1m * soak.minutes }\n}\n";
    let folder = repository(&[("deploy/p.deploy", program), ("deploy/data/soak.json", "{\"minutes\": 5}")]);
    let inner = folder.path().join("deploy");
    fs::write(inner.join("data/soak.json"), "{\"minutes\": 7}").expect("written");
    let text = said(&plan(&inner, &["p.deploy", "--against", "HEAD"]));
    assert!(text.contains("wait `only.wait1` waits 7m instead of 5m"), "{text}");
    assert!(text.contains("file `data/soak.json` has other content"), "{text}");
    // By its place from the top, under another name.
    git(folder.path(), &["mv", "deploy/p.deploy", "deploy/q.deploy"]);
    let missing = said(&plan(&inner, &["q.deploy", "--against", "HEAD"]));
    assert!(missing.contains("`q.deploy` was not there, so all of it is new\n"), "{missing}");
    assert!(missing.contains("+ phase only"), "{missing}");
    let found = said(&plan(&inner, &["q.deploy", "--against", "HEAD:deploy/p.deploy"]));
    assert!(found.contains("waits 7m instead of 5m"), "{found}");
}

#[test]
fn a_file_that_git_never_knew_is_the_one_of_now_and_said_so() {
    let program = "/// Waits.\npipeline p {\n  let soak: { minutes: float } = read.json(\"soak.json\")\n  \
                   phase only { wait 1m * soak.minutes }\n}\n";
    let folder = repository(&[("p.deploy", program), (".gitignore", "soak.json\n")]);
    fs::write(folder.path().join("soak.json"), "{\"minutes\": 7}").expect("written");
    let text = said(&plan(folder.path(), &["p.deploy", "--against", "HEAD"]));
    assert!(text.contains("`soak.json` is not kept in git: it was read as it is now\n  nothing changes"), "{text}");
}

#[test]
fn what_cannot_be_compared_is_said() {
    let folder = released();
    edit(folder.path(), "pipelines/release.deploy", &[("pipeline release", "pipeline ship")]);
    let text = said(&against(folder.path(), &["HEAD"]));
    assert!(text.contains("there was no pipeline `ship`, so all of it is new"), "{text}");
    edit(folder.path(), "pipelines/release.deploy", &[("pipeline ship", "pipeline release"), ("<= 200ms", "<= 200")]);
    commit(folder.path());
    edit(folder.path(), "pipelines/release.deploy", &[("<= 200\n", "<= 200ms\n")]);
    let text = said(&against(folder.path(), &["HEAD"]));
    assert!(text.contains("did not check (PG202: "), "{text}");
}

#[test]
fn another_program_and_a_saved_plan_are_earlier_versions_too() {
    let folder = released();
    said(&plan(
        folder.path(),
        &["pipelines/release.deploy", "--env", "production", "--out", "old.json", "--format", "dot"],
    ));
    fs::copy(folder.path().join("pipelines/release.deploy"), folder.path().join("pipelines/old.deploy"))
        .expect("copied");
    edit(folder.path(), "pipelines/release.deploy", &[("require api.errors <= 1%", "require api.errors <= 3%")]);
    for old in ["old.json", "pipelines/old.deploy"] {
        let text = said(&against(folder.path(), &[old]));
        assert!(text.contains(&format!("against {old}\n")) && text.contains("gate `fit` is looser"), "{text}");
    }
}

#[test]
fn what_git_does_not_have_is_refused_with_the_cure() {
    let folder = released();
    let refused = |folder: &Path, revision: &str| {
        let output = against(folder, &[revision]);
        assert_eq!((output.status.code(), standard_output(&output).as_str()), (Some(2), ""), "{revision}");
        standard_error(&output)
    };
    assert!(refused(folder.path(), "no-such").starts_with("error: git knows no revision `no-such`\n  help: "));
    assert!(refused(folder.path(), "main..main").contains("not a range"));
    for option in ["--against=--output=stolen", "--against=-h", "--against="] {
        let output = plan(folder.path(), &["pipelines/release.deploy", "--env", "production", option]);
        assert!(standard_error(&output).contains(" is no revision\n"), "{}", standard_error(&output));
    }
    assert!(!folder.path().join("stolen").exists());
    let elsewhere = folder_with(&[("pipelines/release.deploy", PROGRAM), ("pipelines/limits.deploy", LIMITS)]);
    assert!(refused(elsewhere.path(), "main").contains("in no git repository"));
    git(elsewhere.path(), &["init", "-q"]);
    assert!(refused(elsewhere.path(), "HEAD").contains("there is no commit yet"));
    // A shallow clone.
    commit(elsewhere.path());
    edit(elsewhere.path(), "pipelines/release.deploy", &[("timeout 2d", "timeout 3d")]);
    commit(elsewhere.path());
    let clones = tempfile::tempdir().expect("a folder");
    let path = elsewhere.path().to_string_lossy().replace('\\', "/");
    let origin = format!("file:///{}", path.trim_start_matches('/'));
    git(clones.path(), &["clone", "-q", "--depth=1", &origin, "clone"]);
    assert!(refused(&clones.path().join("clone"), "HEAD~1").contains("this clone is shallow"));
}

#[cfg(unix)]
#[test]
fn links_submodules_and_large_files_are_what_they_are() {
    use std::os::unix::fs::symlink;

    let inner = repository(&[("limits.deploy", LIMITS)]);
    let folder = released();
    let path = folder.path().join("pipelines");
    symlink("release.deploy", path.join("link.deploy")).expect("linked");
    symlink("/etc/hostname", path.join("out.deploy")).expect("linked");
    let url = inner.path().to_string_lossy().into_owned();
    git(folder.path(), &["submodule", "add", "-q", &url, "pipelines/shared"]);
    let pointer = format!("version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 5\n", "0".repeat(64));
    fs::write(path.join("large.deploy"), pointer).expect("written");
    commit(folder.path());
    let found = |file: &str| {
        let old = format!("HEAD:pipelines/{file}");
        said(&plan(folder.path(), &["pipelines/release.deploy", "--env", "production", "--against", &old]))
    };
    assert!(found("link.deploy").contains("nothing changes"), "{}", found("link.deploy"));
    assert!(found("out.deploy").contains("is a link that leads out of the repository"), "{}", found("out.deploy"));
    assert!(found("shared/limits.deploy").contains("is in the submodule `pipelines/shared`"));
    assert!(found("large.deploy").contains("is kept by Git LFS"), "{}", found("large.deploy"));
    assert!(found("../../../etc/hostname").contains("lies outside of the repository"));
}

#[test]
fn git_is_only_read() {
    let folder = released();
    edit(folder.path(), "pipelines/release.deploy", &[("timeout 2d", "timeout 3d")]);
    fs::write(folder.path().join("untracked.txt"), "x").expect("written");
    let before = everything(folder.path());
    said(&against(folder.path(), &["HEAD"]));
    said(&against(folder.path(), &["HEAD:gone.deploy"]));
    assert_eq!(before, everything(folder.path()));
}

/// Every file of the repository, with its content and when it was written.
fn everything(folder: &Path) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
    let mut found = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                let written = path.metadata().and_then(|facts| facts.modified()).expect("a time");
                found.insert(path.to_string_lossy().into_owned(), (fs::read(&path).expect("read"), written));
            }
        }
    }
    found
}

#[test]
fn a_comment_is_folded_harmless_and_never_too_long() {
    let folder = released();
    let edits = [("gate \"fit\"", "gate \"fit @everyone </details> `x\""), ("api.errors <= 1%", "api.errors <= 3%")];
    edit(folder.path(), "pipelines/release.deploy", &edits);
    let page = said(&against(folder.path(), &["HEAD", "--format", "markdown"]));
    assert!(
        page.starts_with("### Plan of `release` in `production`\n\n`pipelines/release.deploy` against `HEAD` (`"),
        "{page}"
    );
    let outside_of_code: Vec<&str> = page.split("```").step_by(2).collect();
    let loose: Vec<&str> =
        outside_of_code.iter().flat_map(|part| part.lines()).filter(|line| !line.contains('`')).collect();
    assert!(loose.iter().all(|line| !line.contains("@everyone")), "{page}");
    assert_eq!(page.matches("<details>").count(), 3);
    assert!(page.contains("\n```diff\n@@ in confirm @@\n"), "{page}");
    for limit in [200, 1_000, 2_000] {
        let short = said(&against(folder.path(), &["HEAD", "--format", "markdown", "--limit", &limit.to_string()]));
        assert!(short.len() <= limit, "{limit}: {}", short.len());
        assert_eq!(short.matches("<details>").count(), short.matches("</details>\n").count(), "{short}");
    }
}
