//! The language server, driven as an editor drives it: the program itself, over its standard input and output.

#[expect(dead_code, reason = "other tests use the rest of it")]
mod lsp_client;

use std::fs;
use std::path::Path;
use std::process::Command;

use lsp_client::Client;
use serde_json::{Value, json};

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
fn a_program_of_many_files_is_read_as_it_is_in_the_editor_and_on_disk() {
    let part = |number: usize| format!("/// Waits.\ncomponent part{number}() {{\n  wait 1m\n}}\n");
    let uses = |number: usize| format!("use \"./part{number}.deploy\".{{part{number}}}\n");
    let runs = |number: usize| format!("    run part{number}()\n");
    let whole = |count: usize| {
        let (uses, runs): (String, String) = ((0..count).map(uses).collect(), (0..count).map(runs).collect());
        format!("{uses}\n/// It is.\npipeline p {{\n  phase a {{\n{runs}  }}\n}}\n")
    };
    let parts: Vec<(String, String)> = (0..11).map(|number| (format!("part{number}.deploy"), part(number))).collect();
    let files: Vec<(&str, &str)> = parts.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let mut client = Client::start(&files);
    client.open("main.deploy", &whole(12));
    assert_eq!(client.published("main.deploy", 1), ["PG104"], "one file is missing");
    client.change("main.deploy", 2, json!([{ "text": whole(11) }]));
    assert_eq!(client.published("main.deploy", 2), [""; 0]);
    client.open("part7.deploy", &part(7).replace("1m", "soak"));
    assert_eq!(client.published("part7.deploy", 1), ["PG101"]);
    assert_eq!(client.leave(), Some(0));
}

#[test]
fn what_stands_elsewhere_counts_where_it_matters() {
    let other = "/// Waits.\ncomponent settle() {\n  wait env.soak\n}\n";
    let user = "use \"./slo.deploy\".{settle}\n\nenvironment near { soak = 5m }\n\nmetrics m from prometheus(\"http://a\") every 1m {\n  \
                x: float = query(\"x\")\n}\n\ncomponent watched() {\n  rollback when cusum(m.x, target: 1.0, sigma: 0.5).alarm\n  \
                run settle()\n}\n\n/// It is.\npipeline p {\n  phase a {\n    run watched()\n  }\n}\n";
    let mut client = Client::start(&[("slo.deploy", other), ("user.deploy", user)]);
    client.open("user.deploy", user);
    client.open("slo.deploy", other);
    client.published("slo.deploy", 1);
    let mut hover = |name: &str, line: u64, character: u64| {
        let said = client.ask("textDocument/hover", client.at(name, line, character)).expect("an answer");
        said["contents"]["value"].as_str().unwrap_or_default().to_owned()
    };
    // The environments are those of the program that the file is a part of.
    let key = hover("slo.deploy", 2, 12);
    assert!(key.contains("env.soak: duration") && key.contains("- near: `5m`"), "{key}");
    // How often a trigger of a component fires is known where it is run.
    let rate = hover("user.deploy", 9, 4);
    assert!(rate.contains("one false alarm in"), "{rate}");
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
    let shown: Vec<&str> = hints.as_array().expect("a list").iter().filter_map(|hint| hint["label"].as_str()).collect();
    assert_eq!(shown, [": duration"], "a program with errors is not planned");
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
    let offset = |position: &Value| {
        let line = usize::try_from(position["line"].as_u64().expect("a line")).expect("small");
        let column = usize::try_from(position["character"].as_u64().expect("a column")).expect("small");
        messy.split_inclusive('\n').take(line).map(str::len).sum::<usize>() + column
    };
    let mut formatted = messy.to_owned();
    for edit in edits.as_array().expect("a list").iter().rev() {
        let place = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        formatted.replace_range(place, edit["newText"].as_str().expect("a text"));
    }
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
