//! Whole files, and what stands in them beside declarations.

use std::sync::Arc;

use crate::base::span::Span;

use super::{Item, Name};

/// A whole file. Its items are shared with the next reading of the file, where they say the same.
#[derive(Debug, Clone, Default)]
pub struct File {
    pub items: Vec<Arc<Item>>,
    pub allows: Vec<Allow>,
}

impl File {
    /// The items in their order.
    pub fn items(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.iter().map(Arc::as_ref)
    }
}

/// `// phasegate: allow(PG410) why`
#[derive(Debug, Clone)]
pub struct Allow {
    /// The whole comment.
    pub at: Span,
    /// Each code in the parentheses, known or not, with its place.
    pub codes: Vec<Name>,
    pub reason: String,
    /// The statement or item it speaks about: the next one behind the comment.
    pub target: Option<Span>,
}
