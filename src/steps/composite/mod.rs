//! What composite steps are made of beside the steps in them. No program calls these: the analysis puts them in.

pub mod returns;
pub mod undone_with;
