//! The threads that a run is driven on.

use std::future::Future;
use std::time::Duration;

/// Enough for effects that wait on others; the processes they start have the rest of the machine.
const THREADS: usize = 2;

/// How long work that cannot be called off (a file being read) may go on once the run is over.
const GRACE: Duration = Duration::from_secs(2);

/// Waits for `work` on a runtime of its own.
///
/// # Errors
/// When the system gives no threads, in words for people.
pub fn wait_for<T>(work: impl Future<Output = T>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()
        .map_err(|error| format!("the system gives no threads to run on: {error}"))?;
    let result = runtime.block_on(work);
    runtime.shutdown_timeout(GRACE);
    Ok(result)
}
