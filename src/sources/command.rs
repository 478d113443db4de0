//! `command`: what a command line prints, as JSON or as a text with a pattern.

use regex::Regex;

use crate::base::time::Timestamp;
use crate::contract::answer::{ProcessAnswer, read_answer, start_of};
use crate::contract::effect::{Effect, Outcome, Program, SealedText, seal};
use crate::contract::extract::{extract_json, extract_text};
use crate::contract::registry::{Args, FieldQuery, SourceImpl, SourceRequest, text_argument};
use crate::contract::samples::Sample;

pub const COMMAND: SourceImpl = SourceImpl { name: "command", requests, read };

/// One run of the command serves all fields.
fn requests(args: &Args, fields: &[FieldQuery]) -> Vec<SourceRequest> {
    let line: SealedText = args.get("line").map(seal).unwrap_or_default();
    let effect = Effect::RunProcess { program: Program::Shell(line), cwd: ".".to_owned(), key: String::new() };
    vec![((0..fields.len()).collect(), effect)]
}

fn read(_args: &Args, field: &FieldQuery, outcome: &Outcome, _now: Timestamp) -> Sample {
    let answer: ProcessAnswer = read_answer(outcome)?;
    if answer.exit_code != 0 {
        return Err(format!("the command {}", answer.complaint()));
    }
    if answer.stdout_cut > 0 {
        return Err(format!("the command printed too much, {} bytes of it were not kept", answer.stdout_cut));
    }
    match field.extractor.as_str() {
        "match" => read_match(&answer.stdout, text_argument(&field.args, "regex")?, field),
        _ => read_json(&answer.stdout, text_argument(&field.args, "path")?, field),
    }
}

fn read_json(stdout: &str, path: &str, field: &FieldQuery) -> Sample {
    let document = serde_json::from_str(stdout.trim())
        .map_err(|error| format!("the command should print JSON ({error}), it printed: {}", start_of(stdout)))?;
    extract_json(&document, path, &field.ty)
}

/// The first group of the first match, or the whole match of a pattern without groups.
fn read_match(stdout: &str, pattern: &str, field: &FieldQuery) -> Sample {
    let regex = Regex::new(pattern).map_err(|error| format!("`{pattern}` is no regular expression: {error}"))?;
    let found =
        regex.captures(stdout).ok_or_else(|| format!("`{pattern}` matches nothing that the command printed"))?;
    let group = if regex.captures_len() > 1 { found.get(1) } else { found.get(0) };
    let text = group.ok_or_else(|| format!("the first group of `{pattern}` took no part in the match"))?;
    extract_text(text.as_str(), &field.ty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::COMMAND;
    use crate::base::number::Number;
    use crate::base::time::Timestamp;
    use crate::contract::effect::{Effect, Outcome, Program, TextPiece};
    use crate::contract::registry::{Args, FieldQuery};
    use crate::contract::samples::Sample;
    use crate::contract::types::Type;
    use crate::contract::value::{Unit, Value};

    fn read(extractor: &str, argument: (&str, &str), stdout: &str, exit_code: i64) -> Sample {
        let args = Args::from([(argument.0.to_owned(), Value::text(argument.1))]);
        let field = FieldQuery { field: "x".into(), extractor: extractor.into(), args, ty: Type::Float };
        let outcome = Outcome::Done(json!({ "stdout": stdout, "stderr": "", "exit_code": exit_code }));
        (COMMAND.read)(&Args::new(), &field, &outcome, Timestamp(0))
    }

    #[test]
    fn one_run_serves_all_fields() {
        let args = Args::from([("line".to_owned(), Value::text("uptime"))]);
        let field = FieldQuery { field: "x".into(), extractor: "match".into(), args: Args::new(), ty: Type::Float };
        let program = Program::Shell(vec![TextPiece::Plain("uptime".into())]);
        let expected = [(vec![0, 1], Effect::RunProcess { program, cwd: ".".into(), key: String::new() })];
        assert_eq!((COMMAND.requests)(&args, &[field.clone(), field]), expected);
    }

    #[test]
    fn a_field_is_a_place_in_json_or_the_first_group_of_the_first_match() {
        let half = Ok(Value::Quantity(Number::from_f64(0.5), Unit::One));
        assert_eq!(read("json", ("path", "load[0]"), "{\"load\": [0.5, 2]}\n", 0), half);
        assert_eq!(read("match", ("regex", r"load (\S+)"), "load 0.5\nload 0.7\n", 0), half);
        assert_eq!(read("match", ("regex", r"[\d.]+"), "load 0.5\n", 0), half);
    }

    #[test]
    fn whatever_cannot_be_read_says_why() {
        for (sample, words) in [
            (read("json", ("path", "x"), "not json", 0), "the command should print JSON"),
            (read("json", ("path", "x"), "{}", 0), "`x` selects nothing"),
            (read("match", ("regex", "a(b)"), "c", 0), "`a(b)` matches nothing that the command printed"),
            (read("match", ("regex", "a(b)?"), "a", 0), "took no part in the match"),
            (read("match", ("regex", "("), "a", 0), "is no regular expression"),
            (read("match", ("regex", "(.*)"), "fast", 0), "expected `float`, found `fast`"),
            (read("json", ("path", "x"), "", 3), "the command ended with exit code 3 and said nothing"),
            (read("json", ("wrong", "x"), "{}", 0), "argument `path` is missing"),
        ] {
            let reason = sample.unwrap_err();
            assert!(reason.contains(words), "{reason}");
        }
    }
}
