//! `/bin/true` ten thousand times, four at a time, next to make and ninja where they are installed.
//!
//! `cargo bench --bench exec -- 1000` takes 1,000. The whole program is measured from outside, journal included; make and
//! ninja get the same graph. make starts programs directly, as `exec` does; ninja goes through `/bin/sh`.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: usize = 3;

fn main() {
    let steps = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000usize);
    let folder = tempfile::tempdir_in(".").expect("a folder on this disk");
    write(folder.path(), steps);
    println!("{steps} times /bin/true, four at a time; best of {ROUNDS} rounds\n");
    let ours = measure(folder.path(), env!("CARGO_BIN_EXE_phasegate"), &["run", "b.deploy", "--jobs", "4"]);
    let make = measure(folder.path(), "make", &["-s", "-j4", "all"]);
    let ninja = measure(folder.path(), "ninja", &["-j4", "--quiet"]);
    let ours = ours.expect("phasegate is there");
    println!("{:<12} {:>8} {:>8}", "what", "seconds", "ratio");
    println!("{:<12} {:>8.2} {:>8}", "phasegate", ours.as_secs_f64(), "");
    for (name, took) in [("make", make), ("ninja", ninja)] {
        match took {
            Some(took) => {
                let ratio = ours.as_secs_f64() / took.as_secs_f64();
                println!("{name:<12} {:>8.2} {ratio:>8.2}", took.as_secs_f64());
            }
            None => println!("{name:<12} not installed"),
        }
    }
    println!("\nwanted: at most 1.50 times ninja");
}

fn write(folder: &Path, steps: usize) {
    let mut deploy = "use std.exec\n\n/// For measuring.\npipeline p {\n".to_owned();
    let mut make = ".PHONY: all".to_owned();
    let mut ninja = "rule true\n  command = /bin/true\n".to_owned();
    let names: Vec<String> = (0..steps).map(|step| format!("p{step}")).collect();
    make.push_str(&format!(" {0}\nall: {0}\n", names.join(" ")));
    for name in &names {
        deploy.push_str(&format!("  phase {name} {{ step exec([\"/bin/true\"]) effect reads timeout 1m }}\n"));
        make.push_str(&format!("{name}:\n\t/bin/true\n"));
        ninja.push_str(&format!("build {name}: true\n"));
    }
    deploy.push_str("}\n");
    for (name, text) in [("b.deploy", deploy), ("Makefile", make), ("build.ninja", ninja)] {
        fs::write(folder.join(name), text).expect("written");
    }
}

/// The best of some rounds; `None` when the program is not installed.
fn measure(folder: &Path, program: &str, arguments: &[&str]) -> Option<Duration> {
    let mut best: Option<Duration> = None;
    for _ in 0..ROUNDS {
        let _ = fs::remove_dir_all(folder.join(".phasegate"));
        let _ = fs::remove_file(folder.join(".ninja_log"));
        let began = Instant::now();
        let status = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .ok()?;
        let took = began.elapsed();
        assert!(status.success(), "{program} failed");
        best = Some(best.map_or(took, |best| best.min(took)));
    }
    best
}
