//! Numbers that stay exact as long as they can: decimals, with a float where a decimal does not reach.

use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number. `Exact` is a decimal of up to 28 digits; `Float` is everything a decimal cannot hold.
///
/// A `Float` that is not finite is what the outside sent (NaN, infinity); conditions treat it as unknown.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    Exact(Decimal),
    Float(f64),
}

impl Number {
    pub const ZERO: Self = Self::Exact(Decimal::ZERO);
    pub const ONE: Self = Self::Exact(Decimal::ONE);

    /// Reads digits as the language writes them: `1_000`, `3.14`, `1e-3`. `None` when they are no number.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.replace('_', "");
        let exact = if digits.contains(['e', 'E']) {
            Decimal::from_scientific(&digits).ok()
        } else {
            Decimal::from_str_exact(&digits).ok()
        };
        exact.map(Self::Exact).or_else(|| digits.parse().ok().map(Self::Float))
    }

    #[must_use]
    pub fn from_f64(value: f64) -> Self {
        let in_reach = value == 0.0 || (1e-12..1e15).contains(&value.abs());
        let exact = if in_reach { Decimal::from_f64(value) } else { None };
        exact.map_or(Self::Float(value), |decimal| Self::Exact(decimal.normalize()))
    }

    #[must_use]
    pub fn to_f64(self) -> f64 {
        match self {
            Self::Exact(decimal) => nearest(decimal),
            Self::Float(float) => float,
        }
    }

    /// The integer it is, if it is one.
    #[must_use]
    pub fn to_i64(self) -> Option<i64> {
        match self {
            Self::Exact(decimal) if decimal.is_integer() => decimal.to_i64(),
            Self::Exact(_) | Self::Float(_) => None,
        }
    }

    #[must_use]
    pub fn is_finite(self) -> bool {
        match self {
            Self::Exact(_) => true,
            Self::Float(float) => float.is_finite(),
        }
    }

    #[must_use]
    pub fn is_zero(self) -> bool {
        match self {
            Self::Exact(decimal) => decimal.is_zero(),
            Self::Float(float) => float == 0.0,
        }
    }

    #[must_use]
    pub fn is_negative(self) -> bool {
        self.compare(Self::ZERO) == Some(Ordering::Less)
    }

    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "division gives no number at zero, so none of the four is an operator"
    )]
    pub fn add(self, other: Self) -> Self {
        self.combine(other, Decimal::checked_add, |left, right| left + right)
    }

    #[must_use]
    pub fn subtract(self, other: Self) -> Self {
        self.combine(other, Decimal::checked_sub, |left, right| left - right)
    }

    #[must_use]
    pub fn multiply(self, other: Self) -> Self {
        self.combine(other, Decimal::checked_mul, |left, right| left * right)
    }

    /// `None` when `other` is zero.
    #[must_use]
    pub fn divide(self, other: Self) -> Option<Self> {
        if other.is_zero() {
            return None;
        }
        Some(self.combine(other, Decimal::checked_div, |left, right| left / right))
    }

    #[must_use]
    pub fn negate(self) -> Self {
        Self::ZERO.subtract(self)
    }

    #[must_use]
    pub fn abs(self) -> Self {
        if self.is_negative() { self.negate() } else { self }
    }

    /// `None` when either is NaN.
    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Exact(left), Self::Exact(right)) => Some(left.cmp(&right)),
            _ => self.to_f64().partial_cmp(&other.to_f64()),
        }
    }

    fn combine(self, other: Self, exact: fn(Decimal, Decimal) -> Option<Decimal>, float: fn(f64, f64) -> f64) -> Self {
        if let (Self::Exact(left), Self::Exact(right)) = (self, other)
            && let Some(result) = exact(left, right)
        {
            return Self::Exact(result);
        }
        Self::Float(float(self.to_f64(), other.to_f64()))
    }
}

/// Up to this every whole number is a float.
pub const LARGEST_EXACT: u64 = 1 << 53;

/// Those that floats hold exactly.
pub const POWERS_OF_TEN: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// The float that is nearest to a decimal. Where digits and power of ten are floats themselves, one division rounds right
/// (Clinger 1990); that is every number people write.
fn nearest(decimal: Decimal) -> f64 {
    let parts = decimal.unpack();
    let digits = u64::from(parts.mid) << 32 | u64::from(parts.lo);
    match POWERS_OF_TEN.get(parts.scale as usize) {
        Some(power) if parts.hi == 0 && digits <= LARGEST_EXACT => {
            let value = digits as f64 / power;
            if parts.negative && digits > 0 { -value } else { value }
        }
        _ => decimal.to_f64().unwrap_or(f64::NAN),
    }
}

impl From<i64> for Number {
    fn from(value: i64) -> Self {
        Self::Exact(Decimal::from(value))
    }
}

/// A text in both cases, so that what is read back is what was written, bit for bit: a decimal's digits, or a float with its
/// exponent (`1e20`, `NaN`, `inf`), which no decimal has.
impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Exact(decimal) => serializer.collect_str(decimal),
            Self::Float(float) => serializer.collect_str(&format_args!("{float:e}")),
        }
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl Visitor<'_> for Reader {
    type Value = Number;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a number, as a text or bare")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Number, E> {
        let is_float = text.contains(['e', 'N', 'i']);
        let number = if is_float { text.parse().map(Number::Float).ok() } else { text.parse().map(Number::Exact).ok() };
        number.ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
    }

    fn visit_f64<E: de::Error>(self, float: f64) -> Result<Number, E> {
        Ok(Number::Float(float))
    }

    fn visit_u64<E: de::Error>(self, whole: u64) -> Result<Number, E> {
        Ok(Number::Exact(Decimal::from(whole)))
    }

    fn visit_i64<E: de::Error>(self, whole: i64) -> Result<Number, E> {
        Ok(Number::Exact(Decimal::from(whole)))
    }
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.compare(*other) == Some(Ordering::Equal)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(decimal) => write!(formatter, "{}", decimal.normalize()),
            Self::Float(float) => write!(formatter, "{float}"),
        }
    }
}
