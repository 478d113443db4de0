//! A reliability diagram for people and programs: JSON, CSV, SVG.

use std::fmt::Write;

use serde_json::{Value as Json, json};

use crate::stats::calibration::{Prediction, Reliability, log_loss, murphy, reliability};

/// A diagram with what belongs to it.
pub struct Diagram {
    pub samples: usize,
    pub found: Reliability,
    log_loss: f64,
    parts: (f64, f64, f64),
}

impl Diagram {
    /// None without predictions.
    #[must_use]
    pub fn of(predictions: &[Prediction], bins: usize) -> Option<Self> {
        let parts = murphy(predictions)?;
        Some(Self {
            samples: predictions.len(),
            found: reliability(predictions, bins)?,
            log_loss: log_loss(predictions)?,
            parts: (parts.reliability, parts.resolution, parts.uncertainty),
        })
    }

    #[must_use]
    pub fn bins(&self) -> Vec<Json> {
        let bins = self.found.bins.iter();
        bins.map(|bin| json!({ "predicted": bin.predicted, "observed": bin.observed, "samples": bin.samples }))
            .collect()
    }

    #[must_use]
    pub fn json(&self) -> String {
        let (reliability, resolution, uncertainty) = self.parts;
        let json = json!({
            "samples": self.samples, "expected_calibration_error": self.found.error,
            "maximum_calibration_error": self.found.greatest_error(), "brier": self.found.brier,
            "log_loss": self.log_loss,
            "murphy": { "reliability": reliability, "resolution": resolution, "uncertainty": uncertainty },
            "diagram": self.bins(),
        });
        format!("{json:#}\n")
    }

    #[must_use]
    pub fn csv(&self) -> String {
        let rows = self.found.bins.iter().map(|bin| format!("{},{},{}\n", bin.predicted, bin.observed, bin.samples));
        std::iter::once("predicted,observed,samples\n".to_owned()).chain(rows).collect()
    }

    /// Observed over predicted: dots on the diagonal are well calibrated, the larger a dot the more samples.
    #[must_use]
    pub fn svg(&self, title: &str) -> String {
        let (x, y) = (|share: f64| 70.0 + 400.0 * share, |share: f64| 450.0 - 400.0 * share);
        let title = escaped(title);
        let figures = format!(
            "{} samples, calibration error {:.2}%, Brier score {:.4}",
            self.samples,
            self.found.error * 100.0,
            self.found.brier
        );
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 520 520\" width=\"520\" height=\"520\" role=\"img\" \
             aria-labelledby=\"title desc\" font-family=\"system-ui, sans-serif\" font-size=\"13\">\n\
             <title id=\"title\">{title}</title>\n<desc id=\"desc\">{figures}</desc>\n\
             <rect width=\"520\" height=\"520\" fill=\"#ffffff\"/>\n\
             <text x=\"270\" y=\"20\" text-anchor=\"middle\" font-size=\"16\">{title}</text>\n\
             <text x=\"270\" y=\"40\" text-anchor=\"middle\" fill=\"#555555\">{figures}</text>\n"
        );
        for tick in 0..=5 {
            let share = f64::from(tick) / 5.0;
            let _ = write!(
                svg,
                "<path d=\"M{0} 50V450M70 {1}H470\" stroke=\"#dddddd\"/>\n\
                 <text x=\"{0}\" y=\"468\" text-anchor=\"middle\">{2}%</text>\n\
                 <text x=\"62\" y=\"{3}\" text-anchor=\"end\">{2}%</text>\n",
                x(share),
                y(share),
                tick * 20,
                y(share) + 4.0
            );
        }
        svg.push_str(
            "<path d=\"M70 450L470 50\" stroke=\"#888888\" stroke-dasharray=\"5 4\"/>\n\
             <text x=\"270\" y=\"495\" text-anchor=\"middle\">predicted</text>\n\
             <text x=\"18\" y=\"250\" text-anchor=\"middle\" transform=\"rotate(-90 18 250)\">observed</text>\n",
        );
        let most = self.found.bins.iter().map(|bin| bin.samples).max().unwrap_or(1).max(1) as f64;
        let points: Vec<String> =
            self.found.bins.iter().map(|bin| format!("{:.2},{:.2}", x(bin.predicted), y(bin.observed))).collect();
        let _ = writeln!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\"/>",
            points.join(" ")
        );
        for bin in &self.found.bins {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.2}\" cy=\"{:.2}\" r=\"{:.2}\" fill=\"#1f5fa8\"><title>said {:.1}%, was {:.1}%, {} \
                 samples</title></circle>",
                x(bin.predicted),
                y(bin.observed),
                3.0 + 7.0 * (bin.samples as f64 / most).sqrt(),
                bin.predicted * 100.0,
                bin.observed * 100.0,
                bin.samples
            );
        }
        svg + "</svg>\n"
    }
}

/// Text that XML may hold: control characters have no place in it.
fn escaped(text: &str) -> String {
    let text: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::Diagram;

    #[test]
    fn the_picture_has_a_title_and_a_dot_for_each_bin_and_holds_text_as_text() {
        let diagram = Diagram::of(&[(0.1, false), (0.15, true), (0.9, true)], 10).expect("a diagram");
        let svg = diagram.svg("τ <of> a & b\u{1}");
        assert!(svg.contains("<title id=\"title\">τ &lt;of&gt; a &amp; b </title>"), "{svg}");
        assert_eq!(svg.matches("<circle ").count(), 2 + usize::from(diagram.found.bins.len() == 3));
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
        assert!(!svg.contains("NaN") && svg.ends_with("</svg>\n"));
        assert_eq!(diagram.csv().lines().count(), diagram.found.bins.len() + 1);
    }
}
