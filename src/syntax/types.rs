//! Types and parameters.

use crate::base::span::Span;

use super::ast::{Name, Param, TypeExpr, TypeField, TypeKind};
use super::grammar::{Node, Rule};
use super::lists::elements;
use super::lower::Lower;

pub(super) fn no_type(at: Span) -> TypeExpr {
    TypeExpr { kind: TypeKind::Missing, optional: false, at: at.after() }
}

impl Lower<'_> {
    /// Reads what stands where a type is wanted; `None` for any other node.
    pub(super) fn maybe_type(&mut self, node: &Node<'_>) -> Option<TypeExpr> {
        match node.as_rule() {
            Rule::type_expr => Some(self.type_expr(*node)),
            Rule::missing_type => {
                self.note(node);
                let at = self.end_before(node.start());
                Some(no_type(self.covering(at, at)))
            }
            _ => None,
        }
    }

    fn type_expr(&mut self, node: Node<'_>) -> TypeExpr {
        let at = self.span(&node);
        let mut ty = TypeExpr { kind: TypeKind::Missing, optional: false, at };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::type_ref => ty.kind = self.type_ref(inner),
                Rule::type_record => {
                    ty.kind = TypeKind::Record(elements(self, inner, true, |lower, field| lower.type_field(field)))
                }
                Rule::optional => ty.optional = true,
                _ => self.note(&inner),
            }
        }
        ty
    }

    fn type_ref(&mut self, node: Node<'_>) -> TypeKind {
        let mut name = self.no_name(&node);
        let mut encoding = None;
        let mut arguments = None;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::dotted => name = self.name(&inner),
                Rule::encoding => encoding = Some(self.encoding(inner)),
                Rule::type_args => arguments = Some(self.type_args(inner)),
                _ => {}
            }
        }
        match arguments {
            Some(arguments) => TypeKind::Generic(name, arguments),
            None => TypeKind::Named(name, encoding),
        }
    }

    fn encoding(&mut self, node: Node<'_>) -> Name {
        let opening = node.start();
        let mut name = self.no_name(&node);
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident | Rule::percent => name = self.name(&inner),
                Rule::missing_paren => self.unclosed(opening, &inner),
                Rule::missing_name => self.missing(&inner, "an encoding such as `ms`, `%` or `MiB`"),
                _ => self.note(&inner),
            }
        }
        name
    }

    fn type_args(&mut self, node: Node<'_>) -> Vec<TypeExpr> {
        let opening = node.start();
        let mut arguments = Vec::new();
        for inner in node.into_inner() {
            match self.maybe_type(&inner) {
                Some(ty) => arguments.push(ty),
                None if inner.as_rule() == Rule::missing_angle => self.unclosed(opening, &inner),
                None => self.note(&inner),
            }
        }
        arguments
    }

    fn type_field(&mut self, node: Node<'_>) -> Option<TypeField> {
        let doc = self.doc(node.start());
        let mut name = self.no_name(&node);
        let mut ty = None;
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => name = self.name(&inner),
                Rule::wrong_equals => self.instead(&inner, ":", "a field of a type is written `name: type`"),
                _ => match self.maybe_type(&inner) {
                    Some(found) => ty = Some(found),
                    None => self.note(&inner),
                },
            }
        }
        let ty = ty.unwrap_or_else(|| no_type(name.at));
        Some(TypeField { doc, name, ty })
    }

    /// Reads a `params` node.
    pub(super) fn params(&mut self, node: Node<'_>) -> Vec<Param> {
        elements(self, node, true, |lower, inner| Some(lower.param(inner)))
    }

    /// Reads a `param` node.
    pub(super) fn param(&mut self, node: Node<'_>) -> Param {
        let at = self.span(&node);
        let doc = self.doc(node.start());
        let mut param = Param { doc, name: self.no_name(&node), ty: no_type(at), default: None, at };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => param.name = self.name(&inner),
                Rule::default => param.default = Some(self.clause_expr(inner)),
                Rule::missing_colon => self.missing(&inner, "`:` and a type"),
                _ => match self.maybe_type(&inner) {
                    Some(ty) => param.ty = ty,
                    None => self.note(&inner),
                },
            }
        }
        param
    }
}
