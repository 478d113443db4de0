//! Secrets: where their contents come from, and how they are kept out of everything that is written down.
//!
//! The content of a secret is the environment variable of its name, else the file of its name in the folder that
//! `PHASEGATE_SECRETS_DIR` names. Invariant: what has once been resolved is replaced by `***` in whatever passes
//! `redact`; contents are never shown, not even by `Debug`.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use crate::contract::effect::TextPiece;

pub const SECRETS_FOLDER_VARIABLE: &str = "PHASEGATE_SECRETS_DIR";

const REDACTED: &str = "***";
/// Shorter contents would make nonsense of every text.
const SHORTEST_REDACTED: usize = 4;
/// A line of a longer secret on its own, as programs print keys and certificates.
const SHORTEST_REDACTED_LINE: usize = 8;

type Lookup = dyn Fn(&str) -> Option<String> + Send + Sync;

pub struct Secrets {
    variable: Box<Lookup>,
    folder: Option<PathBuf>,
    resolved: RwLock<Redactor>,
}

impl Secrets {
    /// As the environment of this process has them.
    #[must_use]
    pub fn from_environment() -> Self {
        let folder = std::env::var_os(SECRETS_FOLDER_VARIABLE).filter(|folder| !folder.is_empty());
        Self::new(|name| std::env::var(name).ok(), folder.map(PathBuf::from))
    }

    pub fn new(variable: impl Fn(&str) -> Option<String> + Send + Sync + 'static, folder: Option<PathBuf>) -> Self {
        Self { variable: Box::new(variable), folder, resolved: RwLock::default() }
    }

    /// The content of a secret; from now on it is redacted.
    ///
    /// # Errors
    /// When there is none, in words for people.
    pub fn resolve(&self, name: &str) -> Result<String, String> {
        let content = self.find(name)?;
        self.remember(&content);
        Ok(content)
    }

    /// The whole of a sealed text.
    ///
    /// # Errors
    /// When a secret in it cannot be resolved.
    pub fn open(&self, text: &[TextPiece]) -> Result<String, String> {
        let pieces = text.iter().map(|piece| match piece {
            TextPiece::Plain(plain) => Ok(plain.clone()),
            TextPiece::Secret(name) => self.resolve(name),
        });
        pieces.collect()
    }

    /// What takes the contents of all secrets resolved so far out of a text.
    #[must_use]
    pub fn redactor(&self) -> Redactor {
        self.resolved.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[must_use]
    pub fn redact(&self, text: &str) -> String {
        self.redactor().redact(text).into_owned()
    }

    /// Redacts a part of a secret from now on, as if it were one: the password in an address.
    pub fn guard(&self, part: &str) {
        self.remember(part);
    }

    fn find(&self, name: &str) -> Result<String, String> {
        if let Some(content) = (self.variable)(name).filter(|content| !content.is_empty()) {
            return Ok(content);
        }
        let missing = || {
            format!(
                "secret `{name}` is not there: set the environment variable `{name}`, or put it into a file of that name in \
                 the folder that `{SECRETS_FOLDER_VARIABLE}` names"
            )
        };
        let folder = self.folder.as_ref().ok_or_else(missing)?;
        if !is_file_name(name) {
            return Err(missing());
        }
        let path = folder.join(name);
        match std::fs::read_to_string(&path) {
            Ok(content) => match content.trim_end_matches(['\r', '\n']) {
                "" => Err(format!("the file of secret `{name}` is empty")),
                content => Ok(content.to_owned()),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(missing()),
            Err(error) => Err(format!("the file of secret `{name}` cannot be read: {error}")),
        }
    }

    fn remember(&self, content: &str) {
        let known = |redactor: &Redactor| redactor.contents.iter().any(|known| known == content);
        if content.len() < SHORTEST_REDACTED || known(&self.redactor()) {
            return;
        }
        let mut resolved = self.resolved.write().unwrap_or_else(PoisonError::into_inner);
        *resolved = resolved.with(content);
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Secrets").field("folder", &self.folder).finish_non_exhaustive()
    }
}

/// Takes the contents of secrets out of texts.
#[derive(Clone, Default)]
pub struct Redactor {
    /// Longest first: one content may contain another.
    contents: Arc<Vec<String>>,
}

impl Redactor {
    #[must_use]
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        let mut text = Cow::Borrowed(text);
        for content in self.contents.iter() {
            if text.contains(content.as_str()) {
                text = Cow::Owned(text.replace(content.as_str(), REDACTED));
            }
        }
        text
    }

    /// Bytes of the longest content: as much as must be seen together to be sure that none is split.
    #[must_use]
    pub fn longest(&self) -> usize {
        self.contents.first().map_or(0, String::len)
    }

    fn with(&self, content: &str) -> Self {
        let mut contents: Vec<String> = self.contents.iter().cloned().chain(forms(content)).collect();
        contents.sort_by(|left, right| right.len().cmp(&left.len()).then_with(|| left.cmp(right)));
        contents.dedup();
        Self { contents: Arc::new(contents) }
    }
}

impl fmt::Debug for Redactor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Redactor({} texts)", self.contents.len())
    }
}

/// The ways in which a content may be printed: as it is, in an address, in JSON, line by line.
fn forms(content: &str) -> Vec<String> {
    let encoded: String = url::form_urlencoded::byte_serialize(content.as_bytes()).collect();
    let json = serde_json::Value::from(content).to_string();
    let json = json.get(1..json.len() - 1).unwrap_or_default().to_owned();
    let spaced = encoded.replace('+', "%20");
    let lines = content.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_REDACTED_LINE).map(str::to_owned);
    let whole = [content.to_owned(), content.trim().to_owned(), encoded, spaced, json];
    whole.into_iter().chain(lines).filter(|form| form.len() >= SHORTEST_REDACTED).collect()
}

/// A plain name: not a path that leads out of the folder.
fn is_file_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with('.')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter))
}

#[cfg(test)]
mod tests {
    use super::Secrets;
    use crate::contract::effect::TextPiece;

    fn secrets(content: &'static str) -> Secrets {
        Secrets::new(move |name| (name == "TOKEN").then(|| content.to_owned()), None)
    }

    #[test]
    fn a_secret_is_an_environment_variable_or_a_file_of_its_name() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("DB_PASSWORD"), "from-file\n").unwrap();
        let secrets = Secrets::new(|name| (name == "TOKEN").then(|| "from-env".into()), Some(folder.path().into()));
        assert_eq!(secrets.resolve("TOKEN"), Ok("from-env".to_owned()));
        assert_eq!(secrets.resolve("DB_PASSWORD"), Ok("from-file".to_owned()));
        assert!(secrets.resolve("OTHER").unwrap_err().starts_with("secret `OTHER` is not there: set the environment"));
    }

    #[test]
    fn names_that_lead_out_of_the_folder_are_not_there() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("inner");
        std::fs::create_dir(&inner).unwrap();
        std::fs::write(folder.path().join("outside"), "x").unwrap();
        let secrets = Secrets::new(|_| None, Some(inner));
        for name in ["../outside", "..", ".hidden", "a/b", ""] {
            assert!(secrets.resolve(name).is_err(), "{name}");
        }
    }

    #[test]
    fn a_sealed_text_is_opened_in_place() {
        let text = [TextPiece::Plain("Bearer ".into()), TextPiece::Secret("TOKEN".into())];
        assert_eq!(secrets("s3cret").open(&text), Ok("Bearer s3cret".to_owned()));
        assert!(secrets("s3cret").open(&[TextPiece::Secret("OTHER".into())]).is_err());
    }

    #[test]
    fn resolved_contents_are_redacted_in_the_forms_they_are_printed_in() {
        let secrets = secrets("p&ss \"word\"");
        assert_eq!(secrets.redact("p&ss \"word\""), "p&ss \"word\"", "nothing is known before it is resolved");
        secrets.resolve("TOKEN").unwrap();
        assert_eq!(secrets.redact("it is p&ss \"word\"!"), "it is ***!");
        assert_eq!(secrets.redact("?key=p%26ss+%22word%22&key=p%26ss%20%22word%22"), "?key=***&key=***");
        assert_eq!(secrets.redact(r#"{"key":"p&ss \"word\""}"#), r#"{"key":"***"}"#);
    }

    #[test]
    fn lines_of_a_long_secret_are_redacted_and_very_short_contents_are_not() {
        let key = secrets("-----BEGIN KEY-----\nMIIEvQIBADAN\n-----END KEY-----");
        key.resolve("TOKEN").unwrap();
        assert_eq!(key.redact("line: MIIEvQIBADAN"), "line: ***");
        let short = secrets("abc");
        short.resolve("TOKEN").unwrap();
        assert_eq!(short.redact("abc"), "abc");
    }

    #[test]
    fn debug_output_shows_no_content() {
        let secrets = secrets("s3cret");
        secrets.resolve("TOKEN").unwrap();
        assert!(!format!("{secrets:?} {:?}", secrets.redactor()).contains("s3cret"));
    }
}
