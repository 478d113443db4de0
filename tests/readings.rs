//! What editors keep of a text changes nothing: after any edit it says what the whole text says, and near a place the same as
//! the whole program.
//!
//! `PHASEGATE_EDITS=100000 cargo test --test readings` makes a hundred thousand edits; without it a few thousand.

#[path = "support/edits.rs"]
mod edits;

use std::sync::Arc;

use edits::{Chance, TEXTS};
use phasegate::analysis::{Asked, Place, Text};
use phasegate::base::source::SourceFile;
use phasegate::base::span::FileId;
use phasegate::ide::completion::completion;
use phasegate::ide::hover::{hover, is_run_elsewhere};
use phasegate::ide::known::Known;
use phasegate::ide::signature::signature_help;
use phasegate::syntax::{Reading, parse};

const OTHER: &str = "use std.flags\nthreshold quick { require 1 < 2 }\ncomponent shift(feature: string) { step flags.set(feature, { a: \"b\" }) \
                     }\n/// Does little.\ncomponent idle() { wait 1m }\nenvironment far { soak = 1h }\n";

fn source(text: &str) -> Arc<SourceFile> {
    Arc::new(SourceFile::new(FileId(0), "", text))
}

/// Several files in one, so that most of it is not near an edit.
fn long() -> String {
    TEXTS[..4].join("\n")
}

#[test]
fn after_an_edit_a_text_is_read_as_a_whole() {
    let count: usize = std::env::var("PHASEGATE_EDITS").ok().and_then(|count| count.parse().ok()).unwrap_or(3_000);
    let mut chance = Chance(0x1234_5678_9ABC_DEF1);
    let long = long();
    let starts: Vec<&str> = TEXTS.iter().copied().chain([long.as_str()]).collect();
    for round in 0..count.div_ceil(40) {
        let mut text = starts[round % starts.len()].to_owned();
        if round % 5 == 4 {
            text = text.replace('\n', "\r\n");
        }
        let mut reading = Reading::of(source(&text));
        // Now and then somebody else still looks at the text before.
        let mut held = Vec::new();
        for step in 0..40.min(count - round * 40) {
            let mut written = Vec::new();
            for _ in 0..=chance.below(3) / 2 {
                let (place, piece) = chance.edit(&text);
                written.push((place.clone(), piece));
                text.replace_range(place, piece);
            }
            if chance.below(3) == 0 {
                held.push(reading.clone());
            }
            reading = reading.again(source(&text));
            let whole = parse(&source(&text));
            let context = || format!("round {round}, step {step}, after {written:?} in\n{text}");
            assert_eq!(reading.diagnostics, whole.diagnostics, "{}", context());
            assert_eq!(format!("{:?}", reading.file), format!("{:?}", whole.file), "{}", context());
        }
        for before in held {
            let whole = parse(&before.source);
            assert_eq!(format!("{:?}", before.file), format!("{:?}", whole.file), "what is held does not change");
        }
    }
}

#[test]
fn what_was_read_is_read_again_where_it_is_not_the_same() {
    let text = "pipeline a {\n  phase x { wait 1m }\n}\n\n/// Doc.\npipeline b {\n  phase x { wait 1m }\n}\n";
    let edits = [
        ("/// Doc.\n", ""),
        ("/// Doc.", "/* Doc."),
        ("}\n\n", "\n\n"),
        ("  phase x { wait 1m }\n}\n\n", "  phase x { wait 1m }\n}\n  phase y { wait 1m }\n"),
        ("pipeline b", "  pipeline b"),
        ("wait 1m", "wait \"\"\""),
        ("pipeline a {", "// phasegate: allow(PG410) why\npipeline a {"),
        ("\n}\n\n", "\n} } }\n\n"),
        ("}\n\n", "}\n\n\u{feff}"),
    ];
    for (from, to) in edits {
        let edited = text.replacen(from, to, 1);
        for (before, after) in [(text, edited.as_str()), (edited.as_str(), text)] {
            let again = Reading::of(source(before)).again(source(after));
            let whole = parse(&source(after));
            assert_eq!(again.diagnostics, whole.diagnostics, "{after}");
            assert_eq!(format!("{:?}", again.file), format!("{:?}", whole.file), "{after}");
        }
    }
}

/// Reads `main.deploy` with this text, whole or near a place.
fn known(text: &str, near: Option<(usize, Asked)>) -> Known {
    let mut loader = |name: &str| match name {
        "main.deploy" => Ok(Text::Read(Arc::new(Reading::of(source(text))))),
        "slo.deploy" => Ok(Text::Read(Arc::new(Reading::of(source(OTHER))))),
        _ => Err("it is not there".to_owned()),
    };
    let is_file = |name: &str| name == "main.deploy";
    let place = near.map(|(offset, asked)| Place { is_file: &is_file, offset, asked });
    Known::read(&mut loader, "main.deploy", place).expect("the text is given")
}

fn assert_near_is_whole(text: &str, whole: &Known, offset: usize) {
    let mut near = known(text, Some((offset, Asked::Itself)));
    if hover(&near, FileId(0), offset).is_none() && is_run_elsewhere(&near, FileId(0), offset) {
        near = known(text, Some((offset, Asked::Runs)));
    }
    let context = || format!("at {offset}: {}§{}", &text[..offset], &text[offset..]);
    let said = |known: &Known| hover(known, FileId(0), offset);
    // What is wrong somewhere else says nothing about how often a trigger fires.
    let is_rate = |markdown: &str| markdown.contains("alarm") || markdown.contains("simulation");
    let is_silent = said(whole).is_none() && whole.analysis.has_errors();
    if !(is_silent && said(&near).is_some_and(|hover| is_rate(&hover.markdown))) {
        assert_eq!(said(&near), said(whole), "{}", context());
    }
    let near = known(text, Some((offset, Asked::Offers)));
    let offered = |known: &Known| completion(known, FileId(0), offset, &[]);
    assert_eq!(offered(&near), offered(whole), "{}", context());
    let help = |known: &Known| signature_help(known, FileId(0), offset);
    assert_eq!(help(&near), help(whole), "{}", context());
}

#[test]
fn near_a_place_is_said_what_the_whole_program_says() {
    for text in TEXTS.into_iter().chain([long().as_str()]) {
        let whole = known(text, None);
        let places = (0..=text.len()).filter(|at| text.is_char_boundary(*at));
        for offset in places.step_by(1 + text.len() / 100) {
            assert_near_is_whole(text, &whole, offset);
        }
    }
}

#[test]
fn near_a_place_of_a_broken_text_too() {
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for round in 0..100 {
        let mut text = TEXTS[[0, 2, 4][round % 3]].to_owned();
        for _ in 0..=chance.below(3) {
            let (place, piece) = chance.edit(&text);
            text.replace_range(place, piece);
        }
        let whole = known(&text, None);
        for _ in 0..4 {
            let offset = chance.boundary(&text);
            assert_near_is_whole(&text, &whole, offset);
        }
    }
}
