//! Writing, copying, removing and reading single files.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};

use serde_json::{Value as Json, json};

use super::FilesContext;
use super::attributes::Attributes;
use super::draft::{Draft, Privacy};
use super::failure::{Performed, check_cancel, fault, refusal, stream_fault};
use super::hashing::copy_hashed;
use super::place::{follow, open_file, regular_file, sync_folder};
use crate::contract::effect::TextPiece;

/// A file that a program reads whole as text is never larger; it would only fill the memory.
const LARGEST_TEXT: u64 = 64 << 20;
/// As far back as the last lines of a file are looked for.
const LONGEST_TAIL: u64 = 16 << 20;

pub fn write(ctx: &FilesContext<'_>, path: &str, content: &[TextPiece]) -> Performed<Json> {
    check_cancel(ctx.cancel)?;
    let secret = content.iter().any(|piece| matches!(piece, TextPiece::Secret(_)));
    let privacy = if secret { Privacy::Private } else { Privacy::Ordinary };
    let mut text = String::new();
    for piece in content {
        match piece {
            TextPiece::Plain(plain) => text.push_str(plain),
            TextPiece::Secret(name) => text.push_str(&(ctx.secrets)(name).map_err(refusal)?),
        }
    }
    let mut draft = Draft::begin(path, follow(&ctx.root, path)?, privacy)?;
    draft.file().write_all(text.as_bytes()).map_err(|error| fault("write", path, &error))?;
    draft.commit(None)?;
    Ok(Json::Null)
}

pub fn copy(ctx: &FilesContext<'_>, from: &str, to: &str) -> Performed<Json> {
    let (mut source, attributes) = open(ctx, from)?;
    let target = follow(&ctx.root, to)?;
    let fresh = regular_file(&target, to)?.is_none();
    let mut draft = Draft::begin(to, target, Privacy::Ordinary)?;
    copy_hashed(&mut source, draft.file(), ctx.cancel)
        .map_err(|error| stream_fault(&format!("copy `{from}` to"), to, &error, ctx.cancel))?;
    draft.commit(fresh.then(|| Attributes { owner: None, ..attributes.without_time() }))?;
    Ok(Json::Null)
}

/// Removes a file (of a link the link, not what it points to); nothing there is well.
pub fn remove(ctx: &FilesContext<'_>, path: &str) -> Performed<Json> {
    let place = ctx.root.join(path);
    match fs::remove_file(&place) {
        Ok(()) => sync_folder(place.parent().unwrap_or(&ctx.root), path).map(|()| Json::Null),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Json::Null),
        Err(error) => Err(fault("remove", path, &error)),
    }
}

pub fn read(ctx: &FilesContext<'_>, path: &str) -> Performed<Json> {
    match String::from_utf8(read_bytes(ctx, path)?) {
        Ok(text) => Ok(json!({ "text": text })),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(refusal(format!("`{path}` is not UTF-8 text: the byte at offset {at} belongs to no letter")))
        }
    }
}

/// The whole of a file that is not too large.
pub fn read_bytes(ctx: &FilesContext<'_>, path: &str) -> Performed<Vec<u8>> {
    let (file, _) = open(ctx, path)?;
    let mut bytes = Vec::new();
    file.take(LARGEST_TEXT + 1).read_to_end(&mut bytes).map_err(|error| fault("read", path, &error))?;
    if bytes.len() as u64 > LARGEST_TEXT {
        return Err(refusal(format!(
            "`{path}` is too large to be read as text: the limit is {} MiB",
            LARGEST_TEXT >> 20
        )));
    }
    Ok(bytes)
}

pub fn read_tail(ctx: &FilesContext<'_>, path: &str, lines: usize) -> Performed<Json> {
    let (file, _) = open(ctx, path)?;
    let failed = |error: &io::Error| fault("read", path, error);
    let mut reader = BufReader::new(file);
    let mut first = Vec::new();
    reader.by_ref().take(LONGEST_TAIL).read_until(b'\n', &mut first).map_err(|error| failed(&error))?;
    let last = last_lines(reader.get_mut(), lines).map_err(|error| failed(&error))?;
    Ok(json!({ "first": String::from_utf8_lossy(&first).trim_end_matches(['\r', '\n']), "last": last }))
}

/// Reads backwards, so that the cost does not grow with the file.
fn last_lines(file: &mut File, lines: usize) -> io::Result<Vec<String>> {
    const BLOCK: u64 = 64 * 1024;
    let end = file.seek(SeekFrom::End(0))?;
    let mut start = end;
    let mut tail: Vec<u8> = Vec::new();
    // One line end more than lines: the last line has one of its own.
    while start > 0 && end - start < LONGEST_TAIL && tail.iter().filter(|byte| **byte == b'\n').count() <= lines {
        let block = BLOCK.min(start);
        start -= block;
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(file).take(block).read_to_end(&mut bytes)?;
        bytes.extend_from_slice(&tail);
        tail = bytes;
    }
    let text = String::from_utf8_lossy(&tail);
    let found: Vec<&str> = text.lines().collect();
    Ok(found.iter().skip(found.len().saturating_sub(lines)).map(|line| (*line).to_owned()).collect())
}

/// Opens a regular file for reading.
fn open(ctx: &FilesContext<'_>, path: &str) -> Performed<(File, Attributes)> {
    let file = open_file(&ctx.root.join(path), path)?;
    let metadata = file.metadata().map_err(|error| fault("read", path, &error))?;
    Ok((file, Attributes::of(&metadata)))
}
