//! `report.write`

use serde_json::json;
use sha2::{Digest, Sha256};

use crate::contract::effect::{Effect, History, Reaction, TextPiece};
use crate::contract::registry::{Args, StepImpl};
use crate::steps::pages;
use crate::steps::protocol::{Attempt, argument, in_turn, pass_json, restore_copy, settle, text};
use crate::steps::sections::{parts_of, rows_of};

pub const WRITE: StepImpl = StepImpl { name: "report.write", react, undo: Some(|_, history| restore_copy(history)) };

fn react(args: &Args, history: &History) -> Reaction {
    settle(write(args, history))
}

fn write(args: &Args, history: &History) -> Attempt {
    let path = text(args, "to")?;
    let content = content(&path, args)?;
    let sha256: String = Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    let effects = [
        Effect::SaveCopy { path: path.clone(), slot: history.key.clone() },
        Effect::WriteFile { path: path.clone(), content: vec![TextPiece::Plain(content)] },
    ];
    in_turn(history, effects, |_| Ok(pass_json(json!({ "path": path, "sha256": sha256 }))))
}

/// As the ending of the file's name says.
fn content(path: &str, args: &Args) -> Result<String, String> {
    let data = argument(args, "data")?.to_json();
    let (title, words) = (text(args, "title")?, text(args, "text")?);
    match path.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase()).as_deref() {
        Some("md") => Ok(pages::markdown(&title, &words, &parts_of(&data))),
        Some("html") => Ok(pages::html(&title, &words, &parts_of(&data))),
        Some("json") => serde_json::to_string_pretty(&data).map(|json| json + "\n").map_err(|error| error.to_string()),
        Some("csv") => {
            let rows =
                rows_of(&data).ok_or_else(|| format!("`{path}`: CSV is made of a record or a list of records"))?;
            Ok(pages::csv(&rows.0, &rows.1))
        }
        _ => Err(format!("`{path}` ends in none of `.md`, `.html`, `.csv` and `.json`")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value as Json, json};

    use super::{Args, Effect, History, Reaction, WRITE, content};
    use crate::contract::effect::{Act, Outcome, Verdict};
    use crate::contract::value::Value;

    fn args(to: &str, data: Json) -> Args {
        let texts = [("to", to), ("title", "Bench"), ("text", "As of today.")];
        let mut args: Args = texts.map(|(name, value)| (name.to_owned(), Value::text(value))).into();
        args.insert("data".to_owned(), Value::Json(data));
        args
    }

    fn written(to: &str, data: Json) -> Result<String, String> {
        content(to, &args(to, data))
    }

    #[test]
    fn markdown_has_plain_fields_in_a_table_and_the_rest_under_headings() {
        let data =
            json!({ "total": 2, "worst": [{ "file": "a|b", "score": 1.5 }, { "file": "c" }], "notes": ["x", "y"] });
        assert_eq!(
            written("r.md", data).unwrap(),
            "# Bench\n\nAs of today.\n\n| field | value |\n|---|---|\n| total | 2 |\n\n## worst\n\n\
             | file | score |\n|---|---|\n| a\\|b | 1.5 |\n| c |  |\n\n## notes\n\n- x\n- y\n"
        );
    }

    #[test]
    fn a_page_shows_text_as_text() {
        let page = written("r.HTML", json!({ "name": "<script>" })).unwrap();
        assert!(page.contains("<td>&lt;script&gt;</td>") && !page.contains("<script>"), "{page}");
    }

    #[test]
    fn csv_has_a_row_for_each_record_and_all_columns() {
        let rows = written("r.csv", json!([{ "a": 1, "b": "x,\"y\"" }, { "c": [1] }])).unwrap();
        assert_eq!(rows, "a,b,c\n1,\"x,\"\"y\"\"\",\n,,[1]\n");
        assert!(written("r.csv", json!([1])).is_err());
        assert!(written("r.txt", json!({})).is_err());
    }

    #[test]
    fn what_was_there_is_kept_and_the_hash_is_of_what_was_written() {
        let args = args("r.json", json!({ "a": 1 }));
        let done = || Some(Outcome::Done(Json::Null));
        let history = |acts| History { key: "k".to_owned(), acts, ..History::default() };
        let save = Effect::SaveCopy { path: "r.json".to_owned(), slot: "k".to_owned() };
        assert_eq!((WRITE.react)(&args, &history(vec![])), Reaction::Perform(save.clone()));
        let mut acts = vec![Act { effect: save, outcome: done() }];
        let Reaction::Perform(write) = (WRITE.react)(&args, &history(acts.clone())) else { panic!("it writes") };
        acts.push(Act { effect: write, outcome: done() });
        let Reaction::Finish(Verdict::Passed(Value::Json(output))) = (WRITE.react)(&args, &history(acts)) else {
            panic!("it passes")
        };
        assert_eq!(output["sha256"].as_str().map(str::len), Some(64));
    }
}
