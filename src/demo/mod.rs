//! A small live world on loopback to watch a rollout in: two versions of a service, a splitter, load, metrics.
