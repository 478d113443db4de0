//! Reading any text: nothing of it is lost, and everything that is said of it lies inside it.
#![no_main]
#![expect(dead_code, reason = "each target holds one of the properties")]

#[path = "../../tests/robustness/properties.rs"]
mod properties;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    properties::parses(text);
});
