//! The language server, driven as an editor drives it: the program itself, over its standard input and output.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);

struct Client {
    server: Child,
    input: ChildStdin,
    messages: Receiver<Value>,
    folder: TempDir,
    next: i64,
    /// Notifications that nobody has asked about yet.
    noticed: Vec<Value>,
}

impl Client {
    fn start(files: &[(&str, &str)]) -> Self {
        let mut client = Self::spawn(files);
        let capabilities = json!({
            "general": { "positionEncodings": ["utf-16", "utf-8"] },
            "textDocument": {
                "completion": { "completionItem": { "snippetSupport": true } },
                "documentSymbol": { "hierarchicalDocumentSymbolSupport": true },
            },
        });
        let folder = client.uri("");
        let params = json!({
            "processId": null,
            "capabilities": capabilities,
            "workspaceFolders": [{ "uri": folder.trim_end_matches('/'), "name": "folder" }],
        });
        let result = client.ask("initialize", params).expect("initialized");
        assert_eq!(result["capabilities"]["positionEncoding"], "utf-8");
        client.tell("initialized", json!({}));
        client
    }

    /// Without a word said.
    fn spawn(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        let mut server = Command::new(env!("CARGO_BIN_EXE_phasegate"))
            .arg("lsp")
            .env("XDG_CACHE_HOME", folder.path().join("cache"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the server starts");
        let input = server.stdin.take().expect("piped");
        let output = server.stdout.take().expect("piped");
        let (sender, messages) = channel();
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Self { server, input, messages, folder, next: 0, noticed: Vec::new() }
    }

    fn uri(&self, name: &str) -> String {
        let path = self.folder.path().canonicalize().expect("it is there").join(name);
        format!("file://{}", path.display())
    }

    fn raw(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).expect("the server listens");
        self.input.flush().expect("the server listens");
    }

    fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.raw(&format!("Content-Length: {}\r\n\r\n{text}", text.len()));
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.answer(&json!(id))
    }

    fn answer(&mut self, id: &Value) -> Result<Value, Value> {
        loop {
            let message = self.messages.recv_timeout(PATIENCE).expect("an answer");
            if message.get("method").is_some() {
                self.noticed.push(message);
            } else if message["id"] == *id {
                return match message.get("error") {
                    Some(error) => Err(error.clone()),
                    None => Ok(message["result"].clone()),
                };
            }
        }
    }

    fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "phasegate", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    fn change(&mut self, name: &str, version: i64, changes: Value) {
        let document = json!({ "uri": self.uri(name), "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// The codes that are published for this version of a file.
    fn published(&mut self, name: &str, version: i64) -> Vec<String> {
        let codes = |diagnostics: &Value| {
            let diagnostics = diagnostics.as_array().expect("a list").iter();
            diagnostics.map(|one| one["code"].as_str().unwrap_or_default().to_owned()).collect()
        };
        let uri = self.uri(name);
        loop {
            let found = self.noticed.iter().position(|message| {
                let params = &message["params"];
                message["method"] == "textDocument/publishDiagnostics"
                    && params["uri"] == json!(uri)
                    && params["version"] == version
            });
            if let Some(found) = found {
                return codes(&self.noticed.remove(found)["params"]["diagnostics"]);
            }
            let message = self.messages.recv_timeout(PATIENCE).expect("diagnostics");
            self.noticed.push(message);
        }
    }

    fn at(&self, name: &str, line: u64, character: u64) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) }, "position": { "line": line, "character": character } })
    }

    fn of(&self, name: &str) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) } })
    }

    /// Leaves in order; gives the exit status.
    fn leave(mut self) -> Option<i32> {
        self.ask("shutdown", Value::Null).expect("shut down");
        self.tell("exit", Value::Null);
        self.server.wait().expect("it ends").code()
    }
}

fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; length];
    output.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

const SOUND: &str = "use std.shell\n\n/// It is.\npipeline p {\n  let soak = 5m\n\n  phase one {\n    wait soak\n    step shell(\"true\") \
                     effect reads timeout 1m\n  }\n}\n";

#[test]
fn what_is_wrong_is_said_as_it_is_typed_and_taken_back() {
    let mut client = Client::start(&[]);
    client.open("a.deploy", SOUND);
    assert_eq!(client.published("a.deploy", 1), [""; 0]);
    // Two edits in one message: the second counts on what the first has left.
    let first = json!({ "range": { "start": { "line": 7, "character": 9 }, "end": { "line": 7, "character": 13 } }, "text": "soa" });
    let second = json!({ "range": { "start": { "line": 7, "character": 12 }, "end": { "line": 7, "character": 12 } }, "text": "p" });
    client.change("a.deploy", 2, json!([first, second]));
    assert_eq!(client.published("a.deploy", 2), ["PG101"]);
    client.change("a.deploy", 3, json!([{ "text": SOUND }]));
    assert_eq!(client.published("a.deploy", 3), [""; 0]);
    let pulled = client.ask("textDocument/diagnostic", client.of("a.deploy")).expect("pulled");
    assert_eq!(pulled, json!({ "kind": "full", "items": [] }));
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn unsaved_texts_count_instead_of_what_is_on_disk() {
    let other = "threshold quick {\n  require 1 < 2\n}\n";
    let user =
        "use \"./slo.deploy\".{quick}\n\n/// It is.\npipeline p {\n  phase a {\n    gate { require quick }\n  }\n}\n";
    let mut client = Client::start(&[("slo.deploy", other), ("user.deploy", user)]);
    client.open("user.deploy", user);
    client.open("slo.deploy", &other.replace("quick", "swift"));
    while !client.published("user.deploy", 1).contains(&"PG101".to_owned()) {}
    client.tell("textDocument/didClose", client.of("slo.deploy"));
    while client.published("user.deploy", 1).contains(&"PG101".to_owned()) {}
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn names_lead_across_files_and_into_the_library() {
    let other = "threshold quick {\n  require 1 < 2\n}\n";
    let user = "use \"./slo.deploy\".{quick}\nuse std.shell\n\n/// It is.\npipeline p {\n  phase a {\n    gate { require quick }\n    \
                step shell(\"true\") timeout 1m\n  }\n}\n";
    let mut client = Client::start(&[("slo.deploy", other), ("user.deploy", user)]);
    client.open("user.deploy", user);
    let found = client.ask("textDocument/definition", client.at("user.deploy", 6, 22)).expect("defined");
    assert_eq!(found[0]["uri"], client.uri("slo.deploy"));
    assert_eq!(found[0]["range"]["start"], json!({ "line": 0, "character": 10 }));
    let found = client.ask("textDocument/definition", client.at("user.deploy", 7, 11)).expect("defined");
    let uri = found[0]["uri"].as_str().expect("a place");
    let path = Path::new(uri.strip_prefix("file://").expect("a file"));
    assert!(fs::read_to_string(path).expect("it is there").contains("step shell("));
    assert!(fs::metadata(path).expect("it is there").permissions().readonly());
    let mut params = client.at("user.deploy", 6, 22);
    params["newName"] = json!("swift");
    let changes = client.ask("textDocument/rename", params).expect("renamed");
    let edits = |name: &str| changes["changes"][client.uri(name)].as_array().map_or(0, Vec::len);
    assert_eq!((edits("slo.deploy"), edits("user.deploy")), (1, 2), "{changes}");
    let mut params = client.at("user.deploy", 6, 22);
    params["context"] = json!({ "includeDeclaration": false });
    let found = client.ask("textDocument/references", params).expect("found");
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn every_request_is_answered() {
    let text = "use std.exec\n\n/// It is.\npipeline p {\n  let soak = 5m\n\n  phase one {\n    wait soak\n    step shell(\"é😀\", )\n  }\n}\n";
    let mut client = Client::start(&[]);
    client.open("a.deploy", text);
    let hover = client.ask("textDocument/hover", client.at("a.deploy", 7, 10)).expect("hovered");
    assert!(hover["contents"]["value"].as_str().is_some_and(|text| text.contains("let soak = 5m")), "{hover}");
    let items = client.ask("textDocument/completion", client.at("a.deploy", 7, 9)).expect("completed");
    assert!(items.as_array().is_some_and(|items| items.iter().any(|item| item["label"] == "soak")), "{items}");
    let help = client.ask("textDocument/signatureHelp", client.at("a.deploy", 8, 25)).expect("helped");
    assert!(help["signatures"][0]["label"].as_str().is_some_and(|label| label.starts_with("shell(")), "{help}");
    let symbols = client.ask("textDocument/documentSymbol", client.of("a.deploy")).expect("symbols");
    assert_eq!((&symbols[0]["name"], &symbols[0]["children"][1]["name"]), (&json!("p"), &json!("one")), "{symbols}");
    let whole = json!({ "start": { "line": 0, "character": 0 }, "end": { "line": 99, "character": 0 } });
    let mut params = client.of("a.deploy");
    params["range"] = whole.clone();
    params["context"] = json!({ "diagnostics": [] });
    let actions = client.ask("textDocument/codeAction", params).expect("actions");
    let titles: Vec<&str> =
        actions.as_array().expect("a list").iter().filter_map(|one| one["title"].as_str()).collect();
    assert!(titles.contains(&"import `std.shell`") && titles.contains(&"fix everything that is sure"), "{titles:?}");
    let tokens = client.ask("textDocument/semanticTokens/full", client.of("a.deploy")).expect("tokens");
    assert!(tokens["data"].as_array().is_some_and(|data| !data.is_empty() && data.len() % 5 == 0));
    for (method, least) in [
        ("textDocument/foldingRange", 2),
        ("textDocument/codeLens", 2),
        ("textDocument/documentLink", 1),
        ("textDocument/formatting", 0),
    ] {
        let mut params = client.of("a.deploy");
        params["options"] = json!({ "tabSize": 2, "insertSpaces": true });
        let found = client.ask(method, params).unwrap_or_else(|error| panic!("{method}: {error}"));
        assert!(found.as_array().is_some_and(|found| found.len() >= least), "{method}: {found}");
    }
    let mut params = client.of("a.deploy");
    params["positions"] = json!([{ "line": 7, "character": 10 }]);
    let selections = client.ask("textDocument/selectionRange", params).expect("selections");
    assert!(selections[0]["parent"]["parent"].is_object(), "{selections}");
    let hints = json!({ "textDocument": { "uri": client.uri("a.deploy") }, "range": whole });
    let hints = client.ask("textDocument/inlayHint", hints).expect("hints");
    assert_eq!(hints, json!([]), "a program with errors is not planned");
    let found = client.ask("textDocument/documentHighlight", client.at("a.deploy", 7, 10)).expect("highlights");
    assert_eq!(found.as_array().map(Vec::len), Some(2), "{found}");
    let found = client.ask("workspace/symbol", json!({ "query": "ON" })).expect("symbols");
    assert_eq!(found[0]["name"], "one");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn formatting_gives_what_fmt_gives() {
    let messy = "/// It is.\npipeline   p {\nphase one { wait    5m }\n}\n";
    let mut client = Client::start(&[("messy.deploy", messy)]);
    client.open("messy.deploy", messy);
    let mut params = client.of("messy.deploy");
    params["options"] = json!({ "tabSize": 4, "insertSpaces": true });
    let edits = client.ask("textDocument/formatting", params).expect("formatted");
    let [edit] = edits.as_array().expect("a list").as_slice() else { panic!("{edits}") };
    let offset = |position: &Value| {
        let line = usize::try_from(position["line"].as_u64().expect("a line")).expect("small");
        let column = usize::try_from(position["character"].as_u64().expect("a column")).expect("small");
        messy.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + column
    };
    let mut formatted = messy.to_owned();
    let place = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
    formatted.replace_range(place, edit["newText"].as_str().expect("a text"));
    let path = client.folder.path().join("messy.deploy");
    let done = Command::new(env!("CARGO_BIN_EXE_phasegate")).arg("fmt").arg(&path).status().expect("it runs");
    assert!(done.success());
    assert_eq!(formatted, fs::read_to_string(&path).expect("it is there"));
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn nothing_ends_the_server_but_its_client() {
    let mut client = Client::spawn(&[]);
    let refused = client.ask("textDocument/hover", client.at("a.deploy", 0, 0)).expect_err("too early");
    assert_eq!(refused["code"], -32002);
    client.tell("textDocument/didOpen", json!({ "textDocument": 7 }));
    client.raw("Content-Length: 5\r\n\r\n{{{{{");
    client.raw("no header at all\r\n\r\n");
    client.raw("Content-Length: 2\r\n\r\n[]");
    client.ask("initialize", json!({ "capabilities": {} })).expect("initialized");
    client.ask("initialize", json!({})).expect_err("only once");
    for params in [Value::Null, json!([]), json!({}), json!({ "textDocument": { "uri": "" } }), json!("x")] {
        for method in ["textDocument/didOpen", "textDocument/didChange", "textDocument/didClose", "$/cancelRequest"] {
            client.tell(method, params.clone());
        }
        for method in
            ["textDocument/hover", "textDocument/completion", "textDocument/rename", "textDocument/codeAction"]
        {
            client.ask(method, params.clone()).expect_err("no such file");
        }
    }
    assert_eq!(client.ask("no/such/method", json!({})).expect_err("unknown")["code"], -32601);
    // A text that is cut off anywhere, asked about everywhere.
    let text = include_str!("../pipelines/quickstart.deploy");
    client.open("a.deploy", text);
    let mut version = 1;
    for cut in (0..text.len()).step_by(text.len() / 12).filter(|cut| text.is_char_boundary(*cut)) {
        version += 1;
        client.change("a.deploy", version, json!([{ "text": format!("{}\u{0}}}((\"${{", &text[..cut]) }]));
        let line = u64::try_from(text[..cut].matches('\n').count()).expect("small");
        for method in ["textDocument/hover", "textDocument/completion", "textDocument/signatureHelp"] {
            client
                .ask(method, client.at("a.deploy", line, 3))
                .unwrap_or_else(|error| panic!("{method} at {cut}: {error}"));
        }
        client.ask("textDocument/semanticTokens/full", client.of("a.deploy")).expect("tokens");
        client.ask("textDocument/documentSymbol", client.of("a.deploy")).expect("symbols");
    }
    let far = json!([{ "range": { "start": { "line": 9e9 as u64, "character": 3 }, "end": { "line": 1, "character": 4_000_000 } }, "text": "x" }]);
    client.change("a.deploy", version + 1, far);
    client.ask("textDocument/hover", client.at("a.deploy", 4_000_000, 4_000_000)).expect("nothing there");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn what_is_cancelled_is_answered_once() {
    let mut client = Client::start(&[]);
    client.open("a.deploy", SOUND);
    let mut request = client.at("a.deploy", 7, 10);
    request = json!({ "jsonrpc": "2.0", "id": "mine", "method": "textDocument/hover", "params": request });
    client.send(&request);
    client.tell("$/cancelRequest", json!({ "id": "mine" }));
    // Cancelled or already answered, but answered.
    if let Err(error) = client.answer(&json!("mine")) {
        assert_eq!(error["code"], -32800);
    }
    client.ask("textDocument/hover", client.at("a.deploy", 7, 10)).expect("it goes on");
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn a_client_that_just_goes_ends_the_server() {
    let mut client = Client::start(&[]);
    client.tell("exit", Value::Null);
    assert_eq!(client.server.wait().expect("it ends").code(), Some(1));
    let Client { mut server, input, .. } = Client::spawn(&[]);
    drop(input);
    assert_eq!(server.wait().expect("it ends").code(), Some(1));
}
