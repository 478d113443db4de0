//! Pure statistics: numbers in, numbers out, each definition with where it comes from.

pub mod calibration;
pub mod isotonic;
pub mod ranking;
pub mod student;
