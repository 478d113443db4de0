//! `phase NAME ["title"] [after A, B] [for x in LIST [max N at once]] [when COND] { … }`

use super::ast::{Each, PathRef, PhaseStatement};
use super::clauses::Order;
use super::expressions::broken;
use super::grammar::{Node, Rule};
use super::lower::Lower;

impl Lower<'_> {
    pub(super) fn phase(&mut self, node: Node<'_>) -> PhaseStatement {
        let mut order = Order::new(&["after", "for", "when"]);
        let mut phase = PhaseStatement {
            name: self.no_name(&node),
            title: None,
            after: Vec::new(),
            each: None,
            when: None,
            body: super::ast::Block::default(),
        };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => phase.name = self.name(&inner),
                Rule::string => phase.title = Some(self.string(&inner)),
                Rule::after_phases => {
                    order.see(self, "after", &inner);
                    phase.after.extend(self.after(inner));
                }
                Rule::each_clause => {
                    order.see(self, "for", &inner);
                    phase.each = Some(self.each(inner));
                }
                Rule::when_clause => {
                    order.see(self, "when", &inner);
                    phase.when = Some(self.when(inner));
                }
                Rule::block => phase.body = self.block(inner),
                Rule::missing_name => self.missing(&inner, "the name of the phase"),
                _ => self.note(&inner),
            }
        }
        phase
    }

    fn after(&mut self, node: Node<'_>) -> Vec<PathRef> {
        let mut paths = Vec::new();
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::path => paths.push(PathRef { expr: self.path(inner) }),
                Rule::missing_name => self.missing(&inner, "the name of a phase"),
                _ => self.note(&inner),
            }
        }
        paths
    }

    fn each(&mut self, node: Node<'_>) -> Each {
        let end = self.span(&node).after();
        let mut each = Each { variable: self.no_name(&node), list: broken(end), at_once: None };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => each.variable = self.name(&inner),
                Rule::each_limit => each.at_once = Some(self.clause_expr(inner)),
                _ => match self.maybe_expr(&inner) {
                    Some(list) => each.list = list,
                    None => self.note(&inner),
                },
            }
        }
        each
    }
}
