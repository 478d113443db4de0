//! The real world as a run meets it.

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use super::effects::{self, EffectContext};
use super::net::NetContext;
use super::output::OutputLog;
use super::process::{NoSink, OutputSink, lookup};
use super::secrets::Secrets;
use super::state::StateFolder;
use super::switches::Switches;
use crate::contract::effect::Outcome;
use crate::runtime::ports::{Clock, Errand, World};

/// Where effects are performed, and where their output goes.
#[derive(Clone)]
pub struct LocalWorld {
    ctx: EffectContext,
    output: Option<PathBuf>,
    clock: Arc<dyn Clock>,
}

impl LocalWorld {
    /// For a run with this folder; without one only for looking: nothing is kept then.
    #[must_use]
    pub fn new(
        root: PathBuf,
        state: &StateFolder,
        run: Option<PathBuf>,
        secrets: Arc<Secrets>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let output = run.as_ref().map(|run| run.join("output"));
        let slots = run.unwrap_or_else(std::env::temp_dir);
        let switches = Switches::at(state.switches());
        let net = Arc::new(NetContext::new(root, secrets));
        Self { ctx: EffectContext { net, slots, switches }, output, clock }
    }
}

impl World for LocalWorld {
    fn perform(&self, errand: Errand, cancel: CancellationToken) -> BoxFuture<'static, Outcome> {
        let world = self.clone();
        async move {
            let mut sink: Box<dyn OutputSink> = match (&errand.output, &world.output) {
                (Some(name), Some(folder)) => Box::new(OutputLog::new(folder, name)),
                _ => Box::new(NoSink),
            };
            effects::perform(errand, &world.ctx, world.clock.now(), &mut *sink, &cancel).await
        }
        .boxed()
    }

    fn look_for_secret(&self, name: &str) -> Result<(), String> {
        self.ctx.net.secrets.resolve(name).map(|_| ())
    }

    fn look_for_program(&self, name: &str) -> Result<(), String> {
        lookup::look_for_program(name, &self.ctx.net)
    }
}
