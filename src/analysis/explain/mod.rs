//! What each code means, for `explain`: the cause, an example that has it, and the same without it. The examples are
//! tests: each bad one, checked as `example.deploy`, gives its code, and no good one does.

mod graph;
mod names;
mod syntax;
mod types;
mod upkeep;

use crate::base::diagnostic::Code;

use super::lints;

#[derive(Debug, Clone, Copy)]
pub struct Explanation {
    pub code: Code,
    pub why: &'static str,
    pub bad: &'static str,
    pub good: &'static str,
}

/// The explanation of a code, whether it belongs to a lint or to a rule of the language.
#[must_use]
pub fn explanation(code: Code) -> Option<Explanation> {
    let tables =
        [syntax::EXPLANATIONS, names::EXPLANATIONS, types::EXPLANATIONS, graph::EXPLANATIONS, upkeep::EXPLANATIONS];
    let rule = tables.into_iter().flatten().find(|explanation| explanation.code == code).copied();
    let lint = || lints::LINTS.iter().find(|lint| lint.code == code);
    rule.or_else(|| lint().map(|lint| Explanation { code, why: lint.why, bad: lint.bad, good: lint.good }))
}
