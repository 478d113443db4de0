//! Processes as the adapters run them: output, failures, cancelling, and that nobody is left behind.
#![cfg(unix)]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use phasegate::adapters::net::{NetContext, NetLimits, perform};
use phasegate::adapters::process::lookup::look_for_program;
use phasegate::adapters::process::{NoSink, OutputSink, Stream};
use phasegate::adapters::secrets::Secrets;
use phasegate::contract::answer::{ProcessAnswer, read_answer};
use phasegate::contract::effect::{Effect, Failure, Outcome, Program, TextPiece};
use tokio_util::sync::CancellationToken;

#[derive(Default)]
struct Lines(Vec<(Stream, String)>);

impl OutputSink for Lines {
    fn line(&mut self, stream: Stream, text: &str) {
        self.0.push((stream, text.to_owned()));
    }
}

fn context(root: &Path) -> NetContext {
    let secrets = Secrets::new(|name| (name == "TOKEN").then(|| "hunter22".to_owned()), None);
    let limits = NetLimits { grace: Duration::from_millis(300), ..NetLimits::default() };
    NetContext::new(root.to_owned(), Arc::new(secrets)).with_limits(limits)
}

fn shell(line: &str) -> Effect {
    Effect::RunProcess {
        program: Program::Shell(vec![TextPiece::Plain(line.into())]),
        cwd: ".".into(),
        key: String::new(),
    }
}

fn exec(words: &[&str]) -> Effect {
    let argv = words.iter().map(|word| vec![TextPiece::Plain((*word).to_owned())]).collect();
    Effect::RunProcess { program: Program::Argv(argv), cwd: ".".into(), key: String::new() }
}

async fn run(effect: &Effect, sink: &mut dyn OutputSink) -> Outcome {
    perform(effect, &context(Path::new(".")), sink, &CancellationToken::new()).await.unwrap()
}

async fn answer(effect: &Effect) -> ProcessAnswer {
    read_answer(&run(effect, &mut NoSink).await).unwrap()
}

async fn failure(effect: &Effect) -> String {
    read_answer::<ProcessAnswer>(&run(effect, &mut NoSink).await).unwrap_err()
}

fn is_alive(pid: &str) -> bool {
    let state = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim()));
    state.is_ok_and(|stat| !stat.contains(") Z "))
}

/// The process ids that a command wrote to a file, once there are `count`.
async fn pids(file: &Path, count: usize) -> Vec<String> {
    for _ in 0..500 {
        let text = std::fs::read_to_string(file).unwrap_or_default();
        let pids: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        if pids.len() >= count {
            return pids;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the command did not write {count} process ids");
}

#[tokio::test]
async fn output_and_exit_code_are_answered_and_each_line_is_shown_while_it_runs() {
    let mut sink = Lines::default();
    let outcome = run(&shell("echo one; echo two >&2; printf three; exit 3"), &mut sink).await;
    let expected = ProcessAnswer { stdout: "one\nthree".into(), stderr: "two\n".into(), exit_code: 3, stdout_cut: 0 };
    assert_eq!(read_answer::<ProcessAnswer>(&outcome), Ok(expected));
    let of = |stream| sink.0.iter().filter(|line| line.0 == stream).map(|line| line.1.as_str()).collect::<Vec<_>>();
    assert_eq!((of(Stream::Stdout), of(Stream::Stderr)), (vec!["one\n", "three"], vec!["two\n"]));
}

#[tokio::test]
async fn words_are_arguments_and_the_folder_is_the_working_folder() {
    assert_eq!(answer(&exec(&["printf", "%s|", "a b", "$HOME", "*"])).await.stdout, "a b|$HOME|*|");
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("inner")).unwrap();
    let effect = Effect::RunProcess {
        program: Program::Shell(vec![TextPiece::Plain("pwd".into())]),
        cwd: "inner".into(),
        key: String::new(),
    };
    let outcome = perform(&effect, &context(folder.path()), &mut NoSink, &CancellationToken::new()).await.unwrap();
    let answer: ProcessAnswer = read_answer(&outcome).unwrap();
    assert!(answer.stdout.trim().ends_with("/inner"), "{}", answer.stdout);
}

#[tokio::test]
async fn standard_input_is_empty_and_output_that_is_no_utf_8_is_replaced() {
    assert_eq!(answer(&exec(&["cat"])).await.stdout, "");
    assert_eq!(answer(&shell(r"printf 'a\377b'")).await.stdout, "a\u{fffd}b");
}

#[tokio::test]
async fn a_signal_is_an_exit_code_as_shells_have_it() {
    assert_eq!(answer(&shell("kill -9 $$")).await.exit_code, 137);
}

#[tokio::test]
async fn a_program_that_cannot_start_says_why() {
    assert_eq!(
        failure(&exec(&["no-such-program-4711"])).await,
        "command `no-such-program-4711` is not installed or not on PATH"
    );
    assert_eq!(failure(&exec(&["./no/such"])).await, "there is no program `./no/such`");
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    assert_eq!(failure(&exec(&[path])).await, format!("`{path}` is there, but it is not executable"));
    assert_eq!(failure(&exec(&[])).await, "there is no program to run: the command is empty");
    assert!(failure(&exec(&["echo", "a\0b"])).await.starts_with("`echo` could not be started"));
    let long = "x".repeat(3 << 20);
    assert!(failure(&exec(&["echo", &long])).await.contains("longer than the system takes"));
    let effect = Effect::RunProcess {
        program: Program::Shell(vec![TextPiece::Plain("true".into())]),
        cwd: "gone".into(),
        key: String::new(),
    };
    assert_eq!(failure(&effect).await, "the folder `gone` to run `/bin/sh` in does not exist");
}

#[test]
fn programs_are_looked_for_as_they_are_started() {
    let ctx = context(Path::new("/"));
    assert_eq!(look_for_program("sh", &ctx), Ok(()));
    assert_eq!(look_for_program("bin/sh", &ctx), Ok(()));
    assert!(look_for_program("no-such-program-4711", &ctx).unwrap_err().contains("not installed or not on PATH"));
    let file = tempfile::NamedTempFile::new().unwrap();
    assert!(look_for_program(file.path().to_str().unwrap(), &ctx).unwrap_err().contains("not executable"));
}

#[tokio::test]
async fn contents_of_secrets_reach_neither_sink_nor_answer_nor_failure() {
    let mut sink = Lines::default();
    let pieces = ["echo ", "", "; echo ", " >&2"].map(|plain| TextPiece::Plain(plain.into()));
    let [before, _, between, after] = pieces;
    let token = || TextPiece::Secret("TOKEN".into());
    let program = Program::Shell(vec![before, token(), between, token(), after]);
    let outcome = run(&Effect::RunProcess { program, cwd: ".".into(), key: String::new() }, &mut sink).await;
    assert_eq!(sink.0.len(), 2);
    assert!(sink.0.iter().all(|(_, line)| line == "***\n"), "{:?}", sink.0);
    assert!(!format!("{outcome:?}").contains("hunter22"), "{outcome:?}");

    let program = Program::Argv(vec![vec![TextPiece::Plain("gone-".into()), token()]]);
    let reason = failure(&Effect::RunProcess { program, cwd: ".".into(), key: String::new() }).await;
    assert_eq!(reason, "command `gone-***` is not installed or not on PATH");
    let unknown = Program::Argv(vec![vec![TextPiece::Secret("OTHER".into())]]);
    let reason = failure(&Effect::RunProcess { program: unknown, cwd: ".".into(), key: String::new() }).await;
    assert!(reason.starts_with("secret `OTHER` is not there"), "{reason}");
}

#[tokio::test]
async fn of_a_huge_output_beginning_and_end_are_kept() {
    let answer = answer(&shell("echo first; head -c 30000000 /dev/zero | tr '\\0' x; echo; echo last")).await;
    assert!(answer.stdout.starts_with("first\nxxx") && answer.stdout.ends_with("x\nlast\n"));
    assert!(answer.stdout.len() < 1_200_000, "{}", answer.stdout.len());
    assert_eq!(answer.stdout_cut as usize, 6 + 30_000_000 + 1 + 5 - (64 << 10) - (1 << 20));
    assert!(answer.stdout.contains(&format!("[… {} bytes left out …]", answer.stdout_cut)));
}

#[tokio::test]
async fn a_cancelled_command_takes_its_children_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let (cancel, ctx) = (CancellationToken::new(), context(folder.path()));
    let command = shell("echo $$ >> pids; (echo $(exec sh -c 'echo $PPID') >> pids; sleep 600) & sleep 600");
    let begun = async {
        let pids = pids(&folder.path().join("pids"), 2).await;
        cancel.cancel();
        pids
    };
    let mut sink = NoSink;
    let (outcome, pids) = tokio::join!(perform(&command, &ctx, &mut sink, &cancel), begun);
    assert!(matches!(outcome, Some(Outcome::Failed(Failure { cancelled: true, .. }))), "{outcome:?}");
    assert!(pids.iter().all(|pid| !is_alive(pid)), "{pids:?}");
}

#[tokio::test]
async fn what_does_not_end_when_asked_is_ended_after_its_time_of_grace() {
    let folder = tempfile::tempdir().unwrap();
    let (cancel, ctx) = (CancellationToken::new(), context(folder.path()));
    // The first process ends at once, its child ignores that it is asked to.
    let command = shell("(trap '' TERM; sh -c 'echo $PPID' >> pids; while :; do sleep 0.05; done) & wait");
    let begun = async {
        let pids = pids(&folder.path().join("pids"), 1).await;
        let at = Instant::now();
        cancel.cancel();
        (pids, at)
    };
    let mut sink = NoSink;
    let (outcome, (pids, at)) = tokio::join!(perform(&command, &ctx, &mut sink, &cancel), begun);
    assert!(matches!(outcome, Some(Outcome::Failed(Failure { cancelled: true, .. }))), "{outcome:?}");
    assert!(at.elapsed() >= Duration::from_millis(300) && at.elapsed() < Duration::from_secs(5), "{:?}", at.elapsed());
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!is_alive(&pids[0]));
}

#[tokio::test]
async fn a_command_may_clean_up_when_it_is_cancelled() {
    let folder = tempfile::tempdir().unwrap();
    let (cancel, ctx) = (CancellationToken::new(), context(folder.path()));
    let command = shell("trap 'echo cleaned; exit 1' TERM; echo $$ > pids; while :; do sleep 0.02; done");
    let begun = async {
        pids(&folder.path().join("pids"), 1).await;
        cancel.cancel();
    };
    let mut sink = Lines::default();
    tokio::join!(perform(&command, &ctx, &mut sink, &cancel), begun);
    assert!(sink.0.contains(&(Stream::Stdout, "cleaned\n".to_owned())), "{:?}", sink.0);
}

#[tokio::test]
async fn a_dropped_command_takes_its_children_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let ctx = context(folder.path());
    let command =
        shell("echo $$ >> pids; (trap '' TERM; sh -c 'echo $PPID' >> pids; while :; do sleep 0.05; done) & sleep 600");
    let (cancel, mut sink) = (CancellationToken::new(), NoSink);
    let file = folder.path().join("pids");
    let pids = tokio::select! {
        _ = perform(&command, &ctx, &mut sink, &cancel) => panic!("it ended"),
        pids = pids(&file, 2) => pids,
    };
    for _ in 0..100 {
        if pids.iter().all(|pid| !is_alive(pid)) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{pids:?} still run");
}

#[tokio::test]
async fn what_a_command_leaves_running_neither_holds_it_up_nor_is_ended() {
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let command = shell("sleep 30 & echo $! > pids; echo started");
    let outcome = perform(&command, &context(folder.path()), &mut NoSink, &CancellationToken::new()).await.unwrap();
    assert_eq!(read_answer::<ProcessAnswer>(&outcome).unwrap().stdout, "started\n");
    assert!(began.elapsed() < Duration::from_secs(10));
    let pid = std::fs::read_to_string(folder.path().join("pids")).unwrap();
    assert!(is_alive(&pid));
    answer(&exec(&["kill", "-9", pid.trim()])).await;
}

/// Four at a time, as the pipelines run them; how many in a second is for `benches/exec.rs` to say.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_small_commands_side_by_side_are_all_answered() {
    const EACH: u32 = 250;
    let workers = (0..4).map(|_| {
        tokio::spawn(async {
            let (ctx, cancel) = (context(Path::new(".")), CancellationToken::new());
            for _ in 0..EACH {
                let outcome = perform(&exec(&["/bin/true"]), &ctx, &mut NoSink, &cancel).await.unwrap();
                assert_eq!(read_answer::<ProcessAnswer>(&outcome).unwrap().exit_code, 0);
            }
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        worker.await.unwrap();
    }
}
