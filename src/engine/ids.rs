//! A few ids in their order: what every sample goes through, and what seldom changes.

use std::collections::BTreeSet;
use std::ops::Deref;

use serde::{Deserialize, Serialize};

/// In order, each once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent, bound(deserialize = "T: Ord + Deserialize<'de>"))]
pub struct Ids<T>(#[serde(deserialize_with = "in_order")] Vec<T>);

impl<T: Ord> Ids<T> {
    pub fn insert(&mut self, id: T) {
        if let Err(place) = self.0.binary_search(&id) {
            self.0.insert(place, id);
        }
    }

    pub fn remove(&mut self, id: &T) {
        if let Ok(place) = self.0.binary_search(id) {
            self.0.remove(place);
        }
    }
}

impl<T> Default for Ids<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Deref for Ids<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.0
    }
}

/// Whatever order they come in.
fn in_order<'de, T: Ord + Deserialize<'de>, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
    BTreeSet::deserialize(deserializer).map(|ids| ids.into_iter().collect())
}

#[cfg(test)]
mod tests {
    use super::Ids;

    #[test]
    fn they_stay_in_order_each_once() {
        let mut ids = Ids::default();
        [3, 1, 2, 3].into_iter().for_each(|id| ids.insert(id));
        assert_eq!(*ids, [1, 2, 3]);
        ids.remove(&2);
        ids.remove(&7);
        assert_eq!(*ids, [1, 3]);
        assert_eq!(serde_json::from_str::<Ids<u32>>("[3,1,3]").unwrap(), ids);
    }
}
