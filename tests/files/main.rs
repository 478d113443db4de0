//! Effects on files, performed on a real disk.

mod backups;
mod finding;
mod flags;
mod hostile;
mod plain;
mod versions;
mod world;
