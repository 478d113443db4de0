//! What happened in a world from start to stop, in words, and whether it went as it should.

use std::fmt::Write;

use super::folder::Fingerprint;
use super::load::Tally;
use super::metrics::Report;
use super::splitter::WeightSet;

/// What a world saw while it ran.
#[derive(Debug, Clone)]
pub struct Story {
    pub tally: Tally,
    pub report: Report,
    /// Every weight that was set, in order; it was 0 before.
    pub weights: Vec<WeightSet>,
    pub notifications: Vec<String>,
    /// What the files held, one after the other: first before anything, last in the end.
    pub fingerprints: Vec<Fingerprint>,
}

/// How a demo should end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plot {
    /// The new version is good: it gets all of the traffic and the change stays.
    Promoted,
    /// The new version is bad: it is caught and nothing of the change is left.
    TakenBack,
}

impl Story {
    /// What did not go as the plot wants it; empty when all did.
    #[must_use]
    pub fn flaws(&self, plot: Plot) -> Vec<String> {
        let mut flaws = Vec::new();
        let mut demand = |holds: bool, flaw: String| {
            if !holds {
                flaws.push(flaw);
            }
        };
        let wanted = match plot {
            Plot::Promoted => 1.0,
            Plot::TakenBack => 0.0,
        };
        let weight = self.last_weight();
        let touched = self.fingerprints.len() > 1;
        demand((weight - wanted).abs() < 1e-9, format!("the new version has {} of the traffic", percent(weight)));
        demand(self.weights.iter().any(|set| set.weight > 0.0), "no traffic ever reached the new version".to_owned());
        demand(self.tally.lost == 0, format!("{} requests were lost", self.tally.lost));
        demand(touched, "no file was ever changed".to_owned());
        match plot {
            Plot::Promoted => demand(!self.files_are_as_before(), "the files are as they were before".to_owned()),
            Plot::TakenBack => demand(self.files_are_as_before(), "files are not as they were before".to_owned()),
        }
        flaws
    }

    /// For people; `outcome` is what became of the run, in a few words.
    #[must_use]
    pub fn render(&self, outcome: &str) -> String {
        let mut text = format!("What happened: {outcome}\n\n");
        let mut row = |name: &str, told: &str| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {name:<10}{told}");
        };
        let Tally { sent, by_canary, by_stable, errors, lost } = self.tally;
        row("requests", &format!("{sent} sent: {by_stable} answered by the old version, {by_canary} by the new one"));
        row("clients", &format!("{errors} saw an error of the new version, {lost} got no answer"));
        row("weight", &self.tell_weights());
        row("config", &self.tell_files(|fingerprint| &fingerprint.config));
        row("flags", &self.tell_files(|fingerprint| &fingerprint.flags));
        for notification in &self.notifications {
            row("notified", notification);
        }
        text
    }

    fn last_weight(&self) -> f64 {
        self.weights.last().map_or(0.0, |set| set.weight)
    }

    fn files_are_as_before(&self) -> bool {
        self.fingerprints.first() == self.fingerprints.last()
    }

    fn tell_weights(&self) -> String {
        let set = |set: &WeightSet| format!("{} at {:.1}s", percent(set.weight), set.at.as_secs_f64());
        std::iter::once(percent(0.0)).chain(self.weights.iter().map(set)).collect::<Vec<_>>().join(" → ")
    }

    /// The beginnings of the hashes one after the other, and what to think of them.
    fn tell_files(&self, part: impl Fn(&Fingerprint) -> &String) -> String {
        let mut hashes: Vec<&str> =
            self.fingerprints.iter().map(|fingerprint| part(fingerprint).get(..8).unwrap_or_default()).collect();
        hashes.dedup();
        let verdict = match hashes.as_slice() {
            [_] => "never changed",
            [first, .., last] if first == last => "changed, then taken back byte for byte",
            _ => "changed, and so it stays",
        };
        format!("sha256 {}: {verdict}", hashes.join("… → ") + "…")
    }
}

fn percent(share: f64) -> String {
    format!("{}%", (share * 10_000.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::{Plot, Story};
    use crate::demo::folder::Fingerprint;
    use crate::demo::load::Tally;
    use crate::demo::metrics::Metrics;
    use crate::demo::splitter::WeightSet;

    fn story(weights: &[f64], files: &[&str]) -> Story {
        let hash = |name: &&str| Fingerprint { config: format!("{name}-configuration"), flags: "unchanged".to_owned() };
        let set = |weight: &f64| WeightSet { at: Duration::from_millis(1500), weight: *weight };
        Story {
            tally: Tally { sent: 100, by_canary: 5, by_stable: 95, errors: 1, lost: 0 },
            report: Metrics::over(Duration::from_secs(3)).report(Instant::now()),
            weights: weights.iter().map(set).collect(),
            notifications: vec!["1.5.0 was taken back".to_owned()],
            fingerprints: files.iter().map(hash).collect(),
        }
    }

    #[test]
    fn a_story_of_a_bad_version_is_well_when_nothing_is_left_of_the_change() {
        let taken_back = story(&[0.05, 0.0], &["a", "b", "a"]);
        assert_eq!(taken_back.flaws(Plot::TakenBack), Vec::<String>::new());
        let text = taken_back.render("caught");
        assert!(text.contains("weight    0% → 5% at 1.5s → 0% at 1.5s\n"), "{text}");
        assert!(text.contains("sha256 a-config… → b-config… → a-config…: changed, then taken back byte for byte\n"));
        assert!(text.contains("sha256 unchange…: never changed\n"), "{text}");
        assert!(text.contains("notified  1.5.0 was taken back\n"), "{text}");
    }

    #[test]
    fn whatever_is_left_of_a_bad_version_is_told() {
        assert_eq!(story(&[0.05], &["a", "b", "a"]).flaws(Plot::TakenBack), ["the new version has 5% of the traffic"]);
        assert_eq!(story(&[0.05, 0.0], &["a", "b"]).flaws(Plot::TakenBack), ["files are not as they were before"]);
        let mut lossy = story(&[0.05, 0.0], &["a", "b", "a"]);
        lossy.tally.lost = 3;
        assert_eq!(lossy.flaws(Plot::TakenBack), ["3 requests were lost"]);
    }

    #[test]
    fn a_run_that_touched_nothing_proves_nothing() {
        let flaws = story(&[], &["a"]).flaws(Plot::TakenBack);
        assert_eq!(flaws, ["no traffic ever reached the new version", "no file was ever changed"]);
    }

    #[test]
    fn a_story_of_a_good_version_is_well_when_it_has_everything() {
        assert_eq!(story(&[0.05, 1.0], &["a", "b"]).flaws(Plot::Promoted), Vec::<String>::new());
        assert_eq!(story(&[0.05], &["a", "b"]).flaws(Plot::Promoted), ["the new version has 5% of the traffic"]);
    }
}
