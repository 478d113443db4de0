//! What `check` prints, in each of its formats.

use super::super::exit::Exit;
use super::super::{output, terminal};
use super::Format;
use super::programs::Programs;
use crate::base::diagnostic::Diagnostic;
use crate::report::diagnostics::sarif::{self, Circumstances};
use crate::report::diagnostics::{github, json, text};

pub fn show(format: Format, programs: &Programs, diagnostics: &[Diagnostic], exit: Exit) {
    let sources = &programs.sources;
    match format {
        Format::Json => output::say(&json::render(sources, diagnostics, programs.summary(diagnostics))),
        Format::Github => output::say(&diagnostics.iter().map(|one| github::render(sources, one)).collect::<String>()),
        Format::Sarif => {
            let folder = std::env::current_dir().ok().map(|folder| folder.to_string_lossy().into_owned());
            let around = Circumstances {
                folder: folder.as_deref(),
                complaints: &programs.complaints,
                exit_status: exit.status(),
            };
            output::say(&sarif::render(sources, diagnostics, &programs.allowed(), around));
        }
        Format::Text => show_text(programs, diagnostics),
    }
}

fn show_text(programs: &Programs, diagnostics: &[Diagnostic]) {
    let look = terminal::look();
    let mut words: String = diagnostics.iter().map(|one| text::render(&programs.sources, one, look)).collect();
    words.push_str(&text::render_summary(programs.summary(diagnostics)));
    if let Some(first) = diagnostics.first() {
        words.push_str(&format!("`phasegate explain {}` says more\n", first.code.id()));
    }
    output::say(&words);
}
