//! The kinds of rollout that a project can begin with.

use clap::ValueEnum;

use crate::analysis::analyze;
use crate::base::source::{SourceFile, Sources};
use crate::base::span::FileId;
use crate::format::format;

/// What the templates call what they roll out.
const PLACEHOLDER: &str = "shop";
/// A pipeline that nobody named.
const UNNAMED: &str = "release";
/// Characters of a name.
const LONGEST: usize = 48;

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// A growing share of the traffic through HAProxy, judged by Prometheus.
    Canary,
    /// A new version beside the old one, an approval, then all of the traffic at once.
    BlueGreen,
    /// A feature flag, switched on and watched.
    FeatureFlag,
    /// A new image in Kubernetes, through a canary ingress.
    Kubernetes,
    /// A deployment script that there is already, with its way back.
    Script,
}

impl Template {
    fn text(self) -> &'static str {
        match self {
            Self::Canary => include_str!("templates/canary.deploy"),
            Self::BlueGreen => include_str!("templates/blue-green.deploy"),
            Self::FeatureFlag => include_str!("templates/feature-flag.deploy"),
            Self::Kubernetes => include_str!("templates/kubernetes.deploy"),
            Self::Script => include_str!("templates/script.deploy"),
        }
    }

    /// As it is chosen on the command line, and what it is.
    pub fn describe(self) -> (String, String) {
        let value = self.to_possible_value();
        let help = value.as_ref().and_then(|value| value.get_help()).map(ToString::to_string).unwrap_or_default();
        (value.map(|value| value.get_name().to_owned()).unwrap_or_default(), help)
    }

    /// The parameters that a plan of it needs.
    pub fn settings(self) -> &'static str {
        match self {
            Self::Canary | Self::FeatureFlag => "",
            Self::BlueGreen | Self::Script => " --set version=1.0.0",
            Self::Kubernetes => " --set image=registry.example.com/app:1.0.0",
        }
    }

    /// The program under this name, formatted.
    ///
    /// # Errors
    /// When it would not check, which no name brings about.
    pub fn program(self, name: &str) -> Result<String, String> {
        let identifier = identifier(name);
        let candidates = [identifier.clone(), format!("{identifier}_{UNNAMED}")];
        let texts = candidates.iter().map(|name| self.text().replace(PLACEHOLDER, name));
        let sound = texts.map(formatted).find(|text| is_sound(text));
        sound.ok_or_else(|| format!("a pipeline cannot be called `{identifier}`: choose another name with `--name`"))
    }
}

/// `my_shop` of `My shop!`; a name for a pipeline whatever it was.
pub fn identifier(name: &str) -> String {
    let mut identifier = String::new();
    for letter in name.chars().map(|letter| letter.to_ascii_lowercase()) {
        if letter.is_ascii_alphanumeric() {
            identifier.push(letter);
        } else if !identifier.is_empty() && !identifier.ends_with('_') {
            identifier.push('_');
        }
    }
    identifier.truncate(LONGEST);
    let identifier = identifier.trim_end_matches('_');
    match identifier.chars().next() {
        None => UNNAMED.to_owned(),
        Some(first) if first.is_ascii_digit() => format!("{UNNAMED}_{identifier}"),
        Some(_) => identifier.to_owned(),
    }
}

fn formatted(text: String) -> String {
    let source = SourceFile::new(FileId::default(), "program", text.as_str());
    format(&source).ok().and_then(|formatted| formatted.text).unwrap_or(text)
}

fn is_sound(text: &str) -> bool {
    let mut read = |_: &str| Ok(text.as_bytes().to_vec());
    analyze(&mut read, "program.deploy", &mut Sources::default()).is_ok_and(|found| found.diagnostics.is_empty())
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::{Template, identifier};

    #[test]
    fn any_name_makes_a_pipeline() {
        for (name, expected) in [
            ("My shop!", "my_shop"),
            ("shop", "shop"),
            ("", "release"),
            ("--", "release"),
            ("2048", "release_2048"),
            ("Büro", "b_ro"),
        ] {
            assert_eq!(identifier(name), expected);
        }
        assert!(identifier(&"x".repeat(500)).len() <= 64);
    }

    #[test]
    fn every_template_is_sound_under_any_name() {
        for template in Template::value_variants() {
            for name in ["shop", "phase", "test", "canary", "team", "service", "if", "true", "not", "step", "x"] {
                let program = template.program(name);
                assert!(program.is_ok(), "{template:?} {name}");
            }
            assert_eq!(template.program("shop"), Ok(template.text().to_owned()), "{template:?} is formatted");
        }
    }
}
