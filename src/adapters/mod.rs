//! The world outside: disk, clock, HTTP client, processes, sockets, SQLite.

pub mod bundle;
pub mod clock;
pub mod effects;
pub mod files;
pub mod http;
pub mod inbox;
pub mod journal;
pub mod locks;
pub mod mail;
pub mod net;
pub mod output;
pub mod process;
pub mod program_files;
pub mod revision;
pub mod secrets;
pub mod socket;
pub mod state;
pub mod switches;
pub mod watching;
pub mod world;
