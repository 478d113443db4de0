//! Runs programs: in a group of their own, their output line by line to a sink and bounded in memory.
//!
//! Invariants: no thread per process and no code between fork and exec (both would make thousands of steps slow); no
//! secret's content in what is given out; a cancelled program takes its children with it.

mod group;
mod kept;
mod lines;
pub mod lookup;

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use self::group::{LOOK_EVERY, ProcessGroup};
use self::kept::Kept;
use self::lines::Lines;
use super::net::{NetContext, cancelled};
use crate::contract::answer::ProcessAnswer;
use crate::contract::effect::{Outcome, Program};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    Stdout,
    Stderr,
}

/// Takes the output of a process while it runs, in order. Must not block for long.
pub trait OutputSink: Send {
    /// A line with its line end, or a piece of a very long one. Free of secrets.
    fn line(&mut self, stream: Stream, text: &str);
}

/// For output that nobody looks at.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSink;

impl OutputSink for NoSink {
    fn line(&mut self, _stream: Stream, _text: &str) {}
}

/// Runs a program to its end.
/// A process to start.
#[derive(Debug, Clone, Copy)]
pub struct Launch<'a> {
    pub program: &'a Program,
    pub cwd: &'a str,
    /// Told to the process as `PHASEGATE_KEY`, so that it can know an execution it has seen; empty: not told.
    pub key: &'a str,
}

pub async fn perform_process(
    launch: Launch<'_>,
    ctx: &NetContext,
    sink: &mut dyn OutputSink,
    cancel: &CancellationToken,
) -> Outcome {
    let argv = match open_program(launch.program, ctx) {
        Ok(argv) => argv,
        Err(reason) => return Outcome::failed(reason),
    };
    match ProcessGroup::spawn(command(&argv, launch, ctx), ctx.limits.grace) {
        Ok(group) => Running::new(group, ctx, sink).run(cancel).await,
        Err(error) => {
            Outcome::failed(ctx.secrets.redact(&lookup::describe_start_failure(&argv[0], launch.cwd, ctx, &error)))
        }
    }
}

/// The words to start, never none.
fn open_program(program: &Program, ctx: &NetContext) -> Result<Vec<String>, String> {
    let argv: Vec<String> = match program {
        Program::Shell(line) => {
            let shell = if cfg!(windows) { ["cmd", "/C"] } else { ["/bin/sh", "-c"] };
            shell.into_iter().map(str::to_owned).chain([ctx.secrets.open(line)?]).collect()
        }
        Program::Argv(words) => words.iter().map(|word| ctx.secrets.open(word)).collect::<Result<_, _>>()?,
    };
    if argv.first().is_none_or(String::is_empty) {
        return Err("there is no program to run: the command is empty".to_owned());
    }
    Ok(argv)
}

fn command(argv: &[String], launch: Launch<'_>, ctx: &NetContext) -> Command {
    let mut command = Command::new(&argv[0]);
    command.args(&argv[1..]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if !launch.key.is_empty() {
        command.env("PHASEGATE_KEY", launch.key);
    }
    let folder = ctx.root.join(launch.cwd);
    if folder.components().next().is_some_and(|first| first != std::path::Component::CurDir)
        || folder.components().count() > 1
    {
        command.current_dir(folder);
    }
    command
}

const KEPT_HEAD: usize = 64 * 1024;
const KEPT_STDOUT_TAIL: usize = 1024 * 1024;
const KEPT_STDERR_TAIL: usize = 64 * 1024;
const READ_SIZE: usize = 16 * 1024;
/// How long the pipes of an ended process are still read while something that it left running holds them open.
const LINGER: Duration = Duration::from_millis(500);

/// One of the two pipes.
struct Output<P> {
    stream: Stream,
    /// None when it is closed.
    pipe: Option<P>,
    lines: Lines,
    kept: Kept,
}

impl<P: AsyncRead + Unpin> Output<P> {
    fn new(stream: Stream, pipe: Option<P>, tail: usize) -> Self {
        Self { stream, pipe, lines: Lines::default(), kept: Kept::new(KEPT_HEAD, tail) }
    }

    /// Reads once. Cancel safe; waits for ever when the pipe is closed.
    async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &mut self.pipe {
            Some(pipe) => pipe.read(buffer).await,
            None => std::future::pending().await,
        }
    }

    fn take(&mut self, read: io::Result<usize>, buffer: &[u8], ctx: &NetContext, sink: &mut dyn OutputSink) {
        let redactor = ctx.secrets.redactor();
        let mut give = |text: &str| {
            self.kept.push(text);
            sink.line(self.stream, text);
        };
        match read {
            Ok(size @ 1..) => self.lines.push(&buffer[..size], &redactor, give),
            Ok(0) | Err(_) => {
                self.lines.flush(&redactor, &mut give);
                self.pipe = None;
            }
        }
    }
}

/// A process and what is known of it.
struct Running<'a> {
    group: ProcessGroup,
    stdout: Output<tokio::process::ChildStdout>,
    stderr: Output<tokio::process::ChildStderr>,
    ctx: &'a NetContext,
    sink: &'a mut dyn OutputSink,
    status: Option<io::Result<ExitStatus>>,
    end: End,
}

/// How far it is with ending.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// It runs, or has ended and its pipes are read up to the instant.
    ByItself(Option<Instant>),
    /// Cancelled: it was asked to end, and is ended at the instant.
    Asked(Instant),
    /// Cancelled and ended; what is left in the pipes is read, up to the instant.
    Drained(Instant),
}

impl<'a> Running<'a> {
    fn new(mut group: ProcessGroup, ctx: &'a NetContext, sink: &'a mut dyn OutputSink) -> Self {
        let (stdout, stderr) = group.take_pipes();
        Self {
            group,
            stdout: Output::new(Stream::Stdout, stdout, KEPT_STDOUT_TAIL),
            stderr: Output::new(Stream::Stderr, stderr, KEPT_STDERR_TAIL),
            ctx,
            sink,
            status: None,
            end: End::ByItself(None),
        }
    }

    async fn run(mut self, cancel: &CancellationToken) -> Outcome {
        let (mut out, mut err) = (vec![0; READ_SIZE], vec![0; READ_SIZE]);
        loop {
            let wake = self.wake();
            let running = self.end == End::ByItself(None) && self.status.is_none();
            tokio::select! {
                read = self.stdout.read(&mut out) => self.stdout.take(read, &out, self.ctx, self.sink),
                read = self.stderr.read(&mut err) => self.stderr.take(read, &err, self.ctx, self.sink),
                status = self.group.wait(), if self.status.is_none() => self.ended(status),
                () = cancel.cancelled(), if running => self.cancel(),
                () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {}
            }
            if self.is_over() {
                return self.outcome();
            }
        }
    }

    /// When to look again though nothing happens.
    fn wake(&self) -> Option<Instant> {
        match self.end {
            End::ByItself(until) => until,
            End::Asked(at) | End::Drained(at) => Some(at.min(Instant::now() + LOOK_EVERY)),
        }
    }

    fn ended(&mut self, status: io::Result<ExitStatus>) {
        self.status = Some(status);
        if self.end == End::ByItself(None) {
            self.group.release();
            self.end = End::ByItself(Some(Instant::now() + LINGER));
        }
    }

    fn cancel(&mut self) {
        self.group.ask_to_end();
        self.end = End::Asked(Instant::now() + self.ctx.limits.grace);
    }

    /// Whether there is nothing more to wait for; ends what had its time of grace.
    fn is_over(&mut self) -> bool {
        let (ended, now) = (self.status.is_some(), Instant::now());
        let closed = self.stdout.pipe.is_none() && self.stderr.pipe.is_none();
        match self.end {
            End::ByItself(None) => false,
            End::ByItself(Some(until)) => closed || now >= until,
            End::Asked(_) if ended && self.group.is_empty() => {
                self.group.release();
                self.end = End::Drained(now + LINGER);
                closed
            }
            End::Asked(at) if now >= at => {
                self.group.end_now();
                self.end = End::Drained(now + LINGER);
                false
            }
            End::Asked(_) => false,
            End::Drained(until) => (ended && closed) || now >= until,
        }
    }

    fn outcome(mut self) -> Outcome {
        let redactor = self.ctx.secrets.redactor();
        for output in [(&mut self.stdout.lines, &mut self.stdout.kept), (&mut self.stderr.lines, &mut self.stderr.kept)]
        {
            output.0.flush(&redactor, |text| output.1.push(text));
        }
        if matches!(self.end, End::Asked(_) | End::Drained(_)) {
            return cancelled("the command was cancelled and its processes were ended");
        }
        let exit_code = match self.status {
            Some(Ok(status)) => exit_code(status),
            Some(Err(error)) => return Outcome::failed(format!("the system lost track of the command: {error}")),
            None => return Outcome::failed("the system does not say how the command ended"),
        };
        let (stdout, stdout_cut) = self.stdout.kept.finish();
        let (stderr, _) = self.stderr.kept.finish();
        done(&ProcessAnswer { stdout, stderr, exit_code, stdout_cut })
    }
}

fn done(answer: &ProcessAnswer) -> Outcome {
    serde_json::to_value(answer).map_or_else(|error| Outcome::failed(error.to_string()), Outcome::Done)
}

fn exit_code(status: ExitStatus) -> i64 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + i64::from(signal);
    }
    status.code().map_or(-1, i64::from)
}
