//! `plan --against OLD`: the earlier plan, from git or from a file.
//!
//! Invariants: of the earlier version nothing is complained about as if it were the user's to mend now; where no plan can be
//! made of it, that is said, and there is nothing to compare with.

use std::cell::RefCell;
use std::path::Path;

use indexmap::IndexMap;

use super::super::exit::Exit;
use super::super::load::{self, Disk, LoadedPlan, split_name};
use super::super::output;
use crate::adapters::program_files;
use crate::adapters::revision::Revision;
use crate::analysis::analyze;
use crate::base::diagnostic::Severity;
use crate::base::source::Sources;
use crate::model::program::{Pipeline, Program};
use crate::plan::build;
use crate::plan::program::Plan;
use crate::plan::request::{PlanRequest, Surroundings};
use crate::report::plan::changes::Against;

/// What there was.
pub struct Earlier {
    /// None: there is nothing to compare with.
    pub plan: Option<Plan>,
    name: String,
    commit: Option<String>,
    nothing: Option<String>,
    remarks: Vec<String>,
}

impl Earlier {
    #[must_use]
    pub fn described(&self) -> Against<'_> {
        Against {
            name: &self.name,
            commit: self.commit.as_deref(),
            nothing: self.nothing.as_deref(),
            remarks: &self.remarks,
        }
    }
}

/// The earlier version of what was loaded.
///
/// # Errors
/// The status to end with, when `old` names nothing; it has been said.
pub fn find(old: &str, loaded: &LoadedPlan) -> Result<Earlier, Exit> {
    let (file, pipeline) = split_name(old);
    if is_file(file, "json") {
        return from_saved(old, file);
    }
    if is_file(file, "deploy") {
        let files = OnDisk;
        let made = make(&files, file, pipeline.unwrap_or(&loaded.plan.pipeline), loaded);
        return Ok(earlier(old, None, made, Vec::new()));
    }
    from_git(old, loaded)
}

fn is_file(path: &str, extension: &str) -> bool {
    let path = Path::new(path);
    path.extension().is_some_and(|own| own == extension) && path.is_file()
}

fn from_saved(name: &str, file: &str) -> Result<Earlier, Exit> {
    match load::saved_as_it_was(Path::new(file)) {
        Ok(plan) => Ok(earlier(name, None, Ok(plan), Vec::new())),
        Err(message) => {
            output::complain(&format!("error: {message}\n"));
            Err(Exit::Usage)
        }
    }
}

fn from_git(old: &str, loaded: &LoadedPlan) -> Result<Earlier, Exit> {
    let (name, path) = split_revision(old);
    let revision = Revision::open(Path::new("."), name).map_err(|trouble| {
        let help = trouble.help.map(|help| format!("  help: {help}\n")).unwrap_or_default();
        output::complain(&format!("error: {}\n{help}", trouble.message));
        Exit::Usage
    })?;
    let given = path.unwrap_or(&loaded.source);
    let (file, pipeline) = path.map_or((given, None), split_name);
    // As git has it: from the top, unless it begins with a dot.
    let source = match path {
        Some(_) if !file.starts_with('.') => revision.from_top(file),
        _ => file.to_owned(),
    };
    let commit = revision.commit.clone();
    let files = InGit { revision, remarks: RefCell::new(Vec::new()) };
    let made = make(&files, &source, pipeline.unwrap_or(&loaded.plan.pipeline), loaded);
    let remarks = files.remarks.into_inner();
    Ok(earlier(name, Some(commit), made, remarks))
}

/// `REV:PATH` as git splits it: at the first colon that is not in braces.
fn split_revision(old: &str) -> (&str, Option<&str>) {
    if old.starts_with(":/") {
        // What a message says, up to its end.
        return (old, None);
    }
    let mut depth = 0_usize;
    for (at, letter) in old.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 && at > 0 => return (&old[..at], Some(&old[at + 1..])),
            _ => {}
        }
    }
    (old, None)
}

fn earlier(name: &str, commit: Option<String>, made: Result<Plan, String>, remarks: Vec<String>) -> Earlier {
    let (plan, nothing) = match made {
        Ok(plan) => (Some(plan), None),
        Err(reason) => (None, Some(reason)),
    };
    Earlier { plan, name: name.to_owned(), commit, nothing, remarks }
}

/// Where the files of the earlier version are.
trait Files: Surroundings {
    /// None: there is no such file.
    fn program(&self, path: &str) -> Result<Option<Vec<u8>>, String>;
}

/// The plan of then, for the environment and the parameters of now; or why there is none.
fn make(files: &dyn Files, source: &str, pipeline: &str, loaded: &LoadedPlan) -> Result<Plan, String> {
    let mut sources = Sources::default();
    if files.program(source)?.is_none() {
        return Err(format!("`{source}` was not there"));
    }
    let mut read = |path: &str| files.program(path)?.ok_or_else(|| format!("there is no file `{path}`"));
    let analysis = analyze(&mut read, source, &mut sources)?;
    if let Some(first) = analysis.diagnostics.iter().find(|one| one.severity() == Severity::Error) {
        return Err(format!("`{source}` did not check ({}: {})", first.code.id(), first.message));
    }
    let program = &analysis.program;
    let Some(found) = program.pipelines.get(pipeline) else {
        return Err(format!("there was no pipeline `{pipeline}`"));
    };
    let environment = environment_of(program, loaded)?;
    let params = params_of(found, loaded);
    let request = PlanRequest { pipeline: Some(pipeline), environment, params: &params, sources: &sources };
    build(program, &request, &Surrounded(files)).map_err(|errors| {
        let first = errors.first().map(|error| error.message.clone()).unwrap_or_default();
        format!("no plan could be made of it: {first}")
    })
}

/// The environment of now, if there was one of this name.
fn environment_of<'l>(program: &Program, loaded: &'l LoadedPlan) -> Result<Option<&'l str>, String> {
    match loaded.plan.environment.as_deref() {
        _ if program.environments.is_empty() => Ok(None),
        Some(name) if !program.environments.contains_key(name) => Err(format!("there was no environment `{name}`")),
        name => Ok(name),
    }
}

/// What was set now and was a parameter then.
fn params_of(pipeline: &Pipeline, loaded: &LoadedPlan) -> IndexMap<String, String> {
    let known = |name: &str| pipeline.params().any(|(_, param)| param.name == name);
    loaded.set.iter().filter(|(name, _)| known(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A plan asks what surrounds it; the files of an earlier version are one.
struct Surrounded<'f>(&'f dyn Files);

impl Surroundings for Surrounded<'_> {
    fn read_file(&self, path: &str) -> Result<String, String> {
        self.0.read_file(path)
    }

    fn env_var(&self, name: &str) -> Result<Option<String>, String> {
        self.0.env_var(name)
    }
}

/// Another program beside the one of now.
struct OnDisk;

impl Files for OnDisk {
    fn program(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        if Path::new(path).exists() { program_files::read(Path::new(path)).map(Some) } else { Ok(None) }
    }
}

impl Surroundings for OnDisk {
    fn read_file(&self, path: &str) -> Result<String, String> {
        Disk.read_file(path)
    }

    fn env_var(&self, name: &str) -> Result<Option<String>, String> {
        Disk.env_var(name)
    }
}

/// A revision. Programs come from it alone; a file that a plan reads and git never knew is the one of now.
struct InGit {
    revision: Revision,
    remarks: RefCell<Vec<String>>,
}

impl Files for InGit {
    fn program(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        match self.revision.place(path) {
            Some(place) => self.revision.read(&place),
            None => Err(format!("`{path}` lies outside of the repository")),
        }
    }
}

impl Surroundings for InGit {
    fn read_file(&self, path: &str) -> Result<String, String> {
        let place = self.revision.place(path);
        let found = place.as_deref().map_or(Ok(None), |place| self.revision.read(place))?;
        if let Some(bytes) = found {
            return String::from_utf8(bytes).map_err(|_| format!("`{path}` is no text in `{}`", self.revision.name));
        }
        if place.as_deref().is_some_and(|place| self.revision.is_tracked(place)) {
            return Err(format!("there is no file `{path}` in `{}`", self.revision.name));
        }
        let text = Disk.read_file(path)?;
        self.remarks.borrow_mut().push(format!("`{path}` is not kept in git: it was read as it is now"));
        Ok(text)
    }

    fn env_var(&self, name: &str) -> Result<Option<String>, String> {
        Disk.env_var(name)
    }
}

#[cfg(test)]
mod tests {
    use super::split_revision;

    #[test]
    fn a_path_stands_behind_the_first_colon() {
        assert_eq!(split_revision("main"), ("main", None));
        assert_eq!(split_revision("main:a/b.deploy"), ("main", Some("a/b.deploy")));
        assert_eq!(split_revision("main@{12:00}"), ("main@{12:00}", None));
        assert_eq!(split_revision(":/fix: it"), (":/fix: it", None));
        assert_eq!(split_revision("HEAD^{/a:b}:c.deploy"), ("HEAD^{/a:b}", Some("c.deploy")));
    }
}
