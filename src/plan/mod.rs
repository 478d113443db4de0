//! Model, environment and parameters to an executable plan: a DAG with stable node ids and a fingerprint. Pure.
//!
//! Invariants: a plan is plain serialisable data and all that the engine needs; nothing in it refers to locals or to the
//! environment any more, only to step outputs, metrics and the run. Secrets stand in it by name.

pub mod program;
