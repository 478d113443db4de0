//! Rubrics: how documents are scored.

use serde::{Deserialize, Serialize};

use super::expr::{Expr, LocalId};
use super::program::Local;
use crate::base::number::Number;
use crate::base::span::Location;
use crate::contract::types::Type;

/// `rubric NAME for json { pass when … tier … { criterion … { award … } } }`
///
/// Its expressions see locals: the conditions of awards `doc`, `pass` the points of the whole document (`score`) and of
/// each tier by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rubric {
    pub name: String,
    pub doc: Option<String>,
    /// What it scores: `json`, or a declared type that a document is read as.
    pub subject: Type,
    /// `doc`, `score`, and one for each tier.
    pub locals: Vec<Local>,
    /// None: no document fails.
    pub pass: Option<Expr>,
    pub tiers: Vec<Tier>,
    pub at: Location,
}

impl Rubric {
    /// `doc`
    pub const DOCUMENT: LocalId = LocalId(0);
    /// `score`
    pub const SCORE: LocalId = LocalId(1);

    /// The most points that a document can have.
    #[must_use]
    pub fn points(&self) -> Number {
        self.tiers.iter().fold(Number::ZERO, |sum, tier| sum.add(tier.points()))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tier {
    pub name: String,
    /// What `pass` calls its points.
    pub local: LocalId,
    pub criteria: Vec<Criterion>,
    pub at: Location,
}

impl Tier {
    /// The sum of its criteria's points.
    #[must_use]
    pub fn points(&self) -> Number {
        self.criteria.iter().fold(Number::ZERO, |sum, criterion| sum.add(criterion.points))
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    pub name: String,
    pub title: Option<Expr>,
    /// The sum of its awards.
    pub points: Number,
    pub awards: Vec<Award>,
    pub at: Location,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Award {
    pub points: Number,
    /// None: every document has it. Unknown (a path that the document lacks) is no award.
    pub when: Option<Expr>,
    pub at: Location,
}
