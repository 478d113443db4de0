//! The signatures of the standard library and what is built in are about the same things.

use phasegate::analysis::stdlib::catalog;
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
        let declared: Vec<&str> = catalog().of_kind(kind).iter().map(|signature| signature.name.as_str()).collect();
        assert_eq!(declared, names, "{kind:?}");
    }
}

#[test]
fn the_checker_knows_which_steps_bring_an_undo() {
    for step in registry().steps {
        let signature = catalog().step(step.name).expect("every step has a signature");
        assert_eq!(signature.has_undo, step.undo.is_some(), "{}", step.name);
    }
}
