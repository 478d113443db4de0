//! What an editor waits for: from a keystroke to what is wrong, to completion and to hover, in a file of 5,000 lines, and a
//! hundred thousand lines in 200 files opened at once. The program itself is driven, over its standard input and output, as an
//! editor drives it. The limit stands beside each figure that has one.
//!
//! `cargo bench --bench lsp` prints the median and the 99th of a hundred; a number as an argument says at how many places
//! something is typed.

use std::time::{Duration, Instant};
use std::{env, fs};

use serde_json::json;
use tempfile::TempDir;

#[expect(dead_code, reason = "faults are planted by another bench")]
mod generated;
#[expect(dead_code, reason = "tests ask for more")]
#[path = "../tests/lsp_client/mod.rs"]
mod lsp_client;

use generated::{Generated, line_count, program};
use lsp_client::{Client, written};

const COUNT: usize = 400;

fn main() {
    let count = env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(COUNT);
    keystrokes(count);
    open_all();
}

/// One file of 5,000 lines beside what it imports.
fn large_file() -> Vec<Generated> {
    let files = program(5_400);
    let mut services = files.into_iter().filter(|file| file.path.starts_with("services/"));
    let mut large = services.next().expect("a service");
    for other in services {
        // Behind the imports and the component that the main file uses.
        let start = other.text.find("\n// ──").expect("a service");
        large.text.push_str(&other.text[start..]);
    }
    let shared = program(100).into_iter().find(|file| file.path == "shared.deploy").expect("it is there");
    vec![large, shared]
}

/// People type in pipelines, metrics, components and tests alike; what they type is broken half of the time.
fn keystrokes(count: usize) {
    let files = large_file();
    let mut client = Client::start_in(folder_of(&files), &["utf-8"]);
    let (path, text) = (files[0].path.clone(), files[0].text.clone());
    client.open(&path, &text);
    client.published(&path, 1);
    println!("a file of {} lines, {count} places", text.lines().count());
    let (mut diagnostics, mut completions, mut hovers) = (Vec::new(), Vec::new(), Vec::new());
    let mut places = Places { lines: text.lines().collect(), seed: 7 };
    let mut version = 1;
    for round in 0..count {
        let (line, column) = places.next();
        let place = |column: usize| json!({ "line": line, "character": column });
        let typed = json!([{ "range": { "start": place(column), "end": place(column) }, "text": "x" }]);
        let taken_back = json!([{ "range": { "start": place(column), "end": place(column + 1) }, "text": "" }]);
        // Most editors ask for something with the very same keystroke.
        let at = json!({ "textDocument": { "uri": client.uri(&path) }, "position": place(column + 1) });
        let (method, times) = match round % 2 {
            0 => ("textDocument/completion", &mut completions),
            _ => ("textDocument/hover", &mut hovers),
        };
        version += 1;
        let begin = Instant::now();
        client.change(&path, version, typed.clone());
        client.ask(method, at).expect("an answer");
        times.push(begin.elapsed());
        client.published(&path, version);
        for (change, is_measured) in [(&taken_back, true), (&typed, true), (&taken_back, false)] {
            version += 1;
            let begin = Instant::now();
            client.change(&path, version, change.clone());
            client.published(&path, version);
            diagnostics.extend(is_measured.then(|| begin.elapsed()));
        }
    }
    show("  keystroke to diagnostics", &mut diagnostics, 20.0);
    show("  keystroke to completion", &mut completions, 10.0);
    show("  keystroke to hover", &mut hovers, 10.0);
    println!("{:<36}{:>10.2} MB", "  memory, peak", peak_megabytes(&client));
}

/// Where somebody types next: anywhere in the code of the file, behind a word.
struct Places<'t> {
    lines: Vec<&'t str>,
    seed: u64,
}

impl Places<'_> {
    fn next(&mut self) -> (usize, usize) {
        loop {
            self.seed ^= self.seed << 13;
            self.seed ^= self.seed >> 7;
            self.seed ^= self.seed << 17;
            let line = usize::try_from(self.seed % self.lines.len() as u64).expect("a line");
            let written = self.lines[line];
            let is_code = written.starts_with("  ") && written.is_ascii() && !written.trim_start().starts_with("//");
            let place = written.find(" <= ").or_else(|| written.find(" = ")).or_else(|| written.find('('));
            if let Some(column) = place.filter(|_| is_code) {
                return (line, column);
            }
        }
    }
}

/// All files of a program, as an editor opens those it had open before.
fn open_all() {
    let files = program(100_000);
    let folder = folder_of(&files);
    let begin = Instant::now();
    let mut client = Client::start_in(folder, &["utf-8"]);
    for file in &files {
        client.open(&file.path, &file.text);
    }
    for file in &files {
        client.published(&file.path, 1);
    }
    let took = begin.elapsed().as_secs_f64() * 1e3;
    println!("{} lines in {} files", line_count(&files), files.len());
    limit("  opened and looked at", took, "ms", 1_000.0);
    limit("  memory, peak", peak_megabytes(&client), "MB", 300.0);
}

fn show(what: &str, times: &mut [Duration], most: f64) {
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share).round() as usize].as_secs_f64() * 1e3;
    println!("{what:<36}{:>10.2} ms     the median", at(0.5));
    limit("    the 99th of a hundred", at(0.99), "ms", most);
}

fn limit(what: &str, figure: f64, unit: &str, most: f64) {
    let exceeded = if figure > most { " EXCEEDED" } else { "" };
    println!("{what:<36}{figure:>10.2} {unit:<6} (at most {most}){exceeded}");
}

fn folder_of(files: &[Generated]) -> TempDir {
    written(&files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect::<Vec<_>>())
}

/// The most memory that the server ever held.
fn peak_megabytes(client: &Client) -> f64 {
    let told = fs::read_to_string(format!("/proc/{}/status", client.server.id())).unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |kibibytes| kibibytes * 1024.0 / 1e6)
}
