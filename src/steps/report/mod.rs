//! Figures for people and for programs.

pub mod write;
