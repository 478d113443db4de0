//! `completions` and `man`: what they print works where it is meant for.

#[path = "support/outside.rs"]
mod outside;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use outside::{command, folder_with, standard_error, standard_output};

const PROGRAM: &str = "environment staging { a = 1 }\nenvironment production { a = 2 }\n/// Waits.\npipeline fast {\n  \
                       param version: version\n  phase only { wait 5m * env.a }\n}\n/// Waits.\npipeline slow {\n  phase only { wait 1h }\n}\n";

fn phasegate(folder: &Path, arguments: &[&str]) -> Output {
    command(folder, arguments).output().expect("the program starts")
}

#[cfg(unix)]
fn has(program: &str) -> bool {
    let found = Command::new(program).arg("--version").output().is_ok_and(|output| output.status.success());
    assert!(found || program != "bash" || std::env::var_os("CI").is_none(), "`{program}` is not installed");
    found
}

/// What a shell that asks is offered for the last of these words.
fn offered(folder: &Path, words: &[&str]) -> Vec<String> {
    let index = (words.len() - 1).to_string();
    let asked: Vec<&str> = ["--", "phasegate"].iter().chain(words).copied().collect();
    let mut command = command(folder, &asked);
    command
        .env("PHASEGATE_COMPLETE", "fish")
        .env("_CLAP_COMPLETE_INDEX", index)
        .env("PHASEGATE_STATE", folder.join("state"));
    let output = command.output().expect("the program starts");
    assert_eq!((output.status.code(), standard_error(&output).as_str()), (Some(0), ""), "{words:?}");
    standard_output(&output).lines().map(|line| line.split('\t').next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_shell_has_a_script() {
    let folder = folder_with(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = phasegate(folder.path(), &["completions", shell]);
        assert_eq!(output.status.code(), Some(0), "{shell}");
        assert!(standard_output(&output).contains("PHASEGATE_COMPLETE"), "{shell}");
    }
    let by_surroundings = command(folder.path(), &["completions"]).env("SHELL", "/bin/zsh").output().expect("starts");
    assert_eq!(by_surroundings.stdout, phasegate(folder.path(), &["completions", "zsh"]).stdout);
    let unknown = command(folder.path(), &["completions"]).env("SHELL", "/bin/else").output().expect("starts");
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn names_are_completed_as_they_are_now() {
    let folder = folder_with(&[("a.deploy", PROGRAM), ("notes.md", ""), ("inner/b.deploy", "")]);
    assert!(offered(folder.path(), &["pl"]).contains(&"plan".to_owned()));
    assert_eq!(offered(folder.path(), &["plan", "a.deploy:"]), ["a.deploy:fast", "a.deploy:slow"]);
    let files = offered(folder.path(), &["plan", ""]);
    assert!(files.contains(&"a.deploy".to_owned()) && !files.contains(&"notes.md".to_owned()), "{files:?}");
    assert_eq!(offered(folder.path(), &["plan", "a.deploy:fast", "--env", ""]), ["staging", "production"]);
    assert_eq!(offered(folder.path(), &["plan", "a.deploy:fast", "--set", ""]), ["version="]);
    assert_eq!(offered(folder.path(), &["plan", "nowhere.deploy", "--env", ""]), [] as [&str; 0]);
    assert!(offered(folder.path(), &["check", "--format", "s"]).contains(&"sarif".to_owned()));
}

#[test]
fn runs_and_their_nodes_are_completed() {
    let program = "/// Nothing.\npipeline p {\n  phase only { gate { require 1 < 2 } }\n}\n";
    let folder = folder_with(&[("p.deploy", program)]);
    let state = folder.path().join("state");
    for _ in 0..2 {
        let run = command(folder.path(), &["run", "p.deploy"]).env("PHASEGATE_STATE", &state).output().expect("starts");
        assert_eq!(run.status.code(), Some(0), "{}", standard_error(&run));
    }
    let runs: Vec<String> =
        offered(folder.path(), &["why", ""]).into_iter().filter(|word| !word.starts_with('-')).collect();
    assert_eq!(runs.len(), 2, "{runs:?}");
    assert!(runs.iter().all(|run| run.contains("-p-")), "{runs:?}");
    let nodes = offered(folder.path(), &["why", &runs[0], "only."]);
    assert_eq!(nodes, ["only.gate1"]);
}

#[cfg(unix)]
#[test]
fn bash_loads_its_script_and_completes() {
    if !has("bash") {
        return;
    }
    let folder = folder_with(&[("a.deploy", PROGRAM)]);
    let script = standard_output(&phasegate(folder.path(), &["completions", "bash"]));
    fs::write(folder.path().join("script.bash"), script).expect("written");
    let ask = r#"
        source script.bash || exit 9
        spec=$(complete -p phasegate) || exit 8
        function=$(sed -E 's/.*-F ([^ ]+).*/\1/' <<<"$spec")
        COMP_WORDS=(phasegate comp); COMP_CWORD=1; COMP_LINE="phasegate comp"; COMP_POINT=14; COMP_TYPE=9
        "$function" phasegate comp phasegate
        printf '%s\n' "${COMPREPLY[@]}"
    "#;
    let output = in_shell("bash", folder.path(), &["--norc", "-c", ask]);
    assert_eq!(standard_output(&output).trim(), "completions", "{}", standard_error(&output));
}

#[cfg(unix)]
#[test]
fn zsh_and_fish_load_their_scripts_where_they_are() {
    let folder = folder_with(&[]);
    for shell in ["zsh", "fish"] {
        if !has(shell) {
            continue;
        }
        let script = standard_output(&phasegate(folder.path(), &["completions", shell]));
        fs::write(folder.path().join("script"), script).expect("written");
        let ask = match shell {
            "zsh" => {
                "autoload -U compinit && compinit -u -D && source ./script && print -r -- ${_comps[phasegate]:-none}"
            }
            _ => "source ./script; complete -C 'phasegate comp'",
        };
        let output = in_shell(shell, folder.path(), &["-c", ask]);
        let said = standard_output(&output);
        assert!(
            said.contains("phasegate") || said.contains("completions"),
            "{shell}: {said}{}",
            standard_error(&output)
        );
        assert!(!said.contains("none"), "{shell}: {said}");
    }
}

/// With the program on the PATH, as the scripts call it.
#[cfg(unix)]
fn in_shell(shell: &str, folder: &Path, arguments: &[&str]) -> Output {
    let program = Path::new(env!("CARGO_BIN_EXE_phasegate")).parent().expect("a folder");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let paths = [program.to_path_buf()].into_iter().chain(std::env::split_paths(&path));
    let path = std::env::join_paths(paths).expect("a path");
    let mut command = Command::new(shell);
    command.args(arguments).current_dir(folder).env("PATH", path).env("HOME", folder).env("TERM", "dumb");
    command.output().expect("the shell starts")
}

#[test]
fn there_is_a_page_for_each_command_and_a_reader_takes_it() {
    let folder = folder_with(&[]);
    let said = standard_output(&phasegate(folder.path(), &["man", "--out", "man1"]));
    assert!(said.ends_with(" pages in man1\n"), "{said}");
    let pages: Vec<_> =
        fs::read_dir(folder.path().join("man1")).expect("made").map(|entry| entry.expect("an entry").path()).collect();
    let names: Vec<String> =
        pages.iter().map(|page| page.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    for name in ["phasegate.1", "phasegate-plan.1", "phasegate-init.1", "phasegate-backup-create.1"] {
        assert!(names.contains(&name.to_owned()), "{name}: {names:?}");
    }
    let whole = fs::read_to_string(folder.path().join("man1/phasegate.1")).expect("read");
    assert!(whole.contains(".TH phasegate 1 \"\" \"Phasegate ") && whole.contains("EXIT STATUS"), "{whole}");
    assert_eq!(
        standard_output(&phasegate(folder.path(), &["man", "plan"])),
        fs::read_to_string(folder.path().join("man1/phasegate-plan.1")).expect("read")
    );
    assert_eq!(phasegate(folder.path(), &["man", "nothing"]).status.code(), Some(2));
    for page in &pages {
        let warned = Command::new("groff").args(["-Kutf8", "-man", "-ww", "-z", "-Tutf8"]).arg(page).output();
        let Ok(warned) = warned else { return };
        assert_eq!((warned.status.code(), standard_error(&warned).as_str()), (Some(0), ""), "{}", page.display());
    }
}
