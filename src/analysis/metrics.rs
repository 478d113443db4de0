//! Groups of metrics: where samples come from, and fields that are computed from others.

use std::rc::Rc;

use indexmap::IndexMap;

use crate::base::diagnostic::{Code, Diagnostic};
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::{Expr, ExprKind};
use crate::model::program::{FieldValue, MetricField, MetricsGroup};
use crate::syntax::ast::{self, ItemKind, MetricsItem, SignatureKind};

use super::checker::{Checker, Frame, Place};
use super::expressions::path_of;
use super::functions;
use super::stdlib::Signature;
use super::symbols::ItemRef;
use super::types::value_type;

impl<'a> Checker<'a> {
    /// The fields of a group with their types.
    pub fn group_fields(&mut self, group: ItemRef) -> Rc<IndexMap<String, Type>> {
        if let Some(known) = self.groups.get(&group) {
            return known.clone();
        }
        let mut fields = IndexMap::new();
        if let ItemKind::Metrics(item) = &self.item(group).kind {
            for field in item.fields.iter().filter(|field| !field.name.text.is_empty()) {
                let ty =
                    self.muted(|checker| checker.in_module(group.module, |checker| checker.resolve_type(&field.ty)));
                fields.entry(field.name.text.clone()).or_insert(value_type(&ty).clone());
            }
        }
        let fields = Rc::new(fields);
        self.groups.insert(group, fields.clone());
        fields
    }

    pub fn read_metrics(&mut self, reference: ItemRef, item: &'a MetricsItem, doc: Option<String>) -> MetricsGroup {
        let source = self.call_of(SignatureKind::Source, &item.source);
        let every = item.every.as_ref().map(|every| self.check(every, &Type::Duration));
        let lag = item.lag.as_ref().map(|lag| self.check(lag, &Type::Duration));
        let mut fields: IndexMap<String, MetricField> = IndexMap::new();
        for field in &item.fields {
            let read = self.read_field(reference, source.as_ref().map(|(_, source)| *source), field);
            if field.name.text.is_empty() {
                continue;
            }
            match fields.get(&field.name.text) {
                Some(first) => {
                    let first = first.at.span;
                    self.report_duplicate(&field.name, first);
                }
                None => {
                    fields.insert(field.name.text.clone(), read);
                }
            }
        }
        self.report_circular_fields(&fields);
        MetricsGroup {
            name: self.program_name(reference),
            doc,
            source: source.map_or_else(|| self.no_call(item.source.at), |(call, _)| call),
            every,
            lag,
            fields,
            at: self.here(item.name.at),
        }
    }

    fn read_field(
        &mut self,
        group: ItemRef,
        source: Option<&'a Signature>,
        field: &'a ast::MetricField,
    ) -> MetricField {
        let ty = self.resolve_type(&field.ty);
        let value = self.read_field_value(group, source, field, &ty);
        let at = self.here(field.name.at);
        MetricField { name: field.name.text.clone(), doc: field.doc.clone(), ty, value, at }
    }

    fn read_field_value(
        &mut self,
        group: ItemRef,
        source: Option<&'a Signature>,
        field: &'a ast::MetricField,
        ty: &Type,
    ) -> FieldValue {
        if let ast::ExprKind::Call { callee, args } = &*field.value.kind
            && let Some(path) = path_of(callee)
            && let [name] = path.as_slice()
            && functions::forms(&name.text).is_empty()
        {
            let Some(source) = source else {
                // What the source is has been reported; its extractors are not known.
                return FieldValue::Derived(self.error(field.value.at));
            };
            let full = format!("{}.{}", source.name, name.text);
            return match self.catalog.get(SignatureKind::Extractor, &full) {
                Some(extractor) => {
                    let mut call = self.call_with(extractor, &name.text, callee.at, field.value.at, args);
                    call.name.clone_from(&name.text);
                    self.check_query(&full, &call);
                    FieldValue::Extract(call)
                }
                None => {
                    self.report_unknown_extractor(source, name);
                    FieldValue::Derived(self.error(field.value.at))
                }
            };
        }
        let mut frame = Frame::new();
        frame.group = Some(group);
        frame.place = Place::Condition;
        let (value, _) = self.in_frame(frame, |checker| checker.check(&field.value, ty));
        FieldValue::Derived(value)
    }

    fn report_unknown_extractor(&mut self, source: &Signature, name: &ast::Name) {
        let prefix = format!("{}.", source.name);
        let known = self.catalog.of_kind(SignatureKind::Extractor);
        let known: Vec<&str> = known.iter().filter_map(|signature| signature.name.strip_prefix(&prefix)).collect();
        let near = crate::base::suggest::Suggestion::of(&name.text, known.iter().copied());
        let message = format!("`{}` has no extractor `{}`", source.name, name.text);
        let mut diagnostic = Diagnostic::new(Code::PG103, self.here(name.at), message);
        if near.is_empty() {
            diagnostic = diagnostic.help(format!("it has `{}`", known.join("`, `")));
        }
        self.report_with_near(diagnostic, name.at, near);
    }

    /// PG206 for queries that are written out.
    fn check_query(&mut self, extractor: &str, call: &crate::model::phase::Call) {
        let Some((_, query)) = call.args.first() else { return };
        let Some(Value::Text(text)) = query.as_literal() else { return };
        match extractor {
            "prometheus.query" => {
                if let Some(reason) = self.queries.fault(text) {
                    self.report_literal(query, "PromQL", text, &reason);
                }
            }
            "http.json" | "command.json" | "file.json" => {
                let path = if text.starts_with('$') { text.clone() } else { format!("$.{text}") };
                let bracketed = format!("${text}");
                let well = |path: &str| serde_json_path::JsonPath::parse(path).is_ok();
                let bracketed_well = text.starts_with('[') && well(&bracketed);
                if !well(&path) && !bracketed_well {
                    self.report_literal(query, "JSONPath", text, "write it like `$.search.p95` or `search.p95`");
                }
            }
            _ => {}
        }
    }

    /// PG301 for fields that are computed from each other.
    fn report_circular_fields(&mut self, fields: &IndexMap<String, MetricField>) {
        let uses: Vec<Vec<usize>> = fields.values().map(|field| used_fields(field, fields)).collect();
        for circle in super::graph::circles(&uses) {
            let names: Vec<&str> = circle.iter().map(|index| fields[*index].name.as_str()).collect();
            let first = circle[0];
            let message =
                format!("these fields are computed from each other: `{}` → `{}`", names.join("` → `"), names[0]);
            let mut diagnostic = Diagnostic::new(Code::PG301, fields[first].at, message);
            for index in &circle[1..] {
                diagnostic = diagnostic.also(fields[*index].at, "part of the circle");
            }
            self.report(diagnostic);
        }
    }
}

fn used_fields(field: &MetricField, fields: &IndexMap<String, MetricField>) -> Vec<usize> {
    let FieldValue::Derived(value) = &field.value else { return Vec::new() };
    let mut found = Vec::new();
    let mut open: Vec<&Expr> = vec![value];
    while let Some(expr) = open.pop() {
        if let ExprKind::Metric { field, .. } = &*expr.kind
            && let Some(index) = fields.get_index_of(field)
        {
            found.push(index);
        }
        open.extend(expr.children());
    }
    found.sort_unstable();
    found.dedup();
    found
}
