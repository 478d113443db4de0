//! A sample in as little room as most of them need: a run of ten days keeps hundreds of thousands.

use serde::{Deserialize, Serialize};

use crate::base::number::Number;
use crate::contract::registry::Sample;
use crate::contract::value::{Unit, Value};

/// A sample as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(from = "Sample", into = "Sample")]
pub enum Held {
    Quantity(Number, Unit),
    /// What is no number, or why there is no value.
    Other(Box<Sample>),
}

impl Held {
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

impl From<&Sample> for Held {
    fn from(sample: &Sample) -> Self {
        match sample {
            Ok(Value::Quantity(number, unit)) => Self::Quantity(*number, *unit),
            other => Self::Other(Box::new(other.clone())),
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

impl From<Held> for Sample {
    fn from(held: Held) -> Self {
        match held {
            Held::Quantity(number, unit) => Ok(Value::Quantity(number, unit)),
            Held::Other(sample) => *sample,
        }
    }
}
