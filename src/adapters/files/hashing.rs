//! SHA-256 over streams, in constant memory.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

/// Large enough that system calls do not matter, small enough to stay in the cache.
const CHUNK: usize = 128 * 1024;

/// Length and hash of all that came through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sum {
    pub size: u64,
    pub sha256: String,
}

/// Copies `from` into `to` and sums up what was copied. Stops with an error when `cancel` is set.
///
/// # Errors
/// Of either side, or when cancelled.
pub fn copy_hashed(from: &mut impl Read, to: &mut impl Write, cancel: &AtomicBool) -> io::Result<Sum> {
    let mut buffer = vec![0_u8; CHUNK];
    let mut hash = Sha256::new();
    let mut size = 0;
    loop {
        stop_when_cancelled(cancel)?;
        let count = match from.read(&mut buffer) {
            Ok(0) => return Ok(Sum { size, sha256: hex(&hash.finalize()) }),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let chunk = buffer.get(..count).unwrap_or_default();
        hash.update(chunk);
        to.write_all(chunk)?;
        size += count as u64;
    }
}

/// # Errors
/// When the file cannot be read, or when cancelled.
pub fn hash_file(path: &Path, cancel: &AtomicBool) -> io::Result<Sum> {
    copy_hashed(&mut File::open(path)?, &mut io::sink(), cancel)
}

/// # Errors
/// When `cancel` is set.
pub fn stop_when_cancelled(cancel: &AtomicBool) -> io::Result<()> {
    if cancel.load(Ordering::Relaxed) { Err(io::Error::other("cancelled")) } else { Ok(()) }
}

#[must_use]
pub fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Passes everything on and sums it up.
#[derive(Debug)]
pub struct HashingWriter<W> {
    inner: W,
    hash: Sha256,
    size: u64,
}

impl<W: Write> HashingWriter<W> {
    pub fn new(inner: W) -> Self {
        Self { inner, hash: Sha256::new(), size: 0 }
    }

    pub fn finish(self) -> (W, Sum) {
        (self.inner, Sum { size: self.size, sha256: hex(&self.hash.finalize()) })
    }
}

impl<W: Write> Write for HashingWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Gives exactly `expected` bytes of `inner`, summed up; an error when there are fewer, or when cancelled.
pub struct ExactReader<'a, R> {
    inner: R,
    hash: Sha256,
    left: u64,
    cancel: &'a AtomicBool,
}

impl<'a, R: Read> ExactReader<'a, R> {
    pub fn new(inner: R, expected: u64, cancel: &'a AtomicBool) -> Self {
        Self { inner, hash: Sha256::new(), left: expected, cancel }
    }

    pub fn sha256(self) -> String {
        hex(&self.hash.finalize())
    }
}

impl<R: Read> Read for ExactReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Ok(0);
        }
        stop_when_cancelled(self.cancel)?;
        let most = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let window = buffer.get_mut(..most).unwrap_or_default();
        let count = self.inner.read(window)?;
        if count == 0 && most > 0 {
            return Err(io::Error::other("it became shorter while it was read"));
        }
        self.hash.update(window.get(..count).unwrap_or_default());
        self.left -= count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::sync::atomic::AtomicBool;

    use super::{ExactReader, HashingWriter, copy_hashed, sha256_of};

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn every_way_gives_the_published_hash() {
        let cancel = AtomicBool::new(false);
        assert_eq!(sha256_of(b"abc"), ABC);
        let sum = copy_hashed(&mut &b"abc"[..], &mut std::io::sink(), &cancel).unwrap();
        assert_eq!((sum.sha256.as_str(), sum.size), (ABC, 3));
        let mut writer = HashingWriter::new(Vec::new());
        writer.write_all(b"abc").unwrap();
        assert_eq!(writer.finish().1, sum);
        let mut reader = ExactReader::new(&b"abcdef"[..], 3, &cancel);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), reader.sha256().as_str()), ("abc", ABC));
    }

    #[test]
    fn a_file_that_shrinks_or_a_cancel_ends_the_stream_with_an_error() {
        let running = AtomicBool::new(false);
        let mut short = ExactReader::new(&b"ab"[..], 3, &running);
        assert!(short.read_to_end(&mut Vec::new()).is_err());
        let cancelled = AtomicBool::new(true);
        assert!(copy_hashed(&mut &b"abc"[..], &mut std::io::sink(), &cancelled).is_err());
    }
}
