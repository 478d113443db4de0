//! Drives the engine: journal first, then effects; one select loop.
