//! Tells Zed how the language server is started. All else is data: the grammar, and the queries beside it.

use zed_extension_api::settings::LspSettings;
use zed_extension_api::{self as zed, Command, LanguageServerId, Result, Worktree};

struct Phasegate;

impl zed::Extension for Phasegate {
    fn new() -> Self {
        Self
    }

    /// What the settings say under `lsp.phasegate.binary`, else `phasegate` from the `PATH`.
    fn language_server_command(&mut self, server: &LanguageServerId, worktree: &Worktree) -> Result<Command> {
        let settings = LspSettings::for_worktree(server.as_ref(), worktree).ok().and_then(|settings| settings.binary);
        let (path, arguments) = settings.map_or((None, None), |binary| (binary.path, binary.arguments));
        let command = path
            .or_else(|| worktree.which("phasegate"))
            .ok_or("`phasegate` is not on the PATH: install it, or say where it is in `lsp.phasegate.binary.path`")?;
        let args = arguments.unwrap_or_else(|| vec!["lsp".to_owned()]);
        Ok(Command { command, args, env: worktree.shell_env() })
    }
}

zed::register_extension!(Phasegate);
