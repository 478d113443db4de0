//! The world outside: disk, clock, HTTP client, processes, sockets, SQLite.

pub mod clock;
pub mod inbox;
pub mod journal;
pub mod locks;
pub mod output;
pub mod program_files;
pub mod state;
pub mod world;

pub mod files;
pub mod http;
pub mod net;
pub mod process;
pub mod secrets;
pub mod socket;
