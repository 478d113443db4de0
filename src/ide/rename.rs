//! Giving something another name, wherever it is named.

use super::known::Known;
use crate::analysis::names::Meaning;
use crate::base::span::{FileId, Span};
use crate::syntax::is_keyword;

/// What is renamed: its name and where the cursor touches it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renamed {
    pub at: Span,
    pub name: String,
    pub meaning: Meaning,
}

/// What the cursor is on, when it can be given another name.
///
/// # Errors
/// Why it cannot.
pub fn prepare(known: &Known, file: FileId, offset: usize) -> Result<Renamed, String> {
    let found = known.name_at(file, offset).ok_or_else(|| "there is no name here".to_owned())?;
    let meaning = found.mention.meaning.clone();
    match &meaning {
        Meaning::Declared(_) | Meaning::Key(_) => {}
        Meaning::Field(..) => {
            return Err("fields of records are what data is read by: they keep their names".to_owned());
        }
        _ => return Err("this belongs to the language and keeps its name".to_owned()),
    }
    let name = known.source(file).map(|source| source.slice(found.at.span).to_owned()).unwrap_or_default();
    Ok(Renamed { at: found.at.span, name, meaning })
}

/// Whether this can be a name.
///
/// # Errors
/// Why it cannot.
pub fn check_name(name: &str) -> Result<(), String> {
    let mut letters = name.chars();
    let begins_well = letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    if !begins_well || !letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Err(format!("`{name}` is no name: names are letters, digits and `_`"));
    }
    if is_keyword(name) {
        return Err(format!("`{name}` is a word of the language"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{check_name, prepare};
    use crate::ide::cursor::Case;

    #[test]
    fn what_is_declared_can_be_renamed_and_nothing_else() {
        let renamed = |text: &str| {
            let case = Case::new(text);
            prepare(&case.known, case.file, case.offset).map(|renamed| renamed.name)
        };
        assert_eq!(renamed("pipeline p {\n  phase on§e { wait 1m }\n}\n"), Ok("one".to_owned()));
        assert!(renamed("use std.shell\npipeline p {\n  phase one { step she§ll(\"a\", timeout: 1m) }\n}\n").is_err());
        assert!(renamed("pipeline p {\n  phase one { wait 1§m }\n}\n").is_err());
        assert!(check_name("phase_2").is_ok() && check_name("phase").is_err() && check_name("2a").is_err());
    }
}
