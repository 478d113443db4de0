//! Declarations at top level.

use super::ast::{
    Block, ChannelItem, ComponentItem, EnvironmentItem, FieldValue, ItemKind, MetricField, MetricsItem, Name,
    PipelineItem, SignatureItem, SignatureKind, ThresholdItem, TypeItem, Use, UseSource,
};
use super::clauses::Order;
use super::expressions::broken;
use super::grammar::{Node, Rule};
use super::lists::elements;
use super::lower::Lower;
use super::types::no_type;

impl Lower<'_> {
    /// Reads the declaration inside an `item` node; `None` for what is no declaration.
    pub(super) fn item_kind(&mut self, node: Node<'_>) -> Option<ItemKind> {
        Some(match node.as_rule() {
            Rule::use_item => ItemKind::Use(self.import(node)),
            Rule::type_item => ItemKind::Type(self.type_item(node)),
            Rule::environment_item => ItemKind::Environment(self.environment(node)),
            Rule::metrics_item => ItemKind::Metrics(self.metrics(node)),
            Rule::threshold_item => ItemKind::Threshold(self.threshold(node)),
            Rule::channel_item => {
                let (name, _, value) = self.binding(node);
                ItemKind::Channel(ChannelItem { name, value })
            }
            Rule::component_item => ItemKind::Component(self.component(node)),
            Rule::pipeline_item => {
                let (name, body) = self.named_block(node, "the name of the pipeline");
                ItemKind::Pipeline(PipelineItem { name, body })
            }
            Rule::signature_item => ItemKind::Signature(self.signature(node)),
            _ => return self.operation(node),
        })
    }

    fn import(&mut self, node: Node<'_>) -> Use {
        let mut found = Use { source: UseSource::Missing, names: Vec::new(), alias: None };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::std => found.source = UseSource::Std(self.span(&inner)),
                Rule::string => {
                    let at = self.span(&inner);
                    found.source = UseSource::File(self.string(&inner), at);
                }
                Rule::use_names => {
                    found.names = elements(self, inner, true, |lower, name| match name.as_rule() {
                        Rule::ident => Some(lower.name(&name)),
                        _ => {
                            lower.note(&name);
                            None
                        }
                    });
                }
                Rule::use_alias => found.alias = Some(self.clause_name(inner, "a name")),
                _ => self.note(&inner),
            }
        }
        found
    }

    fn type_item(&mut self, node: Node<'_>) -> TypeItem {
        let mut item = TypeItem { name: self.no_name(&node), ty: no_type(self.span(&node)) };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                _ => match self.maybe_type(&inner) {
                    Some(ty) => item.ty = ty,
                    None => self.note(&inner),
                },
            }
        }
        item
    }

    fn environment(&mut self, node: Node<'_>) -> EnvironmentItem {
        let mut item = EnvironmentItem { name: self.no_name(&node), values: Vec::new() };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::environment_block => {
                    item.values = elements(self, inner, true, |lower, entry| Some(lower.environment_entry(entry)));
                }
                _ => self.note(&inner),
            }
        }
        item
    }

    fn environment_entry(&mut self, node: Node<'_>) -> FieldValue {
        let end = self.declare(&node).0.after();
        let mut field = FieldValue { name: self.no_name(&node), value: broken(end) };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => field.name = self.name(&inner),
                Rule::wrong_colon => self.instead(&inner, " =", "a value of an environment is written `name = value`"),
                _ => match self.maybe_expr(&inner) {
                    Some(value) => field.value = value,
                    None => self.note(&inner),
                },
            }
        }
        field
    }

    fn metrics(&mut self, node: Node<'_>) -> MetricsItem {
        let mut order = Order::new(&["every", "lag"]);
        let end = self.span(&node).after();
        let mut item =
            MetricsItem { name: self.no_name(&node), source: broken(end), every: None, lag: None, fields: Vec::new() };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::every_clause => {
                    order.see(self, "every", &inner);
                    item.every = Some(self.clause_expr(inner));
                }
                Rule::lag_clause => {
                    order.see(self, "lag", &inner);
                    item.lag = Some(self.clause_expr(inner));
                }
                Rule::metrics_block => {
                    item.fields = elements(self, inner, false, |lower, field| Some(lower.metric_field(field)));
                }
                _ => match self.maybe_expr(&inner) {
                    Some(source) => item.source = source,
                    None => self.note(&inner),
                },
            }
        }
        item
    }

    fn metric_field(&mut self, node: Node<'_>) -> MetricField {
        let (at, doc) = self.declare(&node);
        let (name, ty, value) = self.binding(node);
        MetricField { doc, name, ty: ty.unwrap_or_else(|| no_type(at)), value, at }
    }

    fn threshold(&mut self, node: Node<'_>) -> ThresholdItem {
        let mut item = ThresholdItem { name: self.no_name(&node), parameter: None, body: Block::default() };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::threshold_param => item.parameter = self.threshold_parameter(inner),
                Rule::block => item.body = self.block(inner),
                _ => self.note(&inner),
            }
        }
        item
    }

    fn threshold_parameter(&mut self, node: Node<'_>) -> Option<(Name, Name)> {
        let opening = node.start();
        let mut names = Vec::new();
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => names.push(self.name(&inner)),
                Rule::missing_paren => self.unclosed(opening, &inner),
                _ => self.note(&inner),
            }
        }
        let mut names = names.into_iter();
        Some((names.next()?, names.next()?))
    }

    fn component(&mut self, node: Node<'_>) -> ComponentItem {
        let mut item = ComponentItem { name: self.no_name(&node), params: Vec::new(), body: Block::default() };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => item.name = self.name(&inner),
                Rule::params => item.params = self.params(inner),
                Rule::block => item.body = self.block(inner),
                Rule::missing_name => self.missing(&inner, "the name of the component"),
                _ => self.note(&inner),
            }
        }
        item
    }

    fn named_block(&mut self, node: Node<'_>, what: &str) -> (Name, Block) {
        let mut name = self.no_name(&node);
        let mut body = Block::default();
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::ident => name = self.name(&inner),
                Rule::block => body = self.block(inner),
                Rule::missing_name => self.missing(&inner, what),
                _ => self.note(&inner),
            }
        }
        (name, body)
    }

    fn signature(&mut self, node: Node<'_>) -> SignatureItem {
        let mut item = SignatureItem {
            kind: SignatureKind::Step,
            name: self.no_name(&node),
            params: Vec::new(),
            output: None,
            effect: None,
            idempotent: false,
            builtin: false,
            body: None,
        };
        for inner in node.into_inner() {
            match inner.as_rule() {
                Rule::signature_kind => item.kind = signature_kind(inner.as_str()),
                Rule::dotted => item.name = self.name(&inner),
                Rule::params => item.params = self.params(inner),
                Rule::output => {
                    for part in inner.into_inner() {
                        item.output = self.maybe_type(&part).or(item.output);
                    }
                }
                Rule::effect_clause => {
                    item.effect = Some(self.clause_name(inner, "`reads`, `tells`, `changes` or `permanent`"))
                }
                Rule::idempotent => item.idempotent = true,
                Rule::builtin => item.builtin = true,
                Rule::block => item.body = Some(self.block(inner)),
                _ => self.note(&inner),
            }
        }
        item
    }
}

fn signature_kind(word: &str) -> SignatureKind {
    match word {
        "source" => SignatureKind::Source,
        "extractor" => SignatureKind::Extractor,
        "target" => SignatureKind::Target,
        "channel" => SignatureKind::Channel,
        _ => SignatureKind::Step,
    }
}
