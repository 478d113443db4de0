//! `demo`: a rollout to watch, on live traffic.
//!
//! The world lives in this process, and so does the run: it is started as `run` starts it, from the file written out.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args as Arguments;

use super::exit::Exit;
use super::load::{self, Selection};
use super::output;
use super::runs::{self, Format};
use crate::adapters::secrets::Secrets;
use crate::demo::story::Plot;
use crate::demo::world::{CONTROL_PORT, DemoOptions, DemoWorld};
use crate::session::{self, RunOptions, executor};

const PIPELINE: &str = include_str!("../../pipelines/quickstart.deploy");

/// Where the demo keeps its files; it is the demo's own and written anew each time.
const FOLDER: &str = ".phasegate/demo";

/// The secret that the pipeline's channel names.
const WEBHOOK: &str = "DEMO_WEBHOOK";

/// Shows a rollout on live traffic, in half a minute.
///
/// Starts two versions of a small web service on loopback, a splitter in front of them, clients and a metrics endpoint,
/// then runs `quickstart.deploy` against them: the new version gets 5%, 25%, then all of the traffic. Everything is in
/// `.phasegate/demo`, the pipeline too.
///
/// Exits 0 when the story went as it should: the good version has all of the traffic, or the bad one was caught and
/// everything taken back, and no request was lost. Else 1.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The new version fails and is slow: see it caught, and everything taken back.
    #[arg(long)]
    bad: bool,

    /// How long each share of the traffic is watched, as `6s`; the pipeline's own value when left out.
    #[arg(long, value_name = "DURATION")]
    soak: Option<String>,

    /// Only starts the world, and says how to run the pipeline yourself; Ctrl-C ends it.
    #[arg(long, conflicts_with = "soak")]
    world: bool,
}

pub fn run(args: Args) -> Exit {
    match executor::wait_for(show(&args)) {
        Ok(Ok(exit)) => exit,
        Ok(Err(message)) | Err(message) => {
            output::complain(&format!("error: {message}\n"));
            Exit::Findings
        }
    }
}

async fn show(args: &Args) -> Result<Exit, String> {
    let _alone = be_alone()?;
    let folder = PathBuf::from(FOLDER);
    let options = if args.bad { DemoOptions::bad(folder) } else { DemoOptions::good(folder) };
    let world = DemoWorld::start(options).await.map_err(|error| format!("the demo's world did not start: {error}"))?;
    let pipeline = write_pipeline(&world).map_err(|error| format!("`{FOLDER}` could not be written: {error}"))?;
    output::say(&describe(&world, args));
    if args.world {
        return keep(world, &pipeline).await;
    }
    output::say(&format!("\n$ phasegate run {pipeline}\n"));
    let ended = run_pipeline(args, &world, &pipeline).await;
    let story = world.stop().await.map_err(|error| format!("`{FOLDER}` could not be read: {error}"))?;
    let plot = if args.bad { Plot::TakenBack } else { Plot::Promoted };
    output::say(&format!("\n{}", story.render(outcome(ended))));
    if matches!(ended, Exit::Paused | Exit::Aborted) {
        output::complain("stopped before the end; the world has ended too, so there is nothing to resume the run in\n");
        return Ok(Exit::Findings);
    }
    let mut flaws = story.flaws(plot);
    if ended != expected(plot) {
        flaws.insert(0, format!("the run should have ended otherwise: {}", outcome(ended)));
    }
    Ok(judge(plot, &flaws))
}

/// Two demos in one folder would change each other's files.
fn be_alone() -> Result<File, String> {
    let path = Path::new(FOLDER).join("lock");
    let open = || {
        fs::create_dir_all(FOLDER)?;
        File::create(&path)
    };
    let file = open().map_err(|error| format!("`{}` could not be written: {error}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(fs::TryLockError::WouldBlock) => Err(format!("another demo is running in `{FOLDER}`; wait for it to end")),
        Err(fs::TryLockError::Error(error)) => Err(format!("`{}` could not be locked: {error}", path.display())),
    }
}

/// The pipeline as it is built in, with the address that the world has.
fn write_pipeline(world: &DemoWorld) -> io::Result<String> {
    let path = format!("{FOLDER}/quickstart.deploy");
    let usual = format!("http://127.0.0.1:{CONTROL_PORT}");
    fs::write(&path, PIPELINE.replace(&usual, &world.control_url()))?;
    Ok(path)
}

fn describe(world: &DemoWorld, args: &Args) -> String {
    let behaviour = if args.bad { "fails often and is slow" } else { "is good" };
    format!(
        "Two versions of a service behind a splitter; the new one {behaviour}.\n\n  \
         traffic   {}  200 requests a second\n  \
         controls  {}  /weight, /metrics, /metrics.json\n  \
         files     {FOLDER}/  config/, flags.json, quickstart.deploy\n",
        world.front_url(),
        world.control_url(),
    )
}

async fn keep(world: DemoWorld, pipeline: &str) -> Result<Exit, String> {
    let hook = format!("{}/hook", world.control_url());
    output::say(&format!(
        "\nRun the pipeline in another terminal; Ctrl-C here ends the world:\n\n  \
                          {WEBHOOK}={hook} phasegate run {}\n",
        pipeline
    ));
    tokio::signal::ctrl_c().await.map_err(|error| format!("Ctrl-C could not be waited for: {error}"))?;
    let story = world.stop().await.map_err(|error| format!("`{FOLDER}` could not be read: {error}"))?;
    output::say(&format!("\n{}", story.render("the world has ended")));
    Ok(Exit::Well)
}

/// Runs the pipeline as `phasegate run` does; only what the secret holds comes from the world.
async fn run_pipeline(args: &Args, world: &DemoWorld, pipeline: &str) -> Exit {
    let set = args.soak.iter().map(|soak| format!("soak={soak}")).collect();
    let (program, plan) = match load::plan(pipeline, &Selection { environment: None, set }) {
        Ok(loaded) => (loaded.program(), loaded.plan),
        Err(exit) => return exit,
    };
    let hook = format!("{}/hook", world.control_url());
    let secret = move |name: &str| if name == WEBHOOK { Some(hook.clone()) } else { std::env::var(name).ok() };
    let secrets = Arc::new(Secrets::new(secret, None));
    let options = RunOptions { secrets, program, ..runs::options(Format::Text, None) };
    match session::start(plan, options).await {
        Ok(finished) => runs::conclude(&finished, Format::Text),
        Err(refusal) => runs::refuse(&refusal),
    }
}

fn expected(plot: Plot) -> Exit {
    match plot {
        Plot::Promoted => Exit::Well,
        Plot::TakenBack => Exit::RolledBack,
    }
}

fn outcome(ended: Exit) -> &'static str {
    match ended {
        Exit::Well => "the new version has all of the traffic",
        Exit::RolledBack => "the new version was caught and taken back",
        Exit::RollbackFailed => "the new version was caught, but not all could be taken back",
        Exit::Aborted => "the run was aborted",
        Exit::Paused => "the run was paused and left",
        Exit::Findings | Exit::Usage => "the run failed",
    }
}

fn judge(plot: Plot, flaws: &[String]) -> Exit {
    if flaws.is_empty() {
        if plot == Plot::Promoted {
            output::say("\nNow one that fails: phasegate demo --bad\n");
        }
        return Exit::Well;
    }
    for flaw in flaws {
        output::complain(&format!("error: this is not how the story goes: {flaw}\n"));
    }
    Exit::Findings
}
