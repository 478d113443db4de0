//! A run in words: its events as sentences and as JSON, its state as a picture, and how it ended. Pure.
//!
//! Invariant: text for people is made here and nowhere else, so that the terminal, `status` and the journal's readers
//! say the same thing with the same words.

pub mod amounts;
pub mod causes;
pub mod doubts;
pub mod ending;
pub mod picture;
pub mod record;
pub mod replayed;
pub mod restores;
pub mod sentences;
