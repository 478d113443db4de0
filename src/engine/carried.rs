//! Functions that run on from sample to sample: where they have got to, so that a look costs what is new.
//!
//! What is lost is computed anew from the samples that are still kept. Windows come out the same; what has run on for longer
//! than samples are kept does not, so that it is part of a copy of the state and of its snapshot.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::base::time::Timestamp;
use crate::plan::program::GroupIndex;
use crate::stats::compare::{Events, Pairs};
use crate::stats::cusum::Cusum;
use crate::stats::window::Window;

/// More than any plan has functions in blocks that run at once; beyond it everything begins anew.
const MOST: usize = 10_000;

#[derive(Debug, Default)]
pub struct Carried(Mutex<FxHashMap<Key, (Timestamp, Running)>>);

/// Which function over which samples: whatever makes two of them come to something else.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    pub function: Function,
    pub metric: (GroupIndex, Box<str>),
    /// What it is compared with.
    pub other: Option<(GroupIndex, Box<str>)>,
    /// Nothing from before counts.
    pub edge: Timestamp,
    /// Its other arguments, bit by bit.
    pub settings: [u64; 6],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    Window,
    Cusum,
    Ewma,
    Pairs,
    Events,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Running {
    /// Made anew from the samples in it.
    #[serde(skip)]
    Window(Window),
    Cusum(Box<Cusum>),
    Ewma(Ewma),
    Pairs(Box<Pairs>),
    Events(Box<Counters>),
}

impl Running {
    /// Whether it has let go of samples that a look at `at` would see.
    fn is_beyond(&self, at: Timestamp) -> bool {
        matches!(self, Self::Window(window) if window.is_beyond(at))
    }
}

/// A weighted mean and when it was last moved.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Ewma {
    pub level: Option<(Timestamp, f64)>,
    pub samples: u64,
}

/// A comparison of events that two counters count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counters {
    pub events: Events,
    pub last: Option<(f64, f64)>,
    pub samples: u64,
    pub falls: u64,
}

impl Carried {
    /// Takes out what was carried under `key`, when it has not got beyond `at`; with it the last sample it has taken in.
    pub fn take(&self, key: &Key, at: Timestamp) -> Option<(Timestamp, Running)> {
        let mut carried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        carried.remove(key).filter(|(last, running)| *last <= at && !running.is_beyond(at))
    }

    pub fn put(&self, key: Key, last: Timestamp, running: Running) {
        let mut carried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if carried.len() >= MOST {
            carried.clear();
        }
        carried.insert(key, (last, running));
    }
}

impl Clone for Carried {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}

/// In the order of their keys, without windows.
impl Serialize for Carried {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let carried = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = carried.iter().filter(|(_, (_, running))| !matches!(running, Running::Window(_)));
        let mut kept: Vec<_> = kept.collect();
        kept.sort_by_key(|(key, _)| *key);
        kept.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Carried {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let carried: Vec<(Key, (Timestamp, Running))> = Vec::deserialize(deserializer)?;
        Ok(Self(Mutex::new(carried.into_iter().collect())))
    }
}
