//! What an editor is told after an edit is what a full analysis says: what was found before is remembered, item by item,
//! only while it would be found again.

#[path = "../support/edits.rs"]
mod edits;

use edits::{Chance, TEXTS};
use phasegate::analysis::{Memory, Text, analyze, check_again};
use phasegate::base::diagnostic::Diagnostic;
use phasegate::base::source::{SourceFile, Sources};
use phasegate::base::span::FileId;
use phasegate::syntax::Reading;

/// What the edited text imports.
const OTHER: &str = "use std.flags\nthreshold quick { require 1 < 2 }\ncomponent shift(feature: string) { step flags.set(feature, { a: \"b\" }) }\n";

/// Checks the text with a memory and without one, which has to come to the same.
#[track_caller]
fn check(text: &str, memory: &mut Memory) -> Vec<Diagnostic> {
    let bytes = |path: &str| match path {
        "main.deploy" => Ok(text.as_bytes().to_vec()),
        "slo.deploy" => Ok(OTHER.as_bytes().to_vec()),
        _ => Err("no such file".to_owned()),
    };
    let mut read = |path: &str| {
        let source = SourceFile::from_bytes(FileId(0), "", &bytes(path)?);
        Ok(Text::Read(Reading::of(source.into()).into()))
    };
    let checked = check_again(&mut read, "main.deploy", &mut Sources::default(), memory).expect("it is there");
    let whole = analyze(&mut { bytes }, "main.deploy", &mut Sources::default()).expect("it is there");
    assert_eq!(checked.diagnostics, whole.diagnostics, "in\n{text}");
    checked.diagnostics
}

/// A text, and what is edited in it one after the other, each with the codes that are told then. Every edit is taken back.
#[track_caller]
fn expect(text: &str, codes: &str, edits: &[(&str, &str, &str)]) {
    let mut memory = Memory::default();
    let mut told = |text: &str| {
        let codes: Vec<&str> = check(text, &mut memory).iter().map(|one| one.code.id()).collect();
        codes.join(" ")
    };
    assert_eq!(told(text), codes, "at first");
    for (from, to, expected) in edits {
        assert!(text.contains(from), "{from}");
        assert_eq!(told(&text.replacen(from, to, 1)), *expected, "{from} → {to}");
        assert_eq!(told(text), codes, "{to} → {from}");
    }
}

const METRICS: &str = "metrics m from prometheus(\"http://a\") every 5s {\n  p50: duration(s) = query(\"a\")\n  p99: duration(s) = query(\"b\")\n  \
                       tail: float = p99 / p50\n}\n";

#[test]
fn an_edit_in_metrics_tells_of_the_alert_that_names_them() {
    let alert = "use std.notify\nchannel oncall = notify.webhook(url: secret(\"HOOK\"))\nthreshold calm { require m.tail < 3 }\n\
                 alert slow critical when m.p99 > 1s for 30s { summary \"slow\" notify oncall }\n\
                 alert odd critical when not calm for 30s { summary \"odd\" notify oncall }\n";
    expect(
        &format!("{METRICS}{alert}"),
        "",
        &[
            ("every 5s", "every 1m", "PG405 PG405"),
            ("every 5s", "every 0s", "PG206"),
            ("p99 / p50", "4.0", "PG501 PG402"),
            ("query(\"b\")", "query(\"b(\")", "PG206"),
            ("p99: duration(s)", "p98: duration(s)", "PG101 PG108"),
            ("> 1s", "> 1s and m.p99 < 500ms", "PG401"),
            ("webhook(url", "webhook(urn", "PG106"),
        ],
    );
}

#[test]
fn a_pipeline_that_is_judged_again_knows_the_metrics_that_were_not_read_again() {
    let pipeline = "/// It is.\npipeline p {\n  phase a {\n    rollback when m.p99 > 1s for 10s\n    wait 1h\n  }\n}\n";
    let used = "/// It is.\npipeline q {\n  phase a { gate { require m.tail < 3 require m.p50 < 1s } }\n}\n";
    expect(
        &format!("{METRICS}{pipeline}{used}"),
        "",
        &[("for 10s", "for 1s", "PG405"), ("m.tail < 3", "m.tail < 3 and m.p99 > 4 * m.p50", "PG401")],
    );
}

#[test]
fn what_environments_make_of_metrics_is_judged_as_by_a_full_analysis() {
    let text = "environment near { often = 5s }\nenvironment far { often = 1m }\nmetrics m from prometheus(\"http://a\") every env.often {\n  \
                p99: duration(s) = query(\"b\")\n}\n/// It is.\npipeline p {\n  phase a {\n    rollback when m.p99 > 1s for 10s\n    wait 1h\n  }\n}\n";
    expect(text, "", &[("often = 5s", "often = 1m", "PG405"), ("for 10s", "for 1s", "PG405")]);
}

#[test]
fn switches_that_turn_one_another_are_found_whichever_of_them_is_edited() {
    let text = "use std.{flags, killswitch}\nkillswitch a { on { flags.set(\"a\", {}) } off { flags.unset(\"a\") } }\n\
                killswitch b { on { killswitch.trip(a, reason: \"b\") } off { killswitch.reset(a, reason: \"b\") } }\n\
                killswitch c { on { killswitch.trip(b, reason: \"c\") } off { flags.unset(\"c\") } }\n";
    let again = "flags.unset(\"a\") killswitch.trip(c, reason: \"a\")";
    expect(
        text,
        "",
        &[
            ("flags.set(\"a\", {})", "flags.set(\"a\", {}) killswitch.trip(c, reason: \"a\")", "PG301"),
            ("flags.unset(\"a\")", again, ""),
            ("flags.unset(\"a\")", "killswitch.reset(a, reason: \"a\")", "PG301"),
            ("killswitch.trip(b", "killswitch.trip(d", "PG101"),
        ],
    );
}

#[test]
fn a_step_that_turns_a_switch_is_judged_by_the_switch_as_it_is() {
    let text = "use std.{killswitch, shell}\nkillswitch gates { on { step shell(\"shut\") timeout 1m undo shell(\"open\") } off { } }\n\
                /// It is.\npipeline p {\n  phase a { step killswitch.trip(gates, reason: \"x\") timeout 1m gate { require 1 < 2 } }\n  \
                rollback when 2 < 1\n}\n";
    let mut memory = Memory::default();
    let codes = |text: &str, memory: &mut Memory| {
        let told = check(text, memory);
        told.iter().filter(|one| one.code.id() == "PG407").count()
    };
    assert_eq!(codes(text, &mut memory), 0);
    let partly = text.replace(" undo shell(\"open\")", "");
    assert_eq!(codes(&partly, &mut memory), 1, "the switch is edited");
    assert_eq!(codes(&partly.replace("reason: \"x\"", "reason: \"y\""), &mut memory), 1, "the pipeline is");
    assert_eq!(codes(text, &mut memory), 0);
}

#[test]
fn a_probe_elsewhere_that_may_be_meant_is_named_as_it_is_now() {
    let text = "use std.{flags, http, notify}\nchannel oncall = notify.webhook(url: secret(\"HOOK\"))\n\
                killswitch s { on { flags.set(\"a\", {}) } off { flags.unset(\"a\") } }\n\
                sentinel watch every 5m {\n  probe home = http.get(\"http://a\") timeout 5s\n  trip s when failures(home) >= 3\n}\n\
                alert lost critical when failures(shop) > 3 { summary \"x\" notify oncall }\n";
    expect(text, "PG101", &[("probe home", "probe shop", "PG101 PG101"), ("probe home", "probe hom", "PG101 PG101")]);
}

#[test]
fn a_component_that_nothing_runs_is_judged_by_itself_and_only_then() {
    let text = "component c() {\n  hold 1m { require 2 < 1 }\n}\n/// It is.\npipeline p {\n  phase a { run c() }\n}\n/// It is.\n\
                pipeline q {\n  phase a { wait 1m }\n}\n";
    expect(
        text,
        "PG401",
        &[("run c()", "wait 1m", "PG401"), ("2 < 1", "1 < 2", "PG402"), ("wait 1m", "run c()", "PG401")],
    );
}

#[test]
fn what_is_wrong_in_a_type_is_told_once_wherever_it_is_named() {
    let text = "metrics m from prometheus(\"http://a\") {\n  p: Size = query(\"a\")\n}\ntype Size = { a: int, b: Nothing }\n\
                /// It is.\npipeline p {\n  phase a { gate { require 1 < 2 } }\n}\n";
    let mut memory = Memory::default();
    let first = check(text, &mut memory);
    assert!(first.iter().any(|one| one.code.id() == "PG111"));
    assert_eq!(check(&text.replace("1 < 2", "1 < 3"), &mut memory).len(), first.len());
    check(&text.replace("Nothing", "float"), &mut memory);
}

#[test]
fn of_several_groups_with_one_name_the_first_counts() {
    let text = "metrics m from prometheus(\"http://a\") every 1m {\n  p: duration(s) = query(\"a\")\n}\n\
                metrics m from prometheus(\"http://a\") every 1s {\n  p: duration(s) = query(\"a\")\n}\n\
                /// It is.\npipeline p {\n  phase a {\n    rollback when m.p > 1s for 10s\n    wait 1h\n  }\n}\n";
    expect(
        text,
        "PG102 PG405",
        &[
            ("every 1s", "every 2s", "PG102 PG405"),
            ("for 10s", "for 11s", "PG102 PG405"),
            ("every 1m", "every 1s", "PG102"),
        ],
    );
}

#[test]
fn what_else_might_be_meant_is_told_by_what_is_there() {
    let text = "threshold quick(g: fast) { require g.p < 1s }\nchannel fasd = nothing()\nchannel slow = fasd\n";
    let mut memory = Memory::default();
    check(text, &mut memory);
    check(
        &text.replace(
            "channel fasd = nothing()",
            "metrics fasd from prometheus(\"a\") { p: duration(s) = query(\"a\") }",
        ),
        &mut memory,
    );
}

#[test]
fn schedules_rubrics_and_freezes_are_read_again_when_what_they_name_is_edited() {
    let text = "environment near { soak = 5m }\nenvironment far { soak = 1h }\n\
                freeze holidays from time(\"2030-12-20T00:00:00Z\") to time(\"2031-01-02T00:00:00Z\")\n\
                /// It is.\npipeline p {\n  param version: version\n  phase a { approve \"${version}\" by \"ops\" within 1h else rollback }\n}\n\
                schedule nightly \"0 2 * * *\" run p(version: \"1.0.0\") in near\n\
                rubric good for json {\n  pass when score >= 8\n  tier form { criterion titled 10 { award 10 when doc.title != \"\" } }\n}\n";
    expect(
        text,
        "",
        &[
            ("param version", "param name: string = \"x\"\n  param version", "PG501"),
            ("param version: version", "param version: int", "PG201"),
            ("2031-01-02", "2029-01-02", "PG206"),
            ("environment near", "environment nearby", "PG101"),
            ("0 2 * * *", "0 2 * * 9", "PG206"),
            ("award 10", "award 9", "PG210"),
            ("score >= 8", "score >= 11", "PG401"),
        ],
    );
}

#[test]
fn random_edits_come_to_the_same_as_a_full_analysis() {
    let count: usize = std::env::var("PHASEGATE_EDITS").ok().and_then(|count| count.parse().ok()).unwrap_or(300);
    let mut chance = Chance(0x9E37_79B9_7F4A_7C15);
    for round in 0..count.div_ceil(30) {
        let mut memory = Memory::default();
        let mut text = TEXTS[round % TEXTS.len()].to_owned();
        let mut before = text.clone();
        for _ in 0..30 {
            check(&text, &mut memory);
            // Most edits are taken back: what is broken once hides most of what could be wrong with the rest.
            let next = if chance.below(3) > 0 { before.clone() } else { text.clone() };
            before.clone_from(&next);
            text = next;
            let (place, piece) = chance.edit(&text);
            text.replace_range(place, piece);
        }
    }
}
