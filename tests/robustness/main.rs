//! No input makes the program panic or hang, nothing of a text is lost, and the formatter is stable.
//!
//! `cargo test` tries a portion; `PHASEGATE_MUTATIONS=100000 cargo test --release --test robustness` tries as many edits as
//! that, and `PHASEGATE_SEED=7` others.

mod mutations;
mod properties;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use rayon::prelude::{IntoParallelIterator, ParallelIterator};

use mutations::{Random, mutated, row_of_tokens};
use phasegate::base::diagnostic::Code;

const PROGRAMS: [(&str, &str); 5] = [
    ("cqvr", include_str!("../../pipelines/cqvr.deploy")),
    ("search", include_str!("../../pipelines/search.deploy")),
    ("chat", include_str!("../../pipelines/chat.deploy")),
    ("mobius", include_str!("../../pipelines/mobius.deploy")),
    ("slo", include_str!("../../pipelines/slo.deploy")),
];
const EVERYTHING: &str = include_str!("../samples/everything.deploy");

/// How many edits `cargo test` tries.
const PORTION: usize = 240;
/// Far more than any of these texts takes: only what hangs takes longer.
const HANGS: Duration = Duration::from_secs(60);

fn number(name: &str, otherwise: usize) -> usize {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(otherwise)
}

/// Holds a text against every property; the text is part of what a failure says.
fn hold(text: &str, what: &str) {
    let begun = Instant::now();
    let held = catch_unwind(AssertUnwindSafe(|| {
        properties::parses(text);
        properties::plans(text);
        properties::formats(text);
    }));
    assert!(held.is_ok(), "{what}: a property does not hold for\n{text}");
    assert!(begun.elapsed() < HANGS, "{what}: took {:?} for\n{text}", begun.elapsed());
}

#[test]
fn the_programs_themselves_hold() {
    for (name, text) in PROGRAMS {
        hold(text, name);
    }
}

#[test]
fn single_edits_of_the_programs_hold() {
    let (count, seed) = (number("PHASEGATE_MUTATIONS", PORTION), number("PHASEGATE_SEED", 0));
    (0..count).into_par_iter().for_each(|index| {
        let (name, text) = PROGRAMS[index % PROGRAMS.len()];
        let mut random = Random((seed as u64) << 40 | index as u64);
        hold(&mutated(text, &mut random), &format!("edit {index} of {name}"));
    });
}

#[test]
fn rows_of_tokens_hold() {
    let (count, seed) = (number("PHASEGATE_MUTATIONS", PORTION), number("PHASEGATE_SEED", 0));
    (0..count).into_par_iter().for_each(|index| {
        let mut random = Random(!((seed as u64) << 40 | index as u64));
        hold(&row_of_tokens(&mut random), &format!("row {index}"));
    });
}

/// Every prefix is read; what takes longer is held for some of them, all of them with `PHASEGATE_MUTATIONS`.
#[test]
fn prefixes_of_the_programs_hold() {
    let thorough = std::env::var_os("PHASEGATE_MUTATIONS").is_some();
    let texts = PROGRAMS.into_iter().chain([("everything", EVERYTHING)]);
    let all: Vec<(&str, &str, usize)> =
        texts.flat_map(|(name, text)| text.char_indices().map(move |(end, _)| (name, text, end))).collect();
    let every = if thorough { 1 } else { all.len() / PORTION };
    all.into_par_iter().for_each(|(name, text, end)| {
        if end % every == 0 {
            hold(&text[..end], &format!("the first {end} bytes of {name}"));
        }
    });
}

/// Deep nesting is refused, and long flat texts are no depth at all.
#[test]
fn nesting_of_any_depth_is_a_diagnostic() {
    const DEEP: usize = 100_000;
    let inside = |expression: &str| format!("/// D.\npipeline p {{ phase a {{ gate {{ require {expression} }} }} }}\n");
    let deep = [
        inside(&format!("{}1{} == 1", "(".repeat(DEEP), ")".repeat(DEEP))),
        inside(&format!("len({}1{}) == 1", "[".repeat(DEEP), "]".repeat(DEEP))),
        inside(&format!("{}1{} == 1", "abs(".repeat(DEEP), ")".repeat(DEEP))),
        inside(&format!("{}1{}", "{ a: ".repeat(DEEP), " }".repeat(DEEP))),
        inside(&"(".repeat(DEEP)),
        format!("/// D.\npipeline p {{ phase a {{ {} wait 1s {} }} }}\n", "parallel { ".repeat(DEEP), "}".repeat(DEEP)),
        format!("type T = {{ a: {}int{} }}\n", "list<".repeat(DEEP), ">".repeat(DEEP)),
        "{".repeat(DEEP),
        format!("/// D.\npipeline p {{ lock {}x{} }}\n", "\"${".repeat(DEEP), "}\"".repeat(DEEP)),
    ];
    for (index, text) in deep.iter().enumerate() {
        let (analysis, _) = properties::checks(text);
        let codes: Vec<Code> = analysis.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
        assert!(codes.contains(&Code::PG009), "text {index}: {:?}", codes.iter().take(5).collect::<Vec<_>>());
        properties::parses(text);
        properties::formats(text);
    }
}

#[test]
fn long_chains_are_read_without_running_out_of_stack() {
    const LONG: usize = 20_000;
    let inside = |expression: &str| format!("/// D.\npipeline p {{ phase a {{ gate {{ require {expression} }} }} }}\n");
    let long = [
        inside(&format!("{}true", "not ".repeat(LONG))),
        inside(&format!("{}1 == 1", "-".repeat(LONG))),
        inside(&format!("1{} == 1", " + 1".repeat(LONG))),
        inside(&format!("true{}", " and true".repeat(LONG))),
        inside(&format!("1{}", " < 1".repeat(LONG))),
        inside(&format!("1{}", " ?? 1".repeat(LONG))),
        inside(&format!("{}true", "if true then true else ".repeat(LONG))),
        inside(&format!("{}true else true", "if ".repeat(LONG))),
        inside(&format!("x{} == 1", ".a".repeat(LONG))),
        inside(&format!("x{} == 1", "[0]".repeat(LONG))),
        inside(&format!("x{} == 1", "()".repeat(LONG))),
        format!("type T = int{}\n", "?".repeat(LONG)),
        "pipeline ".repeat(LONG),
        "\"".repeat(LONG),
        "/*".repeat(LONG),
        "}".repeat(LONG),
        format!("/// D.\npipeline p {{ {} }}\n", "phase a { wait 1s } ".repeat(LONG / 10)),
    ];
    for (index, text) in long.iter().enumerate() {
        let begun = Instant::now();
        properties::parses(text);
        properties::checks(text);
        properties::formats(text);
        assert!(begun.elapsed() < HANGS, "text {index} took {:?}", begun.elapsed());
    }
}
