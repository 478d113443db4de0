//! Files as git has them in an earlier revision, by the `git` program.
//!
//! Invariants: nothing is written, neither work tree nor index nor references; what the user wrote never reaches git as
//! an option; a path outside of the repository is never asked for; links are followed inside of the revision only.

use std::cell::RefCell;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::program_files::LARGEST;

mod large_files;

/// Why there is no such revision, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub message: String,
    pub help: Option<String>,
}

impl Trouble {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None }
    }

    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A commit of the repository that a folder lies in.
pub struct Revision {
    folder: PathBuf,
    /// The top of the work tree.
    top: PathBuf,
    /// From the top to the folder, with `/` at its end; empty at the top.
    prefix: String,
    /// As it was asked for.
    pub name: String,
    /// Its full name.
    pub commit: String,
    batch: RefCell<Option<Batch>>,
}

impl Revision {
    /// The commit that `name` means for git in `folder`.
    ///
    /// # Errors
    /// When there is no repository, no such revision, or no git.
    pub fn open(folder: &Path, name: &str) -> Result<Self, Trouble> {
        let top = ask(folder, &["rev-parse", "--show-toplevel"]).map_err(|failure| no_repository(&failure))?;
        let prefix = ask(folder, &["rev-parse", "--show-prefix"]).map_err(|failure| no_repository(&failure))?;
        let commit = resolve(folder, name)?;
        Ok(Self {
            folder: folder.to_path_buf(),
            top: PathBuf::from(line(&top)),
            prefix: line(&prefix).to_owned(),
            name: name.to_owned(),
            commit,
            batch: RefCell::new(None),
        })
    }

    /// Enough of the commit's name for people.
    #[must_use]
    pub fn short(&self) -> &str {
        self.commit.get(..10).unwrap_or(&self.commit)
    }

    /// A path as the user wrote it, from the top of the repository; none when it lies outside.
    #[must_use]
    pub fn place(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        if path.is_absolute() {
            let top = self.top.canonicalize().unwrap_or_else(|_| self.top.clone());
            let folder = path.parent()?;
            let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
            let inner = folder.join(path.file_name()?);
            return inside(inner.strip_prefix(&top).ok()?);
        }
        inside(&Path::new(&self.prefix).join(path))
    }

    /// A path from the top of the repository, as it is called from the folder.
    #[must_use]
    pub fn from_top(&self, path: &str) -> String {
        "../".repeat(self.prefix.matches('/').count()) + path
    }

    /// The bytes at a place of [`Self::place`]; none when nothing is there in this revision.
    ///
    /// # Errors
    /// When something is there that is no file to be read, in words that name it.
    pub fn read(&self, place: &str) -> Result<Option<Vec<u8>>, String> {
        if place.contains(['\n', '\r', '\0']) {
            return Err(format!("`{}` is no name of a file that git can be asked for", place.escape_default()));
        }
        let mut batch = self.batch.borrow_mut();
        let mut asked = match batch.take() {
            Some(asked) => asked,
            None => Batch::start(&self.folder).map_err(|error| start_failure(&error).message)?,
        };
        let answer = asked.ask(&format!("{}:{place}", self.commit));
        let answer = answer.map_err(|error| format!("git did not answer for `{place}`: {error}"))?;
        *batch = Some(asked);
        drop(batch);
        match answer {
            Answer::File(bytes) if large_files::is_pointer(&bytes) => self.large_file(place, &bytes).map(Some),
            Answer::File(bytes) => Ok(Some(bytes)),
            Answer::Missing => match self.submodule_of(place) {
                Some(submodule) => {
                    Err(format!("`{place}` is in the submodule `{submodule}`, whose history is its own"))
                }
                None => Ok(None),
            },
            Answer::Other(what) => Err(format!("`{place}` {what} in `{}`", self.name)),
        }
    }

    /// Whether git keeps versions of the file at a place now.
    #[must_use]
    pub fn is_tracked(&self, place: &str) -> bool {
        let pathspec = format!(":(top,literal){place}");
        ask(&self.folder, &["ls-files", "-z", "--", &pathspec]).is_ok_and(|found| !found.is_empty())
    }

    /// What stands for a file that is kept beside git, when it is on this machine.
    fn large_file(&self, place: &str, pointer: &[u8]) -> Result<Vec<u8>, String> {
        let store = ask(&self.folder, &["rev-parse", "--git-common-dir"]).ok();
        let store = store.map(|answer| self.folder.join(line(&answer)).join("lfs/objects"));
        large_files::find(pointer, store.as_deref(), &self.top.join(place)).ok_or_else(|| {
            format!(
                "`{place}` is kept by Git LFS in `{}`, and its content is not on this machine: `git lfs fetch origin {}`",
                self.name, self.commit
            )
        })
    }

    fn submodule_of(&self, place: &str) -> Option<String> {
        let ends = place.match_indices('/').map(|(at, _)| at).chain([place.len()]);
        let above: Vec<&str> = ends.map(|end| &place[..end]).collect();
        let mut arguments = vec!["ls-tree", "--full-tree", "-z", &self.commit, "--"];
        arguments.extend(above);
        let found = ask(&self.folder, &arguments).ok()?;
        let entry = found.split('\0').find(|entry| entry.starts_with("160000 "))?;
        entry.split_once('\t').map(|(_, path)| path.to_owned())
    }
}

/// A relative path without `.` and `..`, with `/` between its parts.
fn inside(path: &Path) -> Option<String> {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.components() {
        match part {
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
}

fn resolve(folder: &Path, name: &str) -> Result<String, Trouble> {
    if name.is_empty() || name.starts_with('-') || name.chars().any(char::is_control) {
        return Err(Trouble::new(format!("`{}` is no revision", name.escape_default())));
    }
    let commit = format!("{name}^{{commit}}");
    let found = ask(folder, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit]);
    let found = found.map(|answer| line(&answer).to_owned()).unwrap_or_default();
    if is_object_name(&found) {
        return Ok(found);
    }
    let trouble = Trouble::new(format!("git knows no revision `{name}`"));
    let shallow = ask(folder, &["rev-parse", "--is-shallow-repository"]).is_ok_and(|answer| line(&answer) == "true");
    let without_commits = ask(folder, &["rev-parse", "--verify", "--quiet", "HEAD"]).is_err();
    Err(if shallow {
        let branch = name.strip_prefix("origin/").unwrap_or(name);
        trouble.help(format!(
            "this clone is shallow, so most of the history is missing: `git fetch --depth=1 origin {branch}` and compare \
             with `FETCH_HEAD`, or fetch all of it with `git fetch --unshallow` (in CI: a checkout with `fetch-depth: 0`)"
        ))
    } else if name.contains("..") {
        trouble.help("name one revision, not a range: a branch, a tag, a commit, `HEAD~1`")
    } else if without_commits {
        trouble.help("there is no commit yet: make the first one, then there is something to compare with")
    } else {
        trouble.help(
            "a branch, a tag, a commit or `HEAD~1`; a branch of the other side is `origin/NAME`, after `git fetch`",
        )
    })
}

fn is_object_name(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Why git gave no answer.
enum Failure {
    Start(io::Error),
    Refused(String),
}

fn no_repository(failure: &Failure) -> Trouble {
    match failure {
        Failure::Start(error) => start_failure(error),
        Failure::Refused(said) if said.contains("dubious ownership") => {
            Trouble::new("git does not trust this folder: it belongs to somebody else")
                .help("if you do: `git config --global --add safe.directory FOLDER`")
        }
        Failure::Refused(said) if said.contains("not a git repository") => {
            Trouble::new("this folder is in no git repository, so there is no earlier version to compare with")
                .help("compare with a file instead: `--against OLD.deploy`, or a plan that `--out` saved")
        }
        Failure::Refused(said) if said.contains("work tree") => {
            Trouble::new("this git repository has no work tree").help("run it in a checkout")
        }
        Failure::Refused(said) => Trouble::new(format!("git refuses: {}", said.trim().replace('\n', "; "))),
    }
}

fn start_failure(error: &io::Error) -> Trouble {
    if error.kind() == io::ErrorKind::NotFound {
        return Trouble::new("command `git` is not installed or not on PATH");
    }
    Trouble::new(format!("`git` could not be started: {error}"))
}

/// Git in `folder`, which asks nobody, waits for no lock and runs no program of the repository's.
fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.args(["--no-pager", "--no-optional-locks", "-c", "core.fsmonitor=false", "-C"]).arg(folder);
    command.env("LC_ALL", "C").env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null());
    command
}

fn ask(folder: &Path, arguments: &[&str]) -> Result<String, Failure> {
    let output = git(folder).args(arguments).output().map_err(Failure::Start)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(Failure::Refused(String::from_utf8_lossy(&output.stderr).into_owned()))
}

fn line(answer: &str) -> &str {
    answer.trim_end_matches(['\n', '\r'])
}

/// One process that gives objects by their names.
struct Batch {
    child: Child,
    questions: ChildStdin,
    answers: BufReader<ChildStdout>,
}

enum Answer {
    File(Vec<u8>),
    Missing,
    /// What it is instead.
    Other(&'static str),
}

impl Batch {
    fn start(folder: &Path) -> io::Result<Self> {
        let mut command = git(folder);
        command.args(["cat-file", "--batch", "--follow-symlinks"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (questions, answers) = pipes.ok_or_else(|| io::Error::other("no pipe"))?;
        Ok(Self { child, questions, answers: BufReader::new(answers) })
    }

    fn ask(&mut self, object: &str) -> io::Result<Answer> {
        writeln!(self.questions, "{object}")?;
        self.questions.flush()?;
        let mut head = Vec::new();
        if self.answers.read_until(b'\n', &mut head)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let head = String::from_utf8_lossy(&head).into_owned();
        let words: Vec<&str> = head.split_whitespace().collect();
        let (kind, size) = match words.as_slice() {
            [name, kind, size] if is_object_name(name) => (*kind, size.parse().ok()),
            [kind @ ("symlink" | "dangling" | "loop" | "notdir"), size] => (*kind, size.parse().ok()),
            _ => return Ok(Answer::Missing),
        };
        let size: u64 = size.ok_or_else(|| io::Error::other("an answer without its size"))?;
        let bytes = self.take(size)?;
        Ok(match (kind, bytes) {
            ("blob", Some(bytes)) => Answer::File(bytes),
            ("blob", None) => Answer::Other("is larger than 64 MiB"),
            ("tree", _) => Answer::Other("is a folder, not a file,"),
            ("symlink", _) => Answer::Other("is a link that leads out of the repository"),
            ("loop", _) => Answer::Other("is a link that leads back to itself"),
            ("dangling" | "notdir", _) => Answer::Missing,
            _ => Answer::Other("is no file"),
        })
    }

    /// The content and the line end behind it; none when it is too large to be a program.
    fn take(&mut self, size: u64) -> io::Result<Option<Vec<u8>>> {
        let mut content = Vec::new();
        if size <= LARGEST {
            self.answers.by_ref().take(size).read_to_end(&mut content)?;
        } else {
            io::copy(&mut self.answers.by_ref().take(size), &mut io::sink())?;
        }
        let mut end = [0];
        self.answers.read_exact(&mut end)?;
        Ok((size <= LARGEST).then_some(content))
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        // It ends by itself when nothing more is asked; what is gone already cannot be stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::inside;

    #[test]
    fn a_place_never_leads_out() {
        assert_eq!(inside(Path::new("a/./b/../c.deploy")), Some("a/c.deploy".to_owned()));
        assert_eq!(inside(Path::new("a/../../c.deploy")), None);
        assert_eq!(inside(Path::new("/c.deploy")), None);
        assert_eq!(inside(Path::new(".")), None);
    }
}
