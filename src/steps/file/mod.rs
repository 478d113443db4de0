//! Steps that find and write files; the undo of a written one puts back what was there, or removes the file where nothing
//! was.

pub mod copy;
pub mod find;
pub mod write;
