//! Figures of two versions side by side.

pub mod compare;
