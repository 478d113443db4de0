//! Functions over the samples of a metric. A window is (t − D, t]; without a sample in it they are unknown.

use super::{Form, Function, Gives, Takes, form, optional, required};

pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "last",
        doc: "The latest sample. In a step's argument it is read when the step starts.",
        forms: &[form(&[required("x", Takes::Metric)], Gives::Same)],
    },
    Function { name: "mean", doc: "The mean over a window.", forms: &[windowed(Gives::Mean)] },
    Function { name: "min", doc: "The smallest sample in a window.", forms: &[windowed(Gives::Same)] },
    Function { name: "max", doc: "The greatest sample in a window.", forms: &[windowed(Gives::Same)] },
    Function { name: "sum", doc: "The sum of the samples in a window.", forms: &[windowed(Gives::Same)] },
    Function { name: "count", doc: "How many samples a window has.", forms: &[windowed(Gives::Int)] },
    Function { name: "stddev", doc: "The standard deviation over a window.", forms: &[windowed(Gives::Mean)] },
    Function {
        name: "percentile",
        doc: "The value that this share of a window does not exceed; type 7, with `method: 1` the smallest such sample.",
        forms: &[form(
            &[
                required("x", Takes::Metric),
                required("q", Takes::Ratio),
                required("window", Takes::Duration),
                optional("method", Takes::Int, "7"),
            ],
            Gives::Mean,
        )],
    },
    Function {
        name: "rate",
        doc: "How fast a counter rises, per second; resets are handled.",
        forms: &[windowed(Gives::Rate)],
    },
    Function {
        name: "increase",
        doc: "How much a counter rose in a window; resets are handled.",
        forms: &[windowed(Gives::Mean)],
    },
    Function { name: "delta", doc: "The last sample of a window minus its first.", forms: &[windowed(Gives::Same)] },
    Function {
        name: "ewma",
        doc: "The exponentially weighted mean, starting at the first sample.",
        forms: &[form(&[required("x", Takes::Metric), required("half_life", Takes::Duration)], Gives::Mean)],
    },
    Function {
        name: "baseline",
        doc: "The mean over the window before the block began.",
        forms: &[windowed(Gives::Mean)],
    },
    Function {
        name: "cusum",
        doc: "Cumulative sums of the deviations from a target: they find small shifts that last.",
        forms: &[form(
            &[
                required("x", Takes::Metric),
                required("target", Takes::Same),
                required("sigma", Takes::Same),
                optional("k", Takes::Number, "0.5"),
                optional("h", Takes::Number, "5"),
                optional("side", Takes::Text, "\"both\""),
                optional("headstart", Takes::Number, "0"),
                optional("false_alarm_every", Takes::Duration, "none"),
            ],
            Gives::Cusum,
        )],
    },
    Function {
        name: "drift",
        doc: "How many sigmas a metric is away from its mean.",
        forms: &[form(
            &[required("x", Takes::Metric), required("mean", Takes::Same), required("sigma", Takes::Same)],
            Gives::Float,
        )],
    },
    Function {
        name: "burn_rate",
        doc: "How many times faster than the objective allows the error budget is used up.",
        forms: &[form(
            &[
                required("errors", Takes::Metric),
                required("objective", Takes::Ratio),
                required("over", Takes::Duration),
            ],
            Gives::Float,
        )],
    },
    Function {
        name: "worse",
        doc: "Whether the canary is worse than the stable one: a sequential test, valid at every look.",
        forms: &[form(
            &[
                required("canary", Takes::Metric),
                required("stable", Takes::Metric),
                optional("by", Takes::Ratio, "0%"),
                optional("confidence", Takes::Ratio, "99%"),
            ],
            Gives::Bool,
        )],
    },
    Function {
        name: "kayenta",
        doc: "Kayenta's label of the samples of a window: a test of a fixed number of samples, for a gate, which looks once. \
              `direction` (`increase`, `decrease`, `either`) says which way is bad.",
        forms: &[form(
            &[
                required("canary", Takes::Metric),
                required("stable", Takes::Metric),
                required("window", Takes::Duration),
                optional("direction", Takes::Text, "\"increase\""),
            ],
            Gives::Kayenta,
        )],
    },
    Function {
        name: "failures",
        doc: "How many times in a row a probe has failed by now.",
        forms: &[form(&[required("probe", Takes::Probe)], Gives::Int)],
    },
    Function {
        name: "success_rate",
        doc: "The share of a probe's calls in a window that went well.",
        forms: &[form(&[required("probe", Takes::Probe), required("window", Takes::Duration)], Gives::Ratio)],
    },
];

const fn windowed(gives: Gives) -> Form {
    form(const { &[required("x", Takes::Metric), required("window", Takes::Duration)] }, gives)
}
