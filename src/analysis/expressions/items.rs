//! Rubrics and kill switches as arguments: named where a step takes one, by their own name or through a file's alias.

use crate::base::diagnostic::{Code, Diagnostic};
use crate::base::suggest::Suggestion;
use crate::contract::types::Type;
use crate::contract::value::Value;
use crate::model::expr::Expr;
use crate::syntax::ast::{self, Name};

use super::super::checker::{Checker, Used};
use super::super::symbols::{ItemRef, Space};
use super::names::path_of;

impl<'a> Checker<'a> {
    /// The item of this space that is named; its value is its name in the program.
    pub fn check_named(&mut self, written: &'a ast::Expr, space: Space, ty: Type) -> Expr {
        if matches!(&*written.kind, ast::ExprKind::Broken) {
            return self.error(written.at);
        }
        let found = match path_of(written).as_deref() {
            Some([name]) if name.text.is_empty() => return self.error(written.at),
            Some([name]) => self.own_item(name, space, &ty),
            Some([alias, name]) => self.item_through(alias, name, space, &ty),
            _ => {
                let found = self.infer(written);
                if found.ty != Type::Error {
                    let message = format!("expected the name of a {ty}");
                    self.report(Diagnostic::new(Code::PG201, found.at, message));
                }
                None
            }
        };
        match found {
            Some(item) => Expr::literal(Value::text(self.program_name(item)), ty, self.here(written.at)),
            None => self.error(written.at),
        }
    }

    fn own_item(&mut self, name: &'a Name, space: Space, ty: &Type) -> Option<ItemRef> {
        if let Some(binding) = self.scope().get(space, &name.text) {
            self.use_binding(binding);
            self.note_binding(name.at, binding);
            return Some(binding.target);
        }
        if !self.might_be_declared(&name.text) {
            let near = Suggestion::of(&name.text, self.scope().names_of(space));
            let scope = self.scope();
            for binding in near.names().iter().filter_map(|near| scope.get(space, near)) {
                self.use_binding(binding);
            }
            self.report_undefined(&ty.to_string(), name, near);
        }
        None
    }

    fn item_through(&mut self, alias: &'a Name, name: &'a Name, space: Space, ty: &Type) -> Option<ItemRef> {
        let Some((module, at)) = self.scope().aliases.get(alias.text.as_str()).copied() else {
            if !self.might_be_declared(&alias.text) {
                let near = Suggestion::of(&alias.text, self.scope().aliases.keys().copied());
                self.report_undefined("imported file", alias, near);
            }
            return None;
        };
        self.used.insert(Used::Import(self.module, at));
        let binding = self.scopes[module].get(space, &name.text).filter(|binding| !binding.imported);
        if binding.is_none() && !self.unreadable.declares(module, &name.text) {
            let near = Suggestion::of(&name.text, self.scopes[module].names_of(space));
            let what = format!("{ty} in `{}` named", self.module_name(module));
            self.report_undefined(&what, name, near);
        }
        binding.map(|binding| {
            self.use_binding(binding);
            self.note_place(alias.at, self.here(at), None);
            self.note_binding(name.at, binding);
            binding.target
        })
    }
}
