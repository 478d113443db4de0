//! Files that are about to be checked, read at the same time: a check reads one after the other.
//!
//! In threads of its own: a thread of a pool that waits takes up another request meanwhile, which may wait for this one.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::syntax::Reading;

use super::super::STACK;
use super::Snapshot;

/// Fewer are read before threads are there.
const WORTH_IT: usize = 8;

/// More threads wait for memory rather than read.
const MOST_THREADS: usize = 8;

/// Files as they were read, until somebody asks for them.
pub type Ahead = HashMap<PathBuf, Arc<Reading>>;

impl Snapshot {
    /// A file and all that it imports, as far as that can be read; nothing when it is not worth it.
    pub(super) fn read_ahead(&self, root: &Path) -> Ahead {
        let files: Vec<PathBuf> = self.beneath(root).into_iter().collect();
        let threads = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
        if files.len() < WORTH_IT || threads == 1 {
            return Ahead::new();
        }
        let next = AtomicUsize::new(0);
        let read_some = || {
            let taken = std::iter::from_fn(|| files.get(next.fetch_add(1, Ordering::Relaxed)));
            let read = taken.filter_map(|path| Some((path.clone(), self.readings.get(path, &self.source(path).ok()?))));
            read.collect::<Ahead>()
        };
        thread::scope(|scope| {
            let helper = || thread::Builder::new().stack_size(STACK).spawn_scoped(scope, read_some);
            let helpers: Vec<_> = (1..threads).filter_map(|_| helper().ok()).collect();
            let mut all = read_some();
            // What one of them could not read the check reads, and tells.
            all.extend(helpers.into_iter().filter_map(|helper| helper.join().ok()).flatten());
            all
        })
    }
}
