//! `failures(probe)` and `success_rate(probe, D)`: what the probes of a sentinel have said. A call without an answer counts neither way.

use super::arguments::Arguments;
use super::windows::{Measured, Measuring};
use crate::base::number::Number;
use crate::contract::held::Held;
use crate::contract::value::{Unit, Value};
use crate::eval::Unknown;
use crate::stats::checks::{Check, success_rate, trailing_failures};

pub fn call(arguments: &Arguments<'_>, function: &str, (group, probe): (&str, &str)) -> Measuring {
    let scene = arguments.scene;
    let silent =
        || Unknown(format!("the probe `{}.{probe}` has not been called", group.trim_start_matches("sentinel ")));
    let place = scene.state.series.place(group, probe).ok_or_else(silent)?;
    let from = match function {
        "failures" => scene.state.started_at.minus(std::time::Duration::from_micros(1)),
        _ => scene.at.minus(arguments.named().duration("window")?),
    };
    let checks: Vec<Check> = scene.state.series.between(place, from, scene.at).map(|(_, it)| check(it)).collect();
    let known = checks.iter().filter(|check| **check != Check::Missing).count();
    if known == 0 {
        return Err(silent());
    }
    let arithmetic = format!("{known} of {} calls", checks.len());
    let value = if function == "failures" {
        Value::int(i64::try_from(trailing_failures(&checks)).unwrap_or(i64::MAX))
    } else {
        let (passed, counted) = success_rate(&checks);
        let number = |count: u64| Number::from(i64::try_from(count).unwrap_or(i64::MAX));
        Value::Quantity(number(passed).divide(number(counted)).ok_or_else(silent)?, Unit::Ratio)
    };
    Ok(Measured { value, arithmetic })
}

fn check(sample: &Held) -> Check {
    match sample.truth() {
        Some(true) => Check::Pass,
        Some(false) => Check::Fail,
        None => Check::Missing,
    }
}
