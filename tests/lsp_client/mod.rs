//! An editor: it starts the program itself and speaks with it over its standard input and output.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(120);

pub struct Client {
    pub server: Child,
    pub input: ChildStdin,
    messages: Receiver<Value>,
    pub folder: TempDir,
    next: i64,
    /// Notifications that nobody has asked about yet.
    noticed: Vec<Value>,
}

impl Client {
    pub fn start(files: &[(&str, &str)]) -> Self {
        Self::start_with(files, &["utf-16", "utf-8"])
    }

    /// A client that counts columns in one of these ways.
    pub fn start_with(files: &[(&str, &str)], encodings: &[&str]) -> Self {
        Self::start_in(written(files), encodings)
    }

    /// In a folder that has its files already.
    pub fn start_in(folder: TempDir, encodings: &[&str]) -> Self {
        let mut client = Self::spawn_in(folder);
        let capabilities = json!({
            "general": { "positionEncodings": encodings },
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
        let chosen = if encodings.contains(&"utf-8") { "utf-8" } else { encodings[0] };
        assert_eq!(result["capabilities"]["positionEncoding"], chosen);
        client.tell("initialized", json!({}));
        client
    }

    /// Without a word said.
    pub fn spawn(files: &[(&str, &str)]) -> Self {
        Self::spawn_in(written(files))
    }

    fn spawn_in(folder: TempDir) -> Self {
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

    pub fn uri(&self, name: &str) -> String {
        let path = self.folder.path().canonicalize().expect("it is there").join(name);
        format!("file://{}", path.display())
    }

    pub fn raw(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).expect("the server listens");
        self.input.flush().expect("the server listens");
    }

    pub fn send(&mut self, message: &Value) {
        let text = message.to_string();
        self.raw(&format!("Content-Length: {}\r\n\r\n{text}", text.len()));
    }

    pub fn tell(&mut self, method: &str, params: Value) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    pub fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.next += 1;
        let id = self.next;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        self.answer(&json!(id))
    }

    /// Whatever comes next.
    pub fn next_message(&mut self) -> Value {
        self.messages.recv_timeout(PATIENCE).expect("a message")
    }

    /// What came before the server ended.
    pub fn rest(&mut self) -> Vec<Value> {
        std::iter::from_fn(|| self.messages.recv_timeout(PATIENCE).ok()).collect()
    }

    pub fn answer(&mut self, id: &Value) -> Result<Value, Value> {
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

    pub fn open(&mut self, name: &str, text: &str) {
        let uri = self.uri(name);
        let document = json!({ "uri": uri, "languageId": "phasegate", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }));
    }

    pub fn change(&mut self, name: &str, version: i64, changes: Value) {
        let document = json!({ "uri": self.uri(name), "version": version });
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }));
    }

    /// The codes that are published for this version of a file.
    pub fn published(&mut self, name: &str, version: i64) -> Vec<String> {
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

    pub fn at(&self, name: &str, line: u64, character: u64) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) }, "position": { "line": line, "character": character } })
    }

    pub fn of(&self, name: &str) -> Value {
        json!({ "textDocument": { "uri": self.uri(name) } })
    }

    /// Leaves in order; gives the exit status.
    pub fn leave(mut self) -> Option<i32> {
        self.ask("shutdown", Value::Null).expect("shut down");
        self.tell("exit", Value::Null);
        self.server.wait().expect("it ends").code()
    }
}

/// A folder with these files.
pub fn written(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
        fs::write(path, text).expect("written");
    }
    folder
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
