//! `worse(canary, stable, by, confidence)`: a sequential comparison since the block began, or since the weight was set.
//!
//! Counters (`int` metrics) are compared by their new events and the ramp's weight; everything else pair by pair, at each
//! sample of the canary with the stable side's sample of that time. While neither "worse" nor "not worse" is shown it is
//! unknown, and not for want of data.

use super::arguments::Arguments;
use super::carried::{Counters, Function, Key, Running};
use super::metric::{Metric, before};
use super::scene::Scene;
use super::windows::{Measured, Measuring};
use crate::base::time::Timestamp;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::eval::{Evaluated, Unknown, World};
use crate::model::expr::{Expr, ExprKind, LocalId, OutputRef, RunField};
use crate::stats::compare::{Events, Finding, Pairs, Verdict};

/// True when the canary is worse, false when it is not, unknown as long as neither is shown.
pub fn worse(arguments: &Arguments<'_>) -> Measuring {
    let (finding, note) = find(arguments)?;
    let arithmetic = format!("{}{note}", words(&finding));
    match finding.verdict {
        Verdict::Fail => Ok(Measured { value: Value::Bool(true), arithmetic }),
        Verdict::Pass => Ok(Measured { value: Value::Bool(false), arithmetic }),
        Verdict::Inconclusive | Verdict::Unknown => Err(Unknown(format!("not decided yet: {arithmetic}"))),
    }
}

/// A scene in which every comparison that is not decided yet has come out well: what is unknown even then lacks data.
pub struct Decided<'a>(pub &'a Scene<'a>);

impl World for Decided<'_> {
    fn local(&self, id: LocalId) -> Evaluated {
        self.0.local(id)
    }
    fn environment(&self, key: &str) -> Evaluated {
        self.0.environment(key)
    }
    fn run(&self, field: RunField) -> Evaluated {
        self.0.run(field)
    }
    fn output(&self, output: &OutputRef) -> Evaluated {
        self.0.output(output)
    }
    fn metric(&self, group: &str, field: &str) -> Evaluated {
        self.0.metric(group, field)
    }
    fn stage_weight(&self) -> Evaluated {
        self.0.stage_weight()
    }
    fn call(&self, function: &str, args: &[(String, Expr)]) -> Option<Evaluated> {
        if function != "worse" {
            return self.0.call(function, args);
        }
        let finding = find(&Arguments { scene: self.0, args, in_words: false });
        Some(finding.map(|(finding, _)| Value::Bool(finding.verdict == Verdict::Fail)))
    }
}

fn find(arguments: &Arguments<'_>) -> Result<(Finding, String), Unknown> {
    let (canary, stable) = (side(arguments, "canary")?, side(arguments, "stable")?);
    let by = arguments.named().number_or("by", 0.0)?;
    let confidence = arguments.named().number_or("confidence", 0.99)?;
    let from = before(canary.begin().max(stable.begin()));
    let question = Question { canary, stable, by, alpha: 1.0 - confidence, from };
    question.has_data(arguments.scene)?;
    if counts(arguments, "canary") && counts(arguments, "stable") { question.events() } else { question.pairs() }
}

fn side<'a>(arguments: &'a Arguments<'a>, name: &str) -> Result<Metric<'a>, Unknown> {
    match arguments.named().expr(name).map(|expr| &*expr.kind) {
        Some(ExprKind::Metric { group, field }) => Metric::new(arguments.scene, group, field),
        _ => Err(Unknown(format!("`{name}` of `worse` is no metric"))),
    }
}

fn counts(arguments: &Arguments<'_>, name: &str) -> bool {
    let ty = arguments.named().expr(name).map(|expr| &expr.ty);
    matches!(ty, Some(Type::Metric(inner)) if **inner == Type::Int)
}

struct Question<'a> {
    canary: Metric<'a>,
    stable: Metric<'a>,
    by: f64,
    alpha: f64,
    from: Timestamp,
}

impl Question<'_> {
    /// Both sides have a sample that still says something about now.
    fn has_data(&self, scene: &Scene<'_>) -> Result<(), Unknown> {
        for metric in [&self.canary, &self.stable] {
            scene.latest(metric.place)?;
        }
        Ok(())
    }

    fn key(&self, function: Function) -> Key {
        Key {
            other: Some(self.stable.place),
            settings: [self.by.to_bits(), self.alpha.to_bits(), 0, 0, 0],
            ..self.canary.key(function, self.from)
        }
    }

    fn pairs(&self) -> Result<(Finding, String), Unknown> {
        let test = Pairs::new(self.by, self.alpha).ok_or_else(out_of_range)?;
        let fresh = || Running::Pairs(Box::new(test));
        let running = self.run_on(self.key(Function::Pairs), fresh, |running, canary, stable| {
            if let Running::Pairs(pairs) = running {
                pairs.push(canary, stable);
            }
        });
        let Running::Pairs(pairs) = running else { return Err(out_of_range()) };
        let finding = pairs.finding();
        let expected = self.canary.ticks(self.from, self.canary.scene.at).max(finding.sides.0);
        let note = format!(
            ", canary above the margin in {} of {}, {} of {expected} samples",
            pairs.above(),
            finding.sides.0,
            finding.sides.0
        );
        Ok((finding, note))
    }

    fn events(&self) -> Result<(Finding, String), Unknown> {
        let Some(stage) = self.canary.scene.stage() else {
            let reason =
                "`worse` of two counters needs the canary's share of the traffic, which is only known in a ramp";
            return Err(Unknown(format!("{reason}; compare shares (`errors / total`) instead")));
        };
        let share = stage.weight.to_f64();
        let Some(events) = Events::new(share, self.by, self.alpha) else {
            return Err(if share > 0.0 && share < 1.0 {
                out_of_range()
            } else {
                Unknown(format!("at {} there is nothing to compare with", share_of(share)))
            });
        };
        let fresh = || Running::Events(Box::new(Counters { events, last: None, samples: 0, falls: 0 }));
        let running = self.run_on(self.key(Function::Events), fresh, |running, canary, stable| {
            if let Running::Events(counters) = running {
                count(counters, canary, stable);
            }
        });
        let Running::Events(counters) = running else { return Err(out_of_range()) };
        if counters.falls > 1 + counters.samples / 10 {
            let (canary, stable) = (self.canary.name(), self.stable.name());
            let reason = format!("`{canary}` or `{stable}` falls too often for a counter that grows");
            return Err(Unknown(format!("{reason} ({} times in {} samples)", counters.falls, counters.samples)));
        }
        let finding = counters.events.finding();
        Ok((finding, format!(", {} of the traffic, {} samples", share_of(share), counters.samples)))
    }

    /// Feeds each sample of the canary with the stable side's of that time, as far as both have been read.
    fn run_on(
        &self,
        key: Key,
        fresh: impl FnOnce() -> Running,
        mut push: impl FnMut(&mut Running, f64, f64),
    ) -> Running {
        let scene = self.canary.scene;
        let series = &scene.state.series;
        let age = self.stable.every();
        series.carried.go_on(
            (None, &key, scene.at),
            || (self.from, fresh()),
            |last, running| {
                let read = series.latest_tick(self.stable.place.group).map_or(*last, |tick| tick.min(scene.at));
                for (at, sample) in series.between(self.canary.place, *last, read) {
                    // Each sample of the stable side is compared once: what is compared again says nothing new.
                    let previous = std::mem::replace(last, *at);
                    let other = series.latest(self.stable.place, *at);
                    let other = other.filter(|(tick, _)| *tick > previous && at.since(*tick) < age);
                    if let (Some(canary), Some(stable)) = (sample.float(), other.and_then(|(_, it)| it.float())) {
                        push(running, canary, stable);
                    }
                }
                running.clone()
            },
        )
    }
}

/// What both counters grew by; after a fall they count from zero.
fn count(counters: &mut Counters, canary: f64, stable: f64) {
    counters.samples += 1;
    if let Some((canary_before, stable_before)) = counters.last {
        let mut grown = |now: f64, before: f64| {
            counters.falls += u64::from(now < before);
            (if now < before { now } else { now - before }).max(0.0) as u64
        };
        let (canary, stable) = (grown(canary, canary_before), grown(stable, stable_before));
        counters.events.push(canary, stable);
    }
    counters.last = Some((canary, stable));
}

fn out_of_range() -> Unknown {
    Unknown("`confidence` of `worse` lies between 0% and 100%, and `by` is above -100%".to_owned())
}

/// `fail: canary / stable 1.31, bounds 1.18..1.46, margin 1.1, level 99%, evidence 321 (of 100), sign e-process over pairs`
fn words(finding: &Finding) -> String {
    let rounded =
        |value: f64| if value.is_finite() { ((value * 1e3).round() / 1e3).to_string() } else { "∞".to_owned() };
    let evidence = if finding.verdict == Verdict::Pass { finding.evidence.1 } else { finding.evidence.0 };
    let ratio = finding.ratio.map_or_else(|| "unknown".to_owned(), rounded);
    format!(
        "{}: canary / stable {ratio}, bounds {}..{}, margin {}, level {}, evidence {} of {}, {}, {} against {}",
        finding.verdict.name(),
        rounded(finding.interval.0),
        rounded(finding.interval.1),
        rounded(finding.margin),
        share_of(1.0 - finding.alpha),
        rounded(evidence.min(30.0).exp().round()),
        rounded((1.0 / finding.alpha).round()),
        finding.method,
        finding.sides.0,
        finding.sides.1,
    )
}

fn share_of(share: f64) -> String {
    format!("{}%", (share * 1e6).round() / 1e4)
}
