//! Starts the command line; everything else is in the library.

use std::process::ExitCode;

/// A check builds large trees of small pieces and takes them apart again; the allocator of the system spends a quarter of its
/// time on that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    phasegate::cli::start(std::env::args_os())
}
