//! The world outside: disk, clock, HTTP client, processes, sockets, SQLite.
