"""The pictures of these pages, from real sessions: an editor runs in a terminal, keys are typed, the screen becomes an SVG.

    PHASEGATE=target/release/phasegate python3 docs/editors/picture.py neovim helix emacs vim

Run by hand, with tmux and the editors on the PATH (`editors/ci` puts newer ones into target/editors). Neovim and Helix take
the parser from editors/tree-sitter-phasegate.
"""

import html
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = os.path.abspath(os.environ.get("PHASEGATE", ROOT / "target" / "release" / "phasegate"))
COLUMNS, LINES = 104, 30

PROGRAM_TEXT = '''use std.{flags, traffic, version}

environment production { control = "https://traffic.example.com", soak = 30m }

metrics search from prometheus("https://prometheus.example.com") every 1m {
  error_rate: ratio = query("sum(rate(errors[5m])) / sum(rate(requests[5m]))")
  p99: duration(s)  = query("histogram_quantile(0.99, rate(latency_bucket[5m]))")
}

/// Moves the traffic to the new ranking, share by share.
pipeline release {
  param version: version

  phase prepare "Freeze what is released" {
    step frozen = version.freeze(version, files: ["config/**"])
  }

  phase shift "Shift the traffic" after prepare {
    step feature = flags.set("ranking", { model: "v2" })
    ramp traffic.http("${env.control}/weight") through 5%, 25%, 100% {
      hold env.soak { require search.p99 <= 250 }
      rollback when search.error_rate > 1% for 5m else "too many errors"
    }
  }
}
'''

BACKGROUND, FOREGROUND = "#1e1e2e", "#cdd6f4"
BASIC = "#11111b #f38ba8 #a6e3a1 #f9e2af #89b4fa #f5c2e7 #94e2d5 #bac2de #585b70 #f38ba8 #a6e3a1 #f9e2af #89b4fa #f5c2e7 #94e2d5 #ffffff".split()
CELL, ROW, SIZE = 8.43, 18, 14


class Terminal:
    def __init__(self, home: pathlib.Path, folder: pathlib.Path, path: str):
        self.environment = {
            "HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor",
            "XDG_CONFIG_HOME": str(home / ".config"), "XDG_DATA_HOME": str(home / ".data"), "TMUX_TMPDIR": str(home),
        }
        self.folder = folder

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", "picture", "-f", "/dev/null", *arguments]
        return subprocess.run(command, env=self.environment, cwd=self.folder, check=True, capture_output=True, text=True).stdout

    def start(self, *command: str) -> None:
        self.tmux("new-session", "-d", "-x", str(COLUMNS), "-y", str(LINES), *command)
        self.tmux("set-option", "-g", "default-terminal", "tmux-256color")

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.tmux("send-keys", key)
            time.sleep(0.2)

    def say(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)
        time.sleep(0.3)

    def wait_for(self, text: str) -> None:
        end = time.monotonic() + 30
        while text not in self.tmux("capture-pane", "-p"):
            if time.monotonic() > end:
                raise SystemExit(f"`{text}` never comes:\n" + self.tmux("capture-pane", "-p"))
            time.sleep(0.1)
        time.sleep(1)

    def screen(self) -> str:
        return self.tmux("capture-pane", "-e", "-N", "-p")

    def stop(self) -> None:
        subprocess.run(["tmux", "-L", "picture", "kill-server"], env=self.environment, check=False, capture_output=True)


def indexed(number: int) -> str:
    if number < 16:
        return BASIC[number]
    if number > 231:
        return "#" + f"{8 + (number - 232) * 10:02x}" * 3
    steps = (0, 95, 135, 175, 215, 255)
    number -= 16
    return "#%02x%02x%02x" % (steps[number // 36], steps[number // 6 % 6], steps[number % 6])


class Pen:
    """How what follows is written."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.front = self.back = None
        self.bold = self.italic = self.underline = self.reverse = False

    def read(self, codes: str) -> None:
        numbers = [int(part) if part.isdigit() else 0 for part in re.split("[;:]", codes)]
        while numbers:
            code = numbers.pop(0)
            if code == 0:
                self.reset()
            elif code == 1:
                self.bold = True
            elif code == 3:
                self.italic = True
            elif code == 4:
                self.underline = True
            elif code == 7:
                self.reverse = True
            elif code in (22, 23, 24, 27):
                setattr(self, {22: "bold", 23: "italic", 24: "underline", 27: "reverse"}[code], False)
            elif code in (38, 48):
                if numbers[:1] == [5]:
                    colour, numbers = indexed(numbers[1]), numbers[2:]
                else:
                    colour, numbers = "#%02x%02x%02x" % tuple(numbers[1:4]), numbers[4:]
                setattr(self, "front" if code == 38 else "back", colour)
            elif code in (39, 49):
                setattr(self, "front" if code == 39 else "back", None)
            elif 30 <= code <= 37 or 90 <= code <= 97:
                self.front = BASIC[code - 30 if code < 90 else code - 82]
            elif 40 <= code <= 47 or 100 <= code <= 107:
                self.back = BASIC[code - 40 if code < 100 else code - 92]

    def colours(self) -> tuple[str, str]:
        front, back = self.front or FOREGROUND, self.back or BACKGROUND
        return (back, front) if self.reverse else (front, back)


def svg(screen: str, title: str) -> str:
    width, height = COLUMNS * CELL + 24, LINES * ROW + 24
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}" height="{height}" role="img">',
        f"<title>{html.escape(title)}</title>",
        "",
        f'<g font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="{SIZE}">',
    ]
    pen = Pen()
    areas: dict[str, int] = {}
    for row, line in enumerate(screen.split("\n")[:LINES]):
        column = 0
        for part in re.split(r"(\x1b\[[0-9;:]*m)", line):
            if part.startswith("\x1b["):
                pen.read(part[2:-1])
                continue
            part = re.sub(r"\x1b.|[\x0e\x0f]", "", part)
            if not part:
                continue
            front, back = pen.colours()
            areas[back] = areas.get(back, 0) + len(part)
            x, y = 12 + column * CELL, 12 + row * ROW
            if back != BACKGROUND:
                parts.append(f'<rect x="{x:.1f}" y="{y}" width="{len(part) * CELL + 0.3:.1f}" height="{ROW}" fill="{back}"/>')
            if part.strip():
                lead = len(part) - len(part.lstrip())
                text = part.strip()
                style = "".join(
                    word
                    for word, on in (
                        (' font-weight="bold"', pen.bold),
                        (' font-style="italic"', pen.italic),
                        (' text-decoration="underline"', pen.underline),
                    )
                    if on
                )
                parts.append(
                    f'<text x="{x + lead * CELL:.1f}" y="{y + 13}" textLength="{len(text) * CELL:.1f}" fill="{front}"{style} '
                    f'xml:space="preserve">{html.escape(text)}</text>'
                )
            column += len(part)
    # The frame is as most of the screen is.
    parts[2] = f'<rect width="100%" height="100%" rx="8" fill="{max(areas, key=lambda back: areas[back])}"/>'
    return "\n".join([*parts, "</g>", "</svg>", ""])


def neovim(terminal: Terminal, home: pathlib.Path) -> None:
    config = home / ".config" / "nvim"
    config.mkdir(parents=True)
    (config / "init.lua").write_text(
        f"""vim.opt.runtimepath:prepend("{ROOT}/editors/neovim")
vim.opt.number, vim.opt.termguicolors, vim.opt.swapfile = true, true, false
vim.opt.completeopt = {{ "menu", "menuone", "popup", "noinsert" }}
vim.diagnostic.config({{ virtual_lines = {{ current_line = true }}, signs = true }})
vim.api.nvim_create_autocmd("LspAttach", {{ callback = function(event)
  vim.lsp.completion.enable(true, event.data.client_id, event.buf)
  vim.lsp.inlay_hint.enable(true, {{ bufnr = event.buf }})
end }})
""",
        encoding="utf-8",
    )
    terminal.start("nvim", "-c", "PhasegateInstallParser", "-c", "edit", "release.deploy")
    terminal.wait_for("pipeline release")
    terminal.say(":21\r")
    terminal.wait_for("PG202")


def helix(terminal: Terminal, home: pathlib.Path) -> None:
    config = home / ".config" / "helix"
    shutil.copytree(ROOT / "editors" / "helix" / "runtime", config / "runtime")
    (config / "runtime" / "grammars").mkdir()
    languages = (ROOT / "editors" / "helix" / "languages.toml").read_text(encoding="utf-8")
    languages = languages.replace('path = "editors/', f'path = "{ROOT}/editors/')
    (config / "languages.toml").write_text('use-grammars = { only = ["phasegate"] }\n' + languages, encoding="utf-8")
    (config / "config.toml").write_text(
        'theme = "catppuccin_mocha"\n[editor.lsp]\ndisplay-inlay-hints = true\n[editor.inline-diagnostics]\ncursor-line = "hint"\n', encoding="utf-8"
    )
    subprocess.run(["hx", "--grammar", "build"], env=terminal.environment, check=True, capture_output=True)
    terminal.start("hx", "release.deploy:21:39")
    terminal.wait_for("● 1")
    terminal.wait_for("help:")


def emacs(terminal: Terminal, home: pathlib.Path) -> None:
    (home / ".emacs.d").mkdir()
    (home / ".emacs.d" / "init.el").write_text(
        f"""(setq native-comp-async-report-warnings-errors nil inhibit-startup-screen t make-backup-files nil create-lockfiles nil)
(menu-bar-mode -1) (load-theme 'modus-vivendi t) (global-display-line-numbers-mode)
(require 'package)
(dolist (folder '("/usr/share/emacs/site-lisp/elpa" "/usr/share/emacs/site-lisp/elpa-src")) (add-to-list 'package-directory-list folder))
(package-initialize)
(add-to-list 'load-path "{ROOT}/editors/emacs")
(require 'phasegate-mode)
(add-to-list 'display-buffer-alist '("Flymake diagnostics" (display-buffer-at-bottom) (window-height . 5)))
(add-hook 'phasegate-mode-hook #'eglot-ensure)
""",
        encoding="utf-8",
    )
    terminal.start("emacs", "-nw", "release.deploy")
    terminal.wait_for("pipeline release")
    terminal.wait_for("eglot")
    terminal.keys("M-g", "g")
    terminal.say("21\r")
    time.sleep(1)
    terminal.keys("M-x")
    terminal.say("flymake-goto-next-error\r")
    time.sleep(1)
    terminal.keys("M-x")
    terminal.say("flymake-show-buffer-diagnostics\r")
    terminal.wait_for("Flymake diagnostics")


def vim(terminal: Terminal, home: pathlib.Path) -> None:
    (home / ".vimrc").write_text(
        f"""set nocompatible number termguicolors background=dark noswapfile laststatus=2 shortmess+=I
set runtimepath^={ROOT}/editors/vim
let &t_8f = "\\<Esc>[38;2;%lu;%lu;%lum"
let &t_8b = "\\<Esc>[48;2;%lu;%lu;%lum"
filetype plugin indent on
syntax on
colorscheme habamax
""",
        encoding="utf-8",
    )
    terminal.start("vim", "release.deploy")
    terminal.wait_for("pipeline release")
    terminal.say(":silent make! | redraw! | copen 5 | wincmd p | cc 1\r")
    terminal.wait_for("Quickfix")


def take(editor) -> None:
    home = pathlib.Path(tempfile.mkdtemp(prefix="picture"))
    folder = home / "shop"
    folder.mkdir()
    (folder / ".git").mkdir()
    (folder / "release.deploy").write_text(PROGRAM_TEXT, encoding="utf-8")
    # The program as everybody calls it, so that no path of this machine is in the picture.
    (home / "bin").mkdir()
    (home / "bin" / "phasegate").symlink_to(PROGRAM)
    venv = ROOT / "target" / "editors"
    path = f"{home}/bin:{venv}/venv/bin:{venv}/bin:{os.environ['PATH']}"
    terminal = Terminal(home, folder, path)
    os.environ["PATH"] = path
    try:
        editor(terminal, home)
        picture = svg(terminal.screen(), f"A rollout in {editor.__name__.capitalize()}: a duration is compared with a number")
    finally:
        terminal.stop()
    assert str(ROOT) not in picture and str(home) not in picture, "a path of this machine is in the picture"
    target = pathlib.Path(__file__).with_name(f"{editor.__name__}.svg")
    target.write_text(picture, encoding="utf-8")
    print(f"{target.name}: {len(picture) // 1024} KiB")


if __name__ == "__main__":
    for name in sys.argv[1:] or ["neovim", "helix", "emacs", "vim"]:
        take({"neovim": neovim, "helix": helix, "emacs": emacs, "vim": vim}[name])
