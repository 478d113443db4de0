//! Functions over values, and those that read when the plan is made.

use super::{Form, Function, Gives, Takes, form, form_with_rest, optional, required};

pub const FUNCTIONS: &[Function] = &[
    Function {
        name: "abs",
        doc: "The value without its sign.",
        forms: &[form(&[required("x", Takes::Quantity)], Gives::Same)],
    },
    Function { name: "min", doc: "The smallest of its arguments, or of a list.", forms: EXTREME },
    Function { name: "max", doc: "The greatest of its arguments, or of a list.", forms: EXTREME },
    Function {
        name: "clamp",
        doc: "`x`, but not below `lo` and not above `hi`.",
        forms: &[form(
            &[required("x", Takes::Quantity), required("lo", Takes::Same), required("hi", Takes::Same)],
            Gives::Same,
        )],
    },
    Function {
        name: "round",
        doc: "`x` rounded to `digits` digits behind the point.",
        forms: &[form(&[required("x", Takes::Quantity), optional("digits", Takes::Int, "0")], Gives::Same)],
    },
    Function { name: "floor", doc: "The greatest whole number that is not above `x`.", forms: WHOLE },
    Function { name: "ceil", doc: "The smallest whole number that is not below `x`.", forms: WHOLE },
    Function {
        name: "sqrt",
        doc: "The square root of a number; of a negative one it is unknown.",
        forms: &[form(&[required("x", Takes::Number)], Gives::Float)],
    },
    Function {
        name: "len",
        doc: "How many elements a list, entries a map, or letters a text has.",
        forms: &[form(&[required("of", Takes::Sized)], Gives::Int)],
    },
    Function {
        name: "contains",
        doc: "Whether a list has this element, or a text this part.",
        forms: &[form(&[required("in", Takes::Container), required("x", Takes::Anything)], Gives::Bool)],
    },
    Function { name: "starts_with", doc: "Whether a text begins with another.", forms: TEXT_TEST },
    Function { name: "ends_with", doc: "Whether a text ends with another.", forms: TEXT_TEST },
    Function {
        name: "matches",
        doc: "Whether a regular expression matches somewhere in a text.",
        forms: &[form(&[required("s", Takes::Text), required("regex", Takes::Regex)], Gives::Bool)],
    },
    Function { name: "lower", doc: "The text in lower case.", forms: TEXT_CHANGE },
    Function { name: "upper", doc: "The text in upper case.", forms: TEXT_CHANGE },
    Function { name: "trim", doc: "The text without white space around it.", forms: TEXT_CHANGE },
    Function {
        name: "split",
        doc: "The parts of a text between each `by`.",
        forms: &[form(&[required("s", Takes::Text), required("by", Takes::Text)], Gives::Texts)],
    },
    Function {
        name: "join",
        doc: "The texts of a list with `by` between them.",
        forms: &[form(&[required("list", Takes::Texts), required("by", Takes::Text)], Gives::Text)],
    },
    Function {
        name: "format",
        doc: "The template with each `{}` replaced by the next value.",
        forms: &[form_with_rest(
            &[required("template", Takes::Text), optional("value", Takes::Anything, "\"\"")],
            Gives::Text,
        )],
    },
    Function { name: "keys", doc: "The keys of a map.", forms: &[form(&[required("map", Takes::Map)], Gives::Texts)] },
    Function {
        name: "values",
        doc: "The values of a map.",
        forms: &[form(&[required("map", Takes::Map)], Gives::List)],
    },
    Function {
        name: "sum",
        doc: "The sum of a list.",
        forms: &[form(&[required("list", Takes::Quantities)], Gives::Same)],
    },
    Function {
        name: "mean",
        doc: "The arithmetic mean of a list.",
        forms: &[form(&[required("list", Takes::Quantities)], Gives::Mean)],
    },
    Function {
        name: "median",
        doc: "The median of a list.",
        forms: &[form(&[required("list", Takes::Quantities)], Gives::Mean)],
    },
    Function {
        name: "percentile",
        doc: "The value that this share of a list does not exceed, interpolated linearly.",
        forms: &[form(&[required("list", Takes::Quantities), required("q", Takes::Ratio)], Gives::Mean)],
    },
    Function {
        name: "time",
        doc: "A point in time in RFC 3339 with its zone.",
        forms: &[form(&[required("text", Takes::Text)], Gives::Time)],
    },
    Function {
        name: "env_var",
        doc: "An environment variable, read when the plan is made and part of its fingerprint.",
        forms: &[form(&[required("name", Takes::Text), optional("default", Takes::Text, "none")], Gives::Text)],
    },
    Function {
        name: "secret",
        doc: "A secret by its name. Its content is read where it is used and stands nowhere else.",
        forms: &[form(&[required("name", Takes::Text)], Gives::Secret)],
    },
    Function {
        name: "read.json",
        doc: "A file as JSON, read when the plan is made and part of its fingerprint.",
        forms: &[form(&[required("path", Takes::Path)], Gives::Json)],
    },
    Function {
        name: "read.text",
        doc: "A file as text, read when the plan is made and part of its fingerprint.",
        forms: &[form(&[required("path", Takes::Path)], Gives::Text)],
    },
];

const EXTREME: &[Form] = &[
    form(&[required("list", Takes::Quantities)], Gives::Same),
    form_with_rest(&[required("a", Takes::Quantity), required("b", Takes::Same)], Gives::Same),
];
const WHOLE: &[Form] = &[form(&[required("x", Takes::Quantity)], Gives::Whole)];
const TEXT_TEST: &[Form] = &[form(&[required("s", Takes::Text), required("x", Takes::Text)], Gives::Bool)];
const TEXT_CHANGE: &[Form] = &[form(&[required("s", Takes::Text)], Gives::Text)];
