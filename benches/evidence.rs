//! What evidence costs: samples a second through each streaming function, memory of many windows, and a large isotonic fit.
//!
//! `cargo bench --bench evidence`. One thread; every function takes samples that are made before it is timed.

use std::cmp::Ordering;
use std::hint::black_box;
use std::time::{Duration, Instant};

use phasegate::base::number::Number;
use phasegate::base::time::Timestamp;
use phasegate::stats::compare::{Events, Pairs};
use phasegate::stats::cusum::{Cusum, EwmaChart, OnAlarm, Setting};
use phasegate::stats::isotonic::fit;
use phasegate::stats::quantiles::Sketch;
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
    println!("\nwanted: at least 5,000,000 samples/s for each function");
}
