//! A run that is taken up from a snapshot is the one that is taken up from all of its events.

use phasegate::engine::event::Recorded;
use phasegate::engine::snapshot::{self, Snapshot};
use phasegate::engine::state::State;
use phasegate::engine::turn::{Engine, Input};
use phasegate::plan::program::Plan;
use phasegate::steps::registry;

/// What a snapshot of this state holds.
pub fn bytes(plan: &Plan, state: &State) -> Vec<u8> {
    Snapshot::of(plan, state).expect("a state has a snapshot").state
}

/// Compares both behind each event whose number is one of `cuts`: as they stand there, in what a recovery decides there,
/// and at the end.
pub fn compare(name: &str, plan: &Plan, events: &[Recorded], mut cuts: impl FnMut(usize) -> bool) {
    let registry = registry();
    let mut whole = State::new(plan);
    events.iter().for_each(|recorded| whole.apply(plan, recorded));
    let whole = bytes(plan, &whole);
    let mut prefix = State::new(plan);
    for (cut, recorded) in events.iter().enumerate() {
        prefix.apply(plan, recorded);
        if !cuts(cut) {
            continue;
        }
        let kept = bytes(plan, &prefix);
        let mut state = snapshot::read(plan, &kept).expect("what was just written can be read");
        assert_eq!(bytes(plan, &state), kept, "{name}, cut behind event {cut}");
        let recover = |state: &State| {
            let mut engine = Engine::restored(plan, &registry, state.clone());
            let decision = engine.turn(Input::Recover, state.last_at);
            (decision.events, decision.requests, decision.wake)
        };
        assert_eq!(recover(&state), recover(&prefix), "{name}, cut behind event {cut}");
        events[cut + 1..].iter().for_each(|recorded| state.apply(plan, recorded));
        assert_eq!(bytes(plan, &state), whole, "{name}, cut behind event {cut}");
    }
}
