//! Documents scored by a rubric where they lie, on as many threads as there are processors.
//!
//! Invariant: a thread holds one document at a time, so that the memory does not grow with their number.

use std::num::NonZero;
use std::thread;

use serde_json::Value as Json;

use super::FilesContext;
use super::failure::{Performed, check_cancel, refusal};
use super::plain::read_bytes;
use crate::contract::answer::{DocumentScore, ScoresAnswer};
use crate::eval::rubric::score_text;
use crate::model::rubric::Rubric;

/// More threads than this only wait for the disk.
const MOST_THREADS: usize = 8;

pub fn score(ctx: &FilesContext<'_>, rubric: &Json, files: &[String]) -> Performed<Json> {
    let rubric: Rubric = serde_json::from_value(rubric.clone())
        .map_err(|error| refusal(format!("the rubric cannot be read: {error}")))?;
    let threads = thread::available_parallelism().map_or(1, NonZero::get).min(MOST_THREADS);
    let share = files.len().div_ceil(threads).max(1);
    let (root, slots, cancel, now) = (&ctx.root, &ctx.slots, ctx.cancel, ctx.now);
    let rubric = &rubric;
    let parts: Vec<Performed<Vec<DocumentScore>>> = thread::scope(|scope| {
        let work = files.chunks(share).map(|files| {
            scope.spawn(move || {
                let no_secrets = |_: &str| Err("documents hold no secrets".to_owned());
                let ctx = FilesContext { root: root.clone(), slots: slots.clone(), secrets: &no_secrets, cancel, now };
                files.iter().map(|file| score_one(&ctx, rubric, file)).collect()
            })
        });
        let work: Vec<_> = work.collect();
        let fell = || Err(refusal("scoring ended before it was done".to_owned()));
        work.into_iter().map(|work| work.join().unwrap_or_else(|_| fell())).collect()
    });
    let mut documents = Vec::with_capacity(files.len());
    for part in parts {
        documents.extend(part?);
    }
    serde_json::to_value(ScoresAnswer { documents }).map_err(|error| refusal(error.to_string()))
}

fn score_one(ctx: &FilesContext<'_>, rubric: &Rubric, file: &str) -> Performed<DocumentScore> {
    check_cancel(ctx.cancel)?;
    score_text(rubric, file, &read_bytes(ctx, file)?).map_err(refusal)
}
