//! The functions of the language as data: what they take, what they give, what they are for. The checker, completion and
//! the reference read these tables; `eval` and the engine's world compute them.

mod metrics;
mod values;

/// A function. One name may stand for several forms, told apart by the first argument.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    pub name: &'static str,
    pub doc: &'static str,
    pub forms: &'static [Form],
}

#[derive(Debug, Clone, Copy)]
pub struct Form {
    pub parameters: &'static [Parameter],
    /// The last parameter may be given any number of times.
    pub rest: bool,
    pub gives: Gives,
}

#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    pub name: &'static str,
    pub takes: Takes,
    /// What it is when it is not given, as the language writes it; none when it must be given.
    pub default: Option<&'static str>,
}

/// What an argument has to be. `T` is the type that the form's first `Quantity`, `Metric` or list argument has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Takes {
    /// A number or quantity; it is `T`.
    Quantity,
    /// Something of the type `T`.
    Same,
    /// A bare number.
    Number,
    Int,
    Bool,
    Text,
    Path,
    Regex,
    Duration,
    Ratio,
    /// A list of numbers or quantities; its elements are `T`.
    Quantities,
    /// A list of texts.
    Texts,
    /// A list, map or text.
    Sized,
    /// A list or text.
    Container,
    /// A map or record; its values are `T`.
    Map,
    /// A metric of any quantity; its values are `T`.
    Metric,
    /// A probe of a sentinel.
    Probe,
    Anything,
}

/// What a form gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gives {
    /// `T`
    Same,
    /// `T`, or `float` when that is `int`.
    Mean,
    /// `T`, or `int` when that is a bare number.
    Whole,
    Int,
    Float,
    Bool,
    Text,
    Texts,
    /// `list<T>`
    List,
    Ratio,
    Rate,
    Time,
    Json,
    Secret,
    /// `{ up, down, alarm }`
    Cusum,
    /// `{ label, passes, fails, effect }`
    Kayenta,
}

impl Form {
    /// Whether its first parameter is a metric.
    #[must_use]
    pub fn is_over_metrics(&self) -> bool {
        self.parameters.first().is_some_and(|first| matches!(first.takes, Takes::Metric | Takes::Probe))
    }

    #[must_use]
    pub fn is_over_list(&self) -> bool {
        self.parameters.first().is_some_and(|first| first.takes == Takes::Quantities)
    }
}

/// All functions, by name.
pub fn all() -> impl Iterator<Item = &'static Function> {
    values::FUNCTIONS.iter().chain(metrics::FUNCTIONS)
}

/// The forms of a function: those over values and those over metrics.
#[must_use]
pub fn forms(name: &str) -> Vec<&'static Form> {
    all().filter(|function| function.name == name).flat_map(|function| function.forms).collect()
}

const fn required(name: &'static str, takes: Takes) -> Parameter {
    Parameter { name, takes, default: None }
}

const fn optional(name: &'static str, takes: Takes, default: &'static str) -> Parameter {
    Parameter { name, takes, default: Some(default) }
}

const fn form(parameters: &'static [Parameter], gives: Gives) -> Form {
    Form { parameters, rest: false, gives }
}

const fn form_with_rest(parameters: &'static [Parameter], gives: Gives) -> Form {
    Form { parameters, rest: true, gives }
}
