//! Random edits, replayed through the server's own synchronisation: after each of them it has to say of the text what a server
//! says that was just given the same text as a whole.
//!
//! `PHASEGATE_EDITS=10000 cargo test --test lsp_edits` replays ten thousand; without it a few hundred.

#[path = "support/edits.rs"]
mod edits;
#[expect(dead_code, reason = "other tests use the rest of it")]
mod lsp_client;

use edits::{Chance, TEXTS};
use lsp_client::Client;
use serde_json::{Value, json};

const OTHER: &str = "use std.flags\nthreshold quick { require 1 < 2 }\ncomponent shift(feature: string) { step flags.set(feature, { a: \"b\" }) \
                     }\ncomponent idle() { wait 1m }\n";

/// A place as the protocol counts it in UTF-16.
fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    json!({ "line": line, "character": before[start..].encode_utf16().count() })
}

/// Of the whole file, and at one place of it.
fn answers(client: &mut Client, name: &str, place: &Value) -> Vec<Value> {
    let mut at = client.of(name);
    at["position"] = place.clone();
    let diagnostics = client.ask("textDocument/diagnostic", client.of(name)).expect("diagnostics");
    let symbols = client.ask("textDocument/documentSymbol", client.of(name)).expect("symbols");
    let tokens = client.ask("textDocument/semanticTokens/full", client.of(name)).expect("tokens");
    let hover = client.ask("textDocument/hover", at.clone()).expect("what is known there");
    let completion = client.ask("textDocument/completion", at).expect("what can be written there");
    let text = |value: &Value| serde_json::from_str(&value.to_string().replace(name, "FILE")).expect("JSON");
    [diagnostics, symbols, tokens, hover, completion].iter().map(text).collect()
}

#[test]
fn edits_come_to_the_same_as_the_whole_text() {
    let count: usize = std::env::var("PHASEGATE_EDITS").ok().and_then(|count| count.parse().ok()).unwrap_or(150);
    let mut client = Client::start_with(&[("slo.deploy", OTHER)], &["utf-16"]);
    let mut chance = Chance(0x2545_F491_4F6C_DD1D);
    let mut version = 1;
    for round in 0..count.div_ceil(25) {
        let name = format!("edited{round}.deploy");
        let mut text = TEXTS[round % TEXTS.len()].to_owned();
        client.open(&name, &text);
        for step in 0..25.min(count - round * 25) {
            // Several in one message now and then: each counts on what the one before has left.
            let mut changes = Vec::new();
            for _ in 0..=chance.below(3) / 2 {
                let (place, piece) = chance.edit(&text);
                let range = json!({ "start": position(&text, place.start), "end": position(&text, place.end) });
                changes.push(json!({ "range": range, "text": piece }));
                text.replace_range(place, piece);
            }
            version += 1;
            client.change(&name, version, json!(changes));
            let place = position(&text, chance.boundary(&text));
            let edited = answers(&mut client, &name, &place);
            let whole = format!("whole{round}x{step}.deploy");
            client.open(&whole, &text);
            let given = answers(&mut client, &whole, &place);
            client.tell("textDocument/didClose", client.of(&whole));
            for (edited, given) in edited.iter().zip(&given) {
                assert_eq!(edited, given, "round {round}, step {step}, after {changes:?} in\n{text}");
            }
        }
        client.tell("textDocument/didClose", client.of(&name));
    }
    assert_eq!(client.leave(), Some(0));
}
