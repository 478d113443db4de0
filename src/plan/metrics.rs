//! The metric groups that a plan reads, with no field that nobody reads.

use std::time::Duration;

use indexmap::{IndexMap, IndexSet};

use super::limits;
use super::order::visit_needed_first;
use super::parts::each_part;
use super::probes::{SENTINEL, probe_read};
use super::program::{Derived, Group, GroupIndex, MetricRef};
use super::request::PlanError;
use super::scope::Scope;
use crate::contract::registry::{Args, FieldQuery};
use crate::contract::types::Type;
use crate::model::expr::{Expr, ExprKind};
use crate::model::phase::Call;
use crate::model::program::{FieldValue, MetricsGroup, Program};

pub const EVERY: Duration = Duration::from_secs(60);

type Field = (String, String);

pub struct Metrics<'a> {
    pub program: &'a Program,
    /// The fields in use of each group, each behind those it is derived from.
    used: IndexMap<String, IndexSet<String>>,
}

impl<'a> Metrics<'a> {
    pub fn new(program: &'a Program) -> Self {
        Self { program, used: IndexMap::new() }
    }

    /// Takes note of what an expression reads, and of what is behind that.
    pub fn reads_of(&mut self, expr: &Expr) -> Vec<MetricRef> {
        let mut reads: IndexSet<Field> = IndexSet::new();
        for field in fields_in(expr) {
            let mut found = Vec::new();
            visit_needed_first(field, |_| false, |field| self.behind(field), |field| found.push(field.clone()));
            reads.extend(found);
        }
        reads.into_iter().map(|(group, field)| self.note(group, field)).collect()
    }

    /// The groups in the order of their indices.
    pub fn build(&self, scope: &Scope) -> Vec<Group> {
        let groups = self.used.iter().filter_map(|(name, fields)| match self.program.groups.get(name) {
            Some(group) => build_group(self.program, group, fields, scope),
            None if name.starts_with(SENTINEL) => self.build_probes(name, fields, scope),
            None => {
                scope.fail(PlanError::usage(format!("there is no metrics group `{name}`")));
                None
            }
        });
        groups.collect()
    }

    /// The probes of a sentinel as a group: they are called as often as the sentinel calls them.
    fn build_probes(&self, name: &str, fields: &IndexSet<String>, scope: &Scope) -> Option<Group> {
        let sentinel = self.program.sentinels.get(name.trim_start_matches(SENTINEL));
        let every = match sentinel.and_then(|sentinel| sentinel.every.as_ref()) {
            Some(every) => scope.interval(every, &format!("`every` of the {name}"))?,
            None => EVERY,
        };
        let queries = fields.iter().map(|probe| FieldQuery {
            field: probe.clone(),
            extractor: "probe".to_owned(),
            args: Args::new(),
            ty: Type::Bool,
        });
        Some(Group {
            name: name.to_owned(),
            source: "sentinel".to_owned(),
            args: Args::new(),
            every,
            lag: Duration::ZERO,
            fields: queries.collect(),
            derived: Vec::new(),
        })
    }

    fn note(&mut self, group: String, field: String) -> MetricRef {
        let entry = self.used.entry(group);
        let index = GroupIndex(u32::try_from(entry.index()).unwrap_or(u32::MAX));
        entry.or_default().insert(field.clone());
        MetricRef { group: index, field }
    }

    fn behind(&self, (group, field): &Field) -> Vec<Field> {
        let declared = self.program.groups.get(group).and_then(|group| group.fields.get(field));
        match declared.map(|field| &field.value) {
            Some(FieldValue::Derived(expr)) => fields_in(expr),
            Some(FieldValue::Extract(_)) | None => Vec::new(),
        }
    }
}

fn fields_in(expr: &Expr) -> Vec<Field> {
    let mut found = Vec::new();
    each_part(expr, &mut |part| match &*part.kind {
        ExprKind::Metric { group, field } => found.push((group.clone(), field.clone())),
        ExprKind::Call(function, args) => found.extend(probe_read(function, args)),
        _ => {}
    });
    found
}

fn build_group(program: &Program, group: &MetricsGroup, used: &IndexSet<String>, scope: &Scope) -> Option<Group> {
    let name = &group.name;
    let every = match &group.every {
        Some(every) => scope.interval(every, &format!("`every` of metrics `{name}`"))?,
        None => EVERY,
    };
    let lag = match &group.lag {
        Some(lag) => scope.duration(lag, &format!("`lag` of metrics `{name}`"))?,
        None => Duration::ZERO,
    };
    let mut fields = Vec::new();
    for (field, declared) in group.fields.iter().filter(|(field, _)| used.contains(*field)) {
        if let FieldValue::Extract(call) = &declared.value {
            let args = constant_args(call, &format!("metric `{name}.{field}`"), scope)?;
            fields.push(FieldQuery {
                field: field.clone(),
                extractor: call.name.clone(),
                args,
                ty: declared.ty.clone(),
            });
        }
    }
    let mut derived = Vec::new();
    for field in used {
        if let Some(declared) = group.fields.get(field)
            && let FieldValue::Derived(expr) = &declared.value
        {
            let expr = limits::choose(scope.known(expr)?, program, scope)?;
            derived.push(Derived { field: field.clone(), ty: declared.ty.clone(), expr });
        }
    }
    let args = constant_args(&group.source, &format!("metrics `{name}`"), scope)?;
    Some(Group { name: name.clone(), source: group.source.name.clone(), args, every, lag, fields, derived })
}

/// The arguments of a call that is made while nothing of the run is known; `whose` names it in a complaint.
pub fn constant_args(call: &Call, whose: &str, scope: &Scope) -> Option<Args> {
    let args = call.args.iter().map(|(name, expr)| {
        let value = scope.constant(expr, &format!("`{name}` of {whose}"))?;
        Some((name.clone(), value))
    });
    args.collect()
}
