//! Every code has an explanation, and its examples are what they say.

use phasegate::analysis::explain::explanation;
use phasegate::base::diagnostic::Code;

use super::check_files;

fn codes_of(text: &str) -> Vec<Code> {
    let (analysis, _) = check_files(&[("example.deploy", text)]);
    analysis.diagnostics.iter().map(|diagnostic| diagnostic.code).collect()
}

#[test]
fn every_bad_example_has_its_code_and_every_good_one_has_none_of_it() {
    let mut wrong = Vec::new();
    for code in Code::ALL {
        let Some(explanation) = explanation(*code) else { continue };
        let (bad, good) = (codes_of(explanation.bad), codes_of(explanation.good));
        if !bad.contains(code) {
            wrong.push(format!("{}: the bad example gives {bad:?}", code.id()));
        }
        // Examples of single items leave things unused; nothing else may be wrong with a good one.
        if !good.iter().all(|found| *found == Code::PG501 && *code != Code::PG501) {
            wrong.push(format!("{}: the good example gives {good:?}", code.id()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_that_is_reported_is_explained() {
    // Bytes that are not UTF-8 have no example in text.
    let unexplained = [Code::PG010];
    for code in Code::ALL {
        assert_eq!(explanation(*code).is_none(), unexplained.contains(code), "{}", code.id());
    }
}
