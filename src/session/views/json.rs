//! One event a line, as JSON.

use std::sync::Arc;

use super::Voice;
use crate::base::time::Timestamp;
use crate::engine::event::Recorded;
use crate::engine::state::State;
use crate::plan::program::Plan;
use crate::report::run::record::to_json;
use crate::runtime::ports::Observer;

pub struct JsonView {
    plan: Arc<Plan>,
    events: Voice,
    notes: Voice,
}

impl JsonView {
    pub fn new(plan: Arc<Plan>, events: Voice, notes: Voice) -> Self {
        Self { plan, events, notes }
    }
}

impl Observer for JsonView {
    fn happened(&mut self, state: &State, recorded: &Recorded) {
        (self.events)(&format!("{}\n", to_json(&self.plan, &state.run_id, recorded)));
    }

    fn note(&mut self, text: &str) {
        (self.notes)(&format!("note: {text}\n"));
    }

    fn breathe(&mut self, _state: &State, _now: Timestamp) {}
}
