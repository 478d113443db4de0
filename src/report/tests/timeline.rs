//! What happened around an instant of a simulated run: decisions, and the values that were given from then on.

use jiff::tz::TimeZone;

use crate::base::time::Timestamp;
use crate::engine::event::Event;
use crate::report::run::amounts::rounded;
use crate::report::run::sentences::Teller;
use crate::sim::story::Story;

/// Lines before and at the instant, and after it.
const BEFORE: usize = 9;
const AFTER: usize = 4;
/// Lines from further back that say how it came to it.
const TELLING: usize = 4;
/// Characters of a line.
const WIDTH: usize = 150;

/// Something that happened, in words.
pub struct Line {
    pub at: Timestamp,
    pub words: String,
    /// It may say why something came as it did: a verdict, a value that turned, what was given in vain.
    telling: bool,
}

/// The lines around an instant; around the end when it is none.
#[must_use]
pub fn around(story: &Story, instant: Option<Timestamp>) -> Vec<Line> {
    let mut lines = everything(story);
    let instant = instant.unwrap_or_else(|| story.end.at());
    let behind = lines.iter().position(|line| line.at > instant).unwrap_or(lines.len());
    lines.truncate(behind.saturating_add(AFTER));
    let near = lines.split_off(behind.saturating_sub(BEFORE));
    // The undo of a single run fills the window: what led to it is shown nevertheless.
    lines.retain(|line| line.telling);
    let mut shown = lines.split_off(lines.len().saturating_sub(TELLING));
    shown.extend(near);
    shown
}

fn everything(story: &Story) -> Vec<Line> {
    let mut lines = values(story);
    lines.extend(decisions(story));
    // Of one instant the values come first, then what was decided, in order.
    lines.sort_by_key(|line| line.at);
    lines
}

/// What was decided and done, in order.
#[must_use]
pub fn decisions(story: &Story) -> Vec<Line> {
    let zone = TimeZone::UTC;
    let teller = Teller { plan: &story.plan, state: &story.state, zone: &zone };
    let mut lines = Vec::new();
    for recorded in &story.events {
        let words = match &recorded.event {
            Event::RunStarted { .. } => Vec::new(),
            Event::RunEnded { outcome, .. } => vec![format!("the run ends: {}", outcome.name())],
            // Whoever reads a test types no commands.
            Event::ApprovalAsked { node, who, .. } => {
                vec![format!("{}: waits for approval ({who})", story.plan.node(*node).id)]
            }
            Event::Paused { .. } => teller.tell(recorded).into_iter().take(1).collect(),
            _ => teller.tell(recorded),
        };
        let telling = tells(&recorded.event);
        lines.extend(words.into_iter().map(|words| Line { at: recorded.at, words: shortened(words), telling }));
    }
    let refused = story.refusals.iter();
    lines.extend(refused.map(|(at, reason)| {
        let words = format!("nothing comes of what is given here: {reason}");
        Line { at: *at, words, telling: true }
    }));
    lines.sort_by_key(|line| line.at);
    lines
}

/// A verdict that stops something.
fn tells(event: &Event) -> bool {
    match event {
        Event::TriggerFired { .. } | Event::NodeFailed { .. } | Event::InDoubt { .. } | Event::Paused { .. } => true,
        Event::GateJudged { conditions, .. } => conditions.iter().any(|judged| judged.verdict != Some(true)),
        _ => false,
    }
}

/// Where the course of a metric turns.
fn values(story: &Story) -> Vec<Line> {
    let (start, end) = (story.script.start, story.end.at());
    let mut lines = Vec::new();
    for (group, field, points) in story.script.given_metrics() {
        let known = story.plan.groups.iter().any(|known| known.name == group);
        for at in points.into_iter().map(|point| start.plus(point)).filter(|at| known && *at <= end) {
            let value = match story.script.sample(group, field, at).value() {
                Ok(value) => rounded(&value),
                Err(_) => "missing".to_owned(),
            };
            let words = shortened(format!("{group}.{field} = {value}"));
            lines.push(Line { at, words, telling: at > start });
        }
    }
    lines.sort_by(|left, right| (left.at, &left.words).cmp(&(right.at, &right.words)));
    lines
}

fn shortened(words: String) -> String {
    let words: String = words.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    if words.chars().count() <= WIDTH {
        words
    } else {
        format!("{}…", words.chars().take(WIDTH - 1).collect::<String>())
    }
}
