//! The samples of a metric group at one instant, in as little room as most of them need: a run of ten days takes and keeps
//! hundreds of thousands.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::held::Held;
use super::value::Value;

/// A value read at one instant, or why there is none.
pub type Sample = Result<Value, String>;

/// The samples of a group's fields at one instant, in the order of the group where they come from a source.
///
/// Invariant: there are as many names as samples. The names are shared: a run has millions of samples.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Samples {
    names: Arc<[String]>,
    held: Vec<Held>,
}

impl Samples {
    /// One sample for each of `names`.
    #[must_use]
    pub fn of(names: &Arc<[String]>, sample: impl FnMut(&String) -> Held) -> Self {
        Self { names: Arc::clone(names), held: names.iter().map(sample).collect() }
    }

    /// What they are of, in their order.
    #[must_use]
    pub fn names(&self) -> &Arc<[String]> {
        &self.names
    }

    /// The samples, in the order of their names.
    #[must_use]
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Held)> {
        self.names.iter().map(String::as_str).zip(&self.held)
    }

    /// The sample of a field.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&Held> {
        self.iter().find(|(name, _)| *name == field).map(|(_, held)| held)
    }
}

impl<N: Into<String>, S: Into<Held>> FromIterator<(N, S)> for Samples {
    fn from_iter<I: IntoIterator<Item = (N, S)>>(samples: I) -> Self {
        let samples = samples.into_iter().map(|(name, sample)| (name.into(), sample.into()));
        let (names, held): (Vec<String>, Vec<Held>) = samples.unzip();
        Self { names: names.into(), held }
    }
}

/// A list of pairs of a name and a sample.
impl Serialize for Samples {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for Samples {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<(String, Held)>::deserialize(deserializer).map(Self::from_iter)
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Sample, Samples};
    use crate::contract::value::Value;

    #[test]
    fn a_journal_has_pairs_of_names_and_samples() {
        let samples: Samples = [("p95", Ok(Value::int(3))), ("errors", Err("gone".to_owned()))].into_iter().collect();
        let written = serde_json::to_string(&samples).unwrap();
        let plain: Vec<(String, Sample)> = serde_json::from_str(&written).unwrap();
        assert_eq!(plain[1], ("errors".to_owned(), Err("gone".to_owned())));
        assert_eq!(serde_json::to_string(&plain).unwrap(), written);
        assert_eq!(serde_json::from_str::<Samples>(&written).unwrap(), samples);
        assert_eq!(samples.get("p95"), Some(&Held::from(Ok(Value::int(3)))));
        assert_eq!(samples.get("p99"), None);
    }
}
