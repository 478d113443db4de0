//! Archives and targets that try to write where they must not.

use std::fs;
use std::io::Write;

use sha2::{Digest, Sha256};
use tar::{Builder, EntryType, Header};

use crate::backups::{ARCHIVE, create, restore, verify};
use crate::world::World;

struct Item {
    kind: EntryType,
    name: &'static str,
    /// Content of a file, target of a link.
    content: &'static str,
}

fn file(name: &'static str, content: &'static str) -> Item {
    Item { kind: EntryType::Regular, name, content }
}

fn link(name: &'static str, to: &'static str) -> Item {
    Item { kind: EntryType::Symlink, name, content: to }
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts an archive with these entries, a fitting manifest and fitting checksums into the world.
fn craft(world: &World, items: &[Item]) {
    let files = items.iter().filter(|item| item.kind == EntryType::Regular);
    let manifest: String = files.map(|item| format!("{}  {}\n", sha256(item.content.as_bytes()), item.name)).collect();
    craft_with(world, items, &manifest);
}

fn craft_with(world: &World, items: &[Item], manifest: &str) {
    let mut tar = Builder::new(Vec::new());
    let mut append = |kind: EntryType, name: &str, content: &str| {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(0o644);
        // Straight into the header: the library would refuse such names.
        header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        let is_link = matches!(kind, EntryType::Symlink | EntryType::Link);
        if is_link {
            header.as_gnu_mut().unwrap().linkname[..content.len()].copy_from_slice(content.as_bytes());
        }
        let content = if is_link { "" } else { content };
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.append(&header, content.as_bytes()).unwrap();
    };
    for item in items {
        append(item.kind, item.name, item.content);
    }
    append(EntryType::Regular, "MANIFEST.sha256", manifest);
    pack(world, &tar.into_inner().unwrap());
}

/// Compresses, and makes checksums and metadata fit.
fn pack(world: &World, tar: &[u8]) {
    world.put("seed", "x");
    world.perform(&create("b1", &["seed"])).unwrap();
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.write_all(tar).unwrap();
    let archive = encoder.finish().unwrap();
    let metadata = fs::read(world.path("backups/b1.json")).unwrap();
    let sums = format!("{}  b1.tar.zst\n{}  b1.json\n", sha256(&archive), sha256(&metadata));
    world.put(ARCHIVE, archive);
    world.put("backups/b1.tar.zst.sha256", sums);
}

/// Verify and restore both refuse with `words`, and nothing outside or inside is touched.
fn assert_refused(world: &World, words: &str) {
    let before = world.snapshot();
    for effect in [verify(ARCHIVE), restore(ARCHIVE, "target")] {
        let failure = world.perform(&effect).expect_err(words);
        assert!(failure.contains(words), "`{failure}` should contain `{words}`");
    }
    assert_eq!(world.snapshot(), before);
    assert!(!world.root.parent().unwrap().join("escaped").exists());
}

#[test]
fn a_crafted_archive_without_tricks_is_accepted() {
    let world = World::new();
    craft(&world, &[file("a", "one"), link("b", "a")]);
    world.perform(&restore(ARCHIVE, "target")).unwrap();
    assert_eq!(world.text("target/a"), "one");
}

#[test]
fn names_that_leave_the_target_are_refused() {
    for name in ["../escaped", "/tmp/phasegate-escaped", "a/../../escaped", "..", ".", "a//b", "./a"] {
        let world = World::new();
        craft(&world, &[file(name, "evil")]);
        assert_refused(&world, "which may leave the target folder");
    }
    let world = World::new();
    craft(&world, &[Item { kind: EntryType::Directory, name: "../escaped/", content: "" }]);
    assert_refused(&world, "which may leave the target folder");
}

#[test]
fn a_file_below_a_link_of_the_archive_is_refused() {
    for to in ["../..", "/tmp", "inner"] {
        let world = World::new();
        craft(&world, &[link("way", to), file("way/escaped", "evil")]);
        assert_refused(&world, "`way/escaped` lies below `way`, which is no folder in it");
    }
}

#[test]
fn entries_that_no_backup_has_are_refused() {
    let kinds = [
        EntryType::Link,
        EntryType::Char,
        EntryType::Block,
        EntryType::Fifo,
        EntryType::GNUSparse,
        EntryType::XHeader,
        EntryType::XGlobalHeader,
    ];
    for kind in kinds {
        let world = World::new();
        craft(&world, &[Item { kind, name: "odd", content: "../escaped" }]);
        assert_refused(&world, "which a backup never has");
    }
}

#[test]
fn a_manifest_that_does_not_fit_the_files_is_refused() {
    let [one, two] = [sha256(b"one"), sha256(b"two")];
    let items = || [file("a", "one")];
    let table = [
        (String::new(), "`a` does not stand in the manifest"),
        (format!("{two}  a\n"), "`a` is not what the manifest says"),
        (format!("{one}  a\n{two}  b\n"), "`b` stands in the manifest but is missing"),
        ("nonsense\n".to_owned(), "line 1 is not `HASH  NAME`"),
    ];
    for (manifest, words) in table {
        let world = World::new();
        craft_with(&world, &items(), &manifest);
        assert_refused(&world, words);
    }
    let world = World::new();
    craft(&world, &[file("a", "one"), file("MANIFEST.sha256", ""), file("late", "x")]);
    assert_refused(&world, "comes after the manifest");
    let world = World::new();
    craft_with(&world, &[file("a", "one"), file("a", "one")], &format!("{one}  a\n"));
    assert_refused(&world, "it holds `a` twice");
    let world = World::new();
    pack(&world, &[0; 1024]);
    assert_refused(&world, "it holds no manifest");
}

#[test]
fn the_list_of_what_was_not_there_cannot_remove_elsewhere() {
    let world = World::new();
    craft(&world, &[file("MANIFEST.absent", "[\"../escaped\"]")]);
    assert_refused(&world, "its list of absent files holds the name `../escaped`");
    let world = World::new();
    craft(&world, &[file("MANIFEST.absent", "rm -rf")]);
    assert_refused(&world, "its list of absent files is unreadable");
}

#[test]
fn what_is_not_tar_or_not_zstd_is_refused_without_a_panic() {
    for bytes in [&b"not a tar archive at all"[..], &[0xff; 2048], &[b'x'; 700]] {
        let world = World::new();
        pack(&world, bytes);
        world.perform(&verify(ARCHIVE)).expect_err("no tar archive");
        let metadata = fs::read(world.path("backups/b1.json")).unwrap();
        let sums = format!("{}  b1.tar.zst\n{}  b1.json\n", sha256(bytes), sha256(&metadata));
        world.put(ARCHIVE, bytes);
        world.put("backups/b1.tar.zst.sha256", sums);
        world.perform(&verify(ARCHIVE)).expect_err("no zstd stream");
    }
}

#[test]
fn a_long_name_that_would_fill_the_memory_is_refused() {
    let world = World::new();
    let mut tar = Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::GNULongName);
    let name = vec![b'x'; 10 << 20];
    header.set_size(name.len() as u64);
    header.set_cksum();
    tar.append(&header, &name[..]).unwrap();
    pack(&world, &tar.into_inner().unwrap());
    assert_refused(&world, "a name in it is longer than any path");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_target_does_not_lead_a_restore_out_of_it() {
    let world = World::with(&[("config/a", "ours"), ("outside/a", "theirs")]);
    world.perform(&create("b1", &["config"])).unwrap();
    fs::create_dir(world.path("target")).unwrap();
    std::os::unix::fs::symlink("../outside", world.path("target/config")).unwrap();
    let before = world.snapshot();
    let failure = world.perform(&restore(ARCHIVE, "target")).unwrap_err();
    assert!(failure.contains("symbolic link that does not lead to a folder inside of it"), "{failure}");
    assert_eq!(world.snapshot(), before);
    // A link that stays inside is what operators do on purpose.
    fs::remove_file(world.path("target/config")).unwrap();
    fs::create_dir_all(world.path("target/releases/12")).unwrap();
    std::os::unix::fs::symlink("releases/12", world.path("target/config")).unwrap();
    world.perform(&restore(ARCHIVE, "target")).unwrap();
    assert_eq!(world.text("target/releases/12/a"), "ours");
    assert_eq!(world.text("outside/a"), "theirs");
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_file_is_replaced_not_followed() {
    let world = World::with(&[("config/a", "ours"), ("outside", "theirs")]);
    world.perform(&create("b1", &["config/a"])).unwrap();
    fs::remove_file(world.path("config/a")).unwrap();
    std::os::unix::fs::symlink("../outside", world.path("config/a")).unwrap();
    world.perform(&restore(ARCHIVE, ".")).unwrap();
    assert_eq!((world.text("config/a").as_str(), world.text("outside").as_str()), ("ours", "theirs"));
    let emergency = "emergency/emergency-1.tar.zst".to_owned();
    let revert =
        phasegate::contract::effect::Effect::RevertRestore { emergency, target: ".".to_owned(), required: true };
    world.perform(&revert).unwrap();
    assert!(world.path("config/a").is_symlink());
}

#[test]
fn what_stands_in_the_way_is_told_before_anything_is_overwritten() {
    let world = World::with(&[("a", "1"), ("b/in", "2")]);
    world.perform(&create("b1", &["a", "b"])).unwrap();
    fs::remove_dir_all(world.path("b")).unwrap();
    world.put("a", "newer");
    world.put("b", "a file now");
    let before = world.snapshot();
    let failure = world.perform(&restore(ARCHIVE, ".")).unwrap_err();
    assert!(failure.contains("`b` in the target is a file, where the archive needs a folder"), "{failure}");
    assert_eq!(world.snapshot(), before);
    fs::remove_file(world.path("a")).unwrap();
    world.put("a/b", "a folder now");
    let failure = world.perform(&restore(ARCHIVE, ".")).unwrap_err();
    assert!(failure.contains("`a` in the target is a folder, where the archive holds a file"), "{failure}");
}
