//! How long it takes to plan 10,000 phases, from text to JSON, and how that grows.
//!
//! `cargo bench --bench plan` prints the best of five for each shape and size; the figure to hold is one second.

use std::fmt::Write;
use std::hint::black_box;
use std::time::{Duration, Instant};

use indexmap::IndexMap;

use phasegate::analysis::analyze;
use phasegate::base::source::Sources;
use phasegate::plan::build;
use phasegate::plan::request::{PlanRequest, Surroundings};
use phasegate::report::plan::json;

const ROUNDS: usize = 5;

struct Nothing;

impl Surroundings for Nothing {
    fn read_file(&self, path: &str) -> Result<String, String> {
        Err(format!("there is no file `{path}`"))
    }
    fn env_var(&self, _: &str) -> Result<Option<String>, String> {
        Ok(None)
    }
}

fn main() {
    println!("{:<28}{:>8}{:>12}{:>12}{:>12}{:>14}", "shape", "phases", "analysis", "plan", "JSON", "JSON bytes");
    let step = |effect: &str| format!("step exec([\"/bin/true\"]) effect {effect} timeout 1m");
    for count in [1_000, 10_000] {
        measure("independent, reading", count, &independent(count, &step("reads")));
        measure("layers of 100, reading", count, &layers(count, &step("reads")));
        measure("layers of 100, changing", count, &layers(count, &step("permanent")));
        measure("chain, reading", count, &chain(count, &step("reads")));
        measure("chain, changing", count, &chain(count, &step("permanent")));
    }
}

fn program(phases: impl Iterator<Item = (String, Vec<String>)>, body: &str) -> String {
    let mut text = String::from("use std.exec\n/// Many phases.\npipeline many {\n");
    for (name, after) in phases {
        let after = if after.is_empty() { String::new() } else { format!(" after {}", after.join(", ")) };
        writeln!(text, "  phase {name}{after} {{ {body} }}").expect("text grows");
    }
    text.push_str("}\n");
    text
}

fn independent(count: usize, body: &str) -> String {
    program((0..count).map(|at| (format!("p{at}"), Vec::new())), body)
}

fn chain(count: usize, body: &str) -> String {
    let before = |at: usize| at.checked_sub(1).map(|before| format!("p{before}")).into_iter().collect();
    program((0..count).map(|at| (format!("p{at}"), before(at))), body)
}

/// Each phase after three of the layer before.
fn layers(count: usize, body: &str) -> String {
    let name = |layer: usize, at: usize| format!("p{layer}_{}", at % 100);
    let phases = (0..count).map(|index| {
        let (layer, at) = (index / 100, index % 100);
        let before = |layer: usize| [at, at + 1, at + 7].map(|at| name(layer, at)).to_vec();
        (name(layer, at), layer.checked_sub(1).map(before).unwrap_or_default())
    });
    program(phases, body)
}

fn measure(shape: &str, count: usize, text: &str) {
    let mut best = [Duration::MAX; 3];
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let start = Instant::now();
        let mut sources = Sources::default();
        let mut read = |_: &str| Ok(text.as_bytes().to_vec());
        let analysis = analyze(&mut read, "many.deploy", &mut sources).expect("it is there");
        assert!(!analysis.has_errors(), "{:?}", analysis.diagnostics.first());
        let analysed = start.elapsed();
        let params = IndexMap::new();
        let request = PlanRequest { pipeline: None, environment: None, params: &params, sources: &sources };
        let plan = build(&analysis.program, &request, &Nothing).expect("a plan");
        let planned = start.elapsed();
        bytes = 0;
        json::render(&plan, &mut |piece| bytes += black_box(piece).len());
        let written = start.elapsed();
        for (best, took) in best.iter_mut().zip([analysed, planned - analysed, written - planned]) {
            *best = (*best).min(took);
        }
    }
    let [analysis, plan, json] = best.map(|took| format!("{:.1} ms", took.as_secs_f64() * 1e3));
    println!("{shape:<28}{count:>8}{analysis:>12}{plan:>12}{json:>12}{bytes:>14}");
}
