//! Pure statistics: numbers in, numbers out, each definition with where it comes from.

pub mod calibration;
pub mod checks;
pub mod compare;
pub mod cusum;
pub mod drift;
pub mod eprocess;
pub mod group_sequential;
pub mod isotonic;
pub mod kayenta;
pub mod latency;
pub mod proportions;
pub mod quadrature;
pub mod quantiles;
pub mod ranking;
pub mod ranks;
pub mod repeated_looks;
pub mod run_length;
pub mod score_interval;
pub mod self_starting;
pub mod slo;
pub mod special;
pub mod sprt;
pub mod stream;
pub mod student;
pub mod sustained;
pub mod window;
