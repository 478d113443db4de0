//! How well a model knows what it does not know.

pub mod isotonic;
pub mod reliability;
pub mod threshold;

use super::table::Table;
use crate::stats::calibration::Prediction;

/// The columns `probability` and `outcome` of a table.
fn predictions(path: &str, text: &str) -> Result<Vec<Prediction>, String> {
    let table = Table::read(path, text)?;
    let probabilities = table.probabilities(path, "probability")?;
    let outcomes = table.column(path, "outcome")?.enumerate().map(|(at, cell)| match cell {
        "0" | "0.0" | "false" => Ok(false),
        "1" | "1.0" | "true" => Ok(true),
        _ => Err(format!("row {} of `{path}`: the outcome `{cell}` is neither 0 nor 1", at + 2)),
    });
    let outcomes: Vec<bool> = outcomes.collect::<Result<_, _>>()?;
    let predictions: Vec<Prediction> = probabilities.into_iter().zip(outcomes).collect();
    if predictions.is_empty() { Err(format!("`{path}` has no rows")) } else { Ok(predictions) }
}
