//! File names made from the key of an execution.

use sha2::{Digest, Sha256};

/// A file name that is unique for `key` and safe on every platform: `run-7/freeze.snapshot/1` gives
/// `run-7.freeze.snapshot.1`. A key with other letters gets a part of its hash, so that no two keys meet.
#[must_use]
pub fn file_name(key: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    let name: String = key.chars().map(|letter| if plain(letter) { letter } else { '.' }).collect();
    let faithful = key.chars().all(|letter| plain(letter) || letter == '/') && !key.starts_with(['.', '-', '/']);
    if faithful && !key.is_empty() && key.len() <= 120 {
        return name;
    }
    let hash: String = Sha256::digest(key.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let stem: String = name.trim_start_matches(['.', '-']).chars().take(100).collect();
    format!("{stem}-{hash}").trim_start_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn an_ordinary_key_stays_readable() {
        assert_eq!(file_name("run-7/freeze.snapshot/1"), "run-7.freeze.snapshot.1");
    }

    #[test]
    fn odd_keys_stay_apart_and_safe() {
        let names = ["deploy[eu].x/1", "deploy(eu).x/1", "../../etc", "", "/", &"x".repeat(500)].map(file_name);
        for (at, name) in names.iter().enumerate() {
            assert!(!name.starts_with('.') && !name.contains('/') && !name.is_empty() && name.len() < 128, "{name}");
            assert!(names[at + 1..].iter().all(|other| other != name), "{name}");
        }
    }
}
