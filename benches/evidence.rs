//! What evidence costs: samples a second through each streaming function, memory of many windows, a large isotonic fit, the
//! scores of ten thousand documents, and nDCG beside pytrec_eval.
//!
//! `cargo bench --bench evidence`. One thread but for the documents; every function takes samples that are made before it is
//! timed. pytrec_eval is asked when a `python3` has it (`PHASEGATE_PYTHON` names another interpreter).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use phasegate::adapters::files::{FilesContext, perform};
use phasegate::analysis::analyze;
use phasegate::base::number::Number;
use phasegate::base::source::Sources;
use phasegate::base::time::Timestamp;
use phasegate::contract::effect::{Effect, Outcome};
use phasegate::stats::compare::{Events, Pairs};
use phasegate::stats::cusum::{Cusum, EwmaChart, OnAlarm, Setting};
use phasegate::stats::isotonic::fit;
use phasegate::stats::quantiles::Sketch;
use phasegate::stats::ranking::Ranked;
use phasegate::stats::stream::Stream;
use phasegate::stats::window::{Keeps, Window};

const SAMPLES: usize = 2_000_000;
const EVERY: i64 = 15_000_000;
/// Twenty samples: five minutes at four a minute.
const LENGTH: Duration = Duration::from_secs(300);
const WINDOWS: usize = 100_000;

fn main() {
    let values = values();
    println!("{:<44} {:>16} {:>14}", "function", "samples/s of CPU", "by the clock");
    for (name, keeps, read) in windowed() {
        let mut window = Window::new(LENGTH, keeps);
        rate(name, || {
            for (at, value) in (0_i64..).zip(&values) {
                window.push(Timestamp(at * EVERY), *value);
                black_box(read(&window));
            }
        });
    }
    let floats: Vec<f64> = values.iter().map(|value| value.to_f64()).collect();
    charts(&floats);
    comparisons(&floats);
    memory(&values);
    isotonic(&floats);
    documents();
    ranking();
}

type Read = fn(&Window) -> Option<Number>;

fn windowed() -> [(&'static str, Keeps, Read); 8] {
    [
        ("mean(x, 5m)", Keeps::Sum, |window| window.mean()),
        ("sum(x, 5m)", Keeps::Sum, |window| Some(window.sum())),
        ("count(x, 5m)", Keeps::Samples, |window| Some(Number::from(window.count() as i64))),
        ("min(x, 5m)", Keeps::Extreme(Ordering::Less), |window| window.extreme()),
        ("max(x, 5m)", Keeps::Extreme(Ordering::Greater), |window| window.extreme()),
        ("delta(x, 5m)", Keeps::Samples, |window| window.delta()),
        ("increase(x, 5m)", Keeps::Growth, |window| window.increase()),
        ("update alone (percentile, stddev)", Keeps::Samples, |_| None),
    ]
}

/// Decimals that look like latencies, the same every time.
fn values() -> Vec<Number> {
    let mut state = 42_u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 40
    };
    (0..SAMPLES).map(|_| Number::from_f64((100_000 + next() % 50_000) as f64 / 1e6)).collect()
}

fn rate(name: &str, work: impl FnOnce()) {
    let (began, used) = (Instant::now(), processor_seconds());
    work();
    let (took, used) = (began.elapsed().as_secs_f64(), processor_seconds() - used);
    println!("{name:<44} {:>16.0} {:>14.0}", SAMPLES as f64 / used, SAMPLES as f64 / took);
}

/// What this process has used of its processor, in seconds, as far as the system tells: others may share the machine.
fn processor_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let behind_name = text.rsplit(')').next().unwrap_or_default();
    let ticks = behind_name.split_whitespace().skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn charts(values: &[f64]) {
    let setting = Setting { target: 0.125, sigma: 0.014, k: 0.5, h: 5.0, headstart: 0.0, on_alarm: OnAlarm::Continue };
    let mut chart = Cusum::new(setting).expect("a chart");
    rate("cusum", || {
        for value in values {
            chart.push(*value);
            black_box(chart.is_high());
        }
    });
    let mut chart = EwmaChart::new((0.125, 0.014), 0.2, 3.0).expect("a chart");
    rate("ewma", || {
        for value in values {
            chart.push(*value);
            black_box(chart.level);
        }
    });
    let mut sketch = Sketch::default();
    rate("quantile sketch", || values.iter().for_each(|value| sketch.push(*value)));
    black_box(sketch.quantile(0.99));
}

fn comparisons(values: &[f64]) {
    let mut pairs = Pairs::new(0.1, 0.01).expect("a test");
    rate("worse, pair by pair", || {
        for pair in values.windows(2) {
            pairs.push(pair[0], pair[1]);
        }
    });
    let mut events = Events::new(0.2, 0.1, 0.01).expect("a test");
    rate("worse, by events", || {
        for (at, _) in values.iter().enumerate() {
            events.push(u64::from(at % 5 == 0), u64::from(at % 5 != 0));
        }
    });
    println!("verdicts: {} and {}", pairs.finding().verdict.name(), events.finding().verdict.name());
}

/// Resident memory of this process in bytes, as far as the system tells.
fn resident() -> f64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<f64>().ok());
    pages.unwrap_or(f64::NAN) * 4_096.0
}

fn memory(values: &[Number]) {
    let before = resident();
    let windows: Vec<Window> = (0..WINDOWS)
        .map(|_| {
            let mut window = Window::new(LENGTH, Keeps::Sum);
            (0_i64..60).zip(values).for_each(|(at, value)| window.push(Timestamp(at * EVERY), *value));
            window
        })
        .collect();
    let used = (resident() - before) / 1e6;
    println!("\n{WINDOWS} windows of {} samples: {used:.0} MB (wanted: at most 200)", windows[0].count());
}

fn isotonic(values: &[f64]) {
    let points: Vec<(f64, f64)> = values.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
    let began = Instant::now();
    let knots = fit(&points);
    let took = began.elapsed().as_secs_f64();
    println!("isotonic fit of {} points: {took:.3} s, {} knots (wanted: at most 0.3)", points.len(), knots.len());
    println!("wanted of each function above: at least 5,000,000 samples/s");
}

const DOCUMENTS: usize = 10_000;

/// Documents of 20 KB in a folder of their own, scored as a run scores them.
fn documents() {
    let folder = std::env::temp_dir().join(format!("phasegate-evidence-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder for the documents");
    let text = |at: usize| {
        let slots: Vec<String> =
            (0..200).map(|slot| format!("slot {slot} of document {at}: {}", "x".repeat(70))).collect();
        let json = serde_json::json!({
            "identity": { "id": at, "slots": slots }, "output": { "schema": { "id": at - at % 3, "required": ["id"] } },
            "methods": ["a", "b"], "assembly": { "methods": ["a", "b"] },
        });
        json.to_string()
    };
    let files: Vec<String> = (0..DOCUMENTS).map(|at| format!("{at}.json")).collect();
    for (at, file) in files.iter().enumerate() {
        std::fs::write(folder.join(file), text(at)).expect("a document that can be written");
    }
    let size = text(0).len();
    let rubric = rubric();
    let cancel = std::sync::atomic::AtomicBool::new(false);
    let ctx = FilesContext {
        root: folder.clone(),
        slots: folder.clone(),
        secrets: &|_| Err("there is none".to_owned()),
        cancel: &cancel,
        now: Timestamp(0),
    };
    let (before, began) = (resident(), Instant::now());
    let outcome = perform(&Effect::ScoreDocuments { rubric, files }, &ctx);
    let took = began.elapsed().as_secs_f64();
    let grown = (resident() - before) / 1e6;
    std::fs::remove_dir_all(&folder).expect("a folder that can be removed");
    let Some(Outcome::Done(answer)) = outcome else { panic!("the documents are scored: {outcome:?}") };
    let scored = answer["documents"].as_array().map_or(0, Vec::len);
    println!("\n{scored} documents of {size} bytes scored in {took:.2} s, {grown:.0} MB more (wanted: below 5 s)");
}

/// Three tiers of 55, 30 and 15 points, from the source as a program has it.
fn rubric() -> serde_json::Value {
    let source = "rubric cqvr for json {\n  pass when score >= 80 and critical >= 45\n\
        tier critical { criterion a1 \"Identity\" 20 { award 12 when len(doc.identity.slots) > 0 award 8 when doc.identity.id == doc.output.schema.id }\n\
        criterion a2 \"Methods\" 35 { award 20 when len(doc.methods) > 0 award 15 when len(doc.assembly.methods) == len(doc.methods) } }\n\
        tier functional { criterion b1 \"Rules\" 30 { award 30 when len(doc.validation.rules) > 0 } }\n\
        tier quality { criterion c1 \"Schema\" 15 { award 15 when len(doc.output.schema.required) > 0 } }\n}\n";
    let mut sources = Sources::default();
    let mut load = |_: &str| Ok(source.as_bytes().to_vec());
    let analysis = analyze(&mut load, "bench.deploy", &mut sources).expect("a program");
    let rubric = analysis.program.rubrics.values().next().expect("a rubric");
    serde_json::to_value(rubric).expect("JSON")
}

const QUERIES: usize = 10_000;
const RANKED: usize = 1_000;

/// nDCG@10 of all queries, from scores and grades to the mean: the work that pytrec_eval is timed for as well.
fn ranking() {
    let names: Vec<String> = (0..RANKED).map(|at| format!("d{at:04}")).collect();
    let (mut took, mut sum) = (0.0, 0.0);
    for query in 0..QUERIES {
        let mut chance = Stream::new(query as u64);
        let mut score = |name: &String| (name.clone(), (chance.next_bits() >> 40) as f64 / 1024.0);
        let found: Vec<(String, f64)> = names.iter().map(&mut score).collect();
        let grades: BTreeMap<String, i64> =
            names[..RANKED / 10].iter().map(|name| (name.clone(), ((chance.next_bits() >> 60) % 4) as i64)).collect();
        let began = Instant::now();
        sum += black_box(Ranked::new(&found, &grades)).map_or(0.0, |ranked| ranked.ndcg(10));
        took += began.elapsed().as_secs_f64();
    }
    println!("nDCG@10 of {QUERIES} queries with {RANKED} documents: {took:.2} s, mean {:.6}", sum / QUERIES as f64);
    println!("{}", pytrec_eval());
}

/// The same data through pytrec_eval, where there is one.
fn pytrec_eval() -> String {
    let python = std::env::var("PHASEGATE_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peer_ndcg.py");
    let run = std::process::Command::new(&python).args([script, &QUERIES.to_string(), &RANKED.to_string()]).output();
    match run {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let (seconds, mean) = text.trim().split_once(' ').unwrap_or((text.trim(), "?"));
            format!("the same by pytrec_eval: {seconds:.5} s, mean {mean:.8}")
        }
        Ok(output) => {
            let why = String::from_utf8_lossy(&output.stderr).into_owned();
            let why = why.lines().last().unwrap_or("it says nothing");
            format!("nothing to compare with: {why} (`pip install pytrec_eval-terrier` has it built)")
        }
        Err(error) => format!("nothing to compare with: `{python}`: {error}"),
    }
}
