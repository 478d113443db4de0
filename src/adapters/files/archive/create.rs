//! Making an archive: files are read once, hashed on the way into tar, compressed by threads of their own, and the
//! archive is hashed on its way to the disk. Memory does not grow with the size of the files.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde_json::{Value as Json, json};
use tar::{Builder, EntryType, Header};

use super::manifest::{self, ABSENT, MANIFEST};
use super::metadata::{FORMAT, Metadata, Places};
use crate::adapters::files::FilesContext;
use crate::adapters::files::attributes::Attributes;
use crate::adapters::files::draft::DRAFT_PREFIX;
use crate::adapters::files::failure::{Performed, check_cancel, fault, refusal, stream_fault};
use crate::adapters::files::git::git_facts;
use crate::adapters::files::hashing::{ExactReader, HashingWriter, Sum, sha256_of};
use crate::adapters::files::place::sync_folder;
use crate::adapters::files::select::{Found, Kind, Selection, select};

const READ_AHEAD: usize = 256 * 1024;
/// The default of the `zstd` program.
const LEVEL: i32 = 3;

/// What a backup is to hold.
#[derive(Debug)]
pub struct Order<'a> {
    pub id: &'a str,
    pub to: &'a str,
    pub retain: Duration,
    pub sources: Vec<String>,
    pub selection: Selection,
    /// Names that are not there, for an emergency backup; `None` for an ordinary one.
    pub absent: Option<BTreeSet<String>>,
}

/// Performs `CreateBackup`.
pub fn create(ctx: &FilesContext<'_>, id: &str, source: &[String], to: &str, retain: Duration) -> Performed<Json> {
    let places = Places::of_id(&ctx.root, to, id)?;
    if let Some(metadata) = finished(ctx, &places) {
        return Ok(answer(&places, &metadata));
    }
    let selection = select(&ctx.root, source, Some(&ctx.root.join(to)), ctx.cancel)?;
    let order = Order { id, to, retain, sources: source.to_vec(), selection, absent: None };
    let metadata = build(ctx, &order)?;
    Ok(answer(&places, &metadata))
}

/// The metadata of a backup that was completed earlier under the same id and is sound.
pub fn finished(ctx: &FilesContext<'_>, places: &Places) -> Option<Metadata> {
    if !places.is_complete() {
        return None;
    }
    places.check(ctx.cancel).and_then(|_| places.load()).ok()
}

/// Writes archive, metadata and checksum file.
pub fn build(ctx: &FilesContext<'_>, order: &Order<'_>) -> Performed<Metadata> {
    let places = Places::of_id(&ctx.root, order.to, order.id)?;
    let folder = ctx.root.join(order.to);
    fs::create_dir_all(&folder).map_err(|error| fault("make the folder", order.to, &error))?;
    let draft = tempfile::Builder::new().prefix(DRAFT_PREFIX).tempfile_in(&folder);
    let mut draft = draft.map_err(|error| fault("write", &places.name, &error))?;
    let packing = Packing { name: &places.name, cancel: ctx.cancel };
    let (sum, content_size) = packing.pack(draft.as_file_mut(), order)?;
    let written = draft.as_file().sync_all().map_err(|error| fault("write", &places.name, &error));
    written?;
    draft.persist(&places.archive).map_err(|refused| fault("write", &places.name, &refused.error))?;
    sync_folder(&folder, &places.name)?;
    let metadata = describe(ctx, order, &sum, content_size);
    places.complete(&metadata)?;
    Ok(metadata)
}

fn answer(places: &Places, metadata: &Metadata) -> Json {
    json!({
        "id": metadata.id,
        "archive": places.name,
        "sha256": metadata.sha256,
        "files": metadata.files + metadata.links,
        "size": metadata.size,
    })
}

fn describe(ctx: &FilesContext<'_>, order: &Order<'_>, sum: &Sum, content_size: u64) -> Metadata {
    let count = |kind| order.selection.found.iter().filter(|found| found.kind == kind).count() as u64;
    let moment =
        |time: crate::base::time::Timestamp| jiff::Timestamp::from_microsecond(time.0).unwrap_or(jiff::Timestamp::MAX);
    Metadata {
        format: FORMAT,
        id: order.id.to_owned(),
        created_at: moment(ctx.now),
        retain_until: moment(ctx.now.plus(order.retain)),
        archive: format!("{}.tar.zst", order.id),
        sha256: sum.sha256.clone(),
        size: sum.size,
        content_size,
        files: count(Kind::File),
        folders: count(Kind::Folder),
        links: count(Kind::Link),
        sources: order.sources.clone(),
        skipped: order.selection.skipped.clone(),
        emergency: order.absent.is_some(),
        git: git_facts(&ctx.root),
        made_by: concat!("phasegate ", env!("CARGO_PKG_VERSION")).to_owned(),
    }
}

type Tar<'a> = Builder<zstd::Encoder<'static, HashingWriter<BufWriter<&'a mut File>>>>;

struct Packing<'a> {
    name: &'a str,
    cancel: &'a AtomicBool,
}

impl Packing<'_> {
    /// The sum of the archive, and the bytes of all files in it.
    fn pack(&self, archive: &mut File, order: &Order<'_>) -> Performed<(Sum, u64)> {
        let mut tar = self.open(archive).map_err(|error| self.failed(&error))?;
        let mut manifest = String::new();
        let mut content_size = 0;
        for found in &order.selection.found {
            check_cancel(self.cancel)?;
            if [MANIFEST, ABSENT].contains(&found.name.as_str()) {
                let message = "is a name that the archive needs for itself; rename the file or back up its folder";
                return Err(refusal(format!("`{}` {message}", found.name)));
            }
            if let Some(sha256) = self.append(&mut tar, found)? {
                manifest.push_str(&manifest::line(&sha256, &found.name));
                content_size += found.metadata.len();
            }
        }
        if let Some(absent) = &order.absent {
            let text = serde_json::to_string(absent).map_err(|error| refusal(error.to_string()))?;
            manifest.push_str(&manifest::line(&sha256_of(text.as_bytes()), ABSENT));
            append_text(&mut tar, ABSENT, &text).map_err(|error| self.failed(&error))?;
        }
        append_text(&mut tar, MANIFEST, &manifest).map_err(|error| self.failed(&error))?;
        let finish = || -> io::Result<Sum> {
            let (writer, sum) = tar.into_inner()?.finish()?.finish();
            writer.into_inner().map_err(io::IntoInnerError::into_error)?;
            Ok(sum)
        };
        finish().map(|sum| (sum, content_size)).map_err(|error| self.failed(&error))
    }

    fn open<'a>(&self, archive: &'a mut File) -> io::Result<Tar<'a>> {
        let writer = HashingWriter::new(BufWriter::with_capacity(READ_AHEAD, archive));
        let mut encoder = zstd::Encoder::new(writer, LEVEL)?;
        encoder.include_checksum(true)?;
        let threads = std::thread::available_parallelism().map_or(1, |threads| threads.get().min(8));
        encoder.multithread(u32::try_from(threads).unwrap_or(1))?;
        Ok(Builder::new(encoder))
    }

    /// The hash of a file; `None` for what has no content.
    fn append(&self, tar: &mut Tar<'_>, found: &Found) -> Performed<Option<String>> {
        match found.kind {
            Kind::Folder => {
                let mut header = header(found, EntryType::Directory);
                let name = format!("{}/", found.name);
                tar.append_data(&mut header, name, io::empty()).map_err(|error| self.failed(&error))?;
                Ok(None)
            }
            Kind::Link => {
                let to = fs::read_link(&found.place).map_err(|error| fault("read", &found.name, &error))?;
                let mut header = header(found, EntryType::Symlink);
                tar.append_link(&mut header, &found.name, to).map_err(|error| self.failed(&error))?;
                Ok(None)
            }
            Kind::File => self.append_file(tar, found).map(Some),
        }
    }

    fn append_file(&self, tar: &mut Tar<'_>, found: &Found) -> Performed<String> {
        let file = File::open(&found.place).map_err(|error| fault("read", &found.name, &error))?;
        let mut header = header(found, EntryType::Regular);
        header.set_size(found.metadata.len());
        let file = BufReader::with_capacity(READ_AHEAD, file);
        let mut reader = Noting { inner: ExactReader::new(file, found.metadata.len(), self.cancel), failed: false };
        let appended = tar.append_data(&mut header, &found.name, &mut reader);
        match appended {
            Ok(()) => Ok(reader.inner.sha256()),
            Err(error) if reader.failed => Err(stream_fault("read", &found.name, &error, self.cancel)),
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn failed(&self, error: &io::Error) -> crate::contract::effect::Failure {
        stream_fault("write", self.name, error, self.cancel)
    }
}

/// Remembers whether it was the reading that failed, so that the words name the right file.
struct Noting<R> {
    inner: R,
    failed: bool,
}

impl<R: io::Read> io::Read for Noting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        self.failed |= read.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::Interrupted);
        read
    }
}

fn header(found: &Found, kind: EntryType) -> Header {
    let attributes = Attributes::of(&found.metadata);
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(0);
    header.set_mode(attributes.mode);
    let (user, group) = attributes.owner.unwrap_or_default();
    header.set_uid(user.into());
    header.set_gid(group.into());
    header.set_mtime(attributes.modified.and_then(|(seconds, _)| u64::try_from(seconds).ok()).unwrap_or(0));
    header
}

fn append_text(tar: &mut Tar<'_>, name: &str, text: &str) -> io::Result<()> {
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(text.len() as u64);
    tar.append_data(&mut header, name, text.as_bytes())
}
