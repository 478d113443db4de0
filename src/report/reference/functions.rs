//! The functions of the language, from the tables that the checker reads.

use std::fmt::Write as _;

use super::cell;
use crate::analysis::functions::{Form, Function, Gives, Takes, all};

pub(super) fn text() -> String {
    let mut text = String::from(
        "`T` is the type of the first argument (of the values of a metric, of the elements of a list): what goes in as a duration \
         comes out as one. Arguments may be named; those with a default may be left out.\n",
    );
    let is_over_metrics = |function: &&Function| function.forms.iter().all(Form::is_over_metrics);
    table(&mut text, "Over values", all().filter(|function| !is_over_metrics(function)));
    text.push_str(
        "\nA window is (t − D, t]; without a sample in it the answer is unknown. Functions over metrics stand in conditions; in \
         the argument of a step only `last(x)` and its like are read, when the step starts.\n",
    );
    table(&mut text, "Over metrics", all().filter(is_over_metrics));
    text
}

fn table<'f>(text: &mut String, title: &str, functions: impl Iterator<Item = &'f Function>) {
    let _ = write!(text, "\n## {title}\n\n| function | gives | |\n|---|---|---|\n");
    for function in functions {
        for (index, form) in function.forms.iter().enumerate() {
            let doc = if index == 0 { cell(function.doc) } else { String::new() };
            let _ = writeln!(text, "| `{}` | `{}` | {doc} |", cell(&call(function.name, form)), gives(form.gives));
        }
    }
}

fn call(name: &str, form: &Form) -> String {
    let parameters = form.parameters.iter().map(|parameter| {
        let default = parameter.default.map_or(String::new(), |default| format!(" = {default}"));
        format!("{}: {}{default}", parameter.name, takes(parameter.takes))
    });
    let mut parameters: Vec<String> = parameters.collect();
    if form.rest {
        parameters.push("…".to_owned());
    }
    format!("{name}({})", parameters.join(", "))
}

fn takes(takes: Takes) -> &'static str {
    match takes {
        Takes::Quantity | Takes::Same => "T",
        Takes::Number => "number",
        Takes::Int => "int",
        Takes::Bool => "bool",
        Takes::Text => "string",
        Takes::Path => "path",
        Takes::Regex => "regex",
        Takes::Duration => "duration",
        Takes::Ratio => "ratio",
        Takes::Quantities => "list<T>",
        Takes::Texts => "list<string>",
        Takes::Sized => "list, map or string",
        Takes::Container => "list or string",
        Takes::Map => "map<T>",
        Takes::Metric => "metric<T>",
        Takes::Probe => "probe",
        Takes::Anything => "any",
    }
}

fn gives(gives: Gives) -> &'static str {
    match gives {
        Gives::Same => "T",
        Gives::Mean => "T, of an int a float",
        Gives::Whole => "T, of a number an int",
        Gives::Int => "int",
        Gives::Float => "float",
        Gives::Bool => "bool",
        Gives::Text => "string",
        Gives::Texts => "list<string>",
        Gives::List => "list<T>",
        Gives::Ratio => "ratio",
        Gives::Rate => "rate",
        Gives::Time => "time",
        Gives::Json => "json",
        Gives::Secret => "secret<string>",
        Gives::Cusum => "{ up: float, down: float, alarm: bool }",
        Gives::Kayenta => "{ label: string, passes: bool, fails: bool, effect: float? }",
    }
}
