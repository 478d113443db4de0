//! Figures of two versions side by side, and whether the new one may go out.

pub mod compare;
pub mod latencies;
pub mod sign_off;
