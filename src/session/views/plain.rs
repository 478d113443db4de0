//! Plain lines: `12:00:03 canary: weight 5%`.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Voice;
use crate::base::time::Timestamp;
use crate::engine::event::Recorded;
use crate::engine::state::State;
use crate::plan::program::Plan;
use crate::report::run::amounts::time_of_day;
use crate::report::run::sentences::Teller;
use crate::runtime::ports::Observer;

pub struct PlainView {
    plan: Arc<Plan>,
    voice: Voice,
    zone: TimeZone,
}

impl PlainView {
    pub fn new(plan: Arc<Plan>, voice: Voice) -> Self {
        Self { plan, voice, zone: TimeZone::system() }
    }
}

impl Observer for PlainView {
    fn happened(&mut self, state: &State, recorded: &Recorded) {
        let teller = Teller { plan: &self.plan, state, zone: &self.zone };
        for sentence in teller.tell(recorded) {
            (self.voice)(&format!("{} {sentence}\n", time_of_day(recorded.at, &self.zone)));
        }
    }

    fn note(&mut self, text: &str) {
        (self.voice)(&format!("         {text}\n"));
    }

    fn breathe(&mut self, _state: &State, _now: Timestamp) {}
}
