//! The effects that reach other programs and machines: processes, HTTP, sockets, and waiting.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::http::{HttpClients, Request, perform_http};
use super::process::{Launch, OutputSink, perform_process};
use super::secrets::Secrets;
use super::socket::{perform_connect, perform_socket};
use crate::contract::effect::{Effect, Failure, Outcome};

/// What these effects need to know.
#[derive(Debug)]
pub struct NetContext {
    /// Where relative folders, programs and sockets start from.
    pub root: PathBuf,
    pub secrets: Arc<Secrets>,
    pub limits: NetLimits,
    /// Made with the first request: most commands of the program make none.
    clients: OnceLock<Result<HttpClients, String>>,
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct NetLimits {
    /// From asking a process group to end to ending it.
    pub grace: Duration,
    pub connect: Duration,
    /// From a request to the last byte of its answer.
    pub request: Duration,
    pub socket: Duration,
}

impl Default for NetLimits {
    fn default() -> Self {
        Self {
            grace: Duration::from_secs(2),
            connect: Duration::from_secs(5),
            request: Duration::from_secs(30),
            socket: Duration::from_secs(5),
        }
    }
}

impl NetContext {
    #[must_use]
    pub fn new(root: PathBuf, secrets: Arc<Secrets>) -> Self {
        Self { root, secrets, limits: NetLimits::default(), clients: OnceLock::new() }
    }

    #[must_use]
    pub fn with_limits(self, limits: NetLimits) -> Self {
        Self { limits, ..self }
    }

    pub(super) fn clients(&self) -> Result<&HttpClients, String> {
        let build = || HttpClients::build(self.limits.connect, self.limits.request);
        self.clients.get_or_init(build).as_ref().map_err(Clone::clone)
    }
}

/// Performs an effect of this kind; `None` for every other. Dropping the future cancels, as `cancel` does.
pub async fn perform(
    effect: &Effect,
    ctx: &NetContext,
    sink: &mut dyn OutputSink,
    cancel: &CancellationToken,
) -> Option<Outcome> {
    match effect {
        Effect::RunProcess { program, cwd, key } => {
            let launch = Launch { program, cwd, key };
            Some(perform_process(launch, ctx, sink, cancel).await)
        }
        Effect::HttpRequest { method, url, headers, body } => {
            let request = Request { method, url, headers, body: body.as_ref() };
            Some(perform_http(request, ctx, cancel).await)
        }
        Effect::Socket { address, line } => Some(perform_socket(address, line, ctx, cancel).await),
        Effect::Connect { host, port, within } => Some(perform_connect(host, *port, *within, cancel).await),
        Effect::Pause { duration } => Some(pause(*duration, cancel).await),
        _ => None,
    }
}

/// The outcome of what was cancelled before it ended.
pub(super) fn cancelled(message: &str) -> Outcome {
    Outcome::Failed(Failure { message: message.to_owned(), cancelled: true })
}

async fn pause(duration: Duration, cancel: &CancellationToken) -> Outcome {
    tokio::select! {
        () = cancel.cancelled() => cancelled("the wait was cancelled"),
        () = tokio::time::sleep(duration) => Outcome::Done(serde_json::Value::Null),
    }
}
