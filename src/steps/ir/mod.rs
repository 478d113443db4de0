//! Figures of search engines.

pub mod evaluate;
