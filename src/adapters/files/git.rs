//! Facts about the git work tree a folder lies in, from the `git` program.

use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GitFacts {
    pub commit: String,
    /// Whether tracked files differ from the commit.
    pub dirty: bool,
}

/// `None` without git, outside a work tree, or before the first commit.
#[must_use]
pub fn git_facts(folder: &Path) -> Option<GitFacts> {
    let commit = git(folder, &["rev-parse", "--verify", "HEAD"])?.trim().to_owned();
    let status = git(folder, &["--no-optional-locks", "status", "--porcelain", "--untracked-files=no"])?;
    Some(GitFacts { commit, dirty: !status.trim().is_empty() })
}

fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
