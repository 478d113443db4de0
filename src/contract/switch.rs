//! Kill switches as effects know them: which one, how it stands, and what is done about that.
//!
//! The steps of a switch turn it; what stands here is the record of it. A switch is turned in two acts: `Begin` before its
//! steps, `End` behind them. Whoever looks in between, or after a run that never came to the end, sees that nobody knows.

use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};

use crate::base::time::Timestamp;

/// Which kill switch. Programs that share a state folder share the switches of one name and environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SwitchName {
    pub switch: String,
    /// None where the program declares no environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
}

/// Where a switch is turned to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    On,
    Off,
}

/// How a switch stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    AtRest,
    /// Its `on` steps were begun and are not all done.
    Tripping,
    Tripped,
    /// Its `off` steps were begun and are not all done.
    Resetting,
}

impl Side {
    #[must_use]
    pub fn reached(self) -> Standing {
        match self {
            Self::On => Standing::Tripped,
            Self::Off => Standing::AtRest,
        }
    }

    #[must_use]
    pub fn on_the_way(self) -> Standing {
        match self {
            Self::On => Standing::Tripping,
            Self::Off => Standing::Resetting,
        }
    }

    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::On => Self::Off,
            Self::Off => Self::On,
        }
    }
}

impl Standing {
    /// For people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::AtRest => "at rest",
            Self::Tripping => "half tripped",
            Self::Tripped => "tripped",
            Self::Resetting => "half reset",
        }
    }
}

/// What is done about the record of a switch. The key of an act is that of its execution: what was there before is kept
/// under it, and stays, so that an act which is done again does not take its own work for what was there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "snake_case")]
pub enum SwitchAct {
    /// Answers `{ already }`: it stands there already, and nothing is to be done. Else it is on the way from now on.
    Begin { to: Side, reason: String, actor: String, key: String },
    /// It has come there. Fails when another run has turned it back meanwhile.
    End { to: Side, reason: String, actor: String, key: String },
    /// On the way back, while what was done is taken back.
    Waver { back_from: Side, key: String },
    /// The record as it was before the act of this key; without one nothing was written.
    Restore { key: String },
    /// Answers a [`SwitchAnswer`].
    Look,
}

/// The record of a switch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SwitchRecord {
    #[serde(flatten)]
    pub name: SwitchName,
    pub standing: Standing,
    /// Of the last act, RFC 3339.
    pub since: String,
    pub reason: String,
    pub actor: String,
    /// The run that turned it last.
    pub run: String,
}

/// Of [`SwitchAct::Look`]: without a record it is at rest and was never turned.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SwitchAnswer {
    pub record: Option<SwitchRecord>,
}

/// What is known of a switch when an act about it comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Known {
    pub record: Option<SwitchRecord>,
    /// What is kept under the key of this act: the record as it was before, if there was one.
    pub kept: Option<SwitchAnswer>,
}

/// What an act comes to. Whatever is to be kept has to be durable before the record is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    pub keep: Option<SwitchAnswer>,
    /// The record from now on; an inner `None` removes it.
    pub record: Option<Option<SwitchRecord>>,
    pub answer: Result<Json, String>,
}

impl SwitchAct {
    /// The key under which something may be kept for this act.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Begin { key, .. } | Self::End { key, .. } | Self::Waver { key, .. } | Self::Restore { key } => {
                Some(key)
            }
            Self::Look => None,
        }
    }

    /// What this act comes to; the one place where that is decided, for real runs and simulated ones.
    #[must_use]
    pub fn rule(&self, name: &SwitchName, known: Known, now: Timestamp) -> Ruling {
        let made = |standing: Standing, (reason, actor, key): (&str, &str, &str)| SwitchRecord {
            name: name.clone(),
            standing,
            since: now.to_string(),
            reason: reason.to_owned(),
            actor: actor.to_owned(),
            run: run_of(key).to_owned(),
        };
        let done = Ruling { keep: None, record: None, answer: Ok(Json::Null) };
        match self {
            Self::Begin { to, reason, actor, key } => {
                let found = known.kept.clone().unwrap_or(SwitchAnswer { record: known.record });
                let standing = found.record.as_ref().map_or(Standing::AtRest, |record| record.standing);
                let already = standing == to.reached();
                let record = (!already).then(|| Some(made(to.on_the_way(), (reason, actor, key))));
                let keep = known.kept.is_none().then_some(found);
                Ruling { keep, record, answer: Ok(json!({ "already": already })) }
            }
            Self::End { to, reason, actor, key } => {
                let by = (reason.as_str(), actor.as_str(), key.as_str());
                let back = [to.other().on_the_way(), to.other().reached()];
                let turned_back = |record: &SwitchRecord| record.run != run_of(key) && back.contains(&record.standing);
                match known.record.filter(turned_back) {
                    None => Ruling { record: Some(Some(made(to.reached(), by))), ..done },
                    Some(other) => {
                        let (switch, run) = (&name.switch, other.run);
                        let message = format!("the kill switch `{switch}` was turned back by run `{run}` meanwhile");
                        Ruling { record: Some(Some(made(to.on_the_way(), by))), answer: Err(message), keep: None }
                    }
                }
            }
            Self::Waver { back_from, key } => {
                let ours = known.record.filter(|record| record.run == run_of(key));
                let standing = back_from.other().on_the_way();
                Ruling { record: ours.map(|record| Some(SwitchRecord { standing, ..record })), ..done }
            }
            Self::Restore { .. } => Ruling { record: known.kept.map(|kept| kept.record), ..done },
            Self::Look => Ruling { answer: Ok(json!(SwitchAnswer { record: known.record })), ..done },
        }
    }
}

/// Keys begin with the run.
fn run_of(key: &str) -> &str {
    key.split('/').next().unwrap_or(key)
}
