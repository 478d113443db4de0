//! A simulated run as a picture that stands for itself: no scripts, no fonts, nothing fetched, readable on light and dark.
//!
//! From top to bottom: how it ends, the phases, the traffic, each metric with its limits; of many runs the outcomes and what
//! watched. What is said by colour is said in words as well.

use std::fmt::Write as _;
use std::time::Duration;

use super::Simulated;
use super::chart::range;
use super::words::{about, amount, clock, interval, notes, percent, pipeline, shifts, spread};
use crate::base::counted::counted;
use crate::report::escape::{shorten, xml};
use crate::report::tests::timeline::decisions;
use crate::sim::simulate::record::Record;
use crate::sim::simulate::summary::Summary;
use crate::sim::simulate::traces::{Trace, traces, weights};

const WIDTH: f64 = 1_000.0;
/// Where the time begins and ends.
const LEFT: f64 = 190.0;
const RIGHT: f64 = 980.0;
const COLUMNS: usize = 395;
const PHASE: f64 = 22.0;
const TRAFFIC: f64 = 70.0;
const METRIC: f64 = 76.0;
/// Characters of a line over the whole width.
const LETTERS: usize = 128;
/// Decisions that are told below the charts.
const MOST_DECISIONS: usize = 60;
/// How wide a single sample is drawn.
const DOT: f64 = 3.0;

const STYLE: &str = "\
:root{--page:#ffffff;--card:#f6f8fa;--line:#d0d7de;--text:#1f2328;--soft:#59636e;--good:#1a7f37;--bad:#cf222e;\
--wait:#9a6700;--flow:#0969da;--limit:#bc4c00}\
@media(prefers-color-scheme:dark){:root{--page:#0d1117;--card:#151b23;--line:#3d444d;--text:#f0f6fc;--soft:#9198a1;\
--good:#3fb950;--bad:#f85149;--wait:#d29922;--flow:#4493f8;--limit:#db6d28}}\
.page{fill:var(--page)}.card{fill:var(--card);stroke:var(--line)}.grid{stroke:var(--line);stroke-width:1}\
text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;fill:var(--text);white-space:pre}\
.head{font-size:17px;font-weight:600}.name{font-weight:600}.soft{fill:var(--soft)}.end{text-anchor:end}\
.middle{text-anchor:middle}.good{fill:var(--good)}.bad{fill:var(--bad)}.wait{fill:var(--wait)}.none{fill:var(--soft)}\
.bar{fill-opacity:.85}.flow{fill:var(--flow);fill-opacity:.3;stroke:var(--flow);stroke-width:1.5}\
.curve{fill:var(--flow);fill-opacity:.55;stroke:var(--flow);stroke-width:1;stroke-linejoin:round}\
.limit{stroke:var(--limit);stroke-width:1.2;stroke-dasharray:5 4}.limits{fill:var(--limit)}\
.onset{stroke:var(--bad);stroke-width:1.2;stroke-dasharray:2 3}.over{stroke:var(--soft);stroke-width:1}";

/// The document.
#[must_use]
pub fn render(simulated: &Simulated<'_>) -> String {
    let Some(run) = simulated.runs.first() else { return String::new() };
    let mut picture = Picture { body: String::new(), y: 0.0, end: run.at, onset: simulated.setup.onset };
    picture.head(simulated, run);
    if let Some(summary) = simulated.summary {
        picture.summary(simulated, summary);
    }
    picture.charts(simulated, run);
    picture.decisions(simulated);
    let height = picture.y + 16.0;
    let title = xml(&format!("Simulation of {}", pipeline(simulated)));
    let told = xml(&description(simulated, run));
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {height:.0}\" width=\"{WIDTH:.0}\" \
         height=\"{height:.0}\" role=\"img\" aria-labelledby=\"title desc\">\n<title id=\"title\">{title}</title>\n\
         <desc id=\"desc\">{told}</desc>\n<style>{STYLE}</style>\n<rect class=\"page\" width=\"100%\" height=\"100%\"/>\n\
         {}</svg>\n",
        picture.body
    )
}

/// The picture in sentences, for those who do not see it.
fn description(simulated: &Simulated<'_>, run: &Record) -> String {
    let because = run.because.as_ref().map_or(String::new(), |because| format!(" because {because}"));
    let mut told = format!("The run is {} after {}{because}.", run.outcome, clock(run.at));
    for phase in &run.phases {
        let when = match (phase.started, phase.ended) {
            (Some(from), Some(to)) => format!(" from {} to {}", clock(from), clock(to)),
            (Some(from), None) => format!(" from {}", clock(from)),
            _ => String::new(),
        };
        let _ = write!(told, " Phase {} is {}{when}.", phase.id, phase.state);
    }
    for step in &run.traffic {
        let _ = write!(told, " At {} {} has {}.", clock(step.at), step.target, percent(step.weight));
    }
    if let Some(summary) = simulated.summary {
        let outcomes = summary.outcomes.iter();
        let outcomes = outcomes.map(|(name, share, _)| format!("{} {name}", share.count)).collect::<Vec<_>>();
        let _ = write!(told, " Of {} {}.", counted(simulated.runs.len(), "run"), outcomes.join(", "));
    }
    told
}

struct Picture {
    body: String,
    /// Below everything so far.
    y: f64,
    end: Duration,
    onset: Option<Duration>,
}

impl Picture {
    fn x(&self, at: Duration) -> f64 {
        let share = if self.end.is_zero() { 0.0 } else { at.as_secs_f64() / self.end.as_secs_f64() };
        LEFT + (RIGHT - LEFT) * share.clamp(0.0, 1.0)
    }

    fn text(&mut self, class: &str, (x, y): (f64, f64), text: &str) {
        let _ = writeln!(self.body, "<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{}</text>", xml(text));
    }

    /// Lines over the whole width.
    fn paragraph(&mut self, class: &str, text: &str) {
        for line in lines(text, LETTERS) {
            self.y += 17.0;
            self.text(class, (16.0, self.y), &line);
        }
    }

    fn head(&mut self, simulated: &Simulated<'_>, run: &Record) {
        self.y = 30.0;
        let first = if simulated.runs.len() > 1 { ", the first of the runs" } else { "" };
        let title = format!("{}: {} after {}{first}", pipeline(simulated), run.outcome, clock(run.at));
        self.text(&format!("head {}", class_of(run.outcome)), (16.0, self.y), &shorten(&title, 90));
        if let Some(because) = &run.because {
            self.paragraph("", &format!("because {because}"));
        }
        self.paragraph("soft", &format!("starts at {}, seed {}", simulated.setup.start(), simulated.seed));
        for shift in shifts(simulated) {
            self.paragraph("soft", &format!("change: {shift}"));
        }
        for note in notes(simulated) {
            self.paragraph("wait", &format!("note: {note}"));
        }
        self.y += 12.0;
    }

    fn summary(&mut self, simulated: &Simulated<'_>, summary: &Summary) {
        self.y += 18.0;
        self.text("name", (16.0, self.y), &counted(simulated.runs.len(), "run"));
        for (outcome, share, at) in &summary.outcomes {
            self.y += 20.0;
            let (y, width) = (self.y, 250.0 * share.value());
            self.text("", (16.0, y), outcome);
            let class = class_of(outcome);
            let _ = writeln!(
                self.body,
                "<rect class=\"card\" x=\"{LEFT}\" y=\"{:.1}\" width=\"250\" height=\"12\"/><rect class=\"{class} bar\" \
                 x=\"{LEFT}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"12\"/>",
                y - 10.0,
                y - 10.0
            );
            let told = format!("{}  {}  after {}", share.count, interval(*share), spread(at));
            self.text("", (LEFT + 262.0, y), &told);
        }
        let guards = summary.guards.iter().filter(|guard| guard.fired.count + guard.falsely.count > 0);
        for guard in guards {
            let Some(named) = simulated.guards.all.get(guard.place) else { continue };
            let mut told = format!("{}: falsely in {}", named.id, interval(guard.falsely));
            if let Some((seen, delay)) = &guard.seen {
                let _ = write!(told, "; sees the change in {}", interval(*seen));
                told.push_str(&delay.as_ref().map_or(String::new(), |delay| format!(" after {}", spread(delay))));
            }
            self.paragraph("soft", &told);
        }
        self.y += 14.0;
    }

    fn charts(&mut self, simulated: &Simulated<'_>, run: &Record) {
        let top = self.y;
        self.phases(run);
        for (target, weights) in weights(simulated.first, COLUMNS) {
            self.traffic(&target, &weights);
        }
        for trace in &traces(simulated.first, COLUMNS) {
            self.metric(trace);
        }
        self.axis();
        if let Some(onset) = self.onset.filter(|onset| *onset <= self.end) {
            let x = self.x(onset);
            let bottom = self.y - 22.0;
            let _ = writeln!(
                self.body,
                "<path class=\"onset\" d=\"M{x:.1} {top:.1}V{bottom:.1}\"><title>the version becomes bad</title></path>"
            );
        }
    }

    fn phases(&mut self, run: &Record) {
        for phase in &run.phases {
            let y = self.y + 4.0;
            self.text("name", (16.0, y + 13.0), &shorten(&phase.id, 23));
            if let Some(started) = phase.started {
                let (from, to) = (self.x(started), self.x(phase.ended.unwrap_or(self.end)));
                let width = (to - from).max(2.0);
                let class = class_of(phase.state);
                let _ = writeln!(
                    self.body,
                    "<rect class=\"{class} bar\" x=\"{from:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{:.1}\" \
                     rx=\"3\"><title>{}: {}</title></rect>",
                    PHASE - 6.0,
                    xml(&phase.id),
                    phase.state
                );
                let behind = to + 6.0 + phase.state.len() as f64 * 7.3 > RIGHT;
                let (class, x) = if behind { ("soft end", from - 6.0) } else { ("soft", to + 6.0) };
                // Where there is no room beside the bar the word would hide what it is about.
                if x > LEFT + 70.0 || !behind {
                    self.text(class, (x, y + 12.0), phase.state);
                }
            } else {
                self.text("soft", (LEFT, y + 12.0), phase.state);
            }
            self.y += PHASE;
        }
        self.y += 10.0;
    }

    fn frame(&mut self, height: f64, (name, detail): (&str, &str), (top, bottom): (&str, &str)) {
        let y = self.y;
        let _ = writeln!(
            self.body,
            "<rect class=\"card\" x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{height:.1}\"/>",
            RIGHT - LEFT
        );
        self.text("name", (16.0, y + 14.0), &shorten(name, 16));
        for (place, line) in lines(detail, 16).iter().take(3).enumerate() {
            self.text("limits", (16.0, y + 30.0 + place as f64 * 15.0), line);
        }
        self.text("soft end", (LEFT - 6.0, y + 11.0), top);
        self.text("soft end", (LEFT - 6.0, y + height - 1.0), bottom);
    }

    fn traffic(&mut self, target: &str, weights: &[f64]) {
        self.frame(TRAFFIC, ("traffic", ""), ("100%", "0%"));
        self.text("soft", (16.0, self.y + 30.0), &shorten(target, 22));
        let bottom = self.y + TRAFFIC;
        let step = (RIGHT - LEFT) / weights.len().max(1) as f64;
        let mut path = format!("M{LEFT:.1} {bottom:.1}");
        for (place, weight) in weights.iter().enumerate() {
            let (x, y) = (LEFT + step * place as f64, bottom - (TRAFFIC - 2.0) * weight);
            let _ = write!(path, "L{x:.1} {y:.1}H{:.1}", x + step);
        }
        let _ = writeln!(self.body, "<path class=\"flow\" d=\"{path}V{bottom:.1}Z\"/>");
        self.y += TRAFFIC + 14.0;
    }

    fn metric(&mut self, trace: &Trace) {
        let limits: Vec<f64> = trace.thresholds.iter().map(|threshold| threshold.value).collect();
        let Some((low, high)) = range(&trace.columns, &limits) else { return };
        let near: Vec<_> = trace.thresholds.iter().filter(|limit| (low..=high).contains(&limit.value)).collect();
        let told: Vec<String> = near.iter().map(|limit| amount(limit.value, trace.unit)).collect();
        let mut detail = if told.is_empty() { String::new() } else { format!("limit {}", told.join(", ")) };
        if trace.missing > 0 {
            let _ = write!(detail, " {} missing", trace.missing);
        }
        self.frame(METRIC, (&trace.name, detail.trim()), (&amount(high, trace.unit), &amount(low, trace.unit)));
        let (top, height) = (self.y, METRIC);
        let y_of =
            |value: f64| top + 2.0 + (height - 4.0) * (1.0 - (value - low) / (high - low).max(f64::MIN_POSITIVE));
        for limit in near {
            let y = y_of(limit.value);
            let _ = writeln!(
                self.body,
                "<path class=\"limit\" d=\"M{LEFT} {y:.1}H{RIGHT}\"><title>{}</title></path>",
                xml(&limit.text)
            );
        }
        for stretch in stretches(&trace.columns) {
            let _ = writeln!(self.body, "<path class=\"curve\" d=\"{}\"/>", band(&stretch, y_of));
        }
        self.y += METRIC + 14.0;
    }

    fn axis(&mut self) {
        let marks = 8;
        for mark in 0..=marks {
            let at = self.end.mul_f64(f64::from(mark) / f64::from(marks));
            let x = self.x(at);
            let class = match mark {
                0 => "soft",
                mark if mark == marks => "soft end",
                _ => "soft middle",
            };
            self.text(class, (x, self.y + 8.0), &about(at.as_secs_f64()));
        }
        self.y += 26.0;
    }

    fn decisions(&mut self, simulated: &Simulated<'_>) {
        let lines = decisions(simulated.first);
        let start = simulated.setup.start();
        let hidden = lines.len().saturating_sub(MOST_DECISIONS);
        self.y += 12.0;
        self.text("name", (16.0, self.y), "what happens");
        if hidden > 0 {
            self.paragraph("soft", &format!("the last {MOST_DECISIONS} of {} decisions", lines.len()));
        }
        for line in lines.iter().skip(hidden) {
            self.y += 17.0;
            self.text("soft end", (100.0, self.y), &clock(line.at.since(start)));
            self.text("", (112.0, self.y), &shorten(&line.words, 116));
        }
    }
}

/// Neighbouring columns with samples, each with its place.
fn stretches(columns: &[Option<(f64, f64)>]) -> Vec<Vec<(usize, f64, f64)>> {
    let mut found: Vec<Vec<(usize, f64, f64)>> = Vec::new();
    let mut before = false;
    for (place, column) in columns.iter().enumerate() {
        if let Some((low, high)) = column {
            if !before {
                found.push(Vec::new());
            }
            found.last_mut().into_iter().for_each(|stretch| stretch.push((place, *low, *high)));
        }
        before = column.is_some();
    }
    found
}

/// Along the greatest values, and back along the least. A sample with nothing beside it is a dot.
fn band(stretch: &[(usize, f64, f64)], y_of: impl Fn(f64) -> f64) -> String {
    let step = (RIGHT - LEFT) / COLUMNS as f64;
    let x_of = |place: usize| LEFT + step * (place as f64 + 0.5);
    if let [(place, low, high)] = stretch {
        let (left, top, bottom) = (x_of(*place) - DOT / 2.0, y_of(*high) - DOT / 2.0, y_of(*low) + DOT / 2.0);
        return format!("M{left:.1} {top:.1}h{DOT}V{bottom:.1}h-{DOT}Z");
    }
    let mut path = String::new();
    for (at, (place, _, high)) in stretch.iter().enumerate() {
        let _ = write!(path, "{}{:.1} {:.1}", if at == 0 { 'M' } else { 'L' }, x_of(*place), y_of(*high));
    }
    for (place, low, _) in stretch.iter().rev() {
        let _ = write!(path, "L{:.1} {:.1}", x_of(*place), y_of(*low) + 0.5);
    }
    path.push('Z');
    path
}

fn class_of(state: &str) -> &'static str {
    match state {
        "succeeded" | "passed" => "good",
        "paused" | "running" | "waiting" => "wait",
        "skipped" => "none",
        _ => "bad",
    }
}

/// The words of a text in lines of so many letters.
fn lines(text: &str, letters: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= letters => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(shorten(word, letters)),
        }
    }
    lines
}
