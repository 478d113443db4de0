//! Files that Git LFS keeps: git has a pointer with their sum, and the sum tells whether a file is the one that is meant.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::adapters::program_files::LARGEST;

const HEAD: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
const LONGEST_POINTER: usize = 1024;

pub fn is_pointer(bytes: &[u8]) -> bool {
    bytes.len() < LONGEST_POINTER && bytes.starts_with(HEAD)
}

/// The content that a pointer means: from the store of Git LFS, or the file in the work tree if it is still the same.
pub fn find(pointer: &[u8], store: Option<&Path>, now: &Path) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(pointer).ok()?;
    let sum = text.lines().find_map(|line| line.strip_prefix("oid sha256:"))?;
    if sum.len() != 64 || !sum.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let kept = store.map(|store| store.join(&sum[..2]).join(&sum[2..4]).join(sum));
    kept.as_deref().into_iter().chain([now]).find_map(|path| read(path).filter(|bytes| has_sum(bytes, sum)))
}

fn read(path: &Path) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LARGEST).then_some(bytes)
}

fn has_sum(bytes: &[u8], sum: &str) -> bool {
    let found: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    found == sum
}
