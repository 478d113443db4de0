//! A bundle: everything that is known of a run in one file, a tar archive compressed with zstd.
//!
//! The first member is `manifest.json`: format, run, and name, size and SHA-256 of each member behind it, in order. The same
//! members make the same bytes. Invariants of reading: nothing is ever written to disk; no more is unpacked than the limits
//! below allow, whatever the file says of itself; every byte is checked against the manifest; whatever is not as it has to
//! be gives an error in words, never a panic.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::Path;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use tar::{Archive, Builder, EntryType, Header};

use crate::plan::fingerprint::hash;

/// Raised with every change that an older program would misread.
const FORMAT: u32 = 1;
const MANIFEST: &str = "manifest.json";
const LEVEL: i32 = 9;

/// The most that is unpacked of a bundle, altogether and of its manifest.
pub const LARGEST: u64 = 1 << 30;
const LARGEST_MANIFEST: u64 = 4 << 20;
const MOST_MEMBERS: usize = 10_000;
const LONGEST_NAME: usize = 200;
/// No window of the compression needs more memory than 2 to the power of this.
const LARGEST_WINDOW: u32 = 27;

/// Texts by the names of the members that hold them.
pub type Members = IndexMap<String, Vec<u8>>;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    format: u32,
    run: String,
    /// The version of the program that made it.
    made_by: String,
    members: Vec<Member>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Member {
    name: String,
    size: u64,
    sha256: String,
}

/// The bytes of a bundle.
///
/// # Errors
/// When it would be larger than a reader takes.
pub fn pack(run: &str, members: &Members) -> Result<Vec<u8>, String> {
    let size: u64 = members.values().map(|bytes| bytes.len() as u64).sum();
    if size > LARGEST || members.len() > MOST_MEMBERS {
        return Err(format!(
            "a bundle of run `{run}` would hold {} MiB in {} members, more than anybody reads ({} MiB in {MOST_MEMBERS})",
            size >> 20,
            members.len(),
            LARGEST >> 20
        ));
    }
    let of = |(name, bytes): (&String, &Vec<u8>)| Member {
        name: name.clone(),
        size: bytes.len() as u64,
        sha256: hash(bytes),
    };
    let manifest = Manifest {
        format: FORMAT,
        run: run.to_owned(),
        made_by: env!("CARGO_PKG_VERSION").to_owned(),
        members: members.iter().map(of).collect(),
    };
    let packed = || -> io::Result<Vec<u8>> {
        let mut tar = Builder::new(zstd::Encoder::new(Vec::new(), LEVEL)?);
        append(&mut tar, MANIFEST, &serde_json::to_vec_pretty(&manifest)?)?;
        for (name, bytes) in members {
            append(&mut tar, name, bytes)?;
        }
        tar.into_inner()?.finish()
    };
    packed().map_err(|error| format!("the bundle of run `{run}` cannot be made: {error}"))
}

/// Nothing in the header that differs from machine to machine.
fn append(tar: &mut Builder<zstd::Encoder<'static, Vec<u8>>>, name: &str, bytes: &[u8]) -> io::Result<()> {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o644);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_size(bytes.len() as u64);
    tar.append_data(&mut header, name, bytes)
}

/// The members of the bundle at `path`.
///
/// # Errors
/// When it cannot be read, is no bundle, is of a later version, was cut or was altered; in words for people.
pub fn read(path: &Path) -> Result<Members, String> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|error| format!("`{name}` cannot be read: {error}"))?;
    unpack(BufReader::new(file)).map_err(|problem| match problem {
        Problem::Foreign(what) => format!("`{name}` is no bundle of a run: {what}"),
        Problem::Newer(format) => format!(
            "`{name}` was made by a later version of Phasegate (bundle format {format}, this one knows {FORMAT})"
        ),
        Problem::Damaged(what) => format!("`{name}` is damaged: {what}; get another copy of it"),
    })
}

#[derive(Debug)]
enum Problem {
    Foreign(String),
    Newer(u64),
    Damaged(String),
}

fn damaged(what: impl Into<String>) -> Problem {
    Problem::Damaged(what.into())
}

fn unpack(bytes: impl io::BufRead) -> Result<Members, Problem> {
    let foreign = |error: io::Error| Problem::Foreign(error.to_string());
    let mut bytes = bytes;
    if bytes.fill_buf().map_err(foreign)?.is_empty() {
        return Err(Problem::Foreign("it is empty".to_owned()));
    }
    let mut decoder = zstd::Decoder::with_buffer(bytes).map_err(foreign)?;
    decoder.window_log_max(LARGEST_WINDOW).map_err(foreign)?;
    // Behind the members stands no more than the padding of the archive.
    let mut archive = Archive::new(decoder.take(LARGEST + LARGEST_MANIFEST + (MOST_MEMBERS as u64 + 4) * 1_024));
    let mut entries = archive.entries().map_err(foreign)?.raw(true);
    let first = entries.next().ok_or_else(|| Problem::Foreign("it is empty".to_owned()))?;
    let manifest = match first {
        Ok(mut entry) if entry.path_bytes().as_ref() == MANIFEST.as_bytes() => {
            read_manifest(&read_limited(&mut entry, LARGEST_MANIFEST)?)?
        }
        Ok(_) => return Err(Problem::Foreign(format!("it does not begin with `{MANIFEST}`"))),
        // The frame began well, so that it was a bundle once; or it is compressed text of another kind.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(damaged(error.to_string())),
        Err(error) => return Err(Problem::Foreign(error.to_string())),
    };
    let mut members = Members::with_capacity(manifest.members.len());
    for member in &manifest.members {
        let missing = || damaged(format!("it ends before `{}`", shown(&member.name)));
        let mut entry = entries.next().ok_or_else(missing)?.map_err(|_| missing())?;
        if entry.path_bytes().as_ref() != member.name.as_bytes() || entry.header().entry_type() != EntryType::Regular {
            let found = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            return Err(damaged(format!("`{}` stands where `{}` has to be", shown(&found), shown(&member.name))));
        }
        let bytes = read_limited(&mut entry, member.size)?;
        if bytes.len() as u64 != member.size || hash(&bytes) != member.sha256 {
            return Err(damaged(format!("`{}` is not what the manifest says it is", shown(&member.name))));
        }
        members.insert(member.name.clone(), bytes);
    }
    match entries.next() {
        None => Ok(members),
        Some(Ok(_)) => Err(damaged("it holds more than its manifest says")),
        Some(Err(error)) => Err(damaged(error.to_string())),
    }
}

fn read_limited(entry: &mut impl Read, limit: u64) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    entry.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| damaged(error.to_string()))?;
    if bytes.len() as u64 > limit {
        return Err(damaged(format!("a member is larger than the {limit} bytes it may have")));
    }
    Ok(bytes)
}

fn read_manifest(bytes: &[u8]) -> Result<Manifest, Problem> {
    // Of a later format perhaps nothing but this can be read.
    let json: serde_json::Value =
        serde_json::from_reader(Cursor::new(bytes)).map_err(|error| damaged(format!("its manifest: {error}")))?;
    let format = json.get("format").and_then(serde_json::Value::as_u64);
    match format {
        Some(format) if format > u64::from(FORMAT) => return Err(Problem::Newer(format)),
        Some(_) => {}
        None => return Err(Problem::Foreign("its manifest names no format".to_owned())),
    }
    let manifest: Manifest = serde_json::from_value(json).map_err(|error| damaged(format!("its manifest: {error}")))?;
    let mut names = std::collections::HashSet::new();
    for member in &manifest.members {
        if !is_plain(&member.name) || !names.insert(member.name.as_str()) {
            return Err(damaged(format!("`{}` is no name for a member", shown(&member.name))));
        }
    }
    let size = manifest.members.iter().fold(0u64, |sum, member| sum.saturating_add(member.size));
    if size > LARGEST || manifest.members.len() > MOST_MEMBERS {
        return Err(damaged(format!("it would unpack to more than {} MiB in {MOST_MEMBERS} members", LARGEST >> 20)));
    }
    Ok(manifest)
}

/// A name that stays below the folder where somebody may unpack the archive by hand.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    let letters = |letter: char| letter.is_ascii_alphanumeric() || "._-/[]".contains(letter);
    name.len() <= LONGEST_NAME && name.chars().all(letters) && name.split('/').all(part)
}

/// A name for people, whatever it holds.
fn shown(name: &str) -> String {
    name.chars().take(80).map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Members, Problem, hash, is_plain, pack, unpack};

    fn members() -> Members {
        let text = |name: &str, text: &str| (name.to_owned(), text.as_bytes().to_vec());
        Members::from_iter([text("run.json", "{}"), text("program/0.deploy", "pipeline p {}"), text("empty", "")])
    }

    fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut tar = tar::Builder::new(zstd::Encoder::new(Vec::new(), 3).unwrap());
        for (name, bytes) in files {
            let mut header = tar::Header::new_gnu();
            // Written by hand: the crate itself refuses names that go up.
            header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(bytes.len() as u64);
            header.set_cksum();
            tar.append(&header, *bytes).unwrap();
        }
        tar.into_inner().unwrap().finish().unwrap()
    }

    fn manifest(format: u32, members: &[(&str, u64, &str)]) -> Vec<u8> {
        let members: Vec<_> = members
            .iter()
            .map(|(name, size, sha256)| serde_json::json!({ "name": name, "size": size, "sha256": sha256 }))
            .collect();
        let manifest = serde_json::json!({ "format": format, "run": "r", "made_by": "0", "members": members });
        serde_json::to_vec(&manifest).unwrap()
    }

    #[test]
    fn what_was_packed_is_read_back_and_the_same_members_make_the_same_bytes() {
        let bytes = pack("r", &members()).unwrap();
        assert_eq!(bytes, pack("r", &members()).unwrap());
        assert_eq!(unpack(bytes.as_slice()).unwrap(), members());
    }

    #[test]
    fn a_bundle_that_is_cut_anywhere_or_altered_in_any_byte_is_refused() {
        let bytes = pack("r", &members()).unwrap();
        for end in 0..bytes.len() {
            // Without its last bytes the archive may still hold every member whole.
            if let Ok(read) = unpack(&bytes[..end]) {
                assert_eq!(read, members(), "cut at {end}");
            }
        }
        assert!(unpack(&bytes[..bytes.len() / 2]).is_err());
        for at in 0..bytes.len() {
            for flip in [1, 0x80] {
                let mut altered = bytes.clone();
                altered[at] ^= flip;
                if let Ok(read) = unpack(altered.as_slice()) {
                    assert_eq!(read, members(), "byte {at}");
                }
            }
        }
    }

    #[test]
    fn what_is_hostile_is_refused_in_words() {
        let sum = hash(b"x");
        let of = |members: &[(&str, u64, &str)]| manifest(1, members);
        let cases: Vec<(Vec<u8>, &str)> = vec![
            (b"no archive at all".to_vec(), "nknown frame"),
            (zstd::encode_all(&[0u8; 10_000][..], 3).unwrap(), "it is empty"),
            (tarred(&[("other", b"x")]), "does not begin with"),
            (tarred(&[("manifest.json", b"{")]), "its manifest"),
            (tarred(&[("manifest.json", b"{}")]), "names no format"),
            (tarred(&[("manifest.json", &manifest(7, &[]))]), "Newer(7)"),
            (tarred(&[("manifest.json", &of(&[("../x", 1, &sum)])), ("../x", b"x")]), "`../x` is no name"),
            (tarred(&[("manifest.json", &of(&[("/etc/x", 1, &sum)])), ("/etc/x", b"x")]), "`/etc/x` is no name"),
            (tarred(&[("manifest.json", &of(&[("x", 1, &sum), ("x", 1, &sum)]))]), "`x` is no name"),
            (tarred(&[("manifest.json", &of(&[("x", 1, &sum)]))]), "it ends before `x`"),
            (tarred(&[("manifest.json", &of(&[("x", 1, &sum)])), ("x", b"y")]), "not what the manifest says"),
            (tarred(&[("manifest.json", &of(&[("x", 1, &sum)])), ("x", b"xx")]), "larger than the 1 bytes"),
            (tarred(&[("manifest.json", &of(&[("x", 1, &sum)])), ("y", b"x")]), "`y` stands where `x`"),
            (tarred(&[("manifest.json", &of(&[])), ("y", b"x")]), "more than its manifest says"),
            (tarred(&[("manifest.json", &of(&[("x", 1 << 40, &sum)]))]), "more than 1024 MiB"),
        ];
        for (bytes, expected) in cases {
            let problem = format!("{:?}", unpack(bytes.as_slice()).unwrap_err());
            assert!(problem.contains(expected), "`{expected}` in {problem}");
        }
        // A gigabyte of zeros in a few kilobytes is not unpacked further than its member may be.
        let bomb = tarred(&[("manifest.json", &vec![b' '; 64 << 20])]);
        assert!(bomb.len() < 100_000);
        assert!(matches!(unpack(bomb.as_slice()), Err(Problem::Damaged(_))));
    }

    #[test]
    fn names_of_members_stay_where_they_are_put() {
        for name in ["a", "output/a.b.1.log", "output/deploy[eu].x.1.undo.log", "program/0.deploy"] {
            assert!(is_plain(name), "{name}");
        }
        for name in ["", "..", "a/../b", "/a", "a/", "a//b", "a\\b", "a\0b", "C:x", &"a".repeat(300)] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
