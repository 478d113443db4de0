//! Sums of what changes, and whether inequalities between them can hold together: Fourier–Motzkin elimination, exact and
//! with a budget. What is beyond the budget is unclear, never guessed.

use std::cmp::Ordering;

use super::exact::Fraction;

/// Something that changes while a run goes on, by its place in the table of its world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Variable(pub u32);

/// `a·x + b·y + … + constant`; in the order of variables, no factor is zero.
#[derive(Debug, Clone)]
pub struct Linear {
    pub terms: Vec<(Variable, Fraction)>,
    pub constant: Fraction,
}

/// `a·x + b·y + … ≤ limit`, or `<` when it is strict.
#[derive(Debug, Clone)]
pub struct Row {
    pub terms: Vec<(Variable, Fraction)>,
    pub limit: Fraction,
    pub strict: bool,
}

/// What is known about a set of rows.
#[derive(Debug, Clone)]
pub enum Solved {
    /// No values satisfy them all.
    Empty,
    /// These do, and they are the simplest that were found.
    Point(Vec<(Variable, Fraction)>),
    Unclear,
}

/// Rows that may exist at one time.
const MOST_ROWS: usize = 160;

impl Linear {
    #[must_use]
    pub fn constant(constant: Fraction) -> Self {
        Self { terms: Vec::new(), constant }
    }

    #[must_use]
    pub fn variable(variable: Variable) -> Self {
        Self { terms: vec![(variable, Fraction::ONE)], constant: Fraction::ZERO }
    }

    #[must_use]
    pub fn add(&self, other: &Self) -> Option<Self> {
        Some(Self {
            terms: add_terms(&self.terms, &other.terms, Fraction::ONE)?,
            constant: self.constant.add(other.constant)?,
        })
    }

    #[must_use]
    pub fn subtract(&self, other: &Self) -> Option<Self> {
        self.add(&other.scale(Fraction::whole(-1))?)
    }

    #[must_use]
    pub fn scale(&self, factor: Fraction) -> Option<Self> {
        if factor.sign() == 0 {
            return Some(Self::constant(Fraction::ZERO));
        }
        let terms = self.terms.iter().map(|(variable, own)| Some((*variable, own.multiply(factor)?)));
        Some(Self { terms: terms.collect::<Option<_>>()?, constant: self.constant.multiply(factor)? })
    }

    #[must_use]
    pub fn is_constant(&self) -> bool {
        self.terms.is_empty()
    }
}

impl Row {
    /// `linear ≤ 0`, or `< 0`.
    #[must_use]
    pub fn not_above_zero(linear: &Linear, strict: bool) -> Option<Self> {
        Some(Self { terms: linear.terms.clone(), limit: linear.constant.negate()?, strict })
    }

    /// What holds exactly where this does not.
    #[must_use]
    pub fn opposite(&self) -> Option<Self> {
        let terms = self.terms.iter().map(|(variable, factor)| Some((*variable, factor.negate()?)));
        Some(Self { terms: terms.collect::<Option<_>>()?, limit: self.limit.negate()?, strict: !self.strict })
    }

    fn factor(&self, variable: Variable) -> Fraction {
        let found = self.terms.binary_search_by_key(&variable, |(own, _)| *own);
        found.map_or(Fraction::ZERO, |at| self.terms[at].1)
    }

    /// A row without variables: whether it holds.
    fn holds(&self) -> Option<bool> {
        let order = Fraction::ZERO.compare(self.limit)?;
        Some(order == Ordering::Less || (order == Ordering::Equal && !self.strict))
    }
}

fn add_terms(
    left: &[(Variable, Fraction)],
    right: &[(Variable, Fraction)],
    factor: Fraction,
) -> Option<Vec<(Variable, Fraction)>> {
    let mut sum = Vec::with_capacity(left.len() + right.len());
    let (mut left, mut right) = (left.iter().peekable(), right.iter().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (Some((ours, _)), Some((theirs, _))) => ours.cmp(theirs),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return Some(sum),
        };
        let ours = if order == Ordering::Greater { None } else { left.next() };
        let theirs = if order == Ordering::Less { None } else { right.next() };
        let (variable, total) = match (ours, theirs) {
            (Some((variable, own)), None) => (*variable, *own),
            (None, Some((variable, other))) => (*variable, other.multiply(factor)?),
            (Some((variable, own)), Some((_, other))) => (*variable, own.add(other.multiply(factor)?)?),
            (None, None) => return Some(sum),
        };
        if total.sign() != 0 {
            sum.push((variable, total));
        }
    }
}

/// Values that satisfy all rows, or that there are none. `whole` says which variables have no values between integers.
#[must_use]
pub fn solve(rows: &[Row], whole: &dyn Fn(Variable) -> bool) -> Solved {
    try_solve(rows, whole).unwrap_or(Solved::Unclear)
}

fn try_solve(rows: &[Row], whole: &dyn Fn(Variable) -> bool) -> Option<Solved> {
    if rows.len() > MOST_ROWS {
        return None;
    }
    let mut rows: Vec<Row> = rows.iter().map(|row| rounded(row, whole)).collect::<Option<_>>()?;
    let mut eliminated: Vec<(Variable, Vec<Row>)> = Vec::new();
    loop {
        let mut open = Vec::with_capacity(rows.len());
        for row in rows {
            match row.terms.is_empty() {
                true if !row.holds()? => return Some(Solved::Empty),
                true => {}
                false => open.push(row),
            }
        }
        let Some(variable) = cheapest(&open) else { break };
        let (with, without): (Vec<Row>, Vec<Row>) = open.into_iter().partition(|row| row.factor(variable).sign() != 0);
        rows = without;
        combine(&with, variable, &mut rows)?;
        if rows.len() > MOST_ROWS {
            return None;
        }
        eliminated.push((variable, with));
    }
    let mut point: Vec<(Variable, Fraction)> = Vec::new();
    for (variable, rows) in eliminated.iter().rev() {
        let value = choose(*variable, rows, &point, whole(*variable))?;
        point.push((*variable, value));
    }
    point.sort_by_key(|(variable, _)| *variable);
    Some(Solved::Point(point))
}

/// A limit on a single integer moves to the next integer inside.
fn rounded(row: &Row, whole: &dyn Fn(Variable) -> bool) -> Option<Row> {
    let [(variable, factor)] = row.terms.as_slice() else { return Some(row.clone()) };
    if !whole(*variable) {
        return Some(row.clone());
    }
    let limit = row.limit.divide(*factor)?;
    let below = limit.floor();
    let exact = Fraction::whole(below).is(limit);
    let (sign, limit) = if factor.sign() > 0 {
        (1, if exact && row.strict { below.checked_sub(1)? } else { below })
    } else {
        let above = if exact && !row.strict { below } else { below.checked_add(1)? };
        (-1, above.checked_neg()?)
    };
    Some(Row { terms: vec![(*variable, Fraction::whole(sign))], limit: Fraction::whole(limit), strict: false })
}

/// The variable whose elimination makes the fewest new rows.
fn cheapest(rows: &[Row]) -> Option<Variable> {
    let mut variables: Vec<Variable> = rows.iter().flat_map(|row| &row.terms).map(|(variable, _)| *variable).collect();
    variables.sort_unstable();
    variables.dedup();
    variables.into_iter().min_by_key(|variable| {
        let count = |sign: i128| rows.iter().filter(|row| row.factor(*variable).sign() == sign).count();
        count(1) * count(-1)
    })
}

/// What rows that bound a variable from above and from below say together about the rest.
fn combine(rows: &[Row], variable: Variable, combined: &mut Vec<Row>) -> Option<()> {
    for upper in rows.iter().filter(|row| row.factor(variable).sign() > 0) {
        for lower in rows.iter().filter(|row| row.factor(variable).sign() < 0) {
            let factor = upper.factor(variable).divide(lower.factor(variable).negate()?)?;
            let mut terms = add_terms(&upper.terms, &lower.terms, factor)?;
            terms.retain(|(own, _)| *own != variable);
            let limit = upper.limit.add(lower.limit.multiply(factor)?)?;
            combined.push(Row { terms, limit, strict: upper.strict || lower.strict });
            if combined.len() > MOST_ROWS {
                return None;
            }
        }
    }
    Some(())
}

/// An end of an interval, and whether it belongs to it.
pub type End = Option<(Fraction, bool)>;

fn choose(variable: Variable, rows: &[Row], point: &[(Variable, Fraction)], whole: bool) -> Option<Fraction> {
    let (mut low, mut high): (End, End) = (None, None);
    for row in rows {
        let mut rest = row.limit;
        for (other, factor) in row.terms.iter().filter(|(other, _)| *other != variable) {
            let value = point.iter().find(|(known, _)| known == other).map_or(Fraction::ZERO, |(_, value)| *value);
            rest = rest.subtract(factor.multiply(value)?)?;
        }
        let factor = row.factor(variable);
        let end = (rest.divide(factor)?, !row.strict);
        if factor.sign() > 0 {
            high = Some(tighter(high, end, Ordering::Less)?);
        } else {
            low = Some(tighter(low, end, Ordering::Greater)?);
        }
    }
    simplest(low, high, whole)
}

/// The end that wins, of what is known and another one.
pub fn tighter(known: End, end: (Fraction, bool), wins: Ordering) -> Option<(Fraction, bool)> {
    let Some(known) = known else { return Some(end) };
    Some(match known.0.compare(end.0)? {
        Ordering::Equal => (known.0, known.1 && end.1),
        order if order == wins => known,
        _ => end,
    })
}

/// A value between two ends with as few digits as possible.
#[must_use]
pub fn simplest(low: End, high: End, whole: bool) -> Option<Fraction> {
    let fits = |value: Fraction| {
        let above = |(end, inside): (Fraction, bool)| match value.compare(end) {
            Some(Ordering::Greater) => true,
            Some(Ordering::Equal) => inside,
            _ => false,
        };
        let below = |(end, inside): (Fraction, bool)| match value.compare(end) {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => inside,
            _ => false,
        };
        low.is_none_or(above) && high.is_none_or(below)
    };
    let most_places = if whole { 0 } else { 12 };
    for places in least_places(low, high).min(most_places)..=most_places {
        let step = Fraction::whole(10i128.checked_pow(places)?);
        let near = match (low, high) {
            (Some((end, _)), _) => [0, 1].map(|more| end.multiply(step).map(|end| end.floor() + more)),
            (None, Some((end, _))) => [0, -1].map(|more| end.multiply(step).map(|end| end.floor() + more)),
            (None, None) => [Some(0), None],
        };
        for candidate in near.into_iter().flatten() {
            let value = Fraction::whole(candidate).divide(step)?;
            if fits(value) {
                return Some(value);
            }
        }
    }
    let ends = [low, high].into_iter().flatten().map(|(end, _)| end);
    ends.chain(middle(low, high)).find(|value| fits(*value)).filter(|_| !whole)
}

/// Where only one end is there, its own digits are plenty.
fn least_places(low: End, high: End) -> u32 {
    match (low, high) {
        (Some((end, _)), None) | (None, Some((end, _))) => (0..12)
            .find(|places| {
                let scaled = 10i128.checked_pow(*places).and_then(|step| end.multiply(Fraction::whole(step)));
                scaled.is_some_and(|scaled| Fraction::whole(scaled.floor()).is(scaled))
            })
            .unwrap_or(0),
        _ => 0,
    }
}

fn middle(low: End, high: End) -> Option<Fraction> {
    low?.0.add(high?.0)?.divide(Fraction::whole(2))
}

#[cfg(test)]
mod tests {
    use super::{End, Fraction, Linear, Row, Solved, Variable, simplest, solve};
    use crate::base::number::Number;

    const X: Variable = Variable(0);
    const Y: Variable = Variable(1);

    fn fraction(text: &str) -> Fraction {
        Number::parse(text).and_then(Fraction::of).expect("a decimal")
    }

    fn row(terms: &[(Variable, &str)], limit: &str, strict: bool) -> Row {
        let terms = terms.iter().map(|(variable, factor)| (*variable, fraction(factor))).collect();
        Row { terms, limit: fraction(limit), strict }
    }

    fn reals(_: Variable) -> bool {
        false
    }

    #[test]
    fn an_interval_has_a_point_unless_it_is_empty() {
        let rows = [row(&[(X, "1")], "0.08", true), row(&[(X, "-1")], "-0.05", true)];
        let Solved::Point(point) = solve(&rows, &reals) else { panic!("there is a point") };
        assert!(point[0].1.is(fraction("0.06")));
        let rows = [row(&[(X, "1")], "5", false), row(&[(X, "-1")], "-5", true)];
        assert!(matches!(solve(&rows, &reals), Solved::Empty));
    }

    #[test]
    fn sums_contradict_each_other() {
        let rows =
            [row(&[(X, "1"), (Y, "1")], "1", false), row(&[(X, "-1")], "-1", true), row(&[(Y, "-1")], "0", false)];
        assert!(matches!(solve(&rows, &reals), Solved::Empty));
    }

    #[test]
    fn integers_have_nothing_in_between() {
        let rows = [row(&[(X, "1")], "2", true), row(&[(X, "-1")], "-1", true)];
        assert!(matches!(solve(&rows, &reals), Solved::Point(_)));
        assert!(matches!(solve(&rows, &|_| true), Solved::Empty));
    }

    #[test]
    fn too_much_is_unclear() {
        let mut rows = Vec::new();
        for at in 0..40u32 {
            for other in 0..40u32 {
                let terms =
                    vec![(Variable(at.min(other)), fraction("1")), (Variable(at.max(other) + 50), fraction("-1"))];
                rows.push(Row { terms, limit: fraction("1"), strict: false });
                let terms =
                    vec![(Variable(at.min(other)), fraction("-1")), (Variable(at.max(other) + 50), fraction("1"))];
                rows.push(Row { terms, limit: fraction("1"), strict: false });
            }
        }
        assert!(matches!(solve(&rows, &reals), Solved::Unclear));
    }

    #[test]
    fn simple_values_come_first() {
        let end = |text: &str, inside: bool| -> End { Some((fraction(text), inside)) };
        let simple =
            |low, high| simplest(low, high, false).expect("there is one").to_number().expect("a decimal").to_string();
        assert_eq!(simple(end("1", false), None), "2");
        assert_eq!(simple(end("0.05", false), end("0.08", true)), "0.06");
        assert_eq!(simple(end("0.25", false), None), "0.26");
        assert_eq!(simple(None, end("0.25", true)), "0.25");
        assert_eq!(simple(end("0.05", true), end("0.05", true)), "0.05");
        assert_eq!(simple(None, None), "0");
    }

    #[test]
    fn linear_forms_add_up() {
        let twice = Linear::variable(X).scale(fraction("2")).expect("small");
        let none = twice.subtract(&twice).expect("small");
        assert!(none.is_constant() && none.constant.sign() == 0);
    }
}
