//! How a plan names what the probes of a sentinel say.

use crate::model::expr::Expr;

/// What the name of a sentinel's group begins with.
pub const SENTINEL: &str = "sentinel ";

/// The group and field that hold what a probe says, for a function that asks about one. The group of a sentinel has a name
/// that no metrics have.
#[must_use]
pub fn probe_read(function: &str, args: &[(String, Expr)]) -> Option<(String, String)> {
    if !matches!(function, "failures" | "success_rate") {
        return None;
    }
    let (_, probe) = args.first()?;
    let (sentinel, probe) = probe.as_literal()?.as_text()?.rsplit_once('.')?;
    Some((format!("{SENTINEL}{sentinel}"), probe.to_owned()))
}
