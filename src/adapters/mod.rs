//! The world outside: disk, clock, HTTP client, processes, sockets, SQLite.

pub mod effects;
pub mod files;
pub mod http;
pub mod net;
pub mod process;
pub mod program_files;
pub mod secrets;
pub mod socket;
