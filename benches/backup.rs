//! Backup against `tar | zstd` plus `sha256sum`, on the same files in the same run.
//!
//! `cargo bench --bench backup` takes 10,000 files of together 1 GiB; `cargo bench --bench backup -- 64 1000` takes 64 MiB
//! in 1,000 files. Half of the content compresses well, half does not.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use phasegate::adapters::files::{FilesContext, perform};
use phasegate::base::time::Timestamp;
use phasegate::contract::effect::{Effect, Outcome};

const ROUNDS: usize = 3;

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|argument| argument.parse().ok()).collect();
    let mebibytes = numbers.first().copied().unwrap_or(1024).max(1);
    let files = numbers.get(1).copied().unwrap_or(10_000).max(1);
    let folder = tempfile::tempdir().expect("a folder for the files");
    let size = (mebibytes << 20) / files;
    write_files(folder.path(), files, size);
    println!("{files} files of {size} bytes; best of {ROUNDS} rounds\n");
    let tools = best(|| run_tools(folder.path()));
    let before = resident();
    let ours = best(|| run_backup(folder.path()));
    let memory = peak().saturating_sub(before);
    let verify = best(|| run_verify(folder.path()));
    let ratio = ours.as_secs_f64() / tools.as_secs_f64();
    println!("{:<44} {:>8}", "what", "seconds");
    println!("{:<44} {:>8.2}", "tar | zstd, then sha256sum of files and archive", tools.as_secs_f64());
    println!("{:<44} {:>8.2}", "backup.create", ours.as_secs_f64());
    println!("{:<44} {:>8.2}", "backup.verify", verify.as_secs_f64());
    println!("\nratio {ratio:.2} (wanted: at most 1.30); memory grew by {} MiB at most", memory >> 10);
}

/// Words that repeat, and bytes that do not; the same on every machine.
fn write_files(folder: &Path, files: usize, size: usize) {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for index in 0..files {
        let mut content = Vec::with_capacity(size + 64);
        while content.len() < size {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            if (content.len() / 4096) % 2 == 0 {
                content.extend_from_slice(format!("key_{} = value {}\n", state % 97, state % 1009).as_bytes());
            } else {
                content.extend_from_slice(&state.to_le_bytes());
            }
        }
        content.truncate(size);
        let place = folder.join(format!("data/{:02}/{index:06}.bin", index % 100));
        fs::create_dir_all(place.parent().expect("a file has a folder")).expect("a folder is made");
        fs::write(place, content).expect("a file is written");
    }
}

fn best(round: impl Fn() -> Duration) -> Duration {
    (0..ROUNDS).map(|_| round()).min().unwrap_or_default()
}

fn run_tools(folder: &Path) -> Duration {
    let script = "set -e; tar cf - data | zstd -q -f -o tools.tar.zst; \
                  find data -type f -print0 | sort -z | xargs -0 sha256sum > tools.manifest; \
                  sha256sum tools.tar.zst > tools.tar.zst.sha256; sync tools.tar.zst";
    let started = Instant::now();
    let status = Command::new("sh").arg("-c").arg(script).current_dir(folder).status().expect("a shell");
    assert!(status.success(), "tar, zstd and sha256sum are needed");
    started.elapsed()
}

fn run_backup(folder: &Path) -> Duration {
    let remove = Effect::RemoveBackup { archive: "backups/bench.tar.zst".to_owned() };
    done(folder, &remove);
    let retain = Duration::from_secs(86_400);
    let create = Effect::CreateBackup {
        id: "bench".to_owned(),
        source: vec!["data".to_owned()],
        to: "backups".to_owned(),
        retain,
    };
    done(folder, &create)
}

fn run_verify(folder: &Path) -> Duration {
    done(folder, &Effect::VerifyBackup { archive: "backups/bench.tar.zst".to_owned() })
}

fn done(folder: &Path, effect: &Effect) -> Duration {
    let no_secrets = |name: &str| Err(format!("no secret `{name}`"));
    let cancel = AtomicBool::new(false);
    let ctx = FilesContext {
        root: folder.to_path_buf(),
        slots: folder.join("slots"),
        secrets: &no_secrets,
        cancel: &cancel,
        now: Timestamp::default(),
    };
    let started = Instant::now();
    let outcome = perform(effect, &ctx);
    let took = started.elapsed();
    assert!(matches!(outcome, Some(Outcome::Done(_))), "{outcome:?}");
    took
}

/// KiB in memory now, where the system says so.
fn resident() -> u64 {
    status("VmRSS:")
}

/// KiB in memory at most so far.
fn peak() -> u64 {
    status("VmHWM:")
}

fn status(field: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
