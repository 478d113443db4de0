//! The signatures of the standard library and what is built in are about the same things.

use phasegate::analysis::stdlib::catalog;
use phasegate::model::phase::PUT_IN;
use phasegate::steps::registry;
use phasegate::syntax::ast::SignatureKind;

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
        names.retain(|name| !PUT_IN.contains(name));
        let declared = catalog().of_kind(kind).into_iter().filter(|signature| signature.composition.is_none());
        let declared: Vec<&str> = declared.map(|signature| signature.name.as_str()).collect();
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
fn what_is_put_in_is_built_in_and_cannot_be_called() {
    for name in PUT_IN {
        assert!(registry().step(name).is_some() && catalog().step(name).is_none(), "{name}");
    }
}

#[test]
fn the_checker_knows_which_steps_bring_an_undo() {
    for step in registry().steps.iter().filter(|step| !PUT_IN.contains(&step.name)) {
        let signature = catalog().step(step.name).expect("every step has a signature");
        assert_eq!(signature.has_undo, step.undo.is_some(), "{}", step.name);
    }
}
