//! Figures for people and for programs.

mod pages;
mod sections;
pub mod write;
