//! PG501: what is declared or imported and never used.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::span::{Location, Span};
use crate::model::program::LocalKind;
use crate::syntax::ast::{Item, ItemKind, MetricsItem, Name, Use, UseSource};

use super::checker::{Checker, Frame, Used};
use super::symbols::{ItemRef, Space};

/// Reports unused items and imports of every file.
pub fn check(checker: &mut Checker<'_>) {
    for module in 0..checker.modules.len() {
        checker.module = module;
        // A file without anything that runs is there for others to import from.
        let is_library = !checker.modules[module].ast.items.iter().any(|item| runs(&item.kind));
        for index in 0..checker.modules[module].ast.items.len() {
            let reference = ItemRef { module, item: index };
            match &checker.item(reference).kind {
                ItemKind::Use(_) => checker.check_import(reference),
                ItemKind::Metrics(metrics) if !is_library => checker.check_group(reference, metrics),
                ItemKind::Threshold(item) if !is_library => {
                    checker.check_item(reference, "threshold", &item.name.text, item.name.at);
                }
                ItemKind::Channel(item) if !is_library => {
                    checker.check_item(reference, "channel", &item.name.text, item.name.at);
                }
                _ => {}
            }
        }
    }
    checker.module = 0;
}

fn unused(what: &str, name: &str, at: Location) -> Diagnostic {
    Diagnostic::new(Code::PG501, at, format!("the {what} `{name}` is never used")).help("use it or take it out")
}

fn runs(item: &ItemKind) -> bool {
    matches!(
        item,
        ItemKind::Pipeline(_) | ItemKind::Alert(_) | ItemKind::Sentinel(_) | ItemKind::Schedule(_) | ItemKind::Test(_)
    )
}

impl<'a> Checker<'a> {
    fn check_item(&mut self, reference: ItemRef, what: &str, name: &str, at: Span) {
        let is_duplicate = self.scope().get(Space::Value, name).is_none_or(|binding| binding.target != reference);
        if !is_duplicate && !self.used.contains(&Used::Item(reference)) && !self.might_be_used(name) {
            self.report_unused(what, name, self.here(at));
        }
    }

    fn check_group(&mut self, reference: ItemRef, item: &'a MetricsItem) {
        if self.scope().get(Space::Value, &item.name.text).is_none_or(|binding| binding.target != reference) {
            return;
        }
        let fields = self.group_fields(reference);
        let unused: Vec<usize> = (0..fields.len())
            .filter(|index| !self.used.contains(&Used::Field(reference, *index)))
            .filter(|index| fields.get_index(*index).is_some_and(|(name, _)| !self.might_be_used(name)))
            .collect();
        let is_imported_whole = self.used.contains(&Used::Item(reference)) && fields.is_empty();
        if unused.len() == fields.len() && !is_imported_whole {
            if !item.name.text.is_empty() && !self.might_be_used(&item.name.text) {
                self.report_unused("group of metrics", &item.name.text, self.here(item.name.at));
            }
            return;
        }
        for index in unused {
            let Some((name, _)) = fields.get_index(index) else { continue };
            if let Some(field) = item.fields.iter().find(|field| field.name.text == *name) {
                let full = format!("{}.{name}", item.name.text);
                self.report_unused("metric", &full, self.here(field.name.at));
            }
        }
    }

    fn check_import(&mut self, reference: ItemRef) {
        let item = self.item(reference);
        let ItemKind::Use(import) = &item.kind else { return };
        if matches!(import.source, UseSource::File(..))
            && !self.modules[reference.module].imports.contains_key(&reference.item)
        {
            return;
        }
        for name in import.names.iter().chain(&import.alias).filter(|name| !name.text.is_empty()) {
            // Of two imports of one name the second has been reported, and brings nothing.
            let is_known = self.scope().std.get(name.text.as_str()) == Some(&name.at)
                || self.scope().aliases.get(name.text.as_str()).is_some_and(|(_, at)| *at == name.at)
                || self.scope().imports(&name.text, name.at);
            let is_used = self.used.contains(&Used::Import(reference.module, name.at));
            if is_known && !is_used && !self.might_be_used(&name.text) {
                let diagnostic = unused("import", &name.text, self.here(name.at));
                self.report(match self.without_import(item, import, name) {
                    Some(span) => diagnostic.fix(format!("take `{}` out", name.text), span, ""),
                    None => diagnostic,
                });
            }
        }
    }

    /// Something unreadable in this file names it.
    fn might_be_used(&self, name: &str) -> bool {
        self.unreadable.uses(self.module, name)
    }

    /// Parameters and `let`s of a pipeline or component.
    pub fn report_unused_locals(&mut self, frame: &Frame<'a>) {
        let locals = frame.locals.iter().zip(&frame.local_used);
        let unused: Vec<_> = locals.filter(|(local, used)| !**used && !local.name.is_empty()).collect();
        for (local, _) in unused {
            let what = match local.kind {
                LocalKind::Param(_) => "parameter",
                LocalKind::Value(_) => "`let`",
                LocalKind::Loop => continue,
            };
            if !self.might_be_used(&local.name) {
                self.report_unused(what, &local.name, local.at);
            }
        }
    }

    fn report_unused(&mut self, what: &str, name: &str, at: Location) {
        self.report(unused(what, name, at));
    }

    /// What to delete so that `name` is no longer imported; of the last name all of the `use`, unless its documentation
    /// would then belong to what stands below.
    fn without_import(&self, item: &Item, import: &Use, name: &Name) -> Option<Span> {
        let index = import.names.iter().position(|other| other.at == name.at);
        match (index, import.names.as_slice()) {
            (Some(index), names) if names.len() > 1 => Some(match names.get(index + 1) {
                Some(next) => Span { start: name.at.start, end: next.at.start },
                None => Span { start: names[index - 1].at.end, end: name.at.end },
            }),
            _ if item.doc.is_some() => None,
            _ => Some(self.sources.get(self.modules[self.module].file)?.removal(item.at)),
        }
    }
}
