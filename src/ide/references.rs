//! Every place that names the same thing.

use super::known::Known;
use crate::analysis::names::Meaning;
use crate::base::span::{FileId, Location};

/// A place that names it, and whether it is declared there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reference {
    pub at: Location,
    pub declares: bool,
}

/// Within one program, in the order of files and places.
#[must_use]
pub fn references(known: &Known, meaning: &Meaning) -> Vec<Reference> {
    let named = known.named(meaning).into_iter();
    named.map(|found| Reference { at: found.at, declares: found.mention.declares }).collect()
}

/// Those in the same file as the cursor.
#[must_use]
pub fn highlights(known: &Known, file: FileId, offset: usize) -> Vec<Reference> {
    let Some(found) = known.name_at(file, offset) else { return Vec::new() };
    let mut named = references(known, &found.mention.meaning);
    named.retain(|reference| reference.at.file == file);
    named
}

#[cfg(test)]
mod tests {
    use super::{highlights, references};
    use crate::ide::cursor::Case;

    #[test]
    fn every_mention_is_found() {
        let text = "use std.exec\npipeline p {\n  phase a { step bui§lt = exec([\"true\"], timeout: 1m) }\n  phase b after a { gate { \
                    require a.built.exit_code == 0 } }\n}\n";
        let case = Case::new(text);
        let found = highlights(&case.known, case.file, case.offset);
        let shown: Vec<(String, bool)> = found.iter().map(|one| (case.show(one.at), one.declares)).collect();
        assert_eq!(shown, [("main.deploy:3:18 built".to_owned(), true), ("main.deploy:4:38 built".to_owned(), false)]);
    }

    #[test]
    fn parameters_of_components_are_one_with_the_names_of_arguments() {
        let text = "component c(wait§ed: duration) { wait waited }\npipeline p { phase a { run c(waited: 5m) } }\n";
        let case = Case::new(text);
        let meaning = &case.known.name_at(case.file, case.offset).expect("a name").mention.meaning;
        assert_eq!(references(&case.known, meaning).len(), 3);
    }
}
