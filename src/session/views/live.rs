//! A terminal: what happened scrolls by above, the run as it stands is drawn below.

use std::sync::Arc;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;

use crate::base::time::Timestamp;
use crate::engine::event::Recorded;
use crate::engine::state::State;
use crate::plan::program::Plan;
use crate::report::run::amounts::time_of_day;
use crate::report::run::picture;
use crate::report::run::sentences::Teller;
use crate::runtime::ports::Observer;

/// How often the picture is drawn anew.
const PACE: Duration = Duration::from_millis(200);

pub struct LiveView {
    plan: Arc<Plan>,
    zone: TimeZone,
    board: MultiProgress,
    lines: Vec<ProgressBar>,
    style: ProgressStyle,
    drawn: Option<Timestamp>,
}

impl LiveView {
    pub fn new(plan: Arc<Plan>) -> Self {
        // The template is a constant; should it ever be wrong, indicatif's own is legible too.
        let style = ProgressStyle::with_template("{wide_msg}").unwrap_or_else(|_| ProgressStyle::default_spinner());
        Self { plan, zone: TimeZone::system(), board: MultiProgress::new(), lines: Vec::new(), style, drawn: None }
    }

    fn say(&self, line: &str) {
        // A terminal that is gone is no reason to stop.
        let _ = self.board.println(line);
    }

    fn draw(&mut self, lines: Vec<String>) {
        while self.lines.len() > lines.len() {
            if let Some(bar) = self.lines.pop() {
                bar.finish_and_clear();
                self.board.remove(&bar);
            }
        }
        while self.lines.len() < lines.len() {
            let bar = self.board.add(ProgressBar::new_spinner().with_style(self.style.clone()));
            self.lines.push(bar);
        }
        for (bar, line) in self.lines.iter().zip(lines) {
            if bar.message() != line {
                bar.set_message(line);
            }
        }
    }
}

impl Observer for LiveView {
    fn happened(&mut self, state: &State, recorded: &Recorded) {
        let teller = Teller { plan: &self.plan, state, zone: &self.zone };
        for sentence in teller.tell(recorded) {
            self.say(&format!("{} {sentence}", time_of_day(recorded.at, &self.zone)));
        }
    }

    fn note(&mut self, text: &str) {
        self.say(&format!("         {text}"));
    }

    fn breathe(&mut self, state: &State, now: Timestamp) {
        if self.drawn.is_none_or(|drawn| now.since(drawn) >= PACE) {
            self.drawn = Some(now);
            self.draw(picture::draw(&self.plan, state, now));
        }
    }
}

impl Drop for LiveView {
    fn drop(&mut self) {
        self.draw(Vec::new());
        let _ = self.board.clear();
    }
}
