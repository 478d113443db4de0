//! `why`: the arithmetic behind a verdict.

use clap::Args as Arguments;
use jiff::tz::TimeZone;

use super::exit::Exit;
use super::output;
use super::runs::{self, Format};
use super::terminal;
use crate::report::why::{self, Canvas, Subject};
use crate::session::refusal::Refusal;

/// Says why a run went as it did: what was seen, what it was compared with, and what followed.
///
/// Without NODE: the decisions that made the outcome, in order, from the cause. With NODE, the id of a step, gate, hold, ramp,
/// wait, approval, phase or trigger as `plan` names it: what became of that one.
#[derive(Debug, Arguments)]
pub struct Args {
    /// The run, or the beginning of its name, or a bundle.
    run: String,

    /// What to explain: `deploy.gate1`, `deploy.trigger1`, `deploy`.
    node: Option<String>,

    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

pub fn run(args: Args) -> Exit {
    let record = match runs::open_record(&args.run) {
        Ok(record) => record,
        Err(exit) => return exit,
    };
    let (state, zone) = (record.state(), TimeZone::system());
    let (events, first) = record.all_events();
    let (plan, base) = (&record.plan, &record.base);
    let subject = Subject { plan, base, events: &events, first, state: &state, zone: &zone };
    let explanation = match why::explain(subject, args.node.as_deref()) {
        Ok(explanation) => explanation,
        Err(unknown) => {
            let (message, help) = why::text::unknown(&state.run_id, args.node.as_deref().unwrap_or_default(), &unknown);
            return runs::refuse(&Refusal { help, ..Refusal::usage(message) });
        }
    };
    match args.format {
        Format::Text => {
            let look = terminal::look();
            let canvas = (!look.spoken).then_some(Canvas { width: look.width, unicode: look.unicode, zone: &zone });
            output::say(&why::text::render(&explanation, canvas, &zone));
        }
        Format::Json => output::say(&format!("{}\n", why::json::render(&explanation))),
    }
    Exit::Well
}
