//! Ramp targets: where a share of all requests is set.

pub mod haproxy;
pub mod haproxy_shares;
pub mod haproxy_state;
pub mod http;
pub mod ingress;
