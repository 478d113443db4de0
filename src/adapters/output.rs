//! What commands print, kept per execution: `output/canary.smoke.1.log`, bounded on disk.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use super::process::{OutputSink, Stream};
use crate::engine::event::Direction;
use crate::runtime::ports::OutputName;

/// A file keeps so many bytes; what comes after is counted and left out.
pub const LARGEST: u64 = 64 << 20;

/// Appends to the file of one execution; made with the first line.
#[derive(Debug)]
pub struct OutputLog {
    path: PathBuf,
    file: Option<File>,
    size: u64,
    limit: u64,
    full: bool,
}

impl OutputLog {
    #[must_use]
    pub fn new(folder: &Path, name: &OutputName) -> Self {
        Self::bounded(folder.join(file_name(name)), LARGEST)
    }

    fn bounded(path: PathBuf, limit: u64) -> Self {
        Self { path, file: None, size: 0, limit, full: false }
    }

    fn open(&mut self) -> Option<&mut File> {
        if self.file.is_none() {
            let file = OpenOptions::new().create(true).append(true).open(&self.path).ok()?;
            self.size = file.metadata().map_or(0, |metadata| metadata.len());
            self.full = self.size >= self.limit;
            self.file = Some(file);
        }
        self.file.as_mut()
    }
}

impl OutputSink for OutputLog {
    /// A line that cannot be kept (a full disk) is lost; the command goes on.
    fn line(&mut self, _stream: Stream, text: &str) {
        if self.open().is_none() || self.full {
            return;
        }
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        let fits = self.size.saturating_add(length) <= self.limit;
        let cut = format!("… more than {} MiB: what was printed from here on is not kept\n", self.limit >> 20);
        self.full = !fits;
        self.size = self.size.saturating_add(length);
        if let Some(file) = &mut self.file {
            let _ = file.write_all(if fits { text } else { &cut }.as_bytes());
        }
    }
}

/// A node's id may hold `[`, `]` and whatever stood in a list of strings: only what every system takes in a name stays.
#[must_use]
pub fn file_name(name: &OutputName) -> String {
    let undo = if name.direction == Direction::Undo { ".undo" } else { "" };
    format!("{}.{}{undo}.log", file_stem(&name.node), name.count)
}

/// The beginning of the names of a node's files.
#[must_use]
pub fn file_stem(node: &str) -> String {
    let plain = |letter: char| {
        if letter.is_alphanumeric() || matches!(letter, '.' | '_' | '-' | '[' | ']') { letter } else { '_' }
    };
    node.chars().map(plain).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::{Direction, OutputLog, OutputName, OutputSink, Stream, file_name};

    #[test]
    fn each_execution_has_a_file_of_its_own_whatever_its_node_is_called() {
        let name = |node: &str, direction| OutputName { node: node.to_owned(), count: 2, direction };
        assert_eq!(file_name(&name("canary.smoke", Direction::Forward)), "canary.smoke.2.log");
        assert_eq!(file_name(&name("deploy[../x y].apply", Direction::Undo)), "deploy[.._x_y].apply.2.undo.log");
    }

    #[test]
    fn lines_are_appended_and_a_file_that_is_full_says_so_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.log");
        for _ in 0..2 {
            let mut log = OutputLog::bounded(path.clone(), 12);
            (0..3).for_each(|_| log.line(Stream::Stdout, "12345\n"));
        }
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with("12345\n12345\n… more than"), "{text}");
        assert_eq!(text.lines().count(), 3, "{text}");
    }

    #[test]
    fn a_command_that_prints_nothing_leaves_no_file() {
        let folder = tempfile::tempdir().unwrap();
        drop(OutputLog::bounded(folder.path().join("x.log"), 12));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
