//! Atomic writes: a draft beside the file, made durable, then moved into its place. Readers see the old file or the new
//! one, never a part; a draft that is dropped leaves nothing behind.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

use super::attributes::Attributes;
use super::failure::{Performed, fault};
use super::place::{regular_file, sync_folder};

/// What begins so is a draft of ours; a backup passes it over.
pub const DRAFT_PREFIX: &str = ".phasegate-";

/// Who may read a file that was not there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Privacy {
    /// What the user's umask says.
    Ordinary,
    /// The owner only.
    Private,
}

/// New content for a file on its way.
#[derive(Debug)]
pub struct Draft {
    name: String,
    target: PathBuf,
    file: NamedTempFile,
    replaced: Option<Attributes>,
}

impl Draft {
    /// Begins new content for `target`, which the user calls `name`. Missing folders are made.
    ///
    /// # Errors
    /// When something other than a file is there, or its folder cannot be written.
    pub fn begin(name: &str, target: PathBuf, privacy: Privacy) -> Performed<Self> {
        let replaced = regular_file(&target, name)?.map(|metadata| Attributes::of(&metadata).without_time());
        let folder = folder_of(&target);
        fs::create_dir_all(folder).map_err(|error| fault("make the folder of", name, &error))?;
        let open = privacy == Privacy::Ordinary && replaced.is_none();
        let mut builder = Builder::new();
        builder.prefix(DRAFT_PREFIX);
        if open {
            permit_umask(&mut builder);
        }
        let file = builder.tempfile_in(folder).map_err(|error| fault("write", name, &error))?;
        Ok(Self { name: name.to_owned(), target, file, replaced })
    }

    pub fn file(&mut self) -> &mut File {
        self.file.as_file_mut()
    }

    /// Puts the content in place, durably. Without `attributes`, an existing file keeps its own.
    ///
    /// # Errors
    /// When the disk refuses; the file is then as it was.
    pub fn commit(self, attributes: Option<Attributes>) -> Performed<()> {
        let failed = |error: &std::io::Error| fault("write", &self.name, error);
        if let Some(attributes) = attributes.or(self.replaced) {
            attributes.apply(self.file.as_file()).map_err(|error| failed(&error))?;
        }
        self.file.as_file().sync_all().map_err(|error| failed(&error))?;
        self.file.persist(&self.target).map_err(|refused| failed(&refused.error))?;
        sync_folder(folder_of(&self.target), &self.name)
    }
}

/// Writes `content` to `target` in one go.
///
/// # Errors
/// As [`Draft::begin`] and [`Draft::commit`].
pub fn write_whole(name: &str, target: PathBuf, content: &[u8], privacy: Privacy) -> Performed<()> {
    let mut draft = Draft::begin(name, target, privacy)?;
    std::io::Write::write_all(draft.file(), content).map_err(|error| fault("write", name, &error))?;
    draft.commit(None)
}

fn folder_of(target: &Path) -> &Path {
    target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(unix)]
fn permit_umask(builder: &mut Builder<'_, '_>) {
    use std::os::unix::fs::PermissionsExt;
    builder.permissions(fs::Permissions::from_mode(0o666));
}

#[cfg(not(unix))]
fn permit_umask(_: &mut Builder<'_, '_>) {}
