//! Wishes of the person at the terminal, or of the system, that a run stop: Ctrl-C and SIGTERM.

use tokio::sync::mpsc;

/// One message for each Ctrl-C or SIGTERM; from then on these no longer end the process.
#[must_use]
pub fn listen() -> mpsc::UnboundedReceiver<()> {
    let (wishes, receiver) = mpsc::unbounded_channel();
    let terminate = wishes.clone();
    tokio::spawn(async move {
        while tokio::signal::ctrl_c().await.is_ok() {
            if wishes.send(()).is_err() {
                return;
            }
        }
    });
    spawn_terminate(terminate);
    receiver
}

/// Nothing ever comes: for those who have no terminal.
#[must_use]
pub fn none() -> mpsc::UnboundedReceiver<()> {
    mpsc::unbounded_channel().1
}

#[cfg(unix)]
fn spawn_terminate(wishes: mpsc::UnboundedSender<()>) {
    use tokio::signal::unix::{SignalKind, signal};
    for kind in [SignalKind::terminate(), SignalKind::hangup()] {
        let Ok(mut signals) = signal(kind) else { continue };
        let wishes = wishes.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                if wishes.send(()).is_err() {
                    return;
                }
            }
        });
    }
}

#[cfg(not(unix))]
fn spawn_terminate(_wishes: mpsc::UnboundedSender<()>) {}
