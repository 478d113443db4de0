//! The signatures of the standard library and what is built in are about the same things.

use phasegate::analysis::stdlib::catalog;
use phasegate::steps::registry;
use phasegate::syntax::ast::SignatureKind;

/// Signatures whose implementation is being written, in Rust or in the language; it shrinks to nothing.
const AWAITED: &[&str] = &[
    "backup.find",
    "bench.compare",
    "bench.pinned",
    "bench.run",
    "calibrate.isotonic",
    "calibrate.reliability",
    "calibrate.threshold",
    "file.find",
    "ir.evaluate",
    "k8s.apply",
    "k8s.diff",
    "k8s.rollout_status",
    "k8s.set_env",
    "k8s.set_image",
    "killswitch.reset",
    "killswitch.status",
    "killswitch.trip",
    "migrate.apply",
    "migrate.plan",
    "notify.email",
    "notify.teams",
    "quality.evaluate",
    "quality.remediate",
    "report.write",
    "tcp.check",
    "traffic.ingress",
    "version.tag",
];

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
        let declared = catalog().of_kind(kind).into_iter().map(|signature| signature.name.as_str());
        let declared: Vec<&str> = declared.filter(|name| !AWAITED.contains(name)).collect();
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
