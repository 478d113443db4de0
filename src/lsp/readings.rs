//! Files as they were read last: of a text that was edited only the edit is read.
//!
//! What is kept is bounded by the length of the texts, those go first that were asked for longest ago. What is asked for is
//! always right: what is kept only saves work.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::source::SourceFile;
use crate::syntax::Reading;

/// The most bytes of text whose trees are kept: a few files that people work on. Trees are many times as large.
const MOST: usize = 512 << 10;

#[derive(Default)]
pub struct Readings {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    by_path: HashMap<PathBuf, Entry>,
    /// Counts what is asked for.
    clock: u64,
}

#[derive(Default)]
struct Entry {
    reading: Arc<Mutex<Option<Arc<Reading>>>>,
    length: usize,
    asked: u64,
}

impl Readings {
    /// The file with this text. Who asks for it while another one reads it waits for that.
    pub fn get(&self, path: &Path, source: &Arc<SourceFile>) -> Arc<Reading> {
        let slot = lock(&self.kept).slot(path, source.text.len());
        let mut slot = lock(&slot);
        let is_same = |known: &Arc<Reading>| {
            known.source.first_bad_byte == source.first_bad_byte && known.source.text == source.text
        };
        let reading = match slot.take() {
            Some(known) if is_same(&known) => known,
            Some(known) => Arc::new(Arc::unwrap_or_clone(known).again(Arc::clone(source))),
            None => Arc::new(Reading::of(Arc::clone(source))),
        };
        *slot = Some(Arc::clone(&reading));
        reading
    }
}

impl Kept {
    fn slot(&mut self, path: &Path, length: usize) -> Arc<Mutex<Option<Arc<Reading>>>> {
        self.clock += 1;
        let entry = self.by_path.entry(path.to_path_buf()).or_default();
        (entry.asked, entry.length) = (self.clock, length);
        let slot = Arc::clone(&entry.reading);
        let mut sum: usize = self.by_path.values().map(|entry| entry.length).sum();
        while sum > MOST {
            let Some(oldest) = self.by_path.iter().min_by_key(|(_, entry)| entry.asked) else { break };
            let path = oldest.0.clone();
            sum -= self.by_path.remove(&path).map_or(0, |entry| entry.length);
        }
        slot
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::{MOST, Readings};
    use crate::base::source::SourceFile;
    use crate::base::span::FileId;

    fn source(text: &str) -> Arc<SourceFile> {
        Arc::new(SourceFile::new(FileId(0), "", text))
    }

    #[test]
    fn a_text_is_read_once() {
        let readings = Readings::default();
        let path = Path::new("a.deploy");
        let first = readings.get(path, &source("use std.exec\n"));
        assert!(Arc::ptr_eq(&first, &readings.get(path, &source("use std.exec\n"))));
        let other = readings.get(path, &source("use std.shell\n"));
        assert_eq!(other.source.text, "use std.shell\n");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let readings = Readings::default();
        let long = "// long\n".repeat(MOST / 16);
        for name in ["a", "b", "c"] {
            assert_eq!(readings.get(Path::new(name), &source(&long)).source.text, long);
        }
        assert!(super::lock(&readings.kept).by_path.len() <= 2);
        readings.get(Path::new("d"), &source(&long.repeat(3)));
        assert!(super::lock(&readings.kept).by_path.is_empty());
    }
}
