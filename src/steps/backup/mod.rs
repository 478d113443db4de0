//! Steps that make, check and bring back archives of files.

pub mod create;
pub mod find;
pub mod restore;
pub mod verify;

/// Where the archive of a backup lies.
fn archive_path(to: &str, id: &str) -> String {
    format!("{}/{id}.tar.zst", to.trim_end_matches('/'))
}
