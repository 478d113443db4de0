//! Phasegate: a language for production rollouts, and the program that checks, plans and runs it.
//!
//! # The picture
//!
//! ```text
//!                  main.rs
//!                     │
//!                    cli ─────────── demo        one file per command · a live world on loopback
//!                     │ \         /
//!                     │  lsp     /                one file per request of an editor: the protocol around `ide`
//!                     │         /
//!                  session ────┘                 runs on this machine: start, act, look, and the views
//!                   /   \
//!                  │     adapters                disk, clock, HTTP client, processes, sockets, SQLite
//!                  │        │
//!                  └─── runtime                  journal first, then effects; one select loop
//! ═══════════════════════╪══════════════════     below: no IO, no clock, no async, no threads, no environment
//!       ide ─ report      │                       what an editor asks · words and views: text, JSON, pictures
//!                  \     │
//!                     engine                     events, their fold, the decision; effects as data
//!                        │
//!                      plan                      model → DAG with stable node ids, fingerprint
//!                        │
//!                        ├── analysis            names, types and units, lints (one file each)
//!                        │    /   │
//!           eval ── model ───┘    │  format      expressions over a world · the program, resolved and typed · text → text
//!   steps       \     │           │  /
//!   sources      \    │         syntax           text → tree, total
//!        \        \   │           │
//!         └──── contract ──── stats              values, types, effects, outcomes, histories · pure statistics
//!                  │              │
//!                  └──── base ────┘              places in text, diagnostics, points in time, exact numbers
//! ```
//!
//! Steps use `stats` as well, and those that score by a rubric `model` and `eval`, as do the adapters, which score documents
//! where they lie; `analysis` and `plan` use `stats` for what a
//! chart's limits are worth.
//!
//! Each line reads "the upper uses the lower"; nothing points up. `tests/architecture.rs` holds the table of allowed
//! edges and fails with file and line.
//!
//! # What always holds
//!
//! - **Parsing and checking are total.** Every input gives a tree and all diagnostics of all files, never an error.
//!   What is broken is silent afterwards: one cause, one diagnostic.
//! - **The engine decides, the runtime does.** A decision is a pure function of plan, state and time. Nothing below the
//!   line reads a clock; time is an argument.
//! - **Record, then do.** That an effect is wanted is durable in the journal before it is tried, under a key that is
//!   its own. After a crash the same loop starts over a journal that is not empty: what may be repeated is repeated,
//!   what may not is put to a person.
//! - **A step is a pure function of its own history.** It asks for one effect after the other and sees what came of
//!   each; its undo sees what the forward execution did.
//! - **No data is not good news.** Conditions are true, false or unknown; unknown never promotes.
//! - **Secrets travel by name.** Their content is put in where an effect is performed, and nowhere else does it stand.
//!
//! # Glossary
//!
//! | word | means |
//! |---|---|
//! | act | one effect of a step's execution, with its outcome |
//! | channel | where people are told: a webhook, a chat room |
//! | effect | something to do to the world, as data; also what a step declares: `reads`, `tells`, `changes`, `permanent` |
//! | event | what happened, in the past tense, as the journal keeps it |
//! | gate | conditions evaluated once, there |
//! | hold | conditions that must stay good for a while |
//! | journal | the events of a run, durable; its state is their fold |
//! | node | what the plan is made of: a phase, step, gate, hold, ramp, wait or approval, with a stable id |
//! | outcome | what came of an effect; of a run: `succeeded`, `failed`, `rolled_back`, `rollback_failed`, `aborted` |
//! | phase | statements from top to bottom; phases form the DAG |
//! | plan | a program for one environment and one set of parameters, ready to run, with its fingerprint |
//! | ramp | weights of traffic, one after the other, with what must hold at each |
//! | sample | a metric's value at one instant, or why there is none |
//! | source | how a group of metrics is read |
//! | target | what a ramp sets a weight on: a splitter, a proxy |
//! | trigger | a condition watched while its block runs: `rollback when …` |
//! | undo | what takes a change back; a rollback is the undo of what was done, in reverse |
//! | verdict | how an execution of a step ended |
//!
//! # How to add
//!
//! **A step**: write its signature with its documentation in `stdlib/<module>.deploy`; write `react` (and `undo`, if it
//! changes anything) with table tests in `src/steps/<module>/<name>.rs`; list it in that folder's `mod.rs` and in the
//! table of `src/steps/mod.rs`. A signature without an implementation, or the other way round, fails a test. A composite
//! step needs no Rust: its body stands behind its signature (`stdlib/k8s.deploy`), made of other steps.
//!
//! **A lint**: `src/analysis/lints/<name>.rs` and two lines in `lints/mod.rs`; its code in `base/diagnostic.rs`; a case
//! in `tests/spec/`.
//!
//! **A metric source**: signature of the source and its extractors in `stdlib/metrics.deploy`; `requests` and `read` in
//! `src/sources/<name>.rs`, both pure, tested on recorded answers; a line in the table of `src/sources/mod.rs`.
//!
//! **A command**: `src/cli/<name>.rs` with `Args` and `run`, one `pub mod` and one row in `src/cli/mod.rs`.
//!
//! **An editor feature**: `src/ide/<name>.rs` takes a place in a text and gives plain data, with a case that has a cursor
//! mark (`§`); `src/lsp/requests/<name>.rs` says it in the words of the protocol, with one row in `requests/mod.rs`.
//!
//! **A kind of effect**: a variant in `contract/effect.rs`; the compiler lists the rest.
#![forbid(unsafe_code)]

extern crate alloc;

pub mod adapters;
pub mod analysis;
pub mod base;
pub mod cli;
pub mod contract;
pub mod demo;
pub mod engine;
pub mod eval;
pub mod format;
pub mod ide;
pub mod lsp;
pub mod model;
pub mod plan;
pub mod report;
pub mod runtime;
pub mod session;
pub mod sim;
pub mod sources;
pub mod stats;
pub mod steps;
pub mod syntax;
