//! What `check` prints, in each of its formats.

use super::super::exit::Exit;
use super::super::{output, terminal};
use super::programs::Programs;
use super::{Args, Format};
use crate::base::diagnostic::{Diagnostic, Severity};
use crate::report::diagnostics::sarif::{self, Circumstances};
use crate::report::diagnostics::text::Look;
use crate::report::diagnostics::{github, gitlab, json, text};
use crate::report::rates::Rate;

pub fn show(args: &Args, programs: &Programs, diagnostics: &[Diagnostic], exit: Exit) {
    let sources = &programs.sources;
    match args.format {
        Format::Json => output::say(&json::render(sources, diagnostics, programs.summary(diagnostics))),
        Format::Github => output::say(&diagnostics.iter().map(|one| github::render(sources, one)).collect::<String>()),
        Format::Gitlab => output::say(&gitlab::render(sources, diagnostics)),
        Format::Sarif => {
            let folder = std::env::current_dir().ok().map(|folder| folder.to_string_lossy().into_owned());
            let around = Circumstances {
                folder: folder.as_deref(),
                complaints: &programs.complaints,
                exit_status: exit.status(),
            };
            output::say(&sarif::render(sources, diagnostics, &programs.allowed(), around));
        }
        Format::Text => show_text(args, programs, diagnostics),
    }
}

fn show_text(args: &Args, programs: &Programs, diagnostics: &[Diagnostic]) {
    let look = Look { spoken: args.is_spoken(), ..terminal::look() };
    let mut words: String = diagnostics.iter().map(|one| text::render(&programs.sources, one, look)).collect();
    let summary = programs.summary(diagnostics);
    // Where nothing could be read the complaint says all there is to say.
    if summary.files > 0 || programs.complaints.is_empty() {
        words.push_str(&text::render_summary(summary));
    }
    let worst = diagnostics.iter().find(|one| one.severity() == Severity::Error);
    if let Some(first) = worst.or(diagnostics.first()) {
        words.push_str(&format!("`phasegate explain {}` says more\n", first.code.id()));
    }
    let fixable = diagnostics.iter().filter(|diagnostic| diagnostic.fix.is_some()).count();
    if fixable > 0 && !args.fix {
        let them = if fixable == 1 { "1 of them".to_owned() } else { format!("{fixable} of them") };
        let all = if fixable == diagnostics.len() { "all of them".to_owned() } else { them };
        let can = if diagnostics.len() == 1 { "it".to_owned() } else { all };
        words.push_str(&format!("`phasegate check --fix` fixes {can}\n"));
    }
    if args.rates {
        programs.rates().iter().for_each(|rate| words.push_str(&rate_line(programs, rate)));
    }
    output::say(&words);
}

/// `search.deploy:12: rollback when …` and what is to be said of it.
fn rate_line(programs: &Programs, rate: &Rate) -> String {
    let file = programs.sources.get(rate.at.file);
    let place = file.map(|file| format!("{}:{}: ", file.name, file.line_column(rate.at.span.start as usize).line));
    format!("{}{}\n    {}\n", place.unwrap_or_default(), rate.trigger, rate.sentence)
}
