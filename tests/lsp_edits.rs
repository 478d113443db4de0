//! Random edits, replayed through the server's own synchronisation: after each of them it has to say of the text what a server
//! says that was just given the same text as a whole.
//!
//! `PHASEGATE_EDITS=10000 cargo test --test lsp_edits` replays ten thousand; without it a few hundred.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod lsp_client;

use lsp_client::Client;
use serde_json::{Value, json};

/// Texts that people write and break.
const TEXTS: [&str; 5] = [
    include_str!("../pipelines/quickstart.deploy"),
    include_str!("../stdlib/k8s.deploy"),
    "use \"./slo.deploy\".{quick, shift}\nuse std.{flags, shell}\n\nenvironment staging { soak = 5m }\nenvironment production { soak = 1h }\n\nmetrics m from \
     prometheus(\"http://a\") every 1m {\n  p50: duration(s) = query(\"a\")\n  p99: duration(s) = query(\"b\")\n  errors: ratio = query(\"c\")\n}\n\ncomponent \
     watched(limit: ratio) {\n  hold env.soak { require m.errors <= limit }\n  rollback when m.p99 > 2 * m.p50\n}\n\n/// One.\npipeline one {\n  param version: version\n  \
     phase a { run watched(1%) }\n  // phasegate: allow(PG410) it is so\n  rollback when m.errors > 5%\n  phase b after a { step shell(\"apply ${version}\") timeout 1m undo \
     shell(\"undo\") }\n}\n\n/// Two.\npipeline two {\n  phase a { gate { require quick } }\n  phase b after a { run shift(\"x\") }\n}\n\ntest \"one goes well\" {\n  run one(version: \
     \"1.0.0\") in staging\n  given m.errors = 0.1%\n  given m.p50 = 10ms\n  given m.p99 = 11ms\n  expect outcome succeeded\n}\n\ntest \"two\" {\n  run two() in staging\n  expect \
     outcome succeeded\n}\n",
    "// nothing\n",
    "pipeline 𝒑 { let é = \"😀 ${1 + 2}\" } /* 𝒂 */ pipeline p { phase x { wait 1m // 😀😀\n } }\n",
];

const OTHER: &str = "use std.flags\nthreshold quick { require 1 < 2 }\ncomponent shift(feature: string) { step flags.set(feature, { a: \"b\" }) \
                     }\ncomponent idle() { wait 1m }\n";

/// What is put in: pieces of the language, of texts, and what fits nowhere.
const PIECES: [&str; 40] = [
    "a",
    "1",
    " ",
    "\n",
    "{",
    "}",
    "(",
    ")",
    "\"",
    "'",
    "//",
    "/*",
    "*/",
    "///",
    "😀",
    "é",
    "≤",
    "${",
    "phase ",
    "pipeline q {\n}\n",
    "require ",
    "5%",
    "10m",
    "and ",
    ".",
    ",",
    "=",
    "wait 5m\n",
    "step shell(\"x\")\n",
    "use std.exec\n",
    "m.p99",
    "quick",
    "rollback when m.errors > 1%\n",
    "\r\n",
    "test \"t\" { run one() }\n",
    "// phasegate: allow(PG412) why\n",
    "environment third { soak = 1s }\n",
    "let x = 1\n",
    "\u{0}",
    "watched(2%)",
];

/// A small generator: the same edits every time.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound.max(1) as u64).expect("below a usize")
    }

    fn boundary(&mut self, text: &str) -> usize {
        let mut at = self.below(text.len() + 1);
        while !is_place(text, at) {
            at -= 1;
        }
        at
    }

    /// A place and what it becomes: mostly little, as people type.
    fn edit(&mut self, text: &str) -> (std::ops::Range<usize>, &'static str) {
        let start = self.boundary(text);
        let length = [0, 0, 1, 1, 2, 5, 40][self.below(7)];
        let mut end = (start + length).min(text.len());
        while !is_place(text, end) {
            end += 1;
        }
        let piece = if end > start && self.below(3) == 0 { "" } else { PIECES[self.below(PIECES.len())] };
        (start..end, piece)
    }
}

/// Between two characters; the two of a line end are one.
fn is_place(text: &str, at: usize) -> bool {
    text.is_char_boundary(at) && !(text[..at].ends_with('\r') && text[at..].starts_with('\n'))
}

/// A place as the protocol counts it in UTF-16.
fn position(text: &str, offset: usize) -> Value {
    let before = &text[..offset];
    let line = before.matches('\n').count();
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    json!({ "line": line, "character": before[start..].encode_utf16().count() })
}

fn answers(client: &mut Client, name: &str) -> Vec<Value> {
    let diagnostics = client.ask("textDocument/diagnostic", client.of(name)).expect("diagnostics");
    let symbols = client.ask("textDocument/documentSymbol", client.of(name)).expect("symbols");
    let tokens = client.ask("textDocument/semanticTokens/full", client.of(name)).expect("tokens");
    let text = |value: &Value| serde_json::from_str(&value.to_string().replace(name, "FILE")).expect("JSON");
    [diagnostics, symbols, tokens].iter().map(text).collect()
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
            let edited = answers(&mut client, &name);
            let whole = format!("whole{round}x{step}.deploy");
            client.open(&whole, &text);
            let given = answers(&mut client, &whole);
            client.tell("textDocument/didClose", client.of(&whole));
            for (edited, given) in edited.iter().zip(&given) {
                assert_eq!(edited, given, "round {round}, step {step}, after {changes:?} in\n{text}");
            }
        }
        client.tell("textDocument/didClose", client.of(&name));
    }
    assert_eq!(client.leave(), Some(0));
}
