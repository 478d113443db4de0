//! `simulate` for people: how it ends, charts of traffic and metrics, the time line; of many runs the figures.

use std::time::Duration;

use super::Simulated;
use super::chart::{Chart, range};
use super::words::{about, amount, clock, interval, notes, percent, pipeline, shifts, spread};
use crate::base::counted::counted;
use crate::report::diagnostics::text::Look;
use crate::report::escape::{printable, shorten};
use crate::report::tests::timeline::decisions;
use crate::sim::simulate::summary::{GuardSummary, Summary};
use crate::sim::simulate::traces::{Trace, traces, weights};
use crate::sim::verdict::causes;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const GREEN: &str = "\u{1b}[32m";
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

/// Room for the values beside a chart.
const MARGIN: usize = 10;
const NARROWEST: usize = 40;
const WIDEST: usize = 160;
/// Lines of the chart of one metric, and of traffic.
const METRIC: usize = 5;
const TRAFFIC: usize = 4;
/// Lines of the time line that are shown.
const MOST_LINES: usize = 400;

/// Everything there is to say.
#[must_use]
pub fn render(simulated: &Simulated<'_>, look: Look) -> String {
    let mut page = Page { text: String::new(), look, width: look.width.clamp(NARROWEST, WIDEST) };
    match simulated.summary {
        Some(summary) if simulated.runs.len() > 1 => {
            page.many(simulated, summary);
            if !look.spoken {
                page.heading("the first run");
                page.charts(simulated);
            }
        }
        _ => {
            page.one(simulated);
            if !look.spoken {
                page.charts(simulated);
            }
            page.time_line(simulated);
        }
    }
    page.text
}

struct Page {
    text: String,
    look: Look,
    width: usize,
}

impl Page {
    fn paint(&self, colour: &'static str) -> &'static str {
        if self.look.colour { colour } else { "" }
    }

    /// One line, not wider than the terminal.
    fn line(&mut self, colour: &'static str, text: &str) {
        let text = shorten(&printable(text), self.width);
        let (on, off) = if colour.is_empty() { ("", "") } else { (self.paint(colour), self.paint(PLAIN)) };
        self.text.push_str(&format!("{on}{text}{off}\n"));
    }

    /// A sentence over as many lines as it takes.
    fn sentence(&mut self, colour: &'static str, indent: &str, text: &str) {
        let room = self.width.saturating_sub(indent.chars().count()).max(20);
        let mut line = String::new();
        for word in printable(text).split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room {
                self.line(colour, &format!("{indent}{line}"));
                line.clear();
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !line.is_empty() {
            self.line(colour, &format!("{indent}{line}"));
        }
    }

    fn heading(&mut self, text: &str) {
        self.text.push('\n');
        self.line(BOLD, text);
    }

    fn one(&mut self, simulated: &Simulated<'_>) {
        let Some(run) = simulated.runs.first() else { return };
        let colour = colour_of(run.outcome);
        self.line(colour, &format!("{}: {} after {}", pipeline(simulated), run.outcome, clock(run.at)));
        let reason = causes(simulated.first).reason;
        if !reason.is_empty() {
            self.sentence("", "  ", &format!("because {reason}"));
        }
        if let Some(met) = run.met {
            let told = format!(
                "{} of the requests since {} met the bad version, as many as all of them in {}",
                percent(met.share),
                simulated.setup.onset.map_or_else(String::new, clock),
                about(met.seconds)
            );
            self.sentence("", "  ", &told);
        }
        self.facts(simulated);
    }

    fn facts(&mut self, simulated: &Simulated<'_>) {
        let start = simulated.setup.start();
        self.line(DIM, &format!("  starts at {start}, seed {}", simulated.seed));
        for shift in shifts(simulated) {
            self.sentence(DIM, "  ", &format!("change: {shift}"));
        }
        for note in notes(simulated) {
            self.sentence(YELLOW, "  ", &format!("note: {note}"));
        }
    }

    fn many(&mut self, simulated: &Simulated<'_>, summary: &Summary) {
        let runs = simulated.runs.len();
        self.line(BOLD, &format!("{} of {}", counted(runs, "run"), pipeline(simulated)));
        self.facts(simulated);
        self.heading("how they end");
        for (outcome, share, at) in &summary.outcomes {
            let bar = bar(share.value(), 20, self.look.unicode);
            let told =
                format!("  {outcome:<16}{:>6}  {bar}  {:<24}after {}", share.count, interval(*share), spread(at));
            self.line(colour_of(outcome), &told);
        }
        let duration = &summary.duration;
        let mut told = format!("  they take {}", spread(duration));
        if duration.least < duration.most {
            told.push_str(&format!(", at least {} and at most {}", about(duration.least), about(duration.most)));
        }
        self.line("", &told);
        if let Some(healthy) = &summary.healthy {
            let told = healthy.iter().map(|(outcome, share, _)| format!("{outcome} {}", percent(share.value())));
            let told = told.collect::<Vec<_>>().join(", ");
            self.sentence("", "  ", &format!("without the change, by the same chance: {told}"));
        }
        self.sentence("", "  ", &false_stops(summary));
        if summary.seen.is_some_and(|seen| seen.of == 0) {
            self.sentence("", "  ", "no run lasts until the change");
        }
        if let Some(seen) = summary.seen.filter(|seen| seen.of > 0) {
            let delay = summary.delay.as_ref().map_or(String::new(), |delay| format!(", after {}", spread(delay)));
            self.sentence(
                "",
                "  ",
                &format!("the change is seen in {} of the runs that reach it{delay}", interval(seen)),
            );
        }
        if let Some((shares, seconds)) = &summary.met {
            let told = format!(
                "{} of the requests from the change on meet the bad version ({}..{}), as many as all of them in {}",
                percent(shares.median),
                percent(shares.p10),
                percent(shares.p90),
                spread(seconds)
            );
            self.sentence("", "  ", &told);
        }
        self.guards(simulated, summary);
    }

    fn guards(&mut self, simulated: &Simulated<'_>, summary: &Summary) {
        self.heading("what watches");
        let quiet = |guard: &&GuardSummary| guard.fired.count == 0 && guard.falsely.count == 0;
        for guard in summary.guards.iter().filter(|guard| !quiet(guard)) {
            let Some(named) = simulated.guards.all.get(guard.place) else { continue };
            self.line(BOLD, &format!("  {} {}", named.id, named.text));
            let mut told = format!("fires in {} of {}", guard.fired.count, counted(guard.fired.of, "run"));
            told.push_str(&format!("; falsely in {}", interval(guard.falsely)));
            if let Some((seen, delay)) = &guard.seen {
                told.push_str(&format!("; sees the change in {}", interval(*seen)));
                told.push_str(&delay.as_ref().map_or(String::new(), |delay| format!(" after {}", spread(delay))));
            }
            self.sentence("", "    ", &told);
        }
        let silent = summary.guards.iter().filter(quiet).count();
        if silent > 0 {
            let watched = summary.guards.iter().filter(quiet).map(|guard| guard.falsely.of).max().unwrap_or(0);
            let bound = crate::sim::simulate::summary::Share::new(0, usize::try_from(watched).unwrap_or(usize::MAX));
            let what = match (silent, silent == summary.guards.len()) {
                (1, true) => "the only one never fires".to_owned(),
                (1, false) => "1 other never fires".to_owned(),
                (_, true) => format!("none of the {silent} ever fires"),
                (_, false) => format!("{silent} others never fire"),
            };
            let told = if watched == 0 {
                what
            } else {
                format!("{what}: less than {} of the runs at 95%", percent(bound.high))
            };
            self.sentence(DIM, "  ", &told);
        }
    }

    fn charts(&mut self, simulated: &Simulated<'_>) {
        let Some(run) = simulated.runs.first() else { return };
        let columns = self.width - MARGIN - 2;
        for (target, weights) in weights(simulated.first, columns) {
            self.text.push('\n');
            self.line(BOLD, &format!("traffic to {target}"));
            let columns: Vec<_> = weights.iter().map(|weight| Some((0.0, *weight))).collect();
            let chart =
                Chart { columns: &columns, range: (0.0, 1.0), lines: TRAFFIC, limits: &[], unicode: self.look.unicode };
            self.frame(&chart.bars(), ("100%", "0%"), GREEN);
        }
        let traces = traces(simulated.first, columns);
        for trace in &traces {
            self.metric(trace);
        }
        self.axis(run.at, columns);
    }

    fn metric(&mut self, trace: &Trace) {
        let limits: Vec<f64> = trace.thresholds.iter().map(|threshold| threshold.value).collect();
        let Some(range) = range(&trace.columns, &limits) else { return };
        self.text.push('\n');
        let near = trace.thresholds.iter().filter(|limit| (range.0..=range.1).contains(&limit.value));
        let near: Vec<String> = near.map(|limit| amount(limit.value, trace.unit)).collect();
        let near = if near.is_empty() { String::new() } else { format!("  limit {}", near.join(", ")) };
        let missing =
            if trace.missing == 0 { String::new() } else { format!("  {} missing", counted(trace.missing, "sample")) };
        self.line(BOLD, &format!("{}{near}{missing}", trace.name));
        let chart =
            Chart { columns: &trace.columns, range, lines: METRIC, limits: &limits, unicode: self.look.unicode };
        let (low, high) = (amount(range.0, trace.unit), amount(range.1, trace.unit));
        self.frame(&chart.spans(), (&high, &low), "");
    }

    fn frame(&mut self, lines: &[String], (top, bottom): (&str, &str), colour: &'static str) {
        let (edge, corner) = if self.look.unicode { ("┤", "│") } else { ("+", "|") };
        let (on, off) = if colour.is_empty() { ("", "") } else { (self.paint(colour), self.paint(PLAIN)) };
        for (place, line) in lines.iter().enumerate() {
            let last = place + 1 == lines.len();
            let (label, edge) = match (place, last) {
                (0, _) => (top, edge),
                (_, true) => (bottom, edge),
                _ => ("", corner),
            };
            let label = shorten(label, MARGIN);
            self.text.push_str(&format!("{label:>MARGIN$} {edge}{on}{}{off}\n", line.trim_end()));
        }
    }

    /// Times below the charts.
    fn axis(&mut self, end: Duration, columns: usize) {
        let mut line: Vec<char> = vec![' '; columns];
        let marks = (columns / 16).clamp(1, 8);
        for mark in 0..=marks {
            let label: Vec<char> = about(end.as_secs_f64() * mark as f64 / marks as f64).chars().collect();
            let place = (columns * mark / marks).min(columns.saturating_sub(label.len()));
            // A label that would run into the one before is left out.
            let free = line[place.saturating_sub(1)..].iter().take(label.len() + 1).all(|letter| *letter == ' ');
            if free {
                for (cell, letter) in line[place..].iter_mut().zip(label) {
                    *cell = letter;
                }
            }
        }
        let line: String = line.into_iter().collect();
        self.line(DIM, &format!("{:MARGIN$}  {}", "", line.trim_end()));
    }

    fn time_line(&mut self, simulated: &Simulated<'_>) {
        self.heading("what happens");
        let lines = decisions(simulated.first);
        let start = simulated.setup.start();
        let clocks: Vec<String> = lines.iter().map(|line| clock(line.at.since(start))).collect();
        let widest = clocks.iter().map(|clock| clock.chars().count()).max().unwrap_or(0).min(14);
        let hidden = lines.len().saturating_sub(MOST_LINES);
        for (line, clock) in lines.iter().zip(&clocks).take(MOST_LINES) {
            let (dim, plain) = (self.paint(DIM), self.paint(PLAIN));
            let room = self.width.saturating_sub(widest + 4).max(20);
            let mut words = wrapped(&printable(&line.words), room).into_iter();
            let first = words.next().unwrap_or_default();
            self.text.push_str(&format!("  {dim}{clock:>widest$}{plain}  {first}\n"));
            for more in words {
                self.text.push_str(&format!("  {:widest$}    {more}\n", ""));
            }
        }
        if hidden > 0 {
            self.line(DIM, &format!("  and {hidden} more; `--format json` has every phase and weight"));
        }
    }
}

fn wrapped(text: &str, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let full =
            lines.last().is_some_and(|line| !line.is_empty() && line.chars().count() + 1 + word.chars().count() > room);
        if full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines
}

fn bar(share: f64, width: usize, unicode: bool) -> String {
    let filled = ((share * width as f64).round() as usize).min(width);
    let (full, empty) = if unicode { ("█", "░") } else { ("#", ".") };
    format!("{}{}", full.repeat(filled), empty.repeat(width - filled))
}

fn false_stops(summary: &Summary) -> String {
    let share = summary.false_stops;
    if share.count == 0 {
        return format!("no run is stopped falsely: less than {} at 95%", percent(share.high));
    }
    let runs = 1.0 / share.value();
    let runs = if runs < 10.0 { (runs * 10.0).round() / 10.0 } else { runs.round() };
    format!("{} are stopped although nothing is wrong: one in about {runs} runs", interval(share))
}

fn colour_of(outcome: &str) -> &'static str {
    match outcome {
        "succeeded" => GREEN,
        "paused" | "running" => YELLOW,
        _ => RED,
    }
}
