//! How a run is shown while it is driven: live on a terminal, as plain lines, as JSON, or not at all.

mod json;
mod live;
mod plain;

use std::sync::Arc;

use crate::base::time::Timestamp;
use crate::engine::event::Recorded;
use crate::engine::state::State;
use crate::plan::program::Plan;
use crate::runtime::ports::Observer;

/// Where words go. Must not fail: a reader that is gone is no reason to stop a rollout.
pub type Voice = Arc<dyn Fn(&str) + Send + Sync>;

/// The views there are.
#[derive(Clone)]
pub enum View {
    Silent,
    /// One line for each thing worth telling.
    Plain(Voice),
    /// One event a line to the first, what is no event to the second.
    Json(Voice, Voice),
    /// Lines above, a picture of the run below.
    Live,
}

impl View {
    /// The observer that shows a run so.
    #[must_use]
    pub fn observe(self, plan: Arc<Plan>) -> Box<dyn Observer> {
        match self {
            Self::Silent => Box::new(Silence),
            Self::Plain(voice) => Box::new(plain::PlainView::new(plan, voice)),
            Self::Json(events, notes) => Box::new(json::JsonView::new(plan, events, notes)),
            Self::Live => Box::new(live::LiveView::new(plan)),
        }
    }
}

struct Silence;

impl Observer for Silence {
    fn happened(&mut self, _state: &State, _recorded: &Recorded) {}

    fn note(&mut self, _text: &str) {}

    fn breathe(&mut self, _state: &State, _now: Timestamp) {}
}
