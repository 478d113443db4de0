//! A process with all its children, as one thing that can be ended.
//!
//! On Unix a process group, on Windows a job object. Invariant: a group that is dropped before its process ended is asked
//! to end, and ended when its time of grace has passed. What a process leaves running after it ended well is left alone:
//! steps may start services.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap};
use tokio::process::{ChildStderr, ChildStdout, Command};
use tokio::time::{Instant, sleep};

/// How often an ending group is looked at.
pub const LOOK_EVERY: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub struct ProcessGroup {
    /// None only while it is moved out by `drop`.
    child: Option<Box<dyn ChildWrapper>>,
    grace: Duration,
    stage: Stage,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Running,
    /// Asked to end; is ended for good if it is dropped now.
    Asked,
    /// Nothing more to do.
    Over,
}

impl ProcessGroup {
    /// Starts `command` as the first of a new group. Its pipes can be taken once.
    ///
    /// # Errors
    /// When the system cannot start it.
    pub fn spawn(command: Command, grace: Duration) -> io::Result<Self> {
        let mut wrapped = CommandWrap::from(command);
        #[cfg(unix)]
        wrapped.wrap(process_wrap::tokio::ProcessGroup::leader());
        #[cfg(windows)]
        wrapped.wrap(process_wrap::tokio::JobObject);
        Ok(Self { child: Some(wrapped.spawn()?), grace, stage: Stage::Running })
    }

    pub fn take_pipes(&mut self) -> (Option<ChildStdout>, Option<ChildStderr>) {
        let Some(child) = &mut self.child else { return (None, None) };
        (child.stdout().take(), child.stderr().take())
    }

    /// The end of the first process. Cancel safe.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub async fn wait(&mut self) -> io::Result<ExitStatus> {
        match &mut self.child {
            // Of the process itself, not of the group: what it left running may run for long.
            Some(child) => child.inner_mut().wait().await,
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// It ended by itself; what it left running stays.
    pub fn release(&mut self) {
        self.stage = Stage::Over;
    }

    /// Asks every process of the group to end; on Windows, where one cannot ask, ends them.
    pub fn ask_to_end(&mut self) {
        self.stage = Stage::Asked;
        if let Some(child) = &mut self.child {
            platform::ask_to_end(child.as_mut());
        }
    }

    /// Whether nobody of the group is left; to be asked when the first process has ended.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.child.as_ref().is_none_or(|child| platform::is_empty(child.as_ref()))
    }

    /// Ends every process of the group.
    pub fn end_now(&mut self) {
        if let Some(child) = &mut self.child {
            // The only failure is that nobody is left.
            let _ = child.start_kill();
        }
        self.stage = Stage::Over;
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        match self.stage {
            Stage::Over => {}
            Stage::Asked => self.end_now(),
            Stage::Running => {
                self.ask_to_end();
                let mut rest = Self { child: self.child.take(), grace: self.grace, stage: Stage::Asked };
                match tokio::runtime::Handle::try_current() {
                    Ok(runtime) => drop(runtime.spawn(async move { rest.end_after_grace().await })),
                    Err(_) => rest.end_now(),
                }
            }
        }
    }
}

impl ProcessGroup {
    async fn end_after_grace(&mut self) {
        let deadline = Instant::now() + self.grace;
        let mut ended = false;
        while Instant::now() < deadline && !(ended && self.is_empty()) {
            ended |= tokio::time::timeout(LOOK_EVERY, self.wait()).await.is_ok();
            if ended {
                sleep(LOOK_EVERY).await;
            }
        }
        self.end_now();
        // Reaps it.
        let _ = tokio::time::timeout(self.grace, self.wait()).await;
    }
}

#[cfg(unix)]
mod platform {
    use process_wrap::tokio::ChildWrapper;
    use tokio::signal::unix::SignalKind;

    /// Wakes what was stopped, and is ignored by what runs: the one signal that can be sent just to see who is there.
    const CONTINUE: i32 = if cfg!(any(target_os = "linux", target_os = "android")) { 18 } else { 19 };

    pub fn ask_to_end(child: &mut dyn ChildWrapper) {
        // The only failure is that nobody is left.
        let _ = child.signal(SignalKind::terminate().as_raw_value());
        let _ = child.signal(CONTINUE);
    }

    pub fn is_empty(child: &dyn ChildWrapper) -> bool {
        child.signal(CONTINUE).is_err()
    }
}

#[cfg(windows)]
mod platform {
    use process_wrap::tokio::ChildWrapper;

    pub fn ask_to_end(child: &mut dyn ChildWrapper) {
        // The only failure is that nobody is left.
        let _ = child.start_kill();
    }

    /// A job that was ended has nobody left.
    pub fn is_empty(_child: &dyn ChildWrapper) -> bool {
        true
    }
}
