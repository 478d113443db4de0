//! `init`: what it writes is sound, and nothing that is there is lost.

#[path = "support/outside.rs"]
mod outside;

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use outside::{command, folder_with, standard_error, standard_output};

fn phasegate(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).stdin(Stdio::null()).output().expect("the program starts")
}

fn well(folder: &Path, arguments: &[&str]) -> String {
    let output = phasegate(folder, arguments);
    let (said, complained) = (standard_output(&output), standard_error(&output));
    assert_eq!((output.status.code(), complained.as_str()), (Some(0), ""), "{arguments:?}: {said}");
    said
}

fn names_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            let name = path.strip_prefix(folder).expect("inside").to_string_lossy().replace('\\', "/");
            if path.is_dir() { open.push(path) } else { found.push(name) }
        }
    }
    found.sort();
    found
}

#[test]
fn every_template_checks_formats_to_itself_plans_and_is_tested_whole() {
    for template in ["canary", "blue-green", "feature-flag", "kubernetes", "script"] {
        let folder = folder_with(&[]);
        let said = well(folder.path(), &["init", "--yes", "--name", "Web Shop", "--template", template]);
        assert_eq!(well(folder.path(), &["check", "--deny", "warnings"]), "no problems in 1 file\n", "{template}");
        assert_eq!(well(folder.path(), &["test", "--min-coverage", "100"]).matches("FAILED").count(), 0, "{template}");
        let formatted = phasegate(folder.path(), &["fmt", "--check"]);
        assert_eq!(formatted.status.code(), Some(0), "{template}: {}", standard_output(&formatted));
        // The commands it tells to go on with are run as it tells them.
        let (_, next) = said.split_once("\nnext:\n").expect("what to do next");
        assert_eq!(next.lines().count(), 3, "{said}");
        for line in next.lines() {
            let words: Vec<&str> = line.split_whitespace().skip(1).collect();
            let output = phasegate(folder.path(), &words);
            assert_eq!(output.status.code(), Some(0), "{line}: {}", standard_error(&output));
        }
    }
}

#[test]
fn the_folder_gives_the_name_and_state_is_ignored() {
    let folder = folder_with(&[("my-service/README.md", "")]);
    let said = well(folder.path(), &["init", "my-service"]);
    assert!(
        said.starts_with("  new       pipelines/my_service.deploy\n  new       .gitignore\n\nnext:\n  cd my-service\n"),
        "{said}"
    );
    let inner = folder.path().join("my-service");
    assert_eq!(names_in(&inner), [".gitignore", "README.md", "pipelines/my_service.deploy"]);
    assert_eq!(fs::read_to_string(inner.join(".gitignore")).expect("read"), ".phasegate/\n");
}

#[test]
fn what_is_there_is_kept_unless_it_is_told() {
    let folder =
        folder_with(&[("pipelines/shop.deploy", "// mine\n"), (".gitignore", "/target"), (".gitlab-ci.yml", "x: 1\n")]);
    let before = names_in(folder.path());
    let arguments = ["init", "--name", "shop", "--ci", "gitlab", "--pre-commit"];
    let refused = phasegate(folder.path(), &arguments);
    assert_eq!(refused.status.code(), Some(1));
    assert!(standard_output(&refused).contains("there     pipelines/shop.deploy and says something else\n"));
    assert!(standard_error(&refused).contains("nothing was written\n  help: `--force`"));
    assert_eq!(names_in(folder.path()), before, "nothing beside it either");
    assert_eq!(fs::read_to_string(folder.path().join(".gitignore")).expect("read"), "/target");
    let said = well(folder.path(), &[&arguments[..], &["--force"]].concat());
    assert!(said.contains("replaced  pipelines/shop.deploy\n"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join(".gitignore")).expect("read"), "/target\n.phasegate/\n");
    // A file that is not its own stays, told to or not.
    assert_eq!(fs::read_to_string(folder.path().join(".gitlab-ci.yml")).expect("read"), "x: 1\n");
    assert!(said.contains("left      .gitlab-ci.yml: add "), "{said}");
    let again = well(folder.path(), &arguments);
    assert!(again.contains("as it is  pipelines/shop.deploy\n  as it is  .gitignore\n"), "{again}");
}

#[test]
fn a_dry_run_writes_nothing() {
    let folder = folder_with(&[]);
    let said = well(folder.path(), &["init", "--name", "shop", "--ci", "github", "--pre-commit", "--dry-run"]);
    assert!(said.contains("new       .github/workflows/phasegate.yml\n"), "{said}");
    assert_eq!(names_in(folder.path()), [] as [&str; 0]);
}

#[test]
fn a_folder_that_is_none_is_refused() {
    let folder = folder_with(&[("file", "")]);
    let output = phasegate(folder.path(), &["init", "file"]);
    assert_eq!((output.status.code(), standard_error(&output).as_str()), (Some(2), "error: `file` is no folder\n"));
}

#[cfg(unix)]
#[test]
fn on_a_terminal_it_asks() {
    // `script` of util-linux gives a terminal; without it there is none to ask on.
    let has_script =
        std::process::Command::new("script").arg("--version").output().is_ok_and(|output| output.status.success());
    if !has_script {
        assert!(std::env::var_os("CI").is_none(), "`script` is not installed");
        return;
    }
    let folder = folder_with(&[]);
    let program = format!("{} init", env!("CARGO_BIN_EXE_phasegate"));
    let asked = |answers: &str| {
        use std::io::Write;
        let mut command = std::process::Command::new("script");
        command.args(["-q", "-e", "-c", &program, "/dev/null"]).current_dir(folder.path());
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script starts");
        child.stdin.take().expect("a pipe").write_all(answers.as_bytes()).expect("answered");
        let output = child.wait_with_output().expect("it ends");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (status, said) = asked("Web Shop\n7\nblue-green\nnone\nno\nno\n");
    assert_eq!(status, Some(1), "{said}");
    assert_eq!(names_in(folder.path()), [] as [&str; 0], "{said}");
    let (status, said) = asked("Web Shop\n7\nblue-green\ngithub\nyes\n\n");
    assert_eq!(status, Some(0), "{said}");
    assert!(said.contains("there is no `7`"), "{said}");
    let made =
        [".github/workflows/phasegate.yml", ".gitignore", ".pre-commit-config.yaml", "pipelines/web_shop.deploy"];
    assert_eq!(names_in(folder.path()), made);
    assert!(fs::read_to_string(folder.path().join(made[3])).expect("read").contains("// Blue and green"));
}
