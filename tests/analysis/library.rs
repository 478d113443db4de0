//! The signatures of the standard library and what is built in are about the same things.

use phasegate::analysis::stdlib::catalog;
use phasegate::model::phase::{RETURN, UNDONE_WITH};
use phasegate::steps::registry;
use phasegate::syntax::ast::SignatureKind;

/// What the language has and this version refuses before a run begins, saying so.
const NOT_YET: &[&str] = &["killswitch.reset", "killswitch.status", "killswitch.trip", "notify.email"];

#[test]
fn every_signature_has_an_implementation_and_the_other_way_round() {
    let built_in = [
        (SignatureKind::Step, registry().steps.iter().map(|step| step.name).collect::<Vec<_>>()),
        (SignatureKind::Target, registry().targets.iter().map(|target| target.name).collect()),
        (SignatureKind::Source, registry().sources.iter().map(|source| source.name).collect()),
        (SignatureKind::Channel, registry().channels.iter().map(|channel| channel.name).collect()),
    ];
    for (kind, mut names) in built_in {
        names.sort_unstable();
        names.retain(|name| ![RETURN, UNDONE_WITH].contains(name));
        let declared = catalog().of_kind(kind).into_iter().filter(|signature| signature.composition.is_none());
        let declared = declared.map(|signature| signature.name.as_str());
        let declared: Vec<&str> = declared.filter(|name| !NOT_YET.contains(name)).collect();
        assert_eq!(declared, names, "{kind:?}");
    }
}

#[test]
fn a_signature_is_built_in_or_has_a_body() {
    for signature in catalog().of_kind(SignatureKind::Step) {
        assert_ne!(signature.builtin, signature.composition.is_some(), "{}", signature.name);
    }
}

#[test]
fn what_composite_steps_are_made_of_is_built_in() {
    assert!(registry().step(RETURN).is_some() && registry().step(UNDONE_WITH).is_some());
    assert!(catalog().step(RETURN).is_none() && catalog().step(UNDONE_WITH).is_none());
}

#[test]
fn the_checker_knows_which_steps_bring_an_undo() {
    for step in registry().steps.iter().filter(|step| ![RETURN, UNDONE_WITH].contains(&step.name)) {
        let signature = catalog().step(step.name).expect("every step has a signature");
        assert_eq!(signature.has_undo, step.undo.is_some(), "{}", step.name);
    }
}
