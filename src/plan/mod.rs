//! Model, environment and parameters to an executable plan: a DAG with stable node ids and a fingerprint. Pure.
