//! What `check` costs on generated programs of 100, 10,000 and 100,000 lines: processor time of each stage, memory, growth,
//! and what it takes to show 1,000 diagnostics. The limit stands beside each figure that has one.
//!
//! `cargo bench --bench check` prints the best of five; each size is measured in a process of its own, as memory never
//! shrinks. Names of sizes as arguments (`100000`) measure only those.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;
use std::{env, fs};

use phasegate::analysis::{Analysis, Stage, analyze, analyze_watched};
use phasegate::base::source::{SourceFile, Sources};
use phasegate::base::span::FileId;
use phasegate::report::diagnostics::text::{Look, render};
use phasegate::report::diagnostics::{Summary, json};
use phasegate::syntax::tree::tree;

mod generated;

use generated::{Generated, line_count, program, with_faults};

/// The one of the program itself.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const ROUNDS: usize = 5;
const SIZES: [usize; 3] = [100, 10_000, 100_000];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    match arguments.as_slice() {
        [what, size] if what == "measure" => measure(size.parse().expect("a number of lines")),
        [what, size, folder] if what == "write" => {
            write(&program(size.parse().expect("a number of lines")), Path::new(folder));
        }
        sizes => whole(sizes),
    }
}

/// Spawns one process for each size and compares them.
fn whole(sizes: &[String]) {
    let mut totals = Vec::new();
    for size in SIZES.iter().filter(|size| sizes.is_empty() || sizes.contains(&size.to_string())) {
        let this = env::current_exe().expect("the path of this program");
        let output = Command::new(this).args(["measure", &size.to_string()]).output().expect("it starts again");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
        print!("{text}");
        let total = text.lines().find_map(|line| line.strip_prefix("  check, all stages")?.split_whitespace().next());
        totals.push(total.and_then(|total| total.parse::<f64>().ok()).unwrap_or(f64::NAN));
        process(*size);
        println!();
    }
    if let [_, small, large] = totals[..] {
        show("growth from 10k to 100k lines", large / small, "times", Some(11.0));
    }
    diagnostics();
}

/// The stages of one size, in this process.
fn measure(size: usize) {
    let files = program(size);
    let bytes: usize = files.iter().map(|file| file.text.len()).sum();
    println!("{} lines in {} files, {:.2} MB", line_count(&files), files.len(), bytes as f64 / 1e6);
    let large = size >= 100_000;
    // The first round pays for the standard library and for fresh memory: a process that checks once does too.
    let mut rounds: Vec<Vec<(Stage, f64)>> = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push(stages(&files));
    }
    let sum = |round: &Vec<(Stage, f64)>| round.iter().map(|(_, took)| took).sum::<f64>();
    for (at, (stage, _)) in rounds[0].iter().enumerate() {
        let best = rounds.iter().map(|round| round[at].1).fold(f64::INFINITY, f64::min);
        show(&format!("  {stage:?}"), best, "ms", None);
    }
    let best = rounds.iter().map(sum).fold(f64::INFINITY, f64::min);
    show("  check, all stages", best, "ms", large.then_some(450.0));
    show("  check, the first time", sum(&rounds[0]), "ms", None);
    show("  memory, peak of five checks", peak_megabytes(), "MB", large.then_some(200.0));
    let trees = (0..3)
        .map(|_| timed(|| files.iter().for_each(|file| drop(black_box(tree(&source(file)))))))
        .fold(f64::INFINITY, f64::min);
    show("  lossless trees of all files", trees, "ms", None);
}

fn source(file: &Generated) -> SourceFile {
    SourceFile::new(FileId(0), file.path.as_str(), file.text.as_str())
}

/// Processor time of each stage of one check, in milliseconds.
fn stages(files: &[Generated]) -> Vec<(Stage, f64)> {
    let mut spent: Vec<(Stage, f64)> = Vec::new();
    let mut before = cpu_milliseconds();
    let mut sources = Sources::default();
    let mut read = |asked: &str| read_generated(files, asked);
    let mut watch = |stage: Stage| {
        let now = cpu_milliseconds();
        match spent.iter_mut().find(|(known, _)| *known == stage) {
            Some((_, sum)) => *sum += now - before,
            None => spent.push((stage, now - before)),
        }
        before = now;
    };
    let analysis = analyze_watched(&mut read, "main.deploy", &mut sources, &mut watch).expect("it is there");
    assert_clean(&analysis, &sources);
    spent
}

fn assert_clean(analysis: &Analysis, sources: &Sources) {
    if let Some(first) = analysis.diagnostics.first() {
        let look = Look { colour: false, unicode: true, width: 120, spoken: false };
        panic!("{} findings, the first:\n{}", analysis.diagnostics.len(), render(sources, first, look));
    }
}

fn read_generated(files: &[Generated], asked: &str) -> Result<Vec<u8>, String> {
    // The main file comes first, then the shared one, then the services in order.
    let number = asked.strip_prefix("services/s").and_then(|rest| rest.strip_suffix(".deploy")?.parse::<usize>().ok());
    let found = match number {
        Some(number) => files.get(number + 2),
        None => files.iter().take(2).find(|file| file.path == asked),
    };
    found.map(|file| file.text.clone().into_bytes()).ok_or_else(|| format!("there is no `{asked}`"))
}

/// The program itself, started on files: all it costs.
fn process(size: usize) {
    let folder = env::temp_dir().join(format!("phasegate-check-{}-{size}", std::process::id()));
    write(&program(size), &folder);
    let rounds = if size <= 100 { 40 } else { 3 };
    let (best, cpu) = spent(&folder, &["check", "main.deploy"], rounds);
    show("  whole process, by the clock", best, "ms", (size <= 100).then_some(4.0));
    show("  whole process, processor", cpu, "ms", (size >= 100_000).then_some(450.0));
    // Of programs as they are in a repository: formatted.
    spent(&folder, &["fmt", "."], 1);
    let (best, cpu) = spent(&folder, &["fmt", "--check", "."], rounds);
    show("  fmt --check, by the clock", best, "ms", (size >= 100_000).then_some(700.0));
    show("  fmt --check, processor", cpu, "ms", None);
    fs::remove_dir_all(&folder).expect("it was just written");
}

/// The best time by the clock and the mean of the processor, in milliseconds, of calling the program so often.
fn spent(folder: &Path, arguments: &[&str], rounds: u32) -> (f64, f64) {
    let mut best = f64::INFINITY;
    let mut cpu = 0.0;
    for _ in 0..rounds {
        let (start, before) = (Instant::now(), children_cpu_milliseconds());
        let mut command = Command::new(env!("CARGO_BIN_EXE_phasegate"));
        let output = command.args(arguments).current_dir(folder).output().expect("it starts");
        best = best.min(start.elapsed().as_secs_f64() * 1e3);
        cpu += children_cpu_milliseconds() - before;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    (best, cpu / f64::from(rounds))
}

fn write(files: &[Generated], folder: &Path) {
    for file in files {
        let path: PathBuf = folder.join(&file.path);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
        fs::write(path, &file.text).expect("a file");
    }
}

/// A thousand diagnostics on 100,000 lines, drawn and as JSON.
fn diagnostics() {
    let files = with_faults(&program(100_000), 1_000);
    let mut sources = Sources::default();
    let mut read = |asked: &str| read_generated(&files, asked);
    let analysis = analyze(&mut read, "main.deploy", &mut sources).expect("it is there");
    let found = &analysis.diagnostics[..analysis.diagnostics.len().min(1_000)];
    let look = Look { colour: true, unicode: true, width: 120, spoken: false };
    let text = (0..ROUNDS)
        .map(|_| timed(|| found.iter().map(|one| black_box(render(&sources, one, look)).len()).sum::<usize>()));
    let text = text.fold(f64::INFINITY, f64::min);
    show(&format!("{} diagnostics as text", found.len()), text, "ms", Some(30.0));
    let summary = Summary::new(found, files.len());
    let json = (0..ROUNDS).map(|_| timed(|| black_box(json::render(&sources, found, summary)).len()));
    show(&format!("{} diagnostics as JSON", found.len()), json.fold(f64::INFINITY, f64::min), "ms", Some(30.0));
}

fn show(what: &str, figure: f64, unit: &str, limit: Option<f64>) {
    let limit = limit.map(|limit| format!("(at most {limit}){}", if figure > limit { " EXCEEDED" } else { "" }));
    println!("{what:<34}{figure:>10.2} {unit:<6}{}", limit.unwrap_or_default());
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let before = cpu_milliseconds();
    black_box(work());
    cpu_milliseconds() - before
}

/// Time this thread has spent on a processor; by the clock where the system does not tell.
fn cpu_milliseconds() -> f64 {
    thread_local!(static START: Instant = Instant::now());
    let told = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = told.and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok());
    nanoseconds.map_or_else(|| START.with(|start| start.elapsed().as_secs_f64() * 1e3), |nanoseconds| nanoseconds / 1e6)
}

/// Time that processes started by this one have spent on a processor, in steps of ten milliseconds.
fn children_cpu_milliseconds() -> f64 {
    let told = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = told.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |index: usize| fields.get(index).and_then(|field| field.parse::<f64>().ok()).unwrap_or(f64::NAN);
    (ticks(13) + ticks(14)) * 10.0
}

/// The most memory this process ever held.
fn peak_megabytes() -> f64 {
    let told = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = told.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes.map_or(f64::NAN, |kibibytes| kibibytes * 1024.0 / 1e6)
}
