//! Fractions without rounding. A result that does not fit is none, and whoever asked stays silent: a proof never rests on
//! a rounded figure.

use std::cmp::Ordering;
use std::fmt;

use rust_decimal::Decimal;

use crate::base::number::Number;

/// `above / below`, with `below` above zero; not always in lowest terms.
#[derive(Debug, Clone, Copy)]
pub struct Fraction {
    above: i128,
    below: i128,
}

impl Fraction {
    pub const ZERO: Self = Self { above: 0, below: 1 };
    pub const ONE: Self = Self { above: 1, below: 1 };

    #[must_use]
    pub const fn whole(value: i128) -> Self {
        Self { above: value, below: 1 }
    }

    /// None for what a decimal does not hold exactly.
    #[must_use]
    pub fn of(number: Number) -> Option<Self> {
        let Number::Exact(decimal) = number else { return None };
        let decimal = decimal.normalize();
        Some(Self { above: decimal.mantissa(), below: 10i128.checked_pow(decimal.scale())? })
    }

    /// The decimal it is, if it is one.
    #[must_use]
    pub fn to_number(self) -> Option<Number> {
        let Self { mut above, mut below } = self.lowest();
        let mut scale = 0;
        while below > 1 {
            let factor = if below % 10 == 0 {
                1
            } else if below % 2 == 0 {
                5
            } else if below % 5 == 0 {
                2
            } else {
                return None;
            };
            above = above.checked_mul(factor)?;
            below = below.checked_mul(factor)? / 10;
            scale += 1;
        }
        Decimal::try_from_i128_with_scale(above, scale).ok().map(Number::Exact)
    }

    #[must_use]
    pub fn add(self, other: Self) -> Option<Self> {
        if self.below == other.below {
            return Some(Self { above: self.above.checked_add(other.above)?, below: self.below });
        }
        self.retry(other, |left, right| {
            let above = left.above.checked_mul(right.below)?.checked_add(right.above.checked_mul(left.below)?)?;
            Some(Self { above, below: left.below.checked_mul(right.below)? })
        })
    }

    #[must_use]
    pub fn subtract(self, other: Self) -> Option<Self> {
        self.add(other.negate()?)
    }

    #[must_use]
    pub fn multiply(self, other: Self) -> Option<Self> {
        self.retry(other, |left, right| {
            let above = left.above.checked_mul(right.above)?;
            Some(Self { above, below: left.below.checked_mul(right.below)? })
        })
    }

    /// None by zero, too.
    #[must_use]
    pub fn divide(self, other: Self) -> Option<Self> {
        let turned = match other.above.signum() {
            0 => return None,
            1 => Self { above: other.below, below: other.above },
            _ => Self { above: other.below.checked_neg()?, below: other.above.checked_neg()? },
        };
        self.multiply(turned)
    }

    #[must_use]
    pub fn negate(self) -> Option<Self> {
        Some(Self { above: self.above.checked_neg()?, below: self.below })
    }

    /// -1, 0 or 1.
    #[must_use]
    pub fn sign(self) -> i128 {
        self.above.signum()
    }

    #[must_use]
    pub fn compare(self, other: Self) -> Option<Ordering> {
        if self.below == other.below {
            return Some(self.above.cmp(&other.above));
        }
        self.subtract(other).map(|difference| difference.above.cmp(&0))
    }

    #[must_use]
    pub fn is(self, other: Self) -> bool {
        self.compare(other) == Some(Ordering::Equal)
    }

    /// The greatest whole number that is not above it.
    #[must_use]
    pub fn floor(self) -> i128 {
        self.above.div_euclid(self.below)
    }

    /// Whether dividing a decimal by it gives a decimal again, so that arithmetic of decimals does not round there.
    #[must_use]
    pub fn divides_decimals(self) -> bool {
        Self::ONE.divide(self).and_then(Self::to_number).is_some()
    }

    /// What does not fit is tried again in lowest terms.
    fn retry(self, other: Self, operation: fn(Self, Self) -> Option<Self>) -> Option<Self> {
        operation(self, other).or_else(|| operation(self.lowest(), other.lowest()))
    }

    fn lowest(self) -> Self {
        let divisor = greatest_common_divisor(self.above.unsigned_abs(), self.below.unsigned_abs());
        match i128::try_from(divisor) {
            Ok(divisor) if divisor > 1 => Self { above: self.above / divisor, below: self.below / divisor },
            _ => self,
        }
    }
}

/// In lowest terms, so that equal fractions read the same.
impl fmt::Display for Fraction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { above, below } = self.lowest();
        write!(formatter, "{above}/{below}")
    }
}

fn greatest_common_divisor(mut left: u128, mut right: u128) -> u128 {
    while right != 0 {
        (left, right) = (right, left % right);
    }
    left
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::Fraction;
    use crate::base::number::Number;

    fn fraction(text: &str) -> Fraction {
        Number::parse(text).and_then(Fraction::of).expect("a decimal")
    }

    #[test]
    fn sums_and_products_are_exact() {
        let third = Fraction::ONE.divide(fraction("3")).expect("not by zero");
        assert!(third.add(third).and_then(|two| two.add(third)).expect("small").is(Fraction::ONE));
        assert!(fraction("0.1").add(fraction("0.2")).expect("small").is(fraction("0.3")));
        assert_eq!(third.to_number(), None);
        assert_eq!(fraction("0.125").to_number(), Number::parse("0.125"));
    }

    #[test]
    fn order_and_floor_know_negative_numbers() {
        assert_eq!(fraction("-1.5").compare(fraction("-1.4")), Some(Ordering::Less));
        assert_eq!((fraction("-1.5").floor(), fraction("1.5").floor()), (-2, 1));
        assert!(fraction("-6").divide(fraction("-4")).expect("not by zero").is(fraction("1.5")));
    }

    #[test]
    fn only_twos_and_fives_divide_decimals() {
        assert!(fraction("0.8").divides_decimals() && fraction("100").divides_decimals());
        assert!(!fraction("3").divides_decimals() && !fraction("0").divides_decimals());
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let huge = Fraction::whole(i128::MAX);
        assert!(huge.multiply(huge).is_none() && huge.add(huge).is_none());
    }
}
