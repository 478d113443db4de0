//! The samples of a metric group at one instant, in as little room as most of them need: a run of ten days takes and keeps
//! hundreds of thousands.

use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::value::{Unit, Value};
use crate::base::number::Number;

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

/// A sample as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    Quantity(Number, Unit),
    /// What is no number, or why there is no value.
    Other(Box<Sample>),
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

impl Held {
    #[must_use]
    pub fn missing(reason: impl Into<String>) -> Self {
        Self::Other(Box::new(Err(reason.into())))
    }

    /// The number it is. A NaN is no sample; infinities are.
    #[must_use]
    pub fn amount(&self) -> Option<(Number, Unit)> {
        match self {
            Self::Quantity(Number::Float(float), _) if float.is_nan() => None,
            Self::Quantity(number, unit) => Some((*number, *unit)),
            Self::Other(_) => None,
        }
    }

    /// What a check said.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match self {
            Self::Other(sample) => sample.as_ref().as_ref().ok().and_then(Value::as_bool),
            Self::Quantity(..) => None,
        }
    }

    /// The value, or why there is none.
    ///
    /// # Errors
    /// The reason of a sample that is missing.
    pub fn value(&self) -> Result<Value, &str> {
        match self {
            Self::Quantity(number, unit) => Ok(Value::Quantity(*number, *unit)),
            Self::Other(sample) => match &**sample {
                Ok(value) => Ok(value.clone()),
                Err(reason) => Err(reason),
            },
        }
    }
}

impl From<Sample> for Held {
    fn from(sample: Sample) -> Self {
        match sample {
            Ok(Value::Quantity(number, unit)) => Self::Quantity(number, unit),
            other => Self::Other(Box::new(other)),
        }
    }
}

/// As the sample that it holds.
impl Serialize for Held {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Held {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Sample::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Sample, Samples};
    use crate::contract::value::Value;

    #[test]
    fn what_is_held_is_what_was_sampled() {
        let samples: [Sample; 3] = [Ok(Value::int(3)), Ok(Value::Bool(true)), Err("gone".to_owned())];
        for sample in samples {
            let held = Held::from(sample.clone());
            assert_eq!(held.value().map_err(str::to_owned), sample);
            assert_eq!(held.truth(), sample.ok().and_then(|value| value.as_bool()));
        }
    }

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
