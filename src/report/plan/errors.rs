//! Why there is no plan, with the line it is about.

use crate::base::source::Sources;
use crate::plan::request::PlanError;
use crate::report::escape::{printable, shorten};

/// Characters of a line of source that are shown.
const WIDTH: usize = 140;

/// `error: …`, the place, the line with the part it is about, what to do.
#[must_use]
pub fn render(sources: &Sources, error: &PlanError) -> String {
    let mut text = format!("error: {}\n", printable(&error.message));
    if let Some((at, file)) = error.at.and_then(|at| Some((at, sources.get(at.file)?))) {
        let start = file.line_column(at.span.start as usize);
        text.push_str(&format!("  --> {}:{}:{}\n", printable(&file.name), start.line, start.column));
        let line = file.slice(file.line_span(start.line));
        let skipped: usize = start.column - 1;
        if skipped < WIDTH {
            let gutter = " ".repeat(start.line.to_string().len());
            // One column for each character: what is no plain character becomes a blank.
            let shown: String = line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
            let length = file.slice(at.span).lines().next().map_or(0, |marked| marked.chars().count());
            let marks = "^".repeat(length.clamp(1, WIDTH - skipped));
            text.push_str(&format!(" {gutter} |\n {} | {}\n", start.line, shorten(&shown, WIDTH)));
            text.push_str(&format!(" {gutter} | {}{marks}\n", " ".repeat(skipped)));
        }
    }
    if let Some(help) = &error.help {
        text.push_str(&format!("  help: {}\n", printable(help)));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::base::source::{SourceFile, Sources};
    use crate::base::span::{FileId, Location, Span};
    use crate::plan::request::PlanError;

    #[test]
    fn the_line_and_the_part_of_it_are_shown() {
        let mut sources = Sources::default();
        sources.add(|id| SourceFile::new(id, "a.deploy", "pipeline a {\n\thold build.x\n}\n"));
        let at = Location::new(FileId(0), Span::new(19, 26));
        let error = PlanError::program(at, "no `\u{1b}`").help("say so");
        assert_eq!(
            render(&sources, &error),
            "error: no `\\u{1b}`\n  --> a.deploy:2:7\n   |\n 2 |  hold build.x\n   |       ^^^^^^^\n  help: say so\n"
        );
        assert_eq!(render(&sources, &PlanError::usage("why")), "error: why\n");
    }
}
