//! Whatever a client sends, in whatever order: every request gets one answer, and the server goes on.

#[expect(dead_code, reason = "chance is enough here")]
#[path = "support/edits.rs"]
mod edits;
mod lsp_client;

use std::collections::BTreeMap;

use edits::Chance;
use lsp_client::Client;
use serde_json::{Value, json};

const TEXT: &str = include_str!("../pipelines/quickstart.deploy");

/// All that is announced, and what is not.
const METHODS: [&str; 28] = [
    "textDocument/diagnostic",
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/formatting",
    "textDocument/rangeFormatting",
    "textDocument/onTypeFormatting",
    "textDocument/hover",
    "textDocument/definition",
    "textDocument/declaration",
    "textDocument/typeDefinition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/prepareRename",
    "textDocument/rename",
    "textDocument/completion",
    "textDocument/signatureHelp",
    "textDocument/codeAction",
    "textDocument/codeLens",
    "textDocument/documentLink",
    "textDocument/inlayHint",
    "textDocument/selectionRange",
    "textDocument/semanticTokens/full",
    "textDocument/prepareCallHierarchy",
    "callHierarchy/incomingCalls",
    "callHierarchy/outgoingCalls",
    "workspace/symbol",
    "workspace/willRenameFiles",
    "no/such/method",
];

const NOTICES: [&str; 11] = [
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "textDocument/didSave",
    "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders",
    "workspace/didRenameFiles",
    "workspace/didCreateFiles",
    "workspace/didDeleteFiles",
    "$/cancelRequest",
    "initialized",
];

/// What is asked at random.
trait Asks {
    fn position(&mut self) -> Value;
    fn uri(&mut self, client: &Client) -> Value;
    fn params(&mut self, client: &Client) -> Value;
}

impl Asks for Chance {
    fn position(&mut self) -> Value {
        const ODD: [i64; 9] = [0, 1, 5, 17, 40, 4_000_000_000, -1, i64::MIN, i64::MAX];
        let (line, character) = (ODD[self.below(9)], ODD[self.below(9)]);
        json!({ "line": line, "character": character })
    }

    fn uri(&mut self, client: &Client) -> Value {
        let name = ["a.deploy", "b.deploy", "missing.deploy"][self.below(3)];
        let own = json!(client.uri(name));
        [own.clone(), own.clone(), own, json!(""), json!("untitled:1"), json!("http://[::1"), json!(7), Value::Null]
            [self.below(8)]
        .clone()
    }

    fn params(&mut self, client: &Client) -> Value {
        if self.below(9) == 0 {
            return [Value::Null, json!([]), json!("x"), json!({}), json!(3)][self.below(5)].clone();
        }
        let (start, end) = (self.position(), self.position());
        let range = json!({ "start": start, "end": end });
        let uri = self.uri(client);
        let document = json!({ "uri": uri, "version": self.below(9), "languageId": "phasegate", "text": TEXT });
        let steps = [Value::Null, json!({ "step": "k8s.set_image", "file": uri }), json!({ "step": "none" })];
        let data = &steps[self.below(3)];
        let (typed, query) = (["}", "\n", "x"][self.below(3)], ["", "a", "é"][self.below(3)]);
        let name = ["fine", "2", "phase", ""][self.below(4)];
        let item = json!({
            "name": "a", "kind": 5, "detail": "", "uri": uri, "range": range, "selectionRange": range,
            "data": data,
        });
        json!({
            "textDocument": document,
            "position": self.position(),
            "positions": [self.position(), self.position()],
            "range": range,
            "ch": typed,
            "options": { "tabSize": 2, "insertSpaces": true },
            "context": { "diagnostics": [], "includeDeclaration": true },
            "query": query,
            "newName": name,
            "contentChanges": [{ "range": range, "text": "x😀\n" }, { "text": TEXT }],
            "item": item,
            "files": [{ "oldUri": uri, "newUri": self.uri(client), "uri": uri }],
            "changes": [{ "uri": uri, "type": self.below(5) }],
            "event": { "added": [{ "uri": uri, "name": "a" }], "removed": [{ "uri": uri, "name": "a" }] },
            "id": self.below(400),
        })
    }
}

/// How often each id was answered.
fn answered(client: &mut Client, ids: &[i64]) -> BTreeMap<i64, usize> {
    let mut counts: BTreeMap<i64, usize> = BTreeMap::new();
    while ids.iter().any(|id| !counts.contains_key(id)) {
        let message = client.next_message();
        if let (Some(id), None) = (message["id"].as_i64(), message.get("method")) {
            *counts.entry(id).or_insert(0) += 1;
        }
    }
    counts
}

#[test]
fn every_request_gets_one_answer_whatever_comes() {
    let count: i64 = std::env::var("PHASEGATE_MESSAGES").ok().and_then(|count| count.parse().ok()).unwrap_or(400);
    let mut client = Client::spawn(&[("a.deploy", TEXT), ("b.deploy", "use \"./a.deploy\" as a\npipeline = { {\n")]);
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    let mut ids = Vec::new();
    for id in 0..count {
        if id == 20 {
            let folder = client.uri("");
            let params = json!({ "capabilities": {}, "workspaceFolders": [{ "uri": folder.trim_end_matches('/'), "name": "a" }] });
            client.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "initialize", "params": params }));
            ids.push(id);
            continue;
        }
        let params = chance.params(&client);
        match chance.below(12) {
            0..=2 => client.tell(NOTICES[chance.below(NOTICES.len())], params),
            3 => client.raw("Content-Length: 7\r\n\r\n{\"id\":}"),
            4 => {
                client.send(&json!({ "jsonrpc": "2.0", "id": id, "method": 3, "params": params }));
                ids.push(id);
            }
            _ => {
                let method = METHODS[chance.below(METHODS.len())];
                client.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
                ids.push(id);
            }
        }
    }
    // The last of them, when everything before it has been taken in.
    client.send(&json!({ "jsonrpc": "2.0", "id": count, "method": "shutdown", "params": null }));
    client.send(&json!({ "jsonrpc": "2.0", "id": count + 1, "method": "textDocument/hover", "params": {} }));
    ids.extend([count, count + 1]);
    let counts = answered(&mut client, &ids);
    assert!(counts.values().all(|times| *times == 1), "{counts:?}");
    client.tell("exit", Value::Null);
    assert_eq!(client.server.wait().expect("it ends").code(), Some(0));
    let more = client.rest().into_iter().filter(|message| message.get("method").is_none()).count();
    assert_eq!(more, 0, "nothing is answered twice");
}

#[test]
fn long_lines_and_large_files_are_no_different() {
    let mut client = Client::start_with(&[], &["utf-16"]);
    let conditions = vec!["require 1 < 2 /* 😀 */"; 20_000].join(" ");
    let long = format!("/// It is.\npipeline p {{ phase a {{ gate {{ {conditions} require missing < 1 }} }} }}\n");
    client.open("long.deploy", &long);
    assert_eq!(client.published("long.deploy", 1).iter().filter(|code| *code == "PG101").count(), 1);
    let tokens = client.ask("textDocument/semanticTokens/full", client.of("long.deploy")).expect("tokens");
    assert!(tokens["data"].as_array().is_some_and(|data| data.len() > 5 * 80_000));
    let column = long.lines().nth(1).expect("a line").encode_utf16().count() as u64;
    client.ask("textDocument/hover", client.at("long.deploy", 1, column - 20)).expect("hovered");
    let changes = json!([{ "range": { "start": { "line": 1, "character": column }, "end": { "line": 1, "character": column } }, "text": " // 😀" }]);
    client.change("long.deploy", 2, changes);
    client.published("long.deploy", 2);
    let many = format!("/// It is.\npipeline p {{\n{}}}\n", "  phase x { wait 1m }\n".repeat(3_000));
    client.open("many.deploy", &many);
    assert_eq!(client.published("many.deploy", 1).len(), 2_999);
    let symbols = client.ask("textDocument/documentSymbol", client.of("many.deploy")).expect("symbols");
    assert_eq!(symbols[0]["children"].as_array().map(Vec::len), Some(3_000));
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn folders_come_and_go() {
    let mut client = Client::start(&[]);
    let other = tempfile::tempdir().expect("a folder");
    std::fs::write(other.path().join("slo.deploy"), "threshold swift { require 1 < 2 }\n").expect("written");
    let uri = format!("file://{}", other.path().canonicalize().expect("there").display());
    let found = |client: &mut Client| {
        let symbols = client.ask("workspace/symbol", json!({ "query": "swift" })).expect("symbols");
        symbols.as_array().map_or(0, Vec::len)
    };
    let event = |added: Value, removed: Value| json!({ "event": { "added": added, "removed": removed } });
    assert_eq!(found(&mut client), 0);
    let folder = json!([{ "uri": uri, "name": "other" }]);
    client.tell("workspace/didChangeWorkspaceFolders", event(folder.clone(), json!([])));
    while found(&mut client) == 0 {}
    client.tell("workspace/didChangeWorkspaceFolders", event(json!([]), folder));
    while found(&mut client) == 1 {}
    assert_eq!(client.leave(), Some(0));
}
