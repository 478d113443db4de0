//! Reading the entries of an archive, strictly: only what a backup holds (files, folders, symbolic links, long names) is
//! let through, and only under names that stay below the folder they are put in. What others made is no backup.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::atomic::AtomicBool;

use tar::{Archive, EntryType, Header};

use super::manifest::name_fault;
use crate::adapters::files::attributes::Attributes;
use crate::adapters::files::failure::{Performed, check_cancel, refusal, stream_fault};

/// Longer than any path that a platform takes.
const LONGEST_NAME: u64 = 64 * 1024;
const READ_AHEAD: usize = 256 * 1024;

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    File,
    Folder,
    Link { to: String },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Good as [`name_fault`] has it; a folder without the `/` at its end.
    pub name: String,
    pub content: Content,
    pub attributes: Attributes,
}

/// Hands every entry of the archive `name`, with its bytes, to `visit`, in order.
///
/// # Errors
/// When the archive is damaged or holds what no backup holds, and what `visit` finds.
pub fn for_each(
    archive: File,
    name: &str,
    cancel: &AtomicBool,
    mut visit: impl FnMut(Entry, &mut dyn Read) -> Performed<()>,
) -> Performed<()> {
    let failed = |error: &io::Error| stream_fault("read the archive", name, error, cancel);
    let decoder = zstd::Decoder::with_buffer(BufReader::with_capacity(READ_AHEAD, archive));
    let mut tar = Archive::new(decoder.map_err(|error| failed(&error))?);
    let entries = tar.entries().map_err(|error| failed(&error))?.raw(true);
    let (mut long_name, mut long_link) = (None, None);
    for entry in entries {
        check_cancel(cancel)?;
        let mut entry = entry.map_err(|error| failed(&error))?;
        let kind = entry.header().entry_type();
        if kind.is_gnu_longname() {
            long_name = Some(long_text(&mut entry).map_err(|error| failed(&error))?);
        } else if kind.is_gnu_longlink() {
            long_link = Some(long_text(&mut entry).map_err(|error| failed(&error))?);
        } else {
            let read = read_entry(entry.header(), kind, long_name.take(), long_link.take());
            let item =
                read.map_err(|message| refusal(format!("`{name}` is no backup: {message}; nothing was restored")))?;
            visit(item, &mut entry)?;
        }
    }
    Ok(())
}

fn read_entry(
    header: &Header,
    kind: EntryType,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
) -> Result<Entry, String> {
    let name = long_name.unwrap_or_else(|| header.path_bytes().into_owned());
    let name = text(name)?;
    let content = match kind {
        EntryType::Regular => Content::File,
        EntryType::Directory => Content::Folder,
        EntryType::Symlink => {
            let to = long_link.or_else(|| header.link_name_bytes().map(std::borrow::Cow::into_owned));
            Content::Link { to: text(to.unwrap_or_default())? }
        }
        other => {
            let letter = char::from(other.as_byte());
            return Err(format!("its entry `{name}` is of kind `{letter}`, which a backup never has"));
        }
    };
    let name = if content == Content::Folder { name.strip_suffix('/').unwrap_or(&name).to_owned() } else { name };
    if let Some(fault) = name_fault(&name) {
        return Err(format!("it holds the name `{name}`, which may leave the target folder: {fault}"));
    }
    Ok(Entry { name, content, attributes: attributes(header).map_err(|error| error.to_string())? })
}

fn attributes(header: &Header) -> io::Result<Attributes> {
    let id = |field: io::Result<u64>| field.ok().and_then(|id| u32::try_from(id).ok());
    let modified = header.mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
    Ok(Attributes {
        mode: header.mode()? & 0o7777,
        // Other tools leave these empty.
        owner: id(header.uid()).zip(id(header.gid())),
        modified: modified.map(|seconds| (seconds, 0)),
    })
}

fn long_text(entry: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    entry.take(LONGEST_NAME + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LONGEST_NAME {
        return Err(io::Error::other("a name in it is longer than any path"));
    }
    if bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> Result<String, String> {
    String::from_utf8(bytes)
        .map_err(|error| format!("the name `{}` is not UTF-8", String::from_utf8_lossy(error.as_bytes())))
}
