//! Mode, owner and time of a file, as far as the platform has them.

use std::fs::{File, Metadata};
use std::io;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// What is kept of a file beside its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// Permission bits; on platforms without them 0o644 or 0o444.
    pub mode: u32,
    /// User and group, where the platform has them.
    pub owner: Option<(u32, u32)>,
    /// Seconds since 1970 and nanoseconds, when it was changed.
    pub modified: Option<(i64, u32)>,
}

impl Attributes {
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        let (mode, owner) = platform::mode_and_owner(metadata);
        Self { mode, owner, modified: metadata.modified().ok().map(seconds) }
    }

    /// For a file that gets new content: everything but the time.
    #[must_use]
    pub fn without_time(self) -> Self {
        Self { modified: None, ..self }
    }

    /// Gives `file` these attributes. Another owner is given only where we may; that we may not is no failure.
    ///
    /// # Errors
    /// When mode or time cannot be set.
    pub fn apply(&self, file: &File) -> io::Result<()> {
        platform::apply(file, self.mode, self.owner)?;
        match self.modified {
            Some(modified) => file.set_modified(moment(modified)),
            None => Ok(()),
        }
    }
}

fn seconds(time: SystemTime) -> (i64, u32) {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos()),
        Err(before) => (-i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX), 0),
    }
}

fn moment((seconds, nanos): (i64, u32)) -> SystemTime {
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let moved = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(whole)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(whole).and_then(|time| time.checked_add(Duration::from_nanos(nanos.into())))
    };
    // A time that the platform cannot hold comes from a damaged record; the epoch is better than a panic.
    moved.unwrap_or(SystemTime::UNIX_EPOCH)
}

#[cfg(unix)]
mod platform {
    use std::fs::{File, Metadata, Permissions};
    use std::io;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};

    pub fn mode_and_owner(metadata: &Metadata) -> (u32, Option<(u32, u32)>) {
        (metadata.mode() & 0o7777, Some((metadata.uid(), metadata.gid())))
    }

    pub fn apply(file: &File, mode: u32, owner: Option<(u32, u32)>) -> io::Result<()> {
        let now = file.metadata()?;
        if let Some((user, group)) = owner
            && (user, group) != (now.uid(), now.gid())
            && let Err(error) = fchown(file, Some(user), Some(group))
            && error.kind() != io::ErrorKind::PermissionDenied
        {
            return Err(error);
        }
        // After the owner: changing the owner clears some bits of the mode.
        file.set_permissions(Permissions::from_mode(mode & 0o7777))
    }
}

#[cfg(not(unix))]
mod platform {
    use std::fs::{File, Metadata};
    use std::io;

    pub fn mode_and_owner(metadata: &Metadata) -> (u32, Option<(u32, u32)>) {
        (if metadata.permissions().readonly() { 0o444 } else { 0o644 }, None)
    }

    pub fn apply(file: &File, mode: u32, _: Option<(u32, u32)>) -> io::Result<()> {
        let mut permissions = file.metadata()?.permissions();
        permissions.set_readonly(mode & 0o222 == 0);
        file.set_permissions(permissions)
    }
}
