//! The world outside: disk, clock, HTTP client, processes, sockets, SQLite.

pub mod clock;
pub mod inbox;
pub mod journal;
pub mod locks;
pub mod program_files;
pub mod state;

pub mod files;
