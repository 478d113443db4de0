//! The statistics library against figures from published tables and established libraries: every case of
//! `tests/reference-figures`, a test per file. Their README tells the conventions.

mod charts;
mod evidence;
mod figures;
mod judging;
mod learning;
mod samples;
