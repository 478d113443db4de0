//! The world outside: disk, clock, HTTP client, processes, sockets, SQLite.

pub mod program_files;

pub mod files;
