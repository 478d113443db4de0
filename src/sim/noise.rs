//! Noise that is the same each time: a function of a title, the metric and the instant.
//!
//! Without a state of its own it is the same after a crash, and in whatever order the groups are sampled. It is the same to
//! the last bit on every machine, too: only operations that IEEE 754 rounds in one way are used, no `ln` and no `cos` of
//! a library.

/// Where the draws for one metric come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Well(u64);

impl Well {
    /// FNV-1a over the parts, with a byte between them that no text has.
    #[must_use]
    pub fn new(parts: &[&str]) -> Self {
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0xff]));
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)))
    }

    /// A well beside this one, with draws of its own.
    #[must_use]
    pub fn beside(self, number: u64) -> Self {
        Self(mix(self.0 ^ mix(number.wrapping_add(0x9e37_79b9_7f4a_7c15))))
    }

    /// A draw from the standard normal distribution for a number.
    #[must_use]
    pub fn normal(self, number: u64) -> f64 {
        normal_of(self.uniform(number))
    }

    /// A draw from (0, 1) for a number.
    #[must_use]
    #[inline]
    pub fn uniform(self, number: u64) -> f64 {
        let bits = mix((self.0 ^ mix(number)).wrapping_add(0x9e37_79b9_7f4a_7c15)) >> 11;
        (bits as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

/// Draws from the standard normal distribution for numbers that are mostly asked for in turn. Those to come are worked out
/// many at once, since one by one each would wait for the one before; each is what [`Well::normal`] gives for its number.
#[derive(Debug, Clone)]
pub struct Draws {
    well: Well,
    /// From one number to the one that comes in turn.
    step: u64,
    /// The number whose turn it is.
    next: u64,
    ahead: [f64; Self::AHEAD],
    /// How many of those are still to come: the last ones.
    left: usize,
}

impl Draws {
    const AHEAD: usize = 16;

    /// Draws for 0, `step`, twice `step` and so on, and for all others one by one.
    #[must_use]
    pub fn new(well: Well, step: u64) -> Self {
        Self { well, step, next: 0, ahead: [0.0; Self::AHEAD], left: 0 }
    }

    /// Where they come from.
    #[must_use]
    pub fn well(&self) -> Well {
        self.well
    }

    /// [`Well::normal`]
    #[inline]
    pub fn normal(&mut self, number: u64) -> f64 {
        if number != self.next {
            return self.out_of_turn(number);
        }
        if self.left == 0 {
            self.look_ahead();
        }
        let draw = self.ahead[Self::AHEAD - self.left];
        self.left -= 1;
        self.next = self.next.wrapping_add(self.step);
        draw
    }

    /// From here on those are in turn that follow this one.
    #[cold]
    fn out_of_turn(&mut self, number: u64) -> f64 {
        self.next = number.wrapping_add(self.step);
        self.left = 0;
        self.well.normal(number)
    }

    /// In steps that go through all of them, so that none of them waits for another.
    #[inline(never)]
    fn look_ahead(&mut self) {
        let mut number = self.next;
        let uniform = std::array::from_fn::<_, { Self::AHEAD }, _>(|_| {
            let uniform = self.well.uniform(number);
            number = number.wrapping_add(self.step);
            uniform
        });
        self.ahead = uniform.map(near);
        for (draw, p) in self.ahead.iter_mut().zip(uniform).filter(|(_, p)| !is_near(*p)) {
            *draw = far_out(p);
        }
        self.left = Self::AHEAD;
    }
}

/// The output function of SplitMix64.
#[inline]
fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

/// The x below which a standard normal lies with probability p: algorithm AS 241 (Wichura 1988), seven digits.
fn normal_of(p: f64) -> f64 {
    if is_near(p) { near(p) } else { far_out(p) }
}

/// Within 1.44 deviations lie six draws in seven.
#[inline]
fn is_near(p: f64) -> bool {
    (p - 0.5).abs() <= 0.425
}

#[inline]
fn near(p: f64) -> f64 {
    let q = p - 0.5;
    let r = 0.180_625 - q * q;
    q * (((59.109_374_72 * r + 159.291_132_02) * r + 50.434_271_938) * r + 3.387_132_717_9)
        / (((67.187_563_600 * r + 78.757_757_664) * r + 17.895_169_469) * r + 1.0)
}

fn far_out(p: f64) -> f64 {
    let q = p - 0.5;
    let r = (-logarithm(if q < 0.0 { p } else { 1.0 - p })).sqrt();
    let far = if r <= 5.0 {
        let r = r - 1.6;
        (((0.170_238_210_3 * r + 1.306_728_481_6) * r + 2.756_815_390_0) * r + 1.423_437_277_7)
            / ((0.120_211_329_75 * r + 0.737_001_642_50) * r + 1.0)
    } else {
        let r = r - 5.0;
        (((0.017_337_203_997 * r + 0.428_682_943_37) * r + 3.081_226_386_0) * r + 6.657_905_115_2)
            / ((0.012_258_202_635 * r + 0.241_978_942_25) * r + 1.0)
    };
    if q < 0.0 { -far } else { far }
}

/// The natural logarithm of a number above zero, by the series of the area tangent: ten digits, which is more than what it
/// is for has.
fn logarithm(x: f64) -> f64 {
    let bits = x.to_bits();
    let exponent = ((bits >> 52) & 0x7ff) as i64 - 1_023;
    let mantissa = f64::from_bits((bits & 0x000f_ffff_ffff_ffff) | 0x3ff0_0000_0000_0000);
    let (mantissa, exponent) =
        if mantissa > std::f64::consts::SQRT_2 { (mantissa / 2.0, exponent + 1) } else { (mantissa, exponent) };
    let s = (mantissa - 1.0) / (mantissa + 1.0);
    let square = s * s;
    let sum = (0..7_u32).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    2.0 * s * sum + exponent as f64 * std::f64::consts::LN_2
}

/// The cosine of so many whole turns.
#[must_use]
pub fn cosine_of_turns(turns: f64) -> f64 {
    // Folded into an eighth of the circle on each side of zero, where a few terms of the series are enough.
    let rest = (turns - turns.round()).abs();
    let (folded, sign) = if rest > 0.25 { (0.5 - rest, -1.0) } else { (rest, 1.0) };
    let x = folded * std::f64::consts::TAU;
    let square = x * x;
    let sum = (1..=10_u32).rev().fold(1.0, |sum, term| {
        let term = f64::from(term);
        1.0 - square / ((2.0 * term - 1.0) * (2.0 * term)) * sum
    });
    sign * sum
}

#[cfg(test)]
mod tests {
    use super::{Draws, Well, cosine_of_turns, logarithm, normal_of};

    #[test]
    fn ten_thousand_draws_are_normal_and_the_same_each_time() {
        let draw = |at: u64| Well::new(&["a test", "search", "p95"]).normal(at * 60_000_000);
        let draws: Vec<f64> = (0..10_000).map(draw).collect();
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        let variance = draws.iter().map(|draw| (draw - mean).powi(2)).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.04, "{mean}");
        assert!((variance - 1.0).abs() < 0.06, "{variance}");
        let next: f64 = draws.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / 10_000.0;
        assert!(next.abs() < 0.04, "neighbours go together: {next}");
        assert_eq!(draw(7).to_bits(), draws[7].to_bits());
        let other = Well::new(&["another", "search", "p95"]).normal(7 * 60_000_000);
        assert_ne!(draw(7).to_bits(), other.to_bits());
    }

    #[test]
    fn draws_ahead_are_those_that_come_one_by_one() {
        let well = Well::new(&["a test"]);
        let mut draws = Draws::new(well, 60);
        // In turn, once more, far ahead, in turn from there, and round the end of all numbers.
        let asked = (0..100).chain([99, 7, 1_000_000]).chain(1_000_001..1_000_050).map(|turn| turn * 60);
        for number in asked.chain([3, 63, 123, u64::MAX - 59, 0, 60]) {
            assert_eq!(draws.normal(number).to_bits(), well.normal(number).to_bits(), "{number}");
        }
    }

    #[test]
    fn our_own_functions_are_those_of_the_library() {
        for x in [1e-300, 1e-9, 0.1, 0.7, 1.0, 1.5, 3.0, 1e9] {
            assert!((logarithm(x) - f64::ln(x)).abs() <= 1e-11 * f64::ln(x).abs().max(1.0), "ln {x}");
        }
        for turns in [-7.3, -0.5, 0.0, 0.1, 0.25, 0.37, 0.75, 12.9] {
            let expected = (turns * std::f64::consts::TAU).cos();
            assert!((cosine_of_turns(turns) - expected).abs() < 1e-12, "cos {turns}");
        }
        for (p, x) in [(0.5, 0.0), (0.975, 1.959_963_985), (1e-6, -4.753_424_309), (0.025, -1.959_963_985)] {
            assert!((normal_of(p) - x).abs() < 1e-6, "{p}: {}", normal_of(p));
        }
        assert!((normal_of(1e-15) + 7.941_345_3).abs() < 1e-5, "{}", normal_of(1e-15));
    }
}
