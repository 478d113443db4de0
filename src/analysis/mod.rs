//! Text to meaning: resolves names, checks types and units, runs the lints, builds the model. Pure.
