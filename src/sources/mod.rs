//! The metric sources: which requests a sample takes and how the answers are read. Pure, one file each.
