//! Effects on files, performed on a real disk.

mod backups;
mod flags;
mod hostile;
mod plain;
mod versions;
mod world;
