//! How two versions of one condition compare, whatever the samples are: what a review of a change wants to know first.

use std::sync::LazyLock;

use crate::contract::types::Type;
use crate::model::expr::Expr;
use crate::model::program::Program;

use super::super::constants::Constants;
use super::reading::{Reader, Standpoint};
use super::sets::{cells, surely_implies};
use super::standing::NOWHERE;

/// Where the later version is true, against the earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shift {
    /// At the same instants.
    Same,
    /// True wherever the earlier one is, and elsewhere too.
    Wider,
    /// Not everywhere where the earlier one is, and nowhere else.
    Narrower,
}

/// Environment and `let`s are put in already where conditions of plans are compared.
static NOTHING_DECLARED: LazyLock<Program> = LazyLock::new(Program::default);

/// Proved, or none: both may be true where the other one is not, or it could not be decided.
#[must_use]
pub fn shift(earlier: &Expr, later: &Expr) -> Option<Shift> {
    if earlier.is_same_as(later) {
        return Some(Shift::Same);
    }
    if earlier.ty == Type::Error || later.ty == Type::Error {
        return None;
    }
    let mut reader = Reader::new(&NOTHING_DECLARED, Constants::new(&NOWHERE, None));
    let [earlier, later] = [earlier, later].map(|expr| reader.condition(expr, Standpoint::default()));
    let table = reader.finish();
    let (earlier, later) = (cells(&earlier, true)?, cells(&later, true)?);
    match (surely_implies(&earlier, &later, &table), surely_implies(&later, &earlier, &table)) {
        (true, true) => Some(Shift::Same),
        (true, false) => Some(Shift::Wider),
        (false, true) => Some(Shift::Narrower),
        (false, false) => None,
    }
}
