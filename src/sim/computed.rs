//! Computed metrics that values are given for: in a test every metric is what `given` says.

use indexmap::IndexSet;

use crate::contract::registry::{Args, FieldQuery};
use crate::model::expr::ExprKind;
use crate::model::scenario::{Course, GivenKind, Test};
use crate::model::walk::expressions;
use crate::plan::program::{Derived, Plan};

/// The metrics that a test gives values of.
pub(super) fn valued(test: &Test) -> impl Iterator<Item = (&str, &str)> {
    test.given.iter().filter_map(|given| match &given.kind {
        GivenKind::Metric { what: Course::Missing { .. }, .. } => None,
        GivenKind::Metric { group, field, .. } => Some((group.as_str(), field.as_str())),
        _ => None,
    })
}

/// Has the computed ones among the metrics sampled like any other.
pub(super) fn take_as_sampled<'g>(plan: &mut Plan, given: impl Iterator<Item = (&'g str, &'g str)>) {
    for (name, field) in given {
        let Some(group) = plan.groups.iter_mut().find(|group| group.name == name) else { continue };
        if let Some(place) = group.derived.iter().position(|derived| derived.field == field) {
            let Derived { field, ty, expr: _ } = group.derived.remove(place);
            // Nobody asks a source: the world of the run answers by the name.
            group.fields.push(FieldQuery { field, extractor: String::new(), args: Args::default(), ty });
        }
    }
}

/// Refuses a gap in what is still computed: it would be computed in the gap as well.
pub(super) fn refuse_gap(plan: &Plan, (group, field): (&str, &str)) -> Result<(), String> {
    let group_of_plan = plan.groups.iter().find(|candidate| candidate.name == group);
    let derived = group_of_plan.and_then(|group| group.derived.iter().find(|derived| derived.field == field));
    let Some(derived) = derived else { return Ok(()) };
    let mut parts: IndexSet<String> = IndexSet::new();
    expressions(&derived.expr, &mut |part| {
        if let ExprKind::Metric { group, field } = &*part.kind {
            parts.insert(format!("`{group}.{field}`"));
        }
    });
    let parts = parts.into_iter().collect::<Vec<_>>().join(", ");
    Err(format!("`{group}.{field}` is computed; give its values too, or the gap of what it is made of: {parts}"))
}
