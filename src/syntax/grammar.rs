//! The parser that pest derives from `grammar/phasegate.pest`, behind one function.
//!
//! pest is used without its `std` feature: nothing guards the stack. Callers hand in only text that
//! [`super::scan`] has found to be nested within bounds.

use core::num::NonZeroUsize;
use core::sync::atomic::{AtomicUsize, Ordering};

use pest::Parser;
use pest::iterators::{Pair, Pairs};

/// One node of the concrete tree.
pub(super) type Node<'i> = Pair<'i, Rule>;

#[derive(pest_derive::Parser)]
#[grammar = "grammar/phasegate.pest"]
struct Grammar;

/// The most calls of rules that pest may make for a byte, and for any text at all. Real files need about a tenth.
const CALLS_PER_BYTE: usize = 400;
const CALLS_AT_LEAST: usize = 100_000;

/// The largest budget so far: pest keeps one per process, so it may only grow.
static BUDGET: AtomicUsize = AtomicUsize::new(0);

/// Parses prepared text from its first byte to its last. `None` when the work budget did not suffice.
pub(super) fn parse(rule: Rule, prepared: &str) -> Option<Pairs<'_, Rule>> {
    let wanted = prepared.len().saturating_mul(CALLS_PER_BYTE).max(CALLS_AT_LEAST);
    let budget = BUDGET.fetch_max(wanted, Ordering::Relaxed).max(wanted);
    pest::set_call_limit(NonZeroUsize::new(budget));
    Grammar::parse(rule, prepared).ok()
}
