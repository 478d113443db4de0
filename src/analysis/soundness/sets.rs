//! Conditions as sets: unions of cells, each a conjunction of inequalities and choices.
//!
//! A proof that a set is empty holds for whatever is known at run time: what an evaluation finds true with some values
//! missing is true for any values in their place. A formula beyond the budget has no cells, and nothing is said about it.

use std::cmp::Ordering;
use std::rc::Rc;

use rustc_hash::FxHashSet;

use crate::contract::value::Value;

use super::exact::Fraction;
use super::linear::{End, Linear, Row, Solved, Variable, solve, tighter};
use super::table::{Table, Values};

/// A condition, with everything known put in.
#[derive(Debug, Clone)]
pub enum Formula {
    Known(bool),
    Atom(Atom),
    All(Vec<Rc<Formula>>),
    Any(Vec<Rc<Formula>>),
    Not(Rc<Formula>),
}

#[derive(Debug, Clone)]
pub enum Atom {
    /// `linear ≤ 0`, or `< 0`.
    NotAboveZero { linear: Linear, strict: bool },
    /// `linear = 0`
    Zero(Linear),
    /// The variable is one of these values.
    OneOf(Variable, Vec<Value>),
}

/// What holds all at once.
#[derive(Debug, Clone, Default)]
pub struct Cell {
    pub rows: Vec<Row>,
    pub choices: Vec<Choice>,
}

/// One of these values, or (not `inside`) none of them.
#[derive(Debug, Clone)]
pub struct Choice {
    pub variable: Variable,
    pub values: Vec<Value>,
    pub inside: bool,
}

const MOST_CELLS: usize = 64;
const MOST_PARTS: usize = 2_048;

/// Where the formula is true (or false, when not `positive`); none when that is too much to write down.
#[must_use]
pub fn cells(formula: &Formula, positive: bool) -> Option<Vec<Cell>> {
    match formula {
        Formula::Known(truth) if *truth == positive => Some(vec![Cell::default()]),
        Formula::Known(_) => Some(Vec::new()),
        Formula::Not(inner) => cells(inner, !positive),
        Formula::Atom(atom) => atom_cells(atom, positive),
        Formula::All(parts) if positive => product(parts, positive),
        Formula::Any(parts) if !positive => product(parts, positive),
        Formula::All(parts) | Formula::Any(parts) => {
            let mut union = Vec::new();
            for part in parts {
                union.extend(cells(part, positive)?);
                within_budget(&union)?;
            }
            Some(union)
        }
    }
}

fn product(parts: &[Rc<Formula>], positive: bool) -> Option<Vec<Cell>> {
    let mut whole = vec![Cell::default()];
    for part in parts {
        let part = cells(part, positive)?;
        if let ([own], [more]) = (whole.as_mut_slice(), part.as_slice()) {
            own.extend(more);
        } else {
            whole = whole.iter().flat_map(|left| part.iter().map(|right| left.and(right))).collect();
        }
        within_budget(&whole)?;
    }
    Some(whole)
}

fn within_budget(cells: &[Cell]) -> Option<()> {
    let parts: usize = cells.iter().map(|cell| cell.rows.len() + cell.choices.len()).sum();
    (cells.len() <= MOST_CELLS && parts <= MOST_PARTS).then_some(())
}

fn atom_cells(atom: &Atom, positive: bool) -> Option<Vec<Cell>> {
    let of_rows = |rows: Vec<Row>| Cell { rows, choices: Vec::new() };
    Some(match atom {
        Atom::NotAboveZero { linear, strict } => {
            let row = Row::not_above_zero(linear, *strict)?;
            vec![of_rows(vec![if positive { row } else { row.opposite()? }])]
        }
        Atom::Zero(linear) => {
            let below = Row::not_above_zero(linear, !positive)?;
            let above = Row::not_above_zero(&linear.scale(Fraction::whole(-1))?, !positive)?;
            if positive { vec![of_rows(vec![below, above])] } else { vec![of_rows(vec![below]), of_rows(vec![above])] }
        }
        Atom::OneOf(variable, values) => {
            let choice = Choice { variable: *variable, values: values.clone(), inside: positive };
            vec![Cell { rows: Vec::new(), choices: vec![choice] }]
        }
    })
}

impl Cell {
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        let mut both = self.clone();
        both.extend(other);
        both
    }

    pub fn extend(&mut self, other: &Self) {
        self.rows.extend(other.rows.iter().cloned());
        self.choices.extend(other.choices.iter().cloned());
    }

    /// All that it says something about.
    #[must_use]
    pub fn variables(&self) -> Vec<Variable> {
        let rows = self.rows.iter().flat_map(|row| &row.terms).map(|(variable, _)| *variable);
        let mut found: Vec<Variable> = rows.chain(self.choices.iter().map(|choice| choice.variable)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What it says about these variables and all that its rows tie to them.
    #[must_use]
    pub fn about(&self, variables: &[Variable]) -> Self {
        let mut known: FxHashSet<Variable> = variables.iter().copied().collect();
        let mut open: Vec<&Row> = self.rows.iter().collect();
        let mut rows = Vec::new();
        loop {
            let (tied, rest): (Vec<&Row>, Vec<&Row>) =
                open.into_iter().partition(|row| row.terms.iter().any(|(variable, _)| known.contains(variable)));
            if tied.is_empty() {
                break;
            }
            known.extend(tied.iter().flat_map(|row| &row.terms).map(|(variable, _)| *variable));
            rows.extend(tied.into_iter().cloned());
            open = rest;
        }
        let choices = self.choices.iter().filter(|choice| known.contains(&choice.variable)).cloned().collect();
        Self { rows, choices }
    }

    /// Values for its rows, or that nothing is in it.
    #[must_use]
    pub fn solve(&self, table: &Table) -> Solved {
        if self.choices.iter().any(|choice| self.leaves_nothing(choice.variable, table)) {
            return Solved::Empty;
        }
        let mut rows = self.rows.clone();
        for variable in self.variables() {
            rows.extend(table.domain(variable));
        }
        solve(&rows, &|variable| table.facts(variable).values == Values::Whole)
    }

    #[must_use]
    pub fn is_empty(&self, table: &Table) -> bool {
        if self.is_surely_open(table) {
            return false;
        }
        let by_intervals = if self.choices.is_empty() { self.is_empty_by_intervals(table) } else { None };
        by_intervals.unwrap_or_else(|| matches!(self.solve(table), Solved::Empty))
    }

    /// Where each row is about one variable, each variable has an interval; none for whatever else there is. The same
    /// answer as that of [`solve`], and nothing to eliminate.
    fn is_empty_by_intervals(&self, table: &Table) -> Option<bool> {
        const FEW: usize = 16;
        if self.rows.len() > FEW {
            return None;
        }
        let mut intervals: Vec<(Variable, End, End)> = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            let [(variable, factor)] = row.terms.as_slice() else { return None };
            let facts = table.facts(*variable);
            if facts.values == Values::Whole {
                return None;
            }
            let known = intervals.iter().position(|(own, ..)| own == variable).unwrap_or(intervals.len());
            if known == intervals.len() {
                let end = |limit: Option<Fraction>| limit.map(|limit| (limit, true));
                intervals.push((*variable, end(facts.low), end(facts.high)));
            }
            let (_, low, high) = &mut intervals[known];
            let end = (row.limit.divide(*factor)?, !row.strict);
            if factor.sign() > 0 {
                *high = Some(tighter(*high, end, Ordering::Less)?);
            } else {
                *low = Some(tighter(*low, end, Ordering::Greater)?);
            }
        }
        let mut is_empty = false;
        for (_, low, high) in intervals {
            let (Some(low), Some(high)) = (low, high) else { continue };
            is_empty |= match low.0.compare(high.0)? {
                Ordering::Less => false,
                Ordering::Equal => !(low.1 && high.1),
                Ordering::Greater => true,
            };
        }
        Some(is_empty)
    }

    /// A single row with a variable that may go as far as it takes: most conditions, and nothing to compute.
    fn is_surely_open(&self, table: &Table) -> bool {
        let ([row], []) = (self.rows.as_slice(), self.choices.as_slice()) else { return false };
        row.terms.iter().any(|(variable, factor)| {
            let facts = table.facts(*variable);
            if factor.sign() > 0 { facts.low.is_none() } else { factor.sign() < 0 && facts.high.is_none() }
        })
    }

    fn leaves_nothing(&self, variable: Variable, table: &Table) -> bool {
        let own = || self.choices.iter().filter(|choice| choice.variable == variable);
        let truths = [Value::Bool(false), Value::Bool(true)];
        let candidates: &[Value] = match own().find(|choice| choice.inside) {
            Some(first) => &first.values,
            None if table.facts(variable).values == Values::Truth => &truths,
            // Outside of finitely many texts there are others.
            None => return false,
        };
        !candidates.iter().any(|value| own().all(|choice| choice.values.contains(value) == choice.inside))
    }

    /// Whether `other` is known and true wherever this is, and this is known and false wherever `other` is: part by
    /// part, each proved by what this says about the variables of that part alone.
    fn surely_implies(&self, other: &Self, table: &Table) -> bool {
        let only = |variables: &[Variable]| Self {
            rows: self
                .rows
                .iter()
                .filter(|row| row.terms.iter().all(|(own, _)| variables.contains(own)))
                .cloned()
                .collect(),
            choices: self.choices.iter().filter(|choice| variables.contains(&choice.variable)).cloned().collect(),
        };
        let rows = other.rows.iter().all(|row| {
            let variables: Vec<Variable> = row.terms.iter().map(|(variable, _)| *variable).collect();
            let mut own = only(&variables);
            let covers = own.variables() == variables;
            row.opposite().is_some_and(|opposite| {
                own.rows.push(opposite);
                covers && own.is_empty(table)
            })
        });
        rows && other.choices.iter().all(|choice| {
            let mut own = only(&[choice.variable]);
            let covers = !own.choices.is_empty();
            own.choices.push(Choice { inside: !choice.inside, ..choice.clone() });
            covers && own.is_empty(table)
        })
    }
}

/// Whether the one condition is true at every instant at which the other is, and false at every one at which that is
/// false, whatever data are missing. Not both of `false` are proved: it may be so all the same.
#[must_use]
pub fn surely_implies(loose: &[Cell], strict: &[Cell], table: &Table) -> bool {
    !loose.is_empty() && loose.iter().all(|own| strict.iter().any(|other| own.surely_implies(other, table)))
}
