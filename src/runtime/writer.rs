//! The one thread that writes a journal, committing together whatever has gathered meanwhile.
//!
//! Invariants: batches become durable in the order in which they were handed over, whole; a batch comes back only when it
//! is durable. While the journal cannot be written nothing comes back, so nothing new is begun.

use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc as channel;

use super::ports::{Answer, Journal, JournalError};
use crate::engine::event::Recorded;
use crate::engine::snapshot::Snapshot;
use crate::engine::turn::Request;

/// What came of one or more turns.
#[derive(Debug, Default)]
pub struct Batch {
    pub events: Vec<Recorded>,
    /// To be performed once the events are durable.
    pub requests: Vec<Request>,
    /// The run as it stands behind the events.
    pub snapshot: Option<Snapshot>,
    /// To be given once the events are durable.
    pub answers: Vec<(String, Answer)>,
}

/// What the writer reports.
#[derive(Debug)]
pub enum Report {
    Durable(Vec<Batch>),
    /// It did not work; it is tried again.
    Trouble(JournalError),
    /// It was tried for long enough.
    GaveUp(JournalError),
}

/// A handle on the writing thread; dropping it ends the thread once all that was handed over is written.
#[derive(Debug)]
pub struct Writer {
    batches: Option<mpsc::Sender<Batch>>,
    thread: Option<thread::JoinHandle<()>>,
}

/// How often a failed write is tried again, and the pause before each time.
const ATTEMPTS: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// At most this many batches become one transaction.
const GROUP: usize = 1_024;

impl Writer {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread for us.
    pub fn start(journal: Box<dyn Journal>) -> Result<(Self, channel::UnboundedReceiver<Report>), JournalError> {
        let (batches, queue) = mpsc::channel();
        let (reports, receiver) = channel::unbounded_channel();
        let thread = thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write(journal, &queue, &reports))
            .map_err(|error| JournalError::Unavailable(format!("no thread for the journal: {error}")))?;
        Ok((Self { batches: Some(batches), thread: Some(thread) }, receiver))
    }

    /// Hands a batch over. Once the thread has given up this does nothing; its last report said so.
    pub fn hand_over(&self, batch: Batch) {
        if let Some(batches) = &self.batches {
            let _ = batches.send(batch);
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.batches = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn write(mut journal: Box<dyn Journal>, queue: &mpsc::Receiver<Batch>, reports: &channel::UnboundedSender<Report>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        if let Err(error) = write_group(&mut *journal, &mut group, queue, reports) {
            let _ = reports.send(Report::GaveUp(error));
            return;
        }
        let snapshot = group.iter_mut().rev().find_map(|batch| batch.snapshot.take());
        if reports.send(Report::Durable(group)).is_err() {
            return;
        }
        if let Some(snapshot) = snapshot {
            // It saves time and nothing else: without it the run is taken up from the one before.
            let _ = journal.keep(&snapshot);
        }
    }
}

fn write_group(
    journal: &mut dyn Journal,
    group: &mut Vec<Batch>,
    queue: &mpsc::Receiver<Batch>,
    reports: &channel::UnboundedSender<Report>,
) -> Result<(), JournalError> {
    for attempt in 1.. {
        while group.len() < GROUP
            && let Ok(next) = queue.try_recv()
        {
            group.push(next);
        }
        let mut events = group.iter().flat_map(|batch| &batch.events).peekable();
        if events.peek().is_none() {
            return Ok(());
        }
        match journal.append(&mut events) {
            Ok(()) => return Ok(()),
            Err(error) if attempt > ATTEMPTS || reports.is_closed() => return Err(error),
            Err(error) => {
                if attempt == 1 {
                    let _ = reports.send(Report::Trouble(error));
                }
                thread::sleep(PAUSE);
            }
        }
    }
    Ok(())
}
