//! Functions that run on from sample to sample: where they have got to, so that a look costs what is new.
//!
//! What is lost is computed anew from the samples that are still kept. Windows come out the same; what has run on for longer
//! than samples are kept does not, so that it is part of a copy of the state and of its snapshot.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::series::Place;
use crate::base::time::Timestamp;
use crate::stats::compare::{Events, Pairs};
use crate::stats::cusum::Cusum;
use crate::stats::window::Window;

/// More than any plan has functions in blocks that run at once; beyond it everything begins anew.
const MOST: usize = 10_000;

#[derive(Debug, Clone, Default)]
pub struct Carried(RefCell<All>);

#[derive(Debug, Clone, Default)]
struct All {
    carried: Vec<One>,
    /// Where each of them is.
    places: FxHashMap<Key, usize>,
    /// Of each call the edge that it had last, and where what it carries is.
    calls: Vec<Option<(Timestamp, usize)>>,
}

#[derive(Debug, Clone)]
struct One {
    key: Key,
    /// The last sample that was taken in.
    until: Timestamp,
    running: Running,
}

/// A call in a plan: its key is always the same but for the edge, so that it is found without being compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallId(pub u32);

/// Which function over which samples: whatever makes two of them come to something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    pub function: Function,
    pub metric: Place,
    /// What it is compared with.
    pub other: Option<Place>,
    /// Nothing from before counts.
    pub edge: Timestamp,
    /// Its other arguments, bit by bit.
    pub settings: [u64; 5],
}

/// By what tells most of them apart.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.function as u8, self.metric, self.edge).hash(state);
        self.settings.iter().fold(0, |all: u64, it| all.rotate_left(23) ^ it).hash(state);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
    /// Goes on with what was carried under `key`, or with something fresh where that is not to be had or has got beyond
    /// `at`. What it gets is the last sample that was taken in, and what came of the samples.
    ///
    /// `go_on` may not come back to this: nothing else is carried on meanwhile.
    pub fn go_on<R>(
        &self,
        (call, key, at): (Option<CallId>, &Key, Timestamp),
        fresh: impl FnOnce() -> (Timestamp, Running),
        go_on: impl FnOnce(&mut Timestamp, &mut Running) -> R,
    ) -> R {
        let mut all = self.0.borrow_mut();
        let place = match all.place_of(call, key) {
            Some(place) => {
                let One { until, running, .. } = &mut all.carried[place];
                if *until > at || running.is_beyond(at) {
                    (*until, *running) = fresh();
                }
                place
            }
            None => all.add(*key, fresh()),
        };
        let One { until, running, .. } = &mut all.carried[place];
        go_on(until, running)
    }
}

impl All {
    fn place_of(&mut self, call: Option<CallId>, key: &Key) -> Option<usize> {
        let Some(call) = call else { return self.places.get(key).copied() };
        match self.calls.get(call.0 as usize) {
            Some(Some((edge, place))) if *edge == key.edge => Some(*place),
            _ => self.remember(call, key),
        }
    }

    #[cold]
    fn remember(&mut self, call: CallId, key: &Key) -> Option<usize> {
        let place = *self.places.get(key)?;
        let call = call.0 as usize;
        if self.calls.len() <= call {
            self.calls.resize(call + 1, None);
        }
        self.calls[call] = Some((key.edge, place));
        Some(place)
    }

    fn add(&mut self, key: Key, (until, running): (Timestamp, Running)) -> usize {
        if self.carried.len() >= MOST {
            *self = Self::default();
        }
        let place = self.carried.len();
        self.places.insert(key, place);
        self.carried.push(One { key, until, running });
        place
    }
}

/// In the order of their keys, without windows.
impl Serialize for Carried {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all = self.0.borrow();
        let kept = all.carried.iter().filter(|one| !matches!(one.running, Running::Window(_)));
        let mut kept: Vec<_> = kept.map(|one| (one.key, (one.until, &one.running))).collect();
        kept.sort_by_key(|(key, _)| *key);
        kept.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Carried {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let carried: Vec<(Key, (Timestamp, Running))> = Vec::deserialize(deserializer)?;
        let mut all = All::default();
        for (key, one) in carried {
            all.add(key, one);
        }
        Ok(Self(RefCell::new(all)))
    }
}
