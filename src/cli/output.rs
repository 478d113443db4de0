//! What commands say: standard output for results, standard error for complaints.
//!
//! Invariants: nothing here panics. Once standard output is gone nothing more is written to it: a closed pipe
//! (`| head`) is the reader's wish and changes no exit status, any other failure is told by `settle`.
//! Colours in the text are taken out where the stream is no terminal or `NO_COLOR` is set.

use std::io::{self, ErrorKind, Write};
use std::sync::OnceLock;

use super::exit::Exit;

static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Writes `text` to standard output at once, as it is.
pub fn say(text: &str) {
    if FAILURE.get().is_some() {
        return;
    }
    let mut stream = anstream::stdout().lock();
    if let Err(error) = stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        // Only the first failure counts; a second one cannot be set.
        let _ = FAILURE.set(error);
    }
}

/// Empties the screen of a terminal.
pub fn clear_screen() {
    let mut stream = io::stdout().lock();
    // A terminal that is gone has nothing to empty.
    let _ = stream.write_all(b"\x1b[2J\x1b[3J\x1b[H").and_then(|()| stream.flush());
}

/// Writes bytes to standard output as they are, colours and all: a text that somebody else wrote.
pub fn hand_over(bytes: &[u8]) {
    if FAILURE.get().is_some() {
        return;
    }
    let mut stream = io::stdout().lock();
    if let Err(error) = stream.write_all(bytes).and_then(|()| stream.flush()) {
        // Only the first failure counts; a second one cannot be set.
        let _ = FAILURE.set(error);
    }
}

/// Writes `text` to standard error. When that is gone too, nobody is left to be told.
pub fn complain(text: &str) {
    let mut stream = anstream::stderr().lock();
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

/// The exit status in view of what could not be written.
#[must_use]
pub fn settle(exit: Exit) -> Exit {
    match FAILURE.get() {
        Some(error) if error.kind() != ErrorKind::BrokenPipe => {
            complain(&format!("error: standard output could not be written: {error}\n"));
            if exit == Exit::Well { Exit::Usage } else { exit }
        }
        _ => exit,
    }
}
