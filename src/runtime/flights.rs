//! Effects under way: each answers once with an input for the engine, whatever becomes of it.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::ports::{Errand, World};
use crate::contract::effect::{Failure, Outcome};
use crate::engine::event::EffectKey;
use crate::engine::turn::Input;

pub struct Flights {
    world: Arc<dyn World>,
    inputs: mpsc::UnboundedSender<Input>,
    tokens: HashMap<EffectKey, CancellationToken>,
}

impl Flights {
    #[must_use]
    pub fn new(world: Arc<dyn World>, inputs: mpsc::UnboundedSender<Input>) -> Self {
        Self { world, inputs, tokens: HashMap::new() }
    }

    /// Performs an effect; its outcome arrives as an input.
    pub fn begin(&mut self, key: EffectKey, errand: Errand) {
        let token = CancellationToken::new();
        self.tokens.insert(key, token.clone());
        let (world, inputs) = (Arc::clone(&self.world), self.inputs.clone());
        tokio::spawn(async move {
            // The call itself is inside too: an adapter's fault must not leave the engine waiting for ever.
            let work = AssertUnwindSafe(async move { world.perform(errand, token).await });
            let outcome = work.catch_unwind().await.unwrap_or_else(|_| {
                Outcome::failed(
                    "performing it broke off inside Phasegate; this is a fault of the program, please report it",
                )
            });
            let _ = inputs.send(Input::EffectEnded { key, outcome });
        });
    }

    /// Answers for an effect that was called off before it began.
    pub fn call_off(&self, key: EffectKey) {
        let failure = Failure { message: "called off before it began".to_owned(), cancelled: true };
        let _ = self.inputs.send(Input::EffectEnded { key, outcome: Outcome::Failed(failure) });
    }

    /// Asks an effect to stop; it answers all the same.
    pub fn cancel(&self, key: EffectKey) {
        if let Some(token) = self.tokens.get(&key) {
            token.cancel();
        }
    }

    pub fn cancel_all(&self) {
        self.tokens.values().for_each(CancellationToken::cancel);
    }

    /// To be told of each input, so that what has ended is no longer under way.
    pub fn landed(&mut self, input: &Input) {
        if let Input::EffectEnded { key, .. } = input {
            self.tokens.remove(key);
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.tokens.is_empty()
    }
}
