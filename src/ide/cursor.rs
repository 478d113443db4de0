//! Cases with a cursor: the mark `§` stands where the cursor is and is no part of the text.

use super::known::Known;
use crate::analysis::Text;
use crate::base::span::{FileId, Location};

pub struct Case {
    pub known: Known,
    pub file: FileId,
    pub offset: usize,
}

impl Case {
    pub fn new(marked: &str) -> Self {
        Self::with(marked, &[])
    }

    /// With other files that can be imported.
    pub fn with(marked: &str, others: &[(&str, &str)]) -> Self {
        let offset = marked.find('§').expect("a cursor");
        let text = marked.replacen('§', "", 1);
        let mut loader = |name: &str| {
            if name == "main.deploy" {
                return Ok(Text::Bytes(text.clone().into_bytes()));
            }
            let other = others.iter().find(|(other, _)| *other == name);
            other.map(|(_, text)| Text::Bytes(text.as_bytes().to_vec())).ok_or_else(|| "it is not there".to_owned())
        };
        let known = Known::read(&mut loader, "main.deploy", None).expect("the text is given");
        Self { known, file: FileId(0), offset }
    }

    /// `main.deploy:3:8 text`
    pub fn show(&self, at: Location) -> String {
        let source = self.known.source(at.file).expect("a file of the program");
        let place = source.line_column(at.span.start as usize);
        format!("{}:{}:{} {}", source.name, place.line, place.column, source.slice(at.span))
    }
}
