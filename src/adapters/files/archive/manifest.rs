//! The manifest in an archive, in the form that `sha256sum -c` reads, and the names it may hold.

use std::collections::BTreeMap;

/// Last entry of every archive.
pub const MANIFEST: &str = "MANIFEST.sha256";
/// In an emergency backup: the names that were not there, a JSON list; a folder has `/` at its end.
pub const ABSENT: &str = "MANIFEST.absent";

/// One line: hash and name. A name with a line end or a backslash is escaped as `sha256sum` does it.
#[must_use]
pub fn line(sha256: &str, name: &str) -> String {
    if name.contains(['\\', '\n', '\r']) {
        let escaped = name.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r");
        return format!("\\{sha256}  {escaped}\n");
    }
    format!("{sha256}  {name}\n")
}

/// Hashes by name.
///
/// # Errors
/// With the number of the first line that is not of this form, or names a file twice.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut sums = BTreeMap::new();
    if !text.is_empty() && !text.ends_with('\n') {
        return Err("its last line is cut off".to_owned());
    }
    for (index, line) in text.split_terminator('\n').enumerate() {
        let (sha256, name) = parse_line(line).ok_or_else(|| format!("line {} is not `HASH  NAME`", index + 1))?;
        if sums.insert(name.clone(), sha256).is_some() {
            return Err(format!("line {} names `{name}` again", index + 1));
        }
    }
    Ok(sums)
}

fn parse_line(line: &str) -> Option<(String, String)> {
    let (escaped, line) = line.strip_prefix('\\').map_or((false, line), |rest| (true, rest));
    let sha256 = line.get(..64).filter(|hash| hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))?;
    // Behind the hash: two spaces, or a space and the star of binary mode.
    let name = line.get(64..)?;
    let name = name.strip_prefix("  ").or_else(|| name.strip_prefix(" *"))?;
    let name = if escaped { unescape(name)? } else { name.to_owned() };
    (!name.is_empty()).then(|| (sha256.to_owned(), name))
}

fn unescape(name: &str) -> Option<String> {
    let mut plain = String::with_capacity(name.len());
    let mut letters = name.chars();
    while let Some(letter) = letters.next() {
        plain.push(match letter {
            '\\' => match letters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            other => other,
        });
    }
    Some(plain)
}

/// Why a name must not stand in an archive; `None` when it may. A good name stays below any folder it is put in.
#[must_use]
pub fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if name.starts_with('/') || (cfg!(windows) && name.contains([':', '\\'])) {
        return Some("it is absolute");
    }
    if name.contains('\0') {
        return Some("it has a zero byte");
    }
    let bad = |part: &str| part.is_empty() || part == "." || part == "..";
    name.split('/').any(bad).then_some("it has an empty, `.` or `..` part")
}

#[cfg(test)]
mod tests {
    use super::{line, name_fault, parse};

    const HASH: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn lines_read_back_as_they_were_written() {
        let names = ["config/app.json", "with space", "back\\slash", "line\nend", "é", "\\n"];
        let text: String = names.iter().map(|name| line(HASH, name)).collect();
        let sums = parse(&text).unwrap();
        assert_eq!(sums.len(), names.len());
        assert!(names.iter().all(|name| sums.get(*name).is_some_and(|sum| sum == HASH)));
    }

    #[test]
    fn what_is_no_manifest_is_refused_with_its_line() {
        assert_eq!(parse("x\n").unwrap_err(), "line 1 is not `HASH  NAME`");
        assert_eq!(parse(line(HASH, "a").trim_end()).unwrap_err(), "its last line is cut off");
        let twice = [line(HASH, "a"), line(HASH, "a")].concat();
        assert_eq!(parse(&twice).unwrap_err(), "line 2 names `a` again");
        assert!(parse(&format!("{HASH}  ")).is_err() && parse(&format!("\\{HASH}  a\\")).is_err());
        assert!(parse(&format!("é{HASH}  a")).is_err());
    }

    #[test]
    fn names_that_would_leave_the_folder_are_refused() {
        for good in ["a", "a/b", ".hidden", "..a", "a..b/c"] {
            assert_eq!(name_fault(good), None, "{good}");
        }
        for bad in ["", "/etc/passwd", "..", "../a", "a/../b", "a//b", "a/.", "a/", "./a", "a\0b"] {
            assert!(name_fault(bad).is_some(), "{bad}");
        }
    }
}
