//! Lists between brackets: elements separated by commas, the last comma optional.

use crate::base::diagnostic::{Code, Diagnostic};

use super::faults::Rank;
use super::grammar::{Node, Rule};
use super::lower::Lower;

/// What the element before was.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// Nothing, or something unreadable.
    Nothing,
    Element,
    Comma,
    /// What has no place in a list, so that what follows is no element: `as`, or a clause of a step.
    Stranger,
}

/// Reads the elements of a bracketed node: `element` makes one of a node that is neither comma nor fault.
pub(super) fn elements<T>(
    lower: &mut Lower<'_>,
    list: Node<'_>,
    commas_needed: bool,
    mut element: impl FnMut(&mut Lower<'_>, Node<'_>) -> Option<T>,
) -> Vec<T> {
    let opening = list.start();
    let mut last = Last::Nothing;
    // Every second node is a comma.
    let mut found = Vec::with_capacity(list.into_inner().count().div_ceil(2));
    let mut without_comma = Vec::new();
    let mut open = false;
    for node in list.into_inner() {
        match node.as_rule() {
            Rule::comma => {
                if last != Last::Element && (last == Last::Comma || found.is_empty()) {
                    lower.unexpected(&node, ": nothing stands before it");
                }
                last = Last::Comma;
            }
            Rule::missing_brace | Rule::missing_paren | Rule::missing_bracket => {
                open = true;
                lower.unclosed(opening, &node);
            }
            Rule::bad_entry => {
                let why = if last == Last::Element { ": expected `,` or the end of the list" } else { "" };
                lower.unexpected(&node, why);
                last = Last::Nothing;
            }
            _ if last == Last::Stranger => {}
            Rule::ident if last == Last::Element && commas_needed && node.as_str().trim_end() == "as" => {
                lower.renamed(&node);
                last = Last::Stranger;
            }
            _ => {
                if last == Last::Element && commas_needed {
                    without_comma.push(node.start());
                    if lower.begins_clause(node.start()) {
                        last = Last::Stranger;
                        continue;
                    }
                }
                if let Some(made) = element(lower, node) {
                    found.push(made);
                    last = Last::Element;
                }
            }
        }
    }
    // In a list that is not closed, what follows may not belong to it at all.
    if !open {
        for start in without_comma {
            missing_comma(lower, start);
        }
    }
    found
}

fn missing_comma(lower: &mut Lower<'_>, start: usize) {
    let behind = lower.end_before(start);
    let at = lower.at(lower.covering(start, start + 1));
    let diagnostic = Diagnostic::new(Code::PG001, at, format!("expected `,`, found {}", lower.found(start)))
        .label("expected `,` before this");
    // `shell("x" timeout 5m)`: the bracket is in the wrong place, and a comma makes it worse.
    let diagnostic = match lower.begins_clause(start) {
        true => diagnostic.help("a clause of a step stands behind the `)`"),
        false => diagnostic.fix("insert `,`", lower.covering(behind, behind), ","),
    };
    lower.report(start, Rank::Missing, diagnostic);
}
