//! `alert NAME critical when COND for D { summary … runbook … notify … }`

use crate::model::operations::{Alert, Severity};
use crate::model::program::Pipeline;
use crate::syntax::ast::{AlertItem, Name};

use super::super::checker::Checker;

impl<'a> Checker<'a> {
    pub(super) fn read_alert(&mut self, name: String, doc: Option<String>, written: &'a AlertItem) -> Alert {
        let severity = self.read_severity(&written.severity);
        let at = self.here(written.name.at);
        self.watching(None, |checker| Alert {
            name,
            doc,
            severity,
            conditions: checker.read_watches(&written.when, written.sustain.as_ref(), written.name.at),
            summary: written.summary.as_ref().map(|summary| checker.check_text(summary)),
            runbook: written.runbook.as_ref().map(|runbook| checker.check_text(runbook)),
            notify: written.notify.iter().map(|channel| checker.channel_name(Some(channel))).collect(),
            at,
        })
    }

    fn read_severity(&mut self, word: &Name) -> Severity {
        match word.text.as_str() {
            "critical" => Severity::Critical,
            "warning" => Severity::Warning,
            "info" => Severity::Info,
            _ => {
                self.report_word("severity", word, &["critical", "warning", "info"]);
                Severity::Info
            }
        }
    }
}

/// Its conditions as triggers.
pub(super) fn for_lints(alert: &Alert) -> Pipeline {
    super::watched(&alert.name, &alert.conditions, alert.at)
}
