//! A sample as it is kept: in 16 bytes, where it is a number of up to 15 digits, as nearly all are.
//!
//! A run of ten days keeps hundreds of thousands. Two words, so that they go through registers: a processor waits for bytes
//! that it has just written one by one and is to read as a whole.

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::samples::Sample;
use super::value::{Unit, Value};
use crate::base::number::{LARGEST_EXACT, Number, POWERS_OF_TEN};

/// A sample: [`Sample`] with less room.
#[derive(Debug, Clone)]
pub struct Held(Form);

#[derive(Debug, Clone)]
enum Form {
    Packed(Packed),
    /// Another number, what is no number, or why there is no value.
    Other(Box<Sample>),
}

impl Held {
    /// So many of the last digit, of which `scale` stand behind the point: at most 28.
    #[must_use]
    #[inline]
    pub fn decimal(digits: i64, scale: u8, unit: Unit) -> Self {
        match Packed::new(digits, scale, unit) {
            Some(packed) => Self(Form::Packed(packed)),
            None => Self::from(Ok(Value::Quantity(Number::Exact(Decimal::new(digits, scale.into())), unit))),
        }
    }

    #[must_use]
    pub fn missing(reason: impl Into<String>) -> Self {
        Self(Form::Other(Box::new(Err(reason.into()))))
    }

    /// The number it is. A NaN is no sample; infinities are.
    #[must_use]
    #[inline]
    pub fn amount(&self) -> Option<(Number, Unit)> {
        match &self.0 {
            Form::Packed(packed) => Some((packed.number(), packed.unit())),
            Form::Other(sample) => other_amount(sample),
        }
    }

    /// [`Self::amount`] as the float that is nearest.
    #[must_use]
    #[inline]
    pub fn float(&self) -> Option<f64> {
        match &self.0 {
            Form::Packed(packed) => Some(packed.float()),
            Form::Other(sample) => other_amount(sample).map(|(number, _)| number.to_f64()),
        }
    }

    /// What a check said.
    #[must_use]
    pub fn truth(&self) -> Option<bool> {
        match &self.0 {
            Form::Other(sample) => sample.as_ref().as_ref().ok().and_then(Value::as_bool),
            Form::Packed(_) => None,
        }
    }

    /// The value, or why there is none.
    ///
    /// # Errors
    /// The reason of a sample that is missing.
    pub fn value(&self) -> Result<Value, &str> {
        match &self.0 {
            Form::Packed(packed) => Ok(Value::Quantity(packed.number(), packed.unit())),
            Form::Other(sample) => match &**sample {
                Ok(value) => Ok(value.clone()),
                Err(reason) => Err(reason),
            },
        }
    }
}

#[cold]
fn other_amount(sample: &Sample) -> Option<(Number, Unit)> {
    match sample {
        Ok(Value::Quantity(Number::Float(float), _)) if float.is_nan() => None,
        Ok(Value::Quantity(number, unit)) => Some((*number, *unit)),
        _ => None,
    }
}

impl From<Sample> for Held {
    fn from(sample: Sample) -> Self {
        let packed = match &sample {
            Ok(Value::Quantity(Number::Exact(decimal), unit)) => Packed::of(*decimal, *unit),
            _ => None,
        };
        Self(packed.map_or_else(|| Form::Other(Box::new(sample)), Form::Packed))
    }
}

/// Equal values of one unit, or the same reason.
impl PartialEq for Held {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
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

/// A decimal and its unit in one word. Invariant: its digits and its power of ten are floats themselves.
///
/// From the top: 56 bits of digits with their sign, 5 of the scale, 3 of the unit.
#[derive(Debug, Clone, Copy)]
struct Packed(u64);

impl Packed {
    const UNITS: [Unit; 5] = [Unit::One, Unit::Duration, Unit::Ratio, Unit::Bytes, Unit::Rate];

    #[inline]
    fn new(digits: i64, scale: u8, unit: Unit) -> Option<Self> {
        let fits = digits.unsigned_abs() <= LARGEST_EXACT && usize::from(scale) < POWERS_OF_TEN.len();
        fits.then(|| Self(digits.cast_unsigned() << 8 | u64::from(scale) << 3 | unit as u64))
    }

    /// None of a zero with a sign, too: it has to come back with it.
    fn of(decimal: Decimal, unit: Unit) -> Option<Self> {
        let digits = i64::try_from(decimal.mantissa()).ok()?;
        let scale = u8::try_from(decimal.scale()).ok()?;
        if digits == 0 && decimal.is_sign_negative() { None } else { Self::new(digits, scale, unit) }
    }

    #[inline]
    fn digits(self) -> i64 {
        self.0.cast_signed() >> 8
    }

    #[inline]
    fn scale(self) -> u32 {
        (self.0 >> 3) as u32 & 0x1f
    }

    #[inline]
    fn unit(self) -> Unit {
        Self::UNITS.get(self.0 as usize & 0b111).copied().unwrap_or(Unit::One)
    }

    #[inline]
    fn number(self) -> Number {
        Number::Exact(Decimal::new(self.digits(), self.scale()))
    }

    /// One division of floats rounds right (Clinger 1990).
    #[inline]
    fn float(self) -> f64 {
        self.digits() as f64 / POWERS_OF_TEN.get(self.scale() as usize).copied().unwrap_or(f64::NAN)
    }
}

#[cfg(test)]
mod tests {
    use super::{Held, Packed, Sample};
    use crate::base::number::Number;
    use crate::contract::value::{Unit, Value};

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
    fn numbers_come_back_digit_by_digit_and_their_floats_are_the_nearest_ones() {
        assert_eq!(size_of::<Held>(), 16);
        let texts = ["0", "-0.0", "2.50", "-17", "0.0001", "9223372036854775807", "-9223372036854775808", "1e300"];
        let more = ["0.1234567890123456789012345678", "-79228162514264337593543950335", "9007199254740993", "inf"];
        let scales = ["-9007199254740992", "9007199254740992e-22", "9007199254740992e-23"];
        for text in texts.into_iter().chain(more).chain(scales) {
            let number = Number::parse(text).unwrap_or_else(|| Number::Float(text.parse().expect("a float")));
            let held = Held::from(Ok(Value::Quantity(number, Unit::Rate)));
            let (back, unit) = held.amount().expect("a number");
            assert_eq!(serde_json::to_string(&back).unwrap(), serde_json::to_string(&number).unwrap());
            assert_eq!((held.float().map(f64::to_bits), unit), (Some(number.to_f64().to_bits()), Unit::Rate), "{text}");
        }
        let nan = Held::from(Ok(Value::Quantity(Number::Float(f64::NAN), Unit::One)));
        assert_eq!((nan.amount(), nan.float()), (None, None));
    }

    #[test]
    fn each_unit_comes_back() {
        for unit in Packed::UNITS {
            assert_eq!(Packed::new(-5, 1, unit).map(Packed::unit), Some(unit));
            assert_eq!(Held::decimal(-5, 1, unit), Held::decimal(-50, 2, unit));
            assert_eq!(Held::decimal(i64::MIN, 28, unit).amount().map(|(_, unit)| unit), Some(unit));
        }
    }
}
