//! Backups that somebody began to put back by hand, and of which nobody knows what came.

use serde_json::{Value as Json, json};

use crate::engine::state::Restore;

/// How to finish it: what is there already is put there once more.
#[must_use]
pub fn command(run: &str, restore: &Restore) -> String {
    format!("phasegate rollback {run} --to {}", restore.backup)
}

/// For people, line by line.
#[must_use]
pub fn lines(run: &str, restore: &Restore) -> Vec<String> {
    vec![
        format!("  interrupted: putting back `{}`: some files may be as it has them, others not", restore.backup),
        format!("    finish it: {}", command(run, restore)),
        format!("    what was there before is in `{}`, if it came to that", restore.emergency),
    ]
}

/// For machines.
#[must_use]
pub fn to_json(run: &str, restore: &Restore) -> Json {
    json!({ "backup": restore.backup, "emergency": restore.emergency, "command": command(run, restore) })
}
