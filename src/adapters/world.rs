//! The real world: every effect is performed where it belongs, on files here, on everything else through the net.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::files::{self, FilesContext};
use super::net::{self, NetContext};
use super::output::OutputLog;
use super::process::{NoSink, OutputSink, lookup};
use super::secrets::Secrets;
use crate::contract::effect::{Effect, Outcome};
use crate::runtime::ports::{Clock, Errand, World};

/// Where and with what effects are performed.
#[derive(Clone)]
pub struct LocalWorld {
    place: Arc<Place>,
}

struct Place {
    net: NetContext,
    secrets: Arc<Secrets>,
    /// What relative paths start from.
    root: PathBuf,
    /// The folder of the run; none while only looking ahead.
    run: Option<PathBuf>,
    clock: Arc<dyn Clock>,
}

impl LocalWorld {
    #[must_use]
    pub fn new(root: PathBuf, run: Option<PathBuf>, secrets: Arc<Secrets>, clock: Arc<dyn Clock>) -> Self {
        let net = NetContext::new(root.clone(), Arc::clone(&secrets));
        Self { place: Arc::new(Place { net, secrets, root, run, clock }) }
    }
}

impl World for LocalWorld {
    fn perform(&self, errand: Errand, cancel: CancellationToken) -> BoxFuture<'static, Outcome> {
        let place = Arc::clone(&self.place);
        async move {
            let mut sink: Box<dyn OutputSink> = match (&errand.output, &place.run) {
                (Some(name), Some(run)) => Box::new(OutputLog::new(&run.join("output"), name)),
                _ => Box::new(NoSink),
            };
            match net::perform(&errand.effect, &place.net, &mut *sink, &cancel).await {
                Some(outcome) => outcome,
                None => on_files(errand.effect, place, cancel).await,
            }
        }
        .boxed()
    }

    fn look_for_secret(&self, name: &str) -> Result<(), String> {
        self.place.secrets.resolve(name).map(|_| ())
    }

    fn look_for_program(&self, name: &str) -> Result<(), String> {
        lookup::look_for_program(name, &self.place.net)
    }
}

/// Effects on files block, so they have a thread of their own; a cancel is a flag that they look at.
async fn on_files(effect: Effect, place: Arc<Place>, cancel: CancellationToken) -> Outcome {
    let flag = Arc::new(AtomicBool::new(cancel.is_cancelled()));
    let seen = Arc::clone(&flag);
    let mut work = tokio::task::spawn_blocking(move || {
        let ctx = FilesContext {
            root: place.root.clone(),
            slots: place.run.clone().unwrap_or_else(std::env::temp_dir),
            secrets: &|name| place.secrets.resolve(name),
            cancel: &seen,
            now: place.clock.now(),
        };
        files::perform(&effect, &ctx).unwrap_or_else(|| Outcome::failed("nobody here knows how to do this"))
    });
    let done = tokio::select! {
        done = &mut work => done,
        () = cancel.cancelled() => {
            flag.store(true, Ordering::Relaxed);
            work.await
        }
    };
    done.unwrap_or_else(|error| Outcome::failed(format!("performing it broke off: {error}")))
}
