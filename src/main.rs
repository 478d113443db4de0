//! Starts the command line; everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    phasegate::cli::start(std::env::args_os())
}
