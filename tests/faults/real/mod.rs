//! The program itself, a real process on a real disk: stopped at exact places from outside.
//!
//! Nothing in the program knows of it. A step or the server it talks to kills the process that asked; `strace`, where it is
//! installed, kills it at the n-th write of a file or lets writes fail from there on.

mod answers;
mod clock;
mod disks;
mod place;
mod restores;
mod tracing;
mod writes;
