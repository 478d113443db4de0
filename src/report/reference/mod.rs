//! The generated reference: pages of Markdown made from the declarations themselves, so that they cannot say something
//! else. Each page stands in `docs/reference/`; a test compares it and says how to refresh it.

mod diagnostics;
mod functions;
mod grammar;
mod library;

/// A page: the name of its file below `docs/reference/`, and its text.
#[derive(Debug, Clone)]
pub struct Page {
    pub file: &'static str,
    pub text: String,
}

/// Every page, in the order of the index.
#[must_use]
pub fn pages() -> Vec<Page> {
    let pages = [
        ("grammar.md", "Grammar", grammar::text()),
        ("library.md", "Standard library", library::text()),
        ("functions.md", "Functions", functions::text()),
        ("diagnostics.md", "Diagnostics", diagnostics::text()),
    ];
    let page = |(file, title, body): (&'static str, &str, String)| Page {
        file,
        text: format!("# {title}\n\n{GENERATED}\n\n{}\n", body.trim_end()),
    };
    pages.into_iter().map(page).collect()
}

const GENERATED: &str =
    "<!-- Made from the sources: `PHASEGATE_BLESS=1 cargo test --test reference` writes it anew. -->";

/// The heading's anchor, as Markdown renderers make it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|letter| letter.is_alphanumeric() || matches!(letter, '-' | '_')).collect()
}

/// A cell of a table: one line, and no bar ends it.
fn cell(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// With a capital at its beginning.
fn capital(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
