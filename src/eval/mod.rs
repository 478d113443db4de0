//! Evaluates typed expressions against a world of outputs, samples and constants. Pure.
