//! The generated pages of the reference say what the declarations say.

use std::fs;
use std::path::Path;

use phasegate::report::reference::pages;

#[test]
fn the_reference_is_what_the_sources_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/reference");
    let bless = std::env::var_os("PHASEGATE_BLESS").is_some_and(|value| value == "1");
    let mut stale = Vec::new();
    for page in pages() {
        let path = folder.join(page.file);
        if fs::read_to_string(&path).is_ok_and(|text| text == page.text) {
            continue;
        }
        if bless {
            fs::create_dir_all(&folder).expect("a folder that can be made");
            fs::write(&path, &page.text).expect("a page that can be written");
        } else {
            stale.push(page.file);
        }
    }
    assert!(
        stale.is_empty(),
        "out of date in docs/reference: {stale:?}; refresh with `PHASEGATE_BLESS=1 cargo test --test reference`"
    );
}

#[test]
fn every_module_function_and_code_is_on_its_page() {
    let text: String = pages().into_iter().map(|page| page.text).collect();
    for (module, _) in phasegate::analysis::stdlib::modules() {
        assert!(text.contains(&format!("\n## {module}\n")), "{module}");
    }
    for code in phasegate::base::diagnostic::Code::ALL {
        assert!(text.contains(&format!("\n## {} {}\n", code.id(), code.name())), "{code:?}");
    }
    for function in phasegate::analysis::functions::all() {
        assert!(text.contains(&format!("`{}(", function.name)), "{}", function.name);
    }
}

#[test]
fn the_grammar_page_has_the_language_and_nothing_of_its_repair() {
    let pages = pages();
    let grammar = &pages.iter().find(|page| page.file == "grammar.md").expect("a page").text;
    for rule in [
        "pipeline_item = \"pipeline\" ident body",
        "hold_stmt = \"hold\" expr every_clause* body",
        "wait_stmt = \"wait\" expr",
    ] {
        assert!(grammar.contains(rule), "{rule}\n{grammar}");
    }
    for repair in ["missing_brace", "bad_", "junk", "\\u", "kw_"] {
        assert!(!grammar.contains(repair), "{repair}");
    }
}
