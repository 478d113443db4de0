//! Versions as people write them: `1.2.3`, `v2.0.0-rc.1`, `2025.1`. One rule for what is one and for their order, wherever a
//! version comes from: a program, the command line, the output of a step.

use std::cmp::Ordering;

use semver::{BuildMetadata, Prerelease};

/// In the order that versions have: numbers, then what comes before a release.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Version {
    numbers: [u64; 4],
    before: Prerelease,
    build: BuildMetadata,
}

/// Why the text is no version.
#[must_use]
pub fn invalid(text: &str) -> Option<&'static str> {
    parse(text).is_none().then_some("write it like `1.2.3` or `2.0.0-rc.1`")
}

/// By their numbers, so that `v1.10.0` is later than `v1.9.0`; `None` unless both are versions.
#[must_use]
pub fn compare(left: &str, right: &str) -> Option<Ordering> {
    Some(parse(left)?.cmp(&parse(right)?))
}

fn parse(text: &str) -> Option<Version> {
    let bare = text.strip_prefix('v').unwrap_or(text);
    let (bare, build) = bare.split_once('+').map_or((bare, None), |(bare, build)| (bare, Some(build)));
    let (core, before) = bare.split_once('-').map_or((bare, None), |(core, before)| (core, Some(before)));
    let written: Vec<&str> = core.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !(2..=4).contains(&written.len()) || !written.iter().all(is_number) {
        return None;
    }
    let mut numbers = [0; 4];
    for (number, part) in numbers.iter_mut().zip(written) {
        *number = part.parse().ok()?;
    }
    if before == Some("") || build == Some("") {
        return None;
    }
    Some(Version {
        numbers,
        before: Prerelease::new(&without_zeros(before.unwrap_or_default())).ok()?,
        build: BuildMetadata::new(build.unwrap_or_default()).ok()?,
    })
}

/// Numbers as they are counted: in front of a release `0812` is a time to many, and to the rules of versions a fault.
fn without_zeros(before: &str) -> String {
    let parts = before.split('.').map(|part| match part.trim_start_matches('0') {
        "" if !part.is_empty() => "0",
        counted if part.bytes().all(|byte| byte.is_ascii_digit()) => counted,
        _ => part,
    });
    parts.collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::{compare, invalid};

    #[test]
    fn versions_are_numbers_with_dots() {
        for good in ["1.2.3", "v2.0.0-rc.1", "2025.1", "1.0.0+build.5", "1.2.3.4", "2025.01", "1.0.0-20250106.0812"] {
            assert_eq!(invalid(good), None, "{good}");
        }
        for bad in ["latest", "1", "1.x", "1..2", "", "1.2.3-", "1.2.3+", "v", "1.2.3.4.5", "1.2.3-ü"] {
            assert!(invalid(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn they_are_compared_by_their_numbers() {
        let rising =
            ["1.2", "1.2.1", "v1.2.9-rc.2", "1.2.9-rc.10", "1.2.9", "v1.2.10", "v1.2.10.1", "2025.9", "2025.10"];
        assert!(rising.windows(2).all(|pair| compare(pair[0], pair[1]).is_some_and(std::cmp::Ordering::is_lt)));
        assert_eq!(compare("1.2.3", "latest"), None);
    }
}
