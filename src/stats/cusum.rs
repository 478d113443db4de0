//! Control charts over a stream: cumulative sums (Page 1954) and exponentially weighted means (Roberts 1959).

use serde::{Deserialize, Serialize};

/// Where a chart stands relative to what it watches.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    pub target: f64,
    pub sigma: f64,
    /// Half of the shift that is to be found, in sigmas.
    pub k: f64,
    pub h: f64,
    /// What both sums begin with (Lucas and Crosier 1982).
    pub headstart: f64,
    pub on_alarm: OnAlarm,
}

/// What becomes of the sums after an alarm was reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnAlarm {
    #[default]
    Continue,
    Zero,
    Headstart,
}

/// A tabular CUSUM: z = (x − target)/sigma, C± = max(0, C± ± z − k), an alarm while one is above h.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Cusum {
    setting: Setting,
    pub up: f64,
    pub down: f64,
    /// Samples since the sum was last zero (Montgomery's N⁺ and N⁻).
    pub rising: u64,
    pub falling: u64,
    pub samples: u64,
    /// The sums are to begin anew with the next sample.
    spent: bool,
}

impl Cusum {
    /// None when there is no such chart: sigma is not above zero, or something is no finite number.
    #[must_use]
    pub fn new(setting: Setting) -> Option<Self> {
        let Setting { target, sigma, k, h, headstart, .. } = setting;
        let sound = [target, sigma, k, h, headstart].iter().all(|value| value.is_finite());
        (sound && sigma > 0.0 && k >= 0.0 && h >= 0.0 && headstart >= 0.0).then_some(Self {
            setting,
            up: headstart,
            down: headstart,
            rising: 0,
            falling: 0,
            samples: 0,
            spent: false,
        })
    }

    /// Takes in a sample. One that is no number is missing: everything stays as it is.
    pub fn push(&mut self, x: f64) {
        if !x.is_finite() {
            return;
        }
        if self.spent {
            let again = if self.setting.on_alarm == OnAlarm::Headstart { self.setting.headstart } else { 0.0 };
            (self.up, self.down, self.rising, self.falling, self.spent) = (again, again, 0, 0, false);
        }
        let z = (x - self.setting.target) / self.setting.sigma;
        self.up = (self.up + z - self.setting.k).max(0.0);
        self.down = (self.down - z - self.setting.k).max(0.0);
        self.rising = if self.up > 0.0 { self.rising + 1 } else { 0 };
        self.falling = if self.down > 0.0 { self.falling + 1 } else { 0 };
        self.samples += 1;
        self.spent = self.setting.on_alarm != OnAlarm::Continue && (self.is_high() || self.is_low());
    }

    #[must_use]
    pub fn is_high(&self) -> bool {
        self.up > self.setting.h
    }

    #[must_use]
    pub fn is_low(&self) -> bool {
        self.down > self.setting.h
    }

    /// The estimated change point: for how many samples, the latest included, the greater sum has been above zero (Page 1954).
    #[must_use]
    pub fn since_change(&self) -> u64 {
        if self.up >= self.down { self.rising } else { self.falling }
    }

    /// How far the mean has moved, in sigmas: k + C/N of the greater sum (Montgomery, equation 9.6), negative when it fell.
    #[must_use]
    pub fn shift(&self) -> Option<f64> {
        let (sum, count, sign) =
            if self.up >= self.down { (self.up, self.rising, 1.0) } else { (self.down, self.falling, -1.0) };
        // What the headstart gave is no evidence.
        (count > 0).then(|| sign * (self.setting.k + sum / count as f64))
    }
}

/// An EWMA chart: w = λx + (1−λ)w from the target, with limits at ± L σ √(λ/(2−λ) (1−(1−λ)^2i)).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct EwmaChart {
    target: f64,
    sigma: f64,
    lambda: f64,
    width: f64,
    pub level: f64,
    /// (1−λ)^2i; zero makes the limits those of the steady state.
    remaining: f64,
}

impl EwmaChart {
    /// With limits that widen with the samples, exactly. None when there is no such chart.
    #[must_use]
    pub fn new((target, sigma): (f64, f64), lambda: f64, width: f64) -> Option<Self> {
        let sound = target.is_finite() && sigma.is_finite() && sigma > 0.0 && width > 0.0;
        (sound && lambda > 0.0 && lambda <= 1.0).then_some(Self {
            target,
            sigma,
            lambda,
            width,
            level: target,
            remaining: 1.0,
        })
    }

    /// With the limits of the steady state from the first sample on.
    #[must_use]
    pub fn with_fixed_limits(self) -> Self {
        Self { remaining: 0.0, ..self }
    }

    /// Takes in a sample; what is no number is missing.
    pub fn push(&mut self, x: f64) {
        if x.is_finite() {
            self.level += self.lambda * (x - self.level);
            self.remaining *= (1.0 - self.lambda) * (1.0 - self.lambda);
        }
    }

    #[must_use]
    pub fn half_width(&self) -> f64 {
        self.width * self.sigma * (self.lambda / (2.0 - self.lambda) * (1.0 - self.remaining)).sqrt()
    }

    #[must_use]
    pub fn alarms(&self) -> bool {
        (self.level - self.target).abs() > self.half_width()
    }
}

/// Which of the four zone rules of the Western Electric handbook (1956) a sample completes, in sigmas from the target: one
/// beyond 3, two of three beyond 2, four of five beyond 1, eight in a row on one side. The sample itself is beyond.
#[must_use]
pub fn zone_rules(history: &[f64]) -> [bool; 4] {
    let Some(last) = history.last() else { return [false; 4] };
    let beyond = |window: usize, needed: usize, limit: f64| {
        let Some(recent) = history.len().checked_sub(window).and_then(|from| history.get(from..)) else { return false };
        let on = |side: f64| side * last > limit && recent.iter().filter(|z| side * **z > limit).count() >= needed;
        on(1.0) || on(-1.0)
    };
    [beyond(1, 1, 3.0), beyond(3, 2, 2.0), beyond(5, 4, 1.0), beyond(8, 8, 0.0)]
}

/// The path of a CUSUM of log-likelihood ratios over zeros and ones, p0 against p1 (Reynolds and Stoumbos 1999).
#[must_use]
pub fn bernoulli_path(outcomes: &[bool], p0: f64, p1: f64) -> Vec<f64> {
    let (one, zero) = ((p1 / p0).ln(), ((1.0 - p1) / (1.0 - p0)).ln());
    let mut sum = 0.0_f64;
    let mut path = Vec::with_capacity(outcomes.len());
    for outcome in outcomes {
        sum = (sum + if *outcome { one } else { zero }).max(0.0);
        path.push(sum);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::{Cusum, OnAlarm, Setting, zone_rules};

    const SETTING: Setting =
        Setting { target: 0.0, sigma: 1.0, k: 0.5, h: 4.0, headstart: 0.0, on_alarm: OnAlarm::Continue };

    #[test]
    fn it_says_since_when_and_how_far() {
        let mut chart = Cusum::new(SETTING).expect("a chart");
        [0.0, -0.3, 0.2, 1.5, 1.5, 1.5, 1.5].iter().for_each(|x| chart.push(*x));
        assert_eq!((chart.since_change(), chart.samples), (4, 7));
        assert!((chart.shift().expect("a shift") - 1.5).abs() < 1e-12);
        assert!(!chart.is_high(), "4.0 is not above 4.0");
        chart.push(f64::NAN);
        assert_eq!(chart.samples, 7);
    }

    #[test]
    fn a_chart_without_a_spread_is_none() {
        assert!(Cusum::new(Setting { sigma: 0.0, ..SETTING }).is_none());
        assert!(Cusum::new(Setting { target: f64::NAN, ..SETTING }).is_none());
    }

    #[test]
    fn zone_rules_want_their_whole_window() {
        assert_eq!(zone_rules(&[3.1]), [true, false, false, false]);
        assert_eq!(zone_rules(&[2.1, 0.0, 2.2]), [false, true, false, false]);
        assert_eq!(zone_rules(&[2.1, 2.2]), [false; 4]);
        assert!(zone_rules(&[-0.1; 8])[3]);
        assert_eq!(zone_rules(&[]), [false; 4]);
    }
}
