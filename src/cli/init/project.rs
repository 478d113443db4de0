//! The files of a new project: what they hold, what is there already, and what becomes of them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::template::identifier;
use super::{Ci, Wishes};
use crate::adapters::files::{Draft, Privacy};
use crate::adapters::program_files;

/// What runs leave behind belongs to no repository.
const STATE: &str = ".phasegate/";

const GITHUB: &str = include_str!("templates/github.yml");
const GITLAB: &str = include_str!("templates/gitlab.yml");
const GITLAB_INCLUDE: &str = "include:\n  - local: .gitlab/phasegate.yml\n";
const PRE_COMMIT: &str = include_str!("templates/pre-commit.yaml");

pub struct Project {
    pub steps: Vec<Step>,
    folder: PathBuf,
    pipeline: String,
    settings: &'static str,
}

/// One file.
pub struct Step {
    /// From the folder of the project.
    path: String,
    content: String,
    fate: Fate,
}

enum Fate {
    Made,
    /// It says something else already.
    Blocked(Vec<u8>),
    /// It says this already.
    Kept,
    /// A line is added to what is there.
    Extended(Vec<u8>),
    /// Somebody else's: what to add to it by hand.
    Left(&'static str),
}

impl Step {
    #[must_use]
    pub fn writes(&self) -> bool {
        !matches!(self.fate, Fate::Kept | Fate::Left(_))
    }
}

impl Project {
    /// Decides, and changes nothing.
    pub fn plan(folder: &Path, wishes: &Wishes) -> Result<Self, String> {
        if folder.exists() && !folder.is_dir() {
            return Err(format!("`{}` is no folder", folder.display()));
        }
        let pipeline = format!("pipelines/{}.deploy", identifier(&wishes.name));
        let mut steps = vec![step(folder, &pipeline, wishes.template.program(&wishes.name)?)?, ignore(folder)?];
        match wishes.ci {
            Some(Ci::Github) => steps.push(step(folder, ".github/workflows/phasegate.yml", filled(GITHUB))?),
            Some(Ci::Gitlab) => {
                steps.push(step(folder, ".gitlab/phasegate.yml", filled(GITLAB))?);
                let advice = "add `- local: .gitlab/phasegate.yml` to its `include`";
                steps.push(shared(folder, ".gitlab-ci.yml", GITLAB_INCLUDE.to_owned(), advice)?);
            }
            None => {}
        }
        if wishes.pre_commit {
            let advice = "add the hooks of docs/repository.md to its `repos`";
            steps.push(shared(folder, ".pre-commit-config.yaml", PRE_COMMIT.to_owned(), advice)?);
        }
        Ok(Self { steps, folder: folder.to_path_buf(), pipeline, settings: wishes.template.settings() })
    }

    /// What `--force` would replace.
    pub fn blocked(&self) -> Vec<&str> {
        let blocked = self.steps.iter().filter(|step| matches!(step.fate, Fate::Blocked(_)));
        blocked.map(|step| step.path.as_str()).collect()
    }

    pub fn describe(&self, force: bool) -> String {
        let mut text = String::new();
        for step in &self.steps {
            let (word, more) = match &step.fate {
                Fate::Made => ("new", String::new()),
                Fate::Blocked(_) if force => ("replaced", String::new()),
                Fate::Blocked(_) => ("there", " and says something else".to_owned()),
                Fate::Kept => ("as it is", String::new()),
                Fate::Extended(_) => ("extended", format!(" by `{STATE}`")),
                Fate::Left(advice) => ("left", format!(": {advice}")),
            };
            text.push_str(&format!("  {word:<9} {}{more}\n", step.path));
        }
        text
    }

    pub fn write(&self, force: bool) -> Result<(), String> {
        for step in &self.steps {
            let path = self.folder.join(&step.path);
            match &step.fate {
                Fate::Kept | Fate::Left(_) => {}
                Fate::Blocked(_) if !force => {}
                Fate::Blocked(before) | Fate::Extended(before) => {
                    program_files::replace(&path, before, step.content.as_bytes())?;
                }
                Fate::Made if path.exists() => {
                    return Err(format!("`{}` was made by somebody else in the meantime", step.path));
                }
                Fate::Made => create(&step.path, path, step.content.as_bytes())?,
            }
        }
        Ok(())
    }

    /// Three commands to go on with.
    pub fn next(&self) -> String {
        let folder = match self.folder.to_string_lossy() {
            folder if folder == "." => String::new(),
            folder => format!("  cd {}\n", shell_words::quote(&folder)),
        };
        let Self { pipeline, settings, .. } = self;
        format!(
            "\nnext:\n{folder}  phasegate check pipelines\n  phasegate test pipelines --coverage\n  \
             phasegate plan {pipeline} --env staging{settings}\n"
        )
    }
}

fn create(name: &str, path: PathBuf, content: &[u8]) -> Result<(), String> {
    let mut draft = Draft::begin(name, path, Privacy::Ordinary).map_err(|failure| failure.message)?;
    draft.file().write_all(content).map_err(|error| format!("`{name}` cannot be written: {error}"))?;
    draft.commit(None).map_err(|failure| failure.message)
}

/// The version that wrote it is the version that its jobs install.
fn filled(template: &str) -> String {
    template.replace("PHASEGATE_VERSION", env!("CARGO_PKG_VERSION"))
}

fn present(folder: &Path, path: &str) -> Result<Option<Vec<u8>>, String> {
    let whole = folder.join(path);
    match fs::symlink_metadata(&whole) {
        Err(_) => Ok(None),
        Ok(_) => program_files::read(&whole).map(Some),
    }
}

fn step(folder: &Path, path: &str, content: String) -> Result<Step, String> {
    let fate = match present(folder, path)? {
        None => Fate::Made,
        Some(bytes) if bytes == content.as_bytes() => Fate::Kept,
        Some(bytes) => Fate::Blocked(bytes),
    };
    Ok(Step { path: path.to_owned(), content, fate })
}

/// A file that belongs to others as well is never replaced.
fn shared(folder: &Path, path: &str, content: String, advice: &'static str) -> Result<Step, String> {
    let found = step(folder, path, content)?;
    let fate = if matches!(found.fate, Fate::Blocked(_)) { Fate::Left(advice) } else { found.fate };
    Ok(Step { fate, ..found })
}

fn ignore(folder: &Path) -> Result<Step, String> {
    let path = ".gitignore".to_owned();
    let Some(bytes) = present(folder, &path)? else {
        return Ok(Step { path, content: format!("{STATE}\n"), fate: Fate::Made });
    };
    let text = String::from_utf8(bytes.clone()).map_err(|_| format!("`{path}` is no text"))?;
    let is_known = text.lines().any(|line| line.trim().trim_start_matches('/').trim_end_matches('/') == ".phasegate");
    if is_known {
        return Ok(Step { path, content: text, fate: Fate::Kept });
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    Ok(Step { path, content: format!("{text}{gap}{STATE}\n"), fate: Fate::Extended(bytes) })
}
