//! Performs any effect, by whoever knows its kind. Cancelling ends it soon; dropping the future cancels.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

use super::files::{self, FilesContext};
use super::mail::{Mail, perform_mail};
use super::net::{self, NetContext};
use super::process::OutputSink;
use super::switches::{Switches, Turning};
use crate::base::time::Timestamp;
use crate::contract::effect::{Effect, Outcome};
use crate::runtime::ports::Errand;

/// What all effects of a run share.
#[derive(Debug, Clone)]
pub struct EffectContext {
    pub net: Arc<NetContext>,
    /// The folder of the run, where what was there before is kept.
    pub slots: PathBuf,
    pub switches: Switches,
}

pub async fn perform(
    errand: Errand,
    ctx: &EffectContext,
    now: Timestamp,
    sink: &mut dyn OutputSink,
    cancel: &CancellationToken,
) -> Outcome {
    let Errand { key, effect, .. } = errand;
    if let Effect::SendMail { relay, from, to, subject, text } = &effect {
        let mail = Mail { relay, from, to, subject, text, key: &key, now };
        return perform_mail(mail, &ctx.net, cancel).await;
    }
    match net::perform(&effect, &ctx.net, sink, cancel).await {
        Some(outcome) => outcome,
        None => perform_on_files(effect, ctx.clone(), now, cancel).await,
    }
}

/// On a thread that may block.
async fn perform_on_files(effect: Effect, ctx: EffectContext, now: Timestamp, cancel: &CancellationToken) -> Outcome {
    let stop = StopOnDrop(Arc::default());
    let stopped = Arc::clone(&stop.0);
    let mut work = tokio::task::spawn_blocking(move || {
        if let Effect::Switch { name, act } = &effect {
            return Some(ctx.switches.perform(name, act, Turning { slots: &ctx.slots, now }));
        }
        let secrets = |name: &str| ctx.net.secrets.resolve(name);
        let root = ctx.net.root.clone();
        let files = FilesContext { root, slots: ctx.slots.clone(), secrets: &secrets, cancel: &stopped, now };
        files::perform(&effect, &files)
    });
    let joined = tokio::select! {
        joined = &mut work => joined,
        () = cancel.cancelled() => {
            stop.0.store(true, Ordering::Relaxed);
            work.await
        }
    };
    match joined {
        Ok(Some(outcome)) => outcome,
        Ok(None) => Outcome::failed("nobody performs effects of this kind"),
        Err(error) => Outcome::failed(format!("the work on files ended before it was done: {error}")),
    }
}

/// Ends the work of a thread when nobody waits for it any more.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}
