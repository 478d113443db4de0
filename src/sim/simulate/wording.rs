//! Models as people write them: the `given …` lines of a test, in which a metric may also be a sum of functions of chance.
//!
//! `given api.p95 = normal(200ms, 20ms) + step(40ms, at: 26h)`. Lines with such functions are read here and blanked out of
//! the text; what is left is read by the checker like the lines of any test.

use std::time::Duration;

use crate::base::diagnostic::Diagnostic;
use crate::base::source::SourceFile;
use crate::base::span::{FileId, Span};
use crate::base::time::Timestamp;
use crate::contract::types::Type;
use crate::contract::value::Unit;
use crate::sim::model::{Gap, Model, Term};
use crate::sim::recording::Series;
use crate::syntax::ast::{
    self, Arg, BinaryOperator, Expr, ExprKind, GivenMetric, ItemKind, TestClause, TestClauseKind,
};
use crate::syntax::parse;

const OPENING: &str = "test \"a model\" {\n";

/// A metric that goes by chance, as it is written.
#[derive(Debug, Clone)]
pub struct Chance {
    pub group: String,
    pub field: String,
    /// In the text it stands in.
    pub at: Span,
    pub metric_at: Span,
    course: Expr,
    /// Parts of it that could not be read.
    unread: Vec<Fault>,
}

/// What is wrong with a model, with its place in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub at: Span,
    pub message: String,
    pub help: String,
}

/// What is known of the metric that a model is for.
pub struct Subject<'a> {
    pub ty: &'a Type,
    pub every: Duration,
    pub start: Timestamp,
    pub recorded: Option<&'a Series>,
    /// The recording begins anew after so long.
    pub repeats: Option<Duration>,
}

/// The lines about chance in `text`, and the text with blanks in their place.
#[must_use]
pub fn split(text: &str) -> (Vec<Chance>, String) {
    let whole = format!("{OPENING}{text}\n}}\n");
    let parsed = parse(&SourceFile::new(FileId::default(), "model", whole));
    let unread: Vec<Fault> = parsed.diagnostics.iter().map(fault).collect();
    let clauses = parsed.file.items().filter_map(|item| match &item.kind {
        ItemKind::Test(test) => Some(test.clauses.clone()),
        _ => None,
    });
    let mut chances: Vec<Chance> = clauses.flatten().filter_map(chance).collect();
    for chance in &mut chances {
        let within = |fault: &&Fault| chance.at.start <= fault.at.start && fault.at.start <= chance.at.end;
        chance.unread = unread.iter().filter(within).cloned().collect();
    }
    let mut rest = text.to_owned();
    for Chance { at, .. } in &chances {
        let blank: String = text.get(at.range()).unwrap_or_default().chars().map(blank).collect();
        if rest.is_char_boundary(at.start as usize) && rest.is_char_boundary(at.end as usize) {
            rest.replace_range(at.range(), &blank);
        }
    }
    (chances, rest)
}

/// What the parser says, since nobody else will see these lines.
fn fault(diagnostic: &Diagnostic) -> Fault {
    let help = diagnostic.help.clone().unwrap_or_else(|| format!("add up values and {FUNCTIONS}"));
    Fault { at: inside(diagnostic.at.span), message: diagnostic.message.clone(), help }
}

/// As many bytes as before, so that everything else keeps its place.
fn blank(letter: char) -> &'static str {
    const BLANKS: &str = "    ";
    if letter == '\n' { "\n" } else { &BLANKS[..letter.len_utf8().min(BLANKS.len())] }
}

fn chance(clause: TestClause) -> Option<Chance> {
    let TestClauseKind::GivenMetric { metric, what: GivenMetric::Values { first, then, noise } } = clause.kind else {
        return None;
    };
    let ExprKind::Field(group, field) = &*metric.expr.kind else { return None };
    let ExprKind::Name(group) = &*group.kind else { return None };
    let has_chance =
        then.is_empty() && noise.is_none() && summands(&first).is_some_and(|terms| terms.iter().any(is_function));
    has_chance.then(|| Chance {
        group: group.text.clone(),
        field: field.text.clone(),
        at: inside(clause.at),
        metric_at: inside(metric.expr.at),
        course: first,
        unread: Vec::new(),
    })
}

fn inside(at: Span) -> Span {
    let shifted = |offset: u32| (offset as usize).saturating_sub(OPENING.len());
    Span::new(shifted(at.start), shifted(at.end))
}

/// `a + b + c`; none when it is something else than a sum.
fn summands(expr: &Expr) -> Option<Vec<&Expr>> {
    let mut terms = Vec::new();
    let mut open = vec![expr];
    while let Some(expr) = open.pop() {
        match &*expr.kind {
            ExprKind::Binary { operator: BinaryOperator::Add, left, right, .. } => open.extend([right, left]),
            ExprKind::Group(inner) => open.push(inner),
            ExprKind::Broken => return None,
            _ => terms.push(expr),
        }
    }
    Some(terms)
}

fn is_function(expr: &&Expr) -> bool {
    match &*expr.kind {
        ExprKind::Call { callee, .. } => matches!(&*callee.kind, ExprKind::Name(_)),
        ExprKind::Name(name) => name.text == "recorded",
        _ => false,
    }
}

impl Chance {
    /// The model of a metric.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn read(&self, subject: &Subject<'_>) -> Result<Model, Vec<Fault>> {
        if !self.unread.is_empty() {
            return Err(self.unread.clone());
        }
        let Some(unit) = subject.ty.unit() else {
            let message =
                format!("`{}.{}` is {}, of which there is no model", self.group, self.field, subject.ty.with_article());
            let help = "only numbers, durations, ratios, bytes and rates can be modelled; write its values".to_owned();
            return Err(vec![Fault { at: self.metric_at, message, help }]);
        };
        let mut reader = Reader { unit, subject, faults: Vec::new(), lag: Duration::ZERO };
        let terms = summands(&self.course).unwrap_or_default();
        let terms: Vec<Term> = terms.into_iter().filter_map(|term| reader.term(term)).collect();
        if !reader.faults.is_empty() {
            return Err(reader.faults);
        }
        let lag = reader.lag;
        let clamped = terms.iter().any(|term| matches!(term, Term::Clamp { .. }));
        let naturally = matches!(unit, Unit::Duration | Unit::Ratio | Unit::Bytes);
        Ok(Model {
            unit,
            whole: matches!(subject.ty.plain(), Type::Int),
            every: subject.every,
            recorded: terms.contains(&Term::Recorded).then(|| subject.recorded.cloned()).flatten(),
            repeats: subject.repeats,
            lag,
            digits: digits(&terms),
            positive: naturally && !clamped,
            terms,
        })
    }
}

/// So many that a millionth of the model can be seen.
fn digits(terms: &[Term]) -> u8 {
    const MOST: u8 = 12;
    let size = |term: &Term| match *term {
        Term::Constant(value) => value.abs(),
        Term::Normal { mean, deviation } | Term::Autoregressive { mean, deviation, .. } => mean.abs().max(deviation),
        _ => 0.0,
    };
    let size = terms.iter().map(size).fold(0.0, f64::max);
    let mut scaled = if size > 0.0 { size } else { 1e-3 };
    let mut digits = 0;
    while scaled < 1e6 && digits < MOST {
        (scaled, digits) = (scaled * 10.0, digits + 1);
    }
    digits
}

struct Reader<'a> {
    unit: Unit,
    subject: &'a Subject<'a>,
    faults: Vec<Fault>,
    lag: Duration,
}

const FUNCTIONS: &str =
    "`normal`, `ar1`, `season`, `step`, `ramp`, `outage`, `nan`, `lag`, `clamp`, `constant`, `recorded`";

/// The parameters of each function; those behind the number may be left out.
const PARAMETERS: [(&str, &[&str], usize); 10] = [
    ("constant", &["value"], 1),
    ("normal", &["mean", "sigma"], 2),
    ("ar1", &["mean", "sigma", "keeps"], 3),
    ("season", &["amplitude", "period", "peak"], 1),
    ("step", &["by", "at"], 2),
    ("ramp", &["by", "from", "to"], 3),
    ("outage", &["from", "to", "every", "lasts"], 0),
    ("nan", &["from", "to", "every", "lasts"], 0),
    ("lag", &["by"], 1),
    ("clamp", &["low", "high"], 2),
];

impl Reader<'_> {
    fn fault(&mut self, at: Span, message: String, help: impl Into<String>) {
        self.faults.push(Fault { at: inside(at), message, help: help.into() });
    }

    fn term(&mut self, expr: &Expr) -> Option<Term> {
        match &*expr.kind {
            ExprKind::Call { callee, args } => {
                let ExprKind::Name(name) = &*callee.kind else { return self.no_term(expr) };
                let Some((function, names, needed)) = PARAMETERS.iter().find(|(known, ..)| *known == name.text) else {
                    self.fault(
                        callee.at,
                        format!("there is no model `{}`", name.text),
                        format!("there are {FUNCTIONS}"),
                    );
                    return None;
                };
                let args = self.arguments(expr, args, (names, *needed))?;
                self.function(function, expr.at, &args)
            }
            ExprKind::Name(name) if name.text == "recorded" => {
                if self.subject.recorded.is_none() {
                    let help = "give a file with a column of its name by `--metrics FILE`";
                    self.fault(expr.at, "there is no recording of this metric".to_owned(), help);
                }
                Some(Term::Recorded)
            }
            _ => self.quantity(expr).map(Term::Constant),
        }
    }

    fn no_term(&mut self, expr: &Expr) -> Option<Term> {
        self.fault(expr.at, "this is no part of a model".to_owned(), format!("add up values and {FUNCTIONS}"));
        None
    }

    /// The arguments in the order of the parameters.
    fn arguments<'e>(
        &mut self,
        call: &Expr,
        args: &'e [Arg],
        (names, needed): (&[&'static str], usize),
    ) -> Option<Vec<Option<&'e Expr>>> {
        let mut found: Vec<Option<&Expr>> = vec![None; names.len()];
        for (place, arg) in args.iter().enumerate() {
            let position = match &arg.name {
                Some(name) => names.iter().position(|known| *known == name.text),
                None => Some(place).filter(|place| *place < names.len()),
            };
            let Some(position) = position else {
                let at = arg.name.as_ref().map_or(arg.value.at, |name| name.at);
                self.fault(at, "there is no such parameter".to_owned(), format!("there are `{}`", names.join("`, `")));
                return None;
            };
            if found[position].replace(&arg.value).is_some() {
                self.fault(arg.value.at, format!("`{}` is given twice", names[position]), "leave one of them out");
                return None;
            }
        }
        if let Some(missing) = (0..needed).find(|place| found[*place].is_none()) {
            let help = format!("the parameters are `{}`", names.join("`, `"));
            self.fault(call.at, format!("`{}` is missing", names[missing]), help);
            return None;
        }
        Some(found)
    }

    fn function(&mut self, function: &str, at: Span, args: &[Option<&Expr>]) -> Option<Term> {
        let arg = |place: usize| args.get(place).copied().flatten();
        match function {
            "constant" => self.quantity(arg(0)?).map(Term::Constant),
            "normal" => {
                let (mean, deviation) = (self.quantity(arg(0)?), self.deviation(arg(1)?));
                Some(Term::Normal { mean: mean?, deviation: deviation? })
            }
            "ar1" => {
                let (mean, deviation) = (self.quantity(arg(0)?), self.deviation(arg(1)?));
                let keeps = self.share(arg(2)?);
                Some(Term::Autoregressive { mean: mean?, deviation: deviation?, keeps: keeps? })
            }
            "season" => self.season((arg(0)?, arg(1), arg(2))),
            "step" => {
                let (by, at) = (self.quantity(arg(0)?), self.time(arg(1)?));
                Some(Term::Step { by: by?, at: at? })
            }
            "ramp" => {
                let (by, from, to) = (self.quantity(arg(0)?), self.time(arg(1)?), self.time(arg(2)?));
                let (by, from, to) = (by?, from?, to?);
                if to < from {
                    self.fault(at, "this ramp ends before it begins".to_owned(), "`from` comes before `to`");
                }
                Some(Term::Ramp { by, from, to })
            }
            "outage" => self.gap(at, args).map(Term::Outage),
            "nan" => self.gap(at, args).map(Term::NotANumber),
            "lag" => {
                self.lag = self.lag.saturating_add(self.time(arg(0)?)?);
                None
            }
            _ => {
                let (low, high) = (self.quantity(arg(0)?)?, self.quantity(arg(1)?)?);
                if low > high {
                    self.fault(at, "nothing lies between these limits".to_owned(), "`low` comes before `high`");
                    return None;
                }
                Some(Term::Clamp { low, high })
            }
        }
    }

    /// The crest is told by the time of day, in UTC.
    fn season(&mut self, (amplitude, period, peak): (&Expr, Option<&Expr>, Option<&Expr>)) -> Option<Term> {
        const DAY: f64 = 86_400.0;
        let amplitude = self.quantity(amplitude);
        let period_s = match period {
            Some(period) => self.time(period)?.as_secs_f64(),
            None => DAY,
        };
        let peak_s = match peak {
            Some(peak) => self.time(peak)?.as_secs_f64(),
            None => DAY * 14.0 / 24.0,
        };
        if period_s <= 0.0 {
            self.fault(period?.at, "a season has a length".to_owned(), "give a `period` above zero, as `24h`");
            return None;
        }
        let midnight = (self.subject.start.0.rem_euclid(86_400_000_000)) as f64 / 1e6;
        Some(Term::Season { amplitude: amplitude?, period: period_s, crest: peak_s - midnight })
    }

    fn gap(&mut self, at: Span, args: &[Option<&Expr>]) -> Option<Gap> {
        let mut time = |place: usize| args.get(place).copied().flatten().map(|expr| self.time(expr));
        match (time(0), time(1), time(2), time(3)) {
            (Some(from), to, None, None) => {
                let (from, to) = (from?, to.map_or(Some(None), |to| to.map(Some))?);
                if to.is_some_and(|to| to <= from) {
                    self.fault(at, "this gap ends before it begins".to_owned(), "`from` comes before `to`");
                    return None;
                }
                Some(Gap::Between(from, to))
            }
            (None, None, Some(every), Some(lasts)) => {
                let (every, lasts) = (every?, lasts?);
                if every.is_zero() || lasts > every {
                    self.fault(at, "this is never over".to_owned(), "`lasts` is not longer than `every`");
                    return None;
                }
                Some(Gap::Often { every, lasts })
            }
            _ => {
                let help =
                    "say `from:` and, unless it is for good, `to:`; or `every:` and `lasts:` for a random time in each";
                self.fault(at, "when is it?".to_owned(), help);
                None
            }
        }
    }

    fn deviation(&mut self, expr: &Expr) -> Option<f64> {
        let value = self.quantity(expr)?;
        if value < 0.0 {
            self.fault(expr.at, "a standard deviation is not negative".to_owned(), "leave the sign out");
            return None;
        }
        Some(value)
    }

    fn share(&mut self, expr: &Expr) -> Option<f64> {
        let value = self.literal(expr, &[ast::Unit::None, ast::Unit::Percent])?;
        if !(0.0..1.0).contains(&value) {
            let help = "0 is independent noise; the nearer to 1 the longer a deviation lasts, as 0.9";
            self.fault(expr.at, "what is kept from sample to sample lies from 0 to below 1".to_owned(), help);
            return None;
        }
        Some(value)
    }

    fn time(&mut self, expr: &Expr) -> Option<Duration> {
        let seconds = self.literal(expr, &[ast::Unit::Duration])?;
        let time = Duration::try_from_secs_f64(seconds).ok();
        if time.is_none() {
            self.fault(expr.at, "times count from the start, and none is before it".to_owned(), "write it as `26h`");
        }
        time
    }

    /// A value in the metric's unit.
    fn quantity(&mut self, expr: &Expr) -> Option<f64> {
        let units: &[ast::Unit] = match self.unit {
            Unit::One | Unit::Rate => &[ast::Unit::None],
            Unit::Duration => &[ast::Unit::Duration],
            Unit::Ratio => &[ast::Unit::Percent, ast::Unit::Points, ast::Unit::None],
            Unit::Bytes => &[ast::Unit::Bytes],
        };
        self.literal(expr, units)
    }

    fn literal(&mut self, expr: &Expr, units: &[ast::Unit]) -> Option<f64> {
        match &*expr.kind {
            ExprKind::Number { value, unit, .. } if units.contains(unit) => Some(value.to_f64()),
            ExprKind::Negate(inner) => self.literal(inner, units).map(|value| -value),
            ExprKind::Group(inner) => self.literal(inner, units),
            _ => {
                let example = match units {
                    [ast::Unit::Duration] => "a duration, as `200ms` or `26h`",
                    [ast::Unit::Bytes] => "an amount of bytes, as `64MiB`",
                    [ast::Unit::None] => "a number, as `4.5`",
                    _ => "a share, as `0.5%` or `0.005`",
                };
                self.fault(expr.at, "this value does not fit the metric".to_owned(), format!("write {example}"));
                None
            }
        }
    }
}
