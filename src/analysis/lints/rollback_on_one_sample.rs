//! PG410: one bad sample is enough.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::model::phase::{Sustain, Trigger, TriggerAction};
use crate::model::walk::triggers;

use super::super::constants::Constants;
use super::{Lint, Subject};

pub const LINT: Lint = Lint {
    code: Code::PG410,
    why: "Every metric has a bad sample now and then. A trigger that takes everything back on one of them fires on noise.",
    bad: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 5%
    wait 1h
  }
}
"#,
    good: r#"metrics api from http("http://127.0.0.1:8080/metrics.json") {
  errors: ratio = json("$.errors")
}

/// Watches for an hour.
pipeline watch {
  phase look {
    rollback when api.errors > 5% for 3 samples
    wait 1h
  }
}
"#,
    check,
};

fn check(subject: &Subject<'_>, diagnostics: &mut Vec<Diagnostic>) {
    for pipeline in subject.pipelines {
        let constants = Constants::of(subject.program, pipeline);
        for trigger in triggers(pipeline).filter(|trigger| takes_back(trigger)) {
            let once = match &trigger.condition.sustain {
                None => true,
                Some(Sustain::Samples(count)) => constants.iter().all(|constants| constants.integer(count) == Some(1)),
                Some(Sustain::Time(_)) => false,
            };
            if once {
                let message = format!("`{}` on one sample", trigger.action.name());
                let diagnostic = Diagnostic::new(Code::PG410, trigger.at, message)
                    .label("one bad sample is enough")
                    .help("say for how long it must be so: `for 5m` or `for 3 samples`");
                diagnostics.push(diagnostic);
            }
        }
    }
}

fn takes_back(trigger: &Trigger) -> bool {
    match trigger.action {
        TriggerAction::Rollback | TriggerAction::RollbackPhase | TriggerAction::Abort => true,
        TriggerAction::Pause | TriggerAction::Notify(_) => false,
    }
}
