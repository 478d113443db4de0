//! What leads to what: phases to those that come after them, pipelines to the phases they begin with, everything that runs a
//! component or a pipeline or takes a step to that, and composite steps to those they are made of.

use super::known::Known;
use super::outline::{Symbol, SymbolKind, outline};
use super::words;
use crate::analysis::names::Meaning;
use crate::base::span::{FileId, Location, Span};
use crate::syntax::ast::SignatureKind;

/// Where something stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Home {
    File(FileId),
    /// A module of the library.
    Library(&'static str),
}

/// Something that leads on to something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub name: String,
    pub kind: SymbolKind,
    /// What it stands in.
    pub within: Option<String>,
    pub home: Home,
    pub whole: Span,
    pub at: Span,
}

/// The other end, and the places that say so, in the file of the one that leads on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    pub node: Node,
    pub places: Vec<Span>,
}

struct Edge {
    from: Node,
    to: Node,
    at: Span,
}

/// What the cursor is on, or stands in.
#[must_use]
pub fn prepare(known: &Known, file: FileId, offset: usize) -> Option<Node> {
    let all = nodes(known);
    if let Some(found) = known.name_at(file, offset) {
        match &found.mention.meaning {
            Meaning::Declared(at) => {
                let named = all.iter().find(|node| node.home == Home::File(at.file) && node.at == at.span);
                if let Some(node) = named {
                    return Some(node.clone());
                }
            }
            Meaning::Signature(SignatureKind::Step | SignatureKind::Target, name) => return step(name),
            _ => {}
        }
    }
    let place = Span::new(offset, offset);
    owner(&all, Location::new(file, place)).cloned()
}

/// A step of the library.
#[must_use]
pub fn step(name: &str) -> Option<Node> {
    let (module, item) = words::declaration(name)?;
    let crate::syntax::ast::ItemKind::Signature(declared) = &item.kind else { return None };
    Some(Node {
        name: name.to_owned(),
        kind: SymbolKind::Signature,
        within: Some(format!("std.{module}")),
        home: Home::Library(module),
        whole: item.at,
        at: declared.name.at,
    })
}

/// What leads to it.
#[must_use]
pub fn incoming(known: &Known, node: &Node) -> Vec<Link> {
    let found = edges(known).into_iter().filter(|edge| edge.to == *node);
    gather(found.map(|edge| (edge.from, edge.at)))
}

/// What it leads to.
#[must_use]
pub fn outgoing(known: &Known, node: &Node) -> Vec<Link> {
    let found = edges(known).into_iter().filter(|edge| edge.from == *node);
    gather(found.map(|edge| (edge.to, edge.at)))
}

fn gather(ends: impl Iterator<Item = (Node, Span)>) -> Vec<Link> {
    let mut links: Vec<Link> = Vec::new();
    for (node, at) in ends {
        match links.iter_mut().find(|link| link.node == node) {
            Some(link) => link.places.push(at),
            None => links.push(Link { node, places: vec![at] }),
        }
    }
    for link in &mut links {
        link.places.sort_unstable();
        link.places.dedup();
    }
    links.sort_by_key(|link| (link.node.home, link.node.at));
    links
}

/// All that leads on in a program, in its order; what is around something comes before it.
fn nodes(known: &Known) -> Vec<Node> {
    let mut found = Vec::new();
    for file in &known.analysis.files {
        for symbol in outline(&known.tree(*file)) {
            let leads = matches!(
                symbol.kind,
                SymbolKind::Pipeline
                    | SymbolKind::Component
                    | SymbolKind::Test
                    | SymbolKind::Schedule
                    | SymbolKind::KillSwitch
                    | SymbolKind::Sentinel
            );
            if leads {
                found.push(node(*file, &symbol, None));
                let phases = symbol.children.iter().filter(|child| child.kind == SymbolKind::Phase);
                found.extend(phases.map(|phase| node(*file, phase, Some(&symbol.name))));
            }
        }
    }
    found
}

fn node(file: FileId, symbol: &Symbol, within: Option<&str>) -> Node {
    Node {
        name: symbol.name.clone(),
        kind: symbol.kind,
        within: within.map(str::to_owned),
        home: Home::File(file),
        whole: symbol.whole,
        at: symbol.at,
    }
}

/// The innermost around a place.
fn owner(nodes: &[Node], at: Location) -> Option<&Node> {
    nodes.iter().rfind(|node| {
        node.home == Home::File(at.file) && node.whole.start <= at.span.start && at.span.end <= node.whole.end
    })
}

fn edges(known: &Known) -> Vec<Edge> {
    let all = nodes(known);
    let mut edges = Vec::new();
    for (at, mention) in known.mentions().filter(|(_, mention)| !mention.declares) {
        let Some(from) = owner(&all, at) else { continue };
        match &mention.meaning {
            Meaning::Signature(SignatureKind::Step | SignatureKind::Target, name) => {
                let to = step(name);
                edges.extend(to.map(|to| Edge { from: from.clone(), to, at: at.span }));
            }
            Meaning::Declared(place) => edges.extend(edge_to(&all, from, *place, at.span)),
            _ => {}
        }
    }
    edges.extend(beginnings(&all, &edges));
    edges.extend(compositions());
    edges
}

/// From who names something to what is declared at the place; a phase that names another one comes after it.
fn edge_to(all: &[Node], from: &Node, place: Location, at: Span) -> Option<Edge> {
    let to = owner(all, place)?;
    if to.kind == SymbolKind::Phase {
        let is_other = from.kind == SymbolKind::Phase && from != to && from.within == to.within;
        return is_other.then(|| Edge { from: to.clone(), to: from.clone(), at });
    }
    (to.at == place.span && to != from).then(|| Edge { from: from.clone(), to: to.clone(), at })
}

/// From a pipeline to the phases that nothing leads to.
fn beginnings(all: &[Node], edges: &[Edge]) -> Vec<Edge> {
    let phases = all.iter().filter(|node| node.kind == SymbolKind::Phase);
    let first = phases.filter(|phase| !edges.iter().any(|edge| edge.to == **phase));
    let begin = first.filter_map(|phase| {
        let pipeline = all.iter().find(|node| {
            node.home == phase.home && node.kind == SymbolKind::Pipeline && Some(&node.name) == phase.within.as_ref()
        })?;
        Some(Edge { from: pipeline.clone(), to: phase.clone(), at: phase.at })
    });
    begin.collect()
}

fn compositions() -> Vec<Edge> {
    let made = words::compositions().into_iter();
    made.filter_map(|(name, part, at)| Some(Edge { from: step(&name)?, to: step(&part)?, at })).collect()
}

#[cfg(test)]
mod tests {
    use super::{Link, Node, incoming, outgoing, prepare};
    use crate::ide::cursor::Case;

    const TEXT: &str = "use std.shell\n\ncomponent c(a: string) {\n  step shell(a) timeout 1m\n}\n\npipeline p {\n  phase one { step \
                        built = shell(\"x\") timeout 1m }\n  phase two after one { run c(\"y\") }\n  phase three { gate { require one.built.exit_code \
                        == 0 } }\n}\n\ntest \"t\" {\n  run p()\n  expect outcome succeeded\n}\n";

    fn at(mark: &str) -> (Case, Node) {
        let case = Case::new(&TEXT.replacen(mark, &format!("§{mark}"), 1));
        let node = prepare(&case.known, case.file, case.offset).expect("something that leads on");
        (case, node)
    }

    fn names(links: &[Link]) -> Vec<&str> {
        links.iter().map(|link| link.node.name.as_str()).collect()
    }

    #[test]
    fn phases_lead_to_those_behind_them() {
        let (case, one) = at("one {");
        assert_eq!((one.name.as_str(), one.within.as_deref()), ("one", Some("p")));
        assert_eq!(names(&incoming(&case.known, &one)), ["p"]);
        assert_eq!(names(&outgoing(&case.known, &one)), ["two", "three", "shell"]);
        let (case, three) = at("three {");
        assert_eq!(names(&incoming(&case.known, &three)), ["one"]);
    }

    #[test]
    fn components_and_pipelines_know_who_runs_them() {
        let (case, component) = at("c(\"y\")");
        assert_eq!(component.name, "c");
        assert_eq!(names(&incoming(&case.known, &component)), ["two"]);
        assert_eq!(names(&outgoing(&case.known, &component)), ["shell"]);
        let (case, pipeline) = at("p()");
        assert_eq!(names(&incoming(&case.known, &pipeline)), ["t"]);
        assert_eq!(names(&outgoing(&case.known, &pipeline)), ["one"]);
    }

    #[test]
    fn composite_steps_are_made_of_others() {
        let case =
            Case::new("use std.k8s\npipeline p {\n  phase a { step k8s.set_§image(\"web\", \"x\") timeout 1m }\n}\n");
        let node = prepare(&case.known, case.file, case.offset).expect("a step");
        assert!(!outgoing(&case.known, &node).is_empty(), "{node:?}");
    }
}
