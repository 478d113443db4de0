//! Diagnostics as data. Wording happens where the fault is found; drawing happens in `report`.

use super::span::{Location, Span};
use super::suggest::Suggestion;

/// How bad it is. Errors stop everything that would run; warnings can be allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    Warning,
    Error,
}

impl Severity {
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

macro_rules! codes {
    ($($code:ident $name:literal $severity:ident;)*) => {
        /// Every diagnostic the program can give, in the order of its number.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($code,)* }

        impl Code {
            pub const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// `PG202`
            #[must_use]
            pub fn id(self) -> &'static str { match self { $(Self::$code => stringify!($code),)* } }

            /// `unit-mismatch`
            #[must_use]
            pub fn name(self) -> &'static str { match self { $(Self::$code => $name,)* } }

            #[must_use]
            pub fn severity(self) -> Severity { match self { $(Self::$code => Severity::$severity,)* } }
        }
    };
}

codes! {
    PG001 "unexpected-token" Error;
    PG002 "unterminated-string" Error;
    PG003 "unterminated-comment" Error;
    PG004 "invalid-escape" Error;
    PG005 "invalid-number-or-unit" Error;
    PG006 "look-alike-character" Error;
    PG007 "chained-comparison" Error;
    PG008 "unclosed-block" Error;
    PG009 "nesting-too-deep" Error;
    PG010 "not-utf-8" Error;
    PG101 "undefined-name" Error;
    PG102 "duplicate-name" Error;
    PG103 "unknown-step-or-function" Error;
    PG104 "unknown-module-or-file" Error;
    PG105 "import-cycle" Error;
    PG106 "unknown-argument" Error;
    PG107 "missing-argument" Error;
    PG108 "unknown-field" Error;
    PG109 "unknown-environment-key" Error;
    PG110 "too-many-arguments" Error;
    PG111 "unknown-type" Error;
    PG112 "misplaced-statement" Error;
    PG201 "type-mismatch" Error;
    PG202 "unit-mismatch" Error;
    PG203 "not-a-condition" Error;
    PG204 "secret-leak" Error;
    PG205 "environments-disagree" Error;
    PG206 "invalid-literal" Error;
    PG207 "metric-where-a-constant-is-needed" Error;
    PG208 "division-by-zero" Error;
    PG209 "weights-not-rising-or-out-of-range" Error;
    PG210 "points-do-not-add-up" Error;
    PG301 "dependency-cycle" Error;
    PG302 "used-before-produced" Error;
    PG303 "unreachable-phase" Warning;
    PG304 "same-target-ramped-side-by-side" Error;
    PG305 "output-of-a-step-that-may-be-skipped" Error;
    PG401 "condition-can-never-hold" Error;
    PG402 "condition-always-holds" Warning;
    PG403 "hold-longer-than-timeout" Error;
    PG404 "trigger-can-never-fire" Warning;
    PG405 "sustained-for-less-than-one-sample" Warning;
    PG406 "full-traffic-without-guard" Warning;
    PG407 "change-without-undo-in-reach-of-a-rollback" Warning;
    PG408 "permanent-change-without-backup" Warning;
    PG409 "trigger-shadowed" Warning;
    PG410 "rollback-on-one-sample" Warning;
    PG411 "percent-of-ratio-ambiguous" Warning;
    PG412 "command-without-timeout" Warning;
    PG413 "approval-without-deadline" Warning;
    PG414 "alert-goes-nowhere" Warning;
    PG415 "missing-data-passes" Warning;
    PG416 "retry-of-a-change-that-is-not-idempotent" Warning;
    PG417 "gate-allows-what-a-trigger-rolls-back" Warning;
    PG501 "unused" Warning;
    PG502 "useless-allow" Warning;
    PG503 "naming" Warning;
    PG504 "undocumented-pipeline" Warning;
    PG505 "redundant-expression" Warning;
}

impl Code {
    /// The code with this id (`PG202`, any case).
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.id().eq_ignore_ascii_case(id))
    }
}

/// A second place that matters, with what it has to do with the first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub at: Location,
    pub message: String,
}

/// One replacement in the file of the diagnostic; an empty span inserts, an empty text deletes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    pub span: Span,
    pub text: String,
}

/// A change that is sure to cure the fault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    pub title: String,
    pub edits: Vec<Edit>,
}

/// One problem: what is wrong (`message`), where (`at`, with a word on it in `label`), and what to do (`help`).
///
/// Style: message in lower case without a full stop, the user's text in backticks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub code: Code,
    pub at: Location,
    pub message: String,
    pub label: String,
    pub labels: Vec<Label>,
    pub help: Option<String>,
    pub fix: Option<Fix>,
}

impl Diagnostic {
    #[must_use]
    pub fn new(code: Code, at: Location, message: impl Into<String>) -> Self {
        Self { code, at, message: message.into(), label: String::new(), labels: Vec::new(), help: None, fix: None }
    }

    #[must_use]
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The word on the primary span.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// A second place.
    #[must_use]
    pub fn also(mut self, at: Location, message: impl Into<String>) -> Self {
        self.labels.push(Label { at, message: message.into() });
        self
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Asks whether one of the nearest names was meant; where that is sure, it is the fix.
    #[must_use]
    pub fn suggest(mut self, near: &Suggestion, at: Span) -> Self {
        self.help = near.question().or(self.help);
        match near.sure() {
            Some(name) => self.fix(format!("write `{name}`"), at, name),
            None => self,
        }
    }

    /// A fix of one replacement.
    #[must_use]
    pub fn fix(mut self, title: impl Into<String>, span: Span, text: impl Into<String>) -> Self {
        self.fix = Some(Fix { title: title.into(), edits: vec![Edit { span, text: text.into() }] });
        self
    }
}
