//! The loop: messages in their order, edits at once, questions to the pool.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{BufReader, BufWriter, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use rayon::{ThreadPool, ThreadPoolBuilder};
use serde_json::{Value, json};

use super::STACK;
use super::convert::{Encoding, path_of, span};
use super::requests::{self, Context, Failure};
use super::transport::{Incoming, read};
use super::workspace::{Document, survey};
use crate::base::source::SourceFile;
use crate::base::span::FileId;

/// So long the first look at open files waits for the folders.
const SURVEY: Duration = Duration::from_millis(300);

enum Event {
    Incoming(Incoming),
    Answered(Response),
    /// What a look into the folders has found; only the latest counts.
    Surveyed(u64, BTreeMap<PathBuf, Vec<PathBuf>>),
    /// What is wrong with an open file, as the protocol says it.
    Diagnosed(PathBuf, Value),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Fresh,
    Running,
    ShutDown,
}

/// Serves one client until it leaves. Gives whether it left in order: `shutdown`, then `exit`.
pub fn serve(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> bool {
    let (events, incoming) = channel();
    let (outgoing, messages) = channel();
    let reader = events.clone();
    thread::spawn(move || receive(input, &reader));
    let writer = thread::spawn(move || send(output, &messages));
    let threads = |count: usize| ThreadPoolBuilder::new().num_threads(count).stack_size(STACK).build();
    let (Ok(pool), Ok(judge)) = (threads(3), threads(1)) else { return false };
    let mut server = Server {
        stage: Stage::Fresh,
        context: Context::default(),
        outgoing,
        events,
        pool,
        judge,
        pending: HashSet::new(),
        latest: Arc::new(AtomicU64::new(0)),
        cancelled: Arc::new(Mutex::new(HashSet::new())),
        published: HashMap::new(),
        roots: Vec::new(),
        surveys: 0,
        surveying: false,
        changed: None,
        stale: false,
        pulls: false,
        watches: false,
    };
    let is_orderly = server.run(&incoming);
    drop(server);
    let _ = writer.join();
    is_orderly
}

fn receive(input: impl Read, events: &Sender<Event>) {
    let mut input = BufReader::new(input);
    loop {
        let incoming = read(&mut input);
        let is_end = matches!(incoming, Incoming::Closed);
        if events.send(Event::Incoming(incoming)).is_err() || is_end {
            return;
        }
    }
}

fn send(output: impl Write, messages: &Receiver<Message>) {
    let mut output = BufWriter::new(output);
    for message in messages {
        if message.write(&mut output).is_err() || output.flush().is_err() {
            return;
        }
    }
}

struct Server {
    stage: Stage,
    /// What requests are answered from.
    context: Context,
    outgoing: Sender<Message>,
    events: Sender<Event>,
    pool: ThreadPool,
    /// The one thread that looks at open files: nobody who asks for something waits for it, and what is out of date before its
    /// turn comes is passed over.
    judge: ThreadPool,
    /// Requests that are not answered yet.
    pending: HashSet<RequestId>,
    /// The number of the latest change: who works on an older one need not begin.
    latest: Arc<AtomicU64>,
    cancelled: Arc<Mutex<HashSet<RequestId>>>,
    /// What was last said of each open file.
    published: HashMap<PathBuf, Value>,
    /// The folders of the editor.
    roots: Vec<PathBuf>,
    surveys: u64,
    /// The latest look into the folders is not over.
    surveying: bool,
    /// The text that was edited last: it is looked at before all others.
    changed: Option<PathBuf>,
    /// Something has changed since open files were looked at.
    stale: bool,
    /// The client asks for diagnostics itself.
    pulls: bool,
    /// The client can say which files change on disk.
    watches: bool,
}

impl Server {
    fn run(&mut self, incoming: &Receiver<Event>) -> bool {
        loop {
            // What came in a row is taken in before anything is looked at.
            let event = match incoming.try_recv() {
                Ok(event) => event,
                Err(_) => match self.wait(incoming) {
                    Ok(event) => event,
                    Err(RecvTimeoutError::Timeout) => continue,
                    Err(RecvTimeoutError::Disconnected) => return false,
                },
            };
            match event {
                Event::Incoming(Incoming::Closed) => return false,
                Event::Incoming(Incoming::Malformed(reason, asker)) => self.refuse_malformed(&reason, asker),
                Event::Incoming(Incoming::Message(Message::Notification(notification))) => {
                    if notification.method == "exit" {
                        return self.stage == Stage::ShutDown;
                    }
                    if self.stage == Stage::Running {
                        // Nothing of what is known is half changed: snapshots are made first and taken then.
                        let _ = catch_unwind(AssertUnwindSafe(|| self.notice(notification)));
                    }
                }
                Event::Incoming(Incoming::Message(Message::Request(request))) => self.asked(request),
                // Answers to what this server asks for: nothing depends on them.
                Event::Incoming(Incoming::Message(Message::Response(_))) => {}
                Event::Answered(response) => self.answer(response),
                Event::Surveyed(number, found) if number == self.surveys => {
                    self.surveying = false;
                    self.context.snapshot = self.context.snapshot.with_files(found);
                    self.stale = true;
                }
                Event::Surveyed(..) => {}
                Event::Diagnosed(path, diagnostics) => self.publish(path, diagnostics),
            }
        }
    }

    /// The next event, after open files have been looked at. What they are a part of is known when the folders are, for which
    /// this waits a while.
    fn wait(&mut self, incoming: &Receiver<Event>) -> Result<Event, RecvTimeoutError> {
        if self.stale && self.surveying {
            let event = incoming.recv_timeout(SURVEY);
            self.surveying &= event.is_ok();
            return event;
        }
        if std::mem::take(&mut self.stale) {
            self.diagnose();
        }
        incoming.recv().map_err(|_| RecvTimeoutError::Disconnected)
    }

    fn say(&self, message: impl Into<Message>) {
        // The writer is gone when the client is; then the end of its input ends the loop.
        let _ = self.outgoing.send(message.into());
    }

    fn refuse_malformed(&self, reason: &str, asker: Option<RequestId>) {
        if let Some(id) = asker {
            return self.say(Response::new_err(id, ErrorCode::InvalidRequest as i32, reason.to_owned()));
        }
        // Nobody knows which request it was.
        let params = json!({ "type": 2, "message": format!("a message could not be read: {reason}") });
        self.say(Notification { method: "window/logMessage".to_owned(), params });
    }

    fn asked(&mut self, request: Request) {
        let refused = |code: ErrorCode, text: &str| Response::new_err(request.id.clone(), code as i32, text.to_owned());
        match (self.stage, request.method.as_str()) {
            (Stage::Fresh, "initialize") => {
                let result = self.initialize(&request.params);
                self.say(Response::new_ok(request.id, result));
            }
            (Stage::Fresh, _) => self.say(refused(ErrorCode::ServerNotInitialized, "`initialize` comes first")),
            (Stage::ShutDown, _) => self.say(refused(ErrorCode::InvalidRequest, "the server is shut down")),
            (Stage::Running, "initialize") => {
                self.say(refused(ErrorCode::InvalidRequest, "the server is initialized already"));
            }
            (Stage::Running, "shutdown") => {
                self.stage = Stage::ShutDown;
                self.say(Response::new_ok(request.id, Value::Null));
            }
            (Stage::Running, _) => self.give_to_pool(request),
        }
    }

    fn initialize(&mut self, params: &Value) -> Value {
        self.stage = Stage::Running;
        let texts = |value: &Value| -> Vec<String> {
            let values = value.as_array().into_iter().flatten();
            values.filter_map(|value| value.as_str().map(str::to_owned)).collect()
        };
        let capabilities = &params["capabilities"];
        self.context.encoding = Encoding::choose(&texts(&capabilities["general"]["positionEncodings"]));
        let item = &capabilities["textDocument"]["completion"]["completionItem"];
        self.context.snippets = item["snippetSupport"].as_bool().unwrap_or(false);
        self.context.tree = capabilities["textDocument"]["documentSymbol"]["hierarchicalDocumentSymbolSupport"]
            .as_bool()
            .unwrap_or(false);
        self.watches =
            capabilities["workspace"]["didChangeWatchedFiles"]["dynamicRegistration"].as_bool().unwrap_or(false);
        self.pulls = capabilities["textDocument"]["diagnostic"].is_object();
        let folders = params["workspaceFolders"].as_array().into_iter().flatten();
        let mut roots: Vec<&str> = folders.filter_map(|folder| folder["uri"].as_str()).collect();
        if roots.is_empty() {
            roots.extend(params["rootUri"].as_str());
        }
        self.roots = roots.into_iter().map(path_of).collect();
        self.look_into_folders();
        requests::capabilities(self.context.encoding)
    }

    fn look_into_folders(&mut self) {
        self.surveys += 1;
        self.surveying = true;
        let folders: Vec<PathBuf> = self.roots.iter().filter(|folder| folder.is_dir()).cloned().collect();
        let (events, number) = (self.events.clone(), self.surveys);
        self.pool.spawn(move || drop(events.send(Event::Surveyed(number, survey(&folders)))));
    }

    /// Answered over the texts as they are now, whatever is changed while it is worked out.
    fn give_to_pool(&mut self, request: Request) {
        if !self.pending.insert(request.id.clone()) {
            let text = "this id is in use already".to_owned();
            return self.say(Response::new_err(request.id, ErrorCode::InvalidRequest as i32, text));
        }
        let (context, events, cancelled) = (self.context.clone(), self.events.clone(), Arc::clone(&self.cancelled));
        self.pool.spawn(move || {
            if cancelled.lock().unwrap_or_else(PoisonError::into_inner).remove(&request.id) {
                return;
            }
            let id = request.id.clone();
            let work = AssertUnwindSafe(|| requests::answer(&context, &request.method, request.params));
            let response = match catch_unwind(work) {
                Ok(Ok(result)) => Response::new_ok(id, result),
                Ok(Err(Failure { code, message })) => Response::new_err(id, code as i32, message),
                Err(_) => {
                    let text = "this is a fault of phasegate; the server goes on".to_owned();
                    Response::new_err(id, ErrorCode::InternalError as i32, text)
                }
            };
            let _ = events.send(Event::Answered(response));
        });
    }

    fn answer(&mut self, response: Response) {
        self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).remove(&response.id);
        if self.pending.remove(&response.id) {
            self.say(response);
        }
    }

    fn cancel(&mut self, params: &Value) {
        let Ok(id) = serde_json::from_value::<RequestId>(params["id"].clone()) else { return };
        if self.pending.remove(&id) {
            self.cancelled.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone());
            self.say(Response::new_err(id, ErrorCode::RequestCanceled as i32, "cancelled".to_owned()));
        }
    }

    fn notice(&mut self, notification: Notification) {
        let params = notification.params;
        let document = &params["textDocument"];
        match notification.method.as_str() {
            "initialized" if self.watches => self.watch_files(),
            "$/cancelRequest" => self.cancel(&params),
            "textDocument/didOpen" => self.open(document),
            "textDocument/didChange" => self.change(document, &params["contentChanges"]),
            "textDocument/didClose" => self.close(document),
            "textDocument/didSave" => self.touched(document["uri"].as_str().map(path_of).into_iter().collect()),
            "workspace/didChangeWatchedFiles" => {
                let changes = params["changes"].as_array().into_iter().flatten();
                self.touched(changes.filter_map(|change| change["uri"].as_str().map(path_of)).collect());
            }
            "workspace/didCreateFiles" | "workspace/didRenameFiles" | "workspace/didDeleteFiles" => {
                self.moved(&params["files"]);
            }
            "workspace/didChangeWorkspaceFolders" => self.change_folders(&params["event"]),
            _ => {}
        }
    }

    /// Files or whole folders that are somewhere else now.
    fn moved(&mut self, files: &Value) {
        let files = files.as_array().into_iter().flatten();
        let uris = files.flat_map(|file| ["uri", "oldUri", "newUri"].map(|name| file[name].as_str()));
        self.touched(uris.flatten().map(path_of).collect());
        self.look_into_folders();
    }

    fn change_folders(&mut self, event: &Value) {
        let paths = |folders: &Value| -> Vec<PathBuf> {
            let folders = folders.as_array().into_iter().flatten();
            folders.filter_map(|folder| folder["uri"].as_str().map(path_of)).collect()
        };
        let removed = paths(&event["removed"]);
        self.roots.retain(|root| !removed.contains(root));
        self.roots.extend(paths(&event["added"]));
        self.look_into_folders();
    }

    /// Asks to be told of files that change on disk.
    fn watch_files(&self) {
        let watchers = json!([{ "globPattern": "**/*.deploy" }]);
        let registration = json!({
            "id": "files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        });
        let params = json!({ "registrations": [registration] });
        self.say(Request::new("files".to_owned().into(), "client/registerCapability".to_owned(), params));
    }

    fn open(&mut self, document: &Value) {
        let (Some(uri), Some(text)) = (document["uri"].as_str(), document["text"].as_str()) else { return };
        self.set(&path_of(uri), Some(Document::new(uri, version_of(document), text.to_owned())));
    }

    /// One edit after the other: each counts on the text that the one before has left.
    fn change(&mut self, document: &Value, changes: &Value) {
        let Some(path) = document["uri"].as_str().map(path_of) else { return };
        let Some(known) = self.context.snapshot.document(&path) else { return };
        let mut source = Arc::clone(&known.source);
        for change in changes.as_array().into_iter().flatten() {
            let Some(written) = change["text"].as_str() else { continue };
            let mut text = written.to_owned();
            if let Ok(range) = serde_json::from_value(change["range"].clone()) {
                let place = span(&source, range, self.context.encoding);
                text.clone_from(&source.text);
                text.replace_range(place.range(), written);
            }
            source = Arc::new(SourceFile::new(FileId(0), "", text));
        }
        let changed = Document { uri: known.uri.clone(), version: version_of(document), source };
        self.set(&path, Some(changed));
    }

    fn close(&mut self, document: &Value) {
        let Some(path) = document["uri"].as_str().map(path_of) else { return };
        let Some(known) = self.context.snapshot.document(&path) else { return };
        let params = json!({ "uri": known.uri, "diagnostics": [] });
        if self.published.remove(&path).is_some() {
            self.say(Notification { method: "textDocument/publishDiagnostics".to_owned(), params });
        }
        self.set(&path, None);
    }

    fn set(&mut self, path: &std::path::Path, document: Option<Document>) {
        self.context.snapshot = self.context.snapshot.with_document(path, document);
        self.latest.fetch_add(1, Ordering::Relaxed);
        self.changed = Some(path.to_path_buf());
        self.stale = true;
    }

    fn touched(&mut self, paths: Vec<PathBuf>) {
        self.context.snapshot = self.context.snapshot.after_changes(&paths);
        self.stale = true;
    }

    /// Looks at all open files again. While that goes on further changes only count; the last of them is looked at next.
    fn diagnose(&self) {
        if self.pulls {
            return;
        }
        let number = self.latest.fetch_add(1, Ordering::Relaxed) + 1;
        let (context, events, latest) = (self.context.clone(), self.events.clone(), Arc::clone(&self.latest));
        let first = self.changed.clone();
        self.judge.spawn(move || {
            let is_first = |path: &PathBuf| Some(path) == first.as_ref();
            let documents = || context.snapshot.documents();
            let others = documents().filter(|(path, _)| !is_first(path));
            for (path, document) in documents().filter(|(path, _)| is_first(path)).chain(others) {
                if latest.load(Ordering::Relaxed) != number {
                    return;
                }
                let work = AssertUnwindSafe(|| requests::diagnostics::of_file(&context, path));
                if let Ok(diagnostics) = catch_unwind(work) {
                    let said = json!({ "uri": document.uri, "version": document.version, "diagnostics": diagnostics });
                    let _ = events.send(Event::Diagnosed(path.clone(), said));
                }
            }
        });
    }

    /// What is said of a text that has changed meanwhile is not passed on: a newer look is on its way.
    fn publish(&mut self, path: PathBuf, said: Value) {
        let Some(document) = self.context.snapshot.document(&path) else { return };
        if said["version"] == json!(document.version) && self.published.get(&path) != Some(&said) {
            let params = said.clone();
            self.published.insert(path, said);
            self.say(Notification { method: "textDocument/publishDiagnostics".to_owned(), params });
        }
    }
}

fn version_of(document: &Value) -> i32 {
    document["version"].as_i64().and_then(|version| i32::try_from(version).ok()).unwrap_or(0)
}
