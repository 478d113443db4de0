//! Snapshots behind every single event of every case: what is taken up from them is the run itself.

use super::cases::cases;
use super::machine::{Bug, run};
use super::taken_up;

#[test]
fn a_run_taken_up_from_a_snapshot_behind_any_event_at_all_is_the_run_itself() {
    let mut cuts = 0;
    for case in cases() {
        let events = run(&case, &[], Bug::None).journal;
        taken_up::compare(case.name, &case.plan, &events, |_| true);
        cuts += events.len();
    }
    assert!(cuts > 1_000, "only {cuts} cuts");
}
