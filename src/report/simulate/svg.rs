//! A simulated run as a picture.

use super::Simulated;

/// The document.
#[must_use]
pub fn render(simulated: &Simulated<'_>) -> String {
    let _ = simulated;
    String::new()
}
