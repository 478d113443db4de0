//! The words of the language, by where they may stand, with what belongs to them.

use super::{Completion, CompletionKind};
use crate::base::span::Span;

/// A word and what is written for it.
type Word = (&'static str, &'static str);

pub const ITEMS: &[Word] = &[
    ("use", "use std.${1:shell}"),
    ("type", "type ${1:Name} = { ${2:field}: ${3:string} }"),
    ("environment", "environment ${1:production} {\n  ${2:key} = ${3:value},\n}"),
    (
        "metrics",
        "metrics ${1:name} from prometheus(${2:env.prometheus}) every 1m {\n  ${3:error_rate}: ratio = query(\"$4\")\n}",
    ),
    ("threshold", "threshold ${1:name} {\n  require $0\n}"),
    ("channel", "channel ${1:name} = notify.slack(url: secret(\"${2:SLACK_WEBHOOK}\"))"),
    ("component", "component ${1:name}(${2:param}: ${3:string}) {\n  $0\n}"),
    ("killswitch", "killswitch ${1:name} {\n  on { $0 }\n  off { }\n}"),
    ("sentinel", "sentinel ${1:name} every ${2:1m} {\n  $0\n}"),
    ("freeze", "freeze ${1:name} from \"$2\" to \"$3\""),
    ("alert", "alert ${1:name} ${2|critical,warning,info|} when ${3:condition}"),
    ("rubric", "rubric ${1:name} for json {\n  $0\n}"),
    ("schedule", "schedule ${1:name} cron \"${2:0 3 * * *}\" run ${3:pipeline}()"),
    ("pipeline", "/// ${2:What it rolls out.}\npipeline ${1:name} {\n  phase ${3:first} {\n    $0\n  }\n}"),
    ("test", "test \"${1:what happens}\" {\n  run ${2:pipeline}()\n  expect outcome succeeded\n}"),
];

pub const PIPELINE: &[Word] = &[
    ("param", "param ${1:name}: ${2:string}"),
    ("let", "let ${1:name} = $0"),
    ("phase", "phase ${1:name} {\n  $0\n}"),
    ("lock", "lock \"${1:name}\""),
    ("timeout", "timeout ${1:1h}"),
    ("window", "window \"${1:Mon-Fri 09:00-17:00 UTC}\""),
    ("rollback when", "rollback when ${1:condition} else \"${2:reason}\""),
    ("pause when", "pause when ${1:condition}"),
    ("abort when", "abort when ${1:condition}"),
    ("notify", "notify ${1:channel} when ${2:condition}"),
    ("on", "on ${1|success,failure,rollback,start,pause,end|} {\n  $0\n}"),
];

pub const PHASE: &[Word] = &[
    ("step", "step ${1:name} = $0"),
    ("gate", "gate {\n  require $0\n}"),
    ("hold", "hold ${1:10m} every ${2:1m} {\n  require $0\n}"),
    ("ramp", "ramp ${1:target} through ${2:5%, 25%, 100%} {\n  hold ${3:10m} every ${4:1m} {\n    require $0\n  }\n}"),
    ("parallel", "parallel {\n  $0\n}"),
    ("approve", "approve \"${1:who}\" within ${2:24h}"),
    ("wait", "wait ${1:10m}"),
    ("run", "run ${1:component}($0)"),
    ("let", "let ${1:name} = $0"),
    ("window", "window \"${1:Mon-Fri 09:00-17:00 UTC}\""),
    ("on failure", "on failure ${1|rollback,stop,continue|}"),
    ("rollback when", "rollback when ${1:condition} else \"${2:reason}\""),
    ("rollback phase when", "rollback phase when ${1:condition} else \"${2:reason}\""),
    ("pause when", "pause when ${1:condition}"),
    ("abort when", "abort when ${1:condition}"),
    ("notify", "notify ${1:channel} when ${2:condition}"),
];

pub const CONDITIONS: &[Word] = &[("require", "require $0"), ("warn", "warn $0")];

pub const SENTINEL: &[Word] =
    &[("probe", "probe ${1:name} = $0"), ("trip", "trip ${1:switch} when $0"), ("recover", "recover when $0")];

pub const TEST: &[Word] = &[
    ("run", "run ${1:pipeline}()"),
    ("given", "given ${1:metric} = $0"),
    ("given step", "given step ${1:phase.step} = $0"),
    ("expect outcome", "expect outcome ${1|succeeded,failed,rolled_back,rollback_failed,aborted|}"),
    ("expect never", "expect never $0"),
    ("expect always", "expect always $0"),
    ("expect undone", "expect undone ${1:phase.step}"),
    ("expect notified", "expect notified ${1:channel}"),
];

pub const SWITCH: &[Word] = &[("on", "on {\n  $0\n}"), ("off", "off {\n  $0\n}")];

/// What may follow on the line of a statement, behind its value.
pub const CLAUSES: &[Word] = &[
    ("effect", "effect ${1|reads,tells,changes,permanent|}"),
    ("idempotent", "idempotent"),
    ("timeout", "timeout ${1:10m}"),
    ("retry", "retry ${1:3}"),
    ("when", "when $0"),
    ("undo", "undo $0"),
    ("every", "every ${1:1m}"),
    ("for", "for ${1:10m}"),
    ("else", "else \"${1:reason}\""),
    ("missing", "missing ${1|pause,breach,ok|}"),
    ("after", "after $0"),
    ("within", "within ${1:24h}"),
    ("and", "and "),
    ("or", "or "),
    ("in", "in "),
];

pub const OPERATORS: &[Word] = &[("not", "not "), ("if", "if ${1:condition} then ${2:value} else ${3:value}")];

pub const TYPES: &[&str] = &[
    "bool", "int", "float", "string", "path", "url", "regex", "version", "cron", "time", "duration", "ratio", "bytes",
    "rate", "json", "list", "map", "range", "secret",
];

const UNITS: &[(&str, &str)] = &[
    ("ms", "milliseconds"),
    ("s", "seconds"),
    ("m", "minutes"),
    ("h", "hours"),
    ("d", "days"),
    ("w", "weeks"),
    ("us", "microseconds"),
    ("%", "a ratio"),
    ("pp", "percentage points"),
    ("B", "bytes"),
    ("KB", "1000 bytes"),
    ("MB", "1000² bytes"),
    ("GB", "1000³ bytes"),
    ("KiB", "1024 bytes"),
    ("MiB", "1024² bytes"),
    ("GiB", "1024³ bytes"),
];

/// The number with each unit that goes on as it was begun.
pub fn units(prefix: &str, replaces: Span) -> Vec<Completion> {
    let digits = prefix.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'_').count();
    let (number, begun) = prefix.split_at(digits);
    let fitting = UNITS.iter().filter(|(unit, _)| unit.starts_with(begun));
    fitting
        .map(|(unit, meaning)| {
            Completion::new(format!("{number}{unit}"), CompletionKind::Unit, replaces).detail(*meaning)
        })
        .collect()
}

pub fn words(words: &[Word], replaces: Span) -> Vec<Completion> {
    let words = words.iter();
    words.map(|(word, snippet)| Completion::new(*word, CompletionKind::Keyword, replaces).snippet(*snippet)).collect()
}

/// Words that are written as they are.
pub fn plain<'w>(words: impl IntoIterator<Item = &'w str>, kind: CompletionKind, replaces: Span) -> Vec<Completion> {
    words.into_iter().map(|word| Completion::new(word, kind, replaces)).collect()
}
