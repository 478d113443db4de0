//! The rows that calibration learns from: `probability`, `outcome`, and where they are there `weight` and `time`.

use std::time::Duration;

use crate::base::time::Timestamp;
use crate::stats::calibration::Prediction;
use crate::stats::isotonic::{Knot, fit_weighted, knots};
use crate::steps::table::Table;

/// One row: what the model said, what came of it, and how much it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    pub probability: f64,
    pub outcome: bool,
    pub weight: f64,
}

impl Sample {
    #[must_use]
    pub fn prediction(&self) -> Prediction {
        (self.probability, self.outcome)
    }
}

/// All rows; none is a fault.
pub fn samples(path: &str, table: &Table) -> Result<Vec<Sample>, String> {
    let probabilities = table.probabilities(path, "probability")?;
    let weights = if table.has("weight") { table.numbers(path, "weight")? } else { vec![1.0; probabilities.len()] };
    if let Some(at) = weights.iter().position(|weight| *weight < 0.0) {
        return Err(format!("row {} of `{path}`: the weight {} is below 0", at + 2, weights[at]));
    }
    let mut samples = Vec::with_capacity(probabilities.len());
    for (at, cell) in table.column(path, "outcome")?.enumerate() {
        let outcome = match cell {
            "0" | "0.0" | "false" => false,
            "1" | "1.0" | "true" => true,
            _ => return Err(format!("row {} of `{path}`: the outcome `{cell}` is neither 0 nor 1", at + 2)),
        };
        samples.push(Sample { probability: probabilities[at], outcome, weight: weights[at] });
    }
    if samples.is_empty() { Err(format!("`{path}` has no rows")) } else { Ok(samples) }
}

/// Which rows are learnt from, and which are held out: those of the last `length` before the newest row, itself included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holdout {
    pub trained: Vec<usize>,
    pub held: Vec<usize>,
}

/// # Errors
/// When a row has no time, or one of the parts is empty.
pub fn hold_out(path: &str, table: &Table, length: Duration) -> Result<Holdout, String> {
    let times: Vec<Timestamp> = table.times(path, "time")?;
    let newest = times.iter().max().copied().ok_or_else(|| format!("`{path}` has no rows"))?;
    let first = Timestamp(newest.0.saturating_add(1)).minus(length);
    let (held, trained): (Vec<usize>, Vec<usize>) = (0..times.len()).partition(|at| times[*at] >= first);
    if trained.is_empty() {
        let length = crate::base::time::format_duration(length);
        return Err(format!("every row of `{path}` lies in its last {length}: nothing is left to learn from"));
    }
    Ok(Holdout { trained, held })
}

/// The isotonic curve through the chosen rows.
pub fn curve(path: &str, samples: &[Sample], chosen: &[usize]) -> Result<Vec<Knot>, String> {
    let points: Vec<(f64, f64, f64)> = chosen
        .iter()
        .map(|at| samples[*at])
        .map(|sample| (sample.probability, f64::from(u8::from(sample.outcome)), sample.weight))
        .collect();
    let levels = fit_weighted(&points).ok_or_else(|| format!("every row of `{path}` weighs nothing"))?;
    Ok(knots(&levels))
}
