//! Backups: `ID.tar.zst`, its metadata `ID.json`, and `ID.tar.zst.sha256`, which `sha256sum -c` reads.
//!
//! In the archive, files stand in the order of their names, and `MANIFEST.sha256` is the last entry. Invariants: a backup
//! is complete when its checksum file is there; nothing is overwritten before the whole archive was verified and what is
//! there was backed up; no name of an archive leads out of the target.

pub mod catalogue;
pub mod create;
pub mod entries;
pub mod find;
pub mod manifest;
pub mod metadata;
pub mod restore;
pub mod staging;
pub mod verify;
