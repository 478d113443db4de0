//! How long a cumulative sum runs until it raises a false alarm.

/// The average number of samples between false alarms of a tabular CUSUM over independent normal samples, by Siegmund's
/// corrected diffusion approximation (D. Siegmund, *Sequential Analysis*, 1985); a few per cent off for usual limits.
#[must_use]
pub fn between_false_alarms(k: f64, h: f64, two_sided: bool) -> Option<f64> {
    if !(k > 0.0 && h > 0.0) {
        return None;
    }
    let grown = 2.0 * k * (h + 1.166);
    let one_side = (grown.exp() - grown - 1.0) / (2.0 * k * k);
    let length = if two_sided { one_side / 2.0 } else { one_side };
    length.is_finite().then_some(length)
}

#[cfg(test)]
mod tests {
    use super::between_false_alarms;

    #[test]
    fn it_is_near_the_exact_run_lengths() {
        // Exact values: Montgomery, Introduction to Statistical Quality Control, table 9.3; Hawkins and Olwell 1998.
        for (h, exact) in [(4.0, 167.68), (5.0, 465.44)] {
            let length = between_false_alarms(0.5, h, true).expect("a length");
            assert!((length / exact - 1.0).abs() < 0.02, "h = {h}: {length} for {exact}");
        }
        let (both, one) = (between_false_alarms(0.5, 5.0, true), between_false_alarms(0.5, 5.0, false));
        assert_eq!(both.map(|both| both * 2.0), one);
    }

    #[test]
    fn without_slack_or_limit_there_is_none() {
        assert_eq!(between_false_alarms(0.0, 5.0, true), None);
        assert_eq!(between_false_alarms(0.5, f64::NAN, true), None);
    }
}
