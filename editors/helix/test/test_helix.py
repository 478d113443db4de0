"""A session in Helix as a person has it: keys are typed into a terminal, and the screen is read.

    PHASEGATE=target/release/phasegate pytest editors/helix/test        (hx and tmux on the PATH)
"""

import os
import pathlib
import re
import shutil
import subprocess
import time
import uuid

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = os.environ.get("PHASEGATE", "phasegate")

BROKEN = """use std.exec

/// It is.
pipeline p {
  phase one {
    step built = exec(["true"]) timeout 1m
    gate { require built.exit_cod == 0 }
  }
  phase two after one { wait   5m }
}
"""


class Terminal:
    """A screen of 100 columns and 30 lines, with keys."""

    def __init__(self, environment: dict[str, str]):
        self.name = f"phasegate-{uuid.uuid4().hex}"
        self.environment = environment

    def tmux(self, *arguments: str) -> str:
        command = ["tmux", "-L", self.name, "-f", "/dev/null", *arguments]
        return subprocess.run(command, env=self.environment, check=True, capture_output=True, text=True).stdout

    def start(self, *command: str) -> None:
        self.tmux("new-session", "-d", "-x", "100", "-y", "30", *command)
        self.tmux("set-option", "-g", "escape-time", "0")

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.tmux("send-keys", key)
            # An escape and what follows at once are one key to a terminal.
            time.sleep(0.1)

    def say(self, text: str) -> None:
        self.tmux("send-keys", "-l", text)

    def screen(self, colours: bool = False) -> str:
        return self.tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def wait_for(self, text: str) -> str:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            screen = self.screen()
            if text in screen:
                return screen
            time.sleep(0.05)
        raise AssertionError(f"`{text}` never comes:\n{self.screen()}")

    def stop(self) -> None:
        subprocess.run(["tmux", "-L", self.name, "kill-server"], env=self.environment, check=False, capture_output=True)


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """A home with this folder's configuration, the parser built by Helix itself."""
    home = tmp_path_factory.mktemp("home")
    config = home / ".config" / "helix"
    shutil.copytree(ROOT / "editors" / "helix" / "runtime", config / "runtime")
    languages = (ROOT / "editors" / "helix" / "languages.toml").read_text(encoding="utf-8")
    languages = languages.replace('path = "editors/', f'path = "{ROOT}/editors/').replace('command = "phasegate"', f'command = "{PROGRAM}"')
    (config / "languages.toml").write_text('use-grammars = { only = ["phasegate"] }\n' + languages, encoding="utf-8")
    # Helix does not make it itself.
    (config / "runtime" / "grammars").mkdir()
    (home / "programs").mkdir()
    (home / ".git").mkdir()
    variables = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "COLORTERM": "truecolor",
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "TMUX_TMPDIR": str(home),
    }
    built = subprocess.run(["hx", "--grammar", "build"], env=variables, capture_output=True, text=True, check=False)
    assert built.returncode == 0 and "1 grammars built" in built.stdout + built.stderr, built
    return variables


@pytest.fixture
def terminal(environment):
    terminal = Terminal(environment)
    yield terminal
    terminal.stop()


def program(environment, name: str, text: str) -> pathlib.Path:
    path = pathlib.Path(environment["HOME"]) / "programs" / name
    path.write_text(text, encoding="utf-8")
    return path


def formatted(text: str) -> str:
    return subprocess.run([PROGRAM, "fmt", "-"], input=text, capture_output=True, text=True, check=False).stdout


def test_helix_knows_the_language(environment):
    health = subprocess.run(["hx", "--health", "phasegate"], env=environment, capture_output=True, text=True, check=True).stdout
    health = re.sub(r"\x1b\[[0-9;]*m", "", health)
    assert f"✓ {PROGRAM}" in health, health
    for line in ("Tree-sitter parser: ✓", "Highlight queries: ✓", "Textobject queries: ✓", "Indent queries: ✓"):
        assert line in health, health


def test_a_diagnostic_shows_and_a_file_is_formatted(environment, terminal):
    path = program(environment, "broken.deploy", BROKEN)
    terminal.start("hx", str(path))
    terminal.wait_for("pipeline p {")
    # The next diagnostic: once it is known, the cursor goes there and its words are shown.
    end = time.monotonic() + 20
    while "no field `exit_cod`" not in terminal.screen():
        assert time.monotonic() < end, terminal.screen()
        terminal.keys("]", "d")
        time.sleep(0.2)
    # It is selected, with the cursor on its last letter.
    assert "1 sel  7:33" in terminal.screen(), terminal.screen()
    terminal.say(":fmt")
    terminal.keys("Enter")
    terminal.wait_for("wait 5m }")
    terminal.say(":w")
    terminal.keys("Enter")
    terminal.wait_for("written")
    assert path.read_text(encoding="utf-8") == formatted(BROKEN) != BROKEN


def test_completion_and_hover_answer(environment, terminal):
    path = program(environment, "answers.deploy", BROKEN.replace("exit_cod ", "exit_code "))
    terminal.start("hx", f"{path}:6:20")
    terminal.wait_for("pipeline p {")
    end = time.monotonic() + 20
    while "Runs a program" not in terminal.screen() and "exec(" not in terminal.screen().replace('exec(["true"])', ""):
        assert time.monotonic() < end, terminal.screen()
        terminal.keys("Escape", "Space", "k")
        time.sleep(0.5)
    terminal.keys("Escape")
    terminal.say("7gglllllll")
    # Behind `built.`: what it has is offered.
    terminal.say("f.a")
    terminal.keys("C-x")
    terminal.wait_for("stdout")
    terminal.keys("Escape")


def test_a_rename_changes_both_files(environment, terminal):
    names = program(environment, "names.deploy", "/// How long.\nthreshold quick { require 1 < 2 }\n")
    user = program(
        environment,
        "user.deploy",
        'use "./names.deploy".{quick}\n\n/// It is.\npipeline q {\n  phase one { gate { require quick } }\n}\n',
    )
    terminal.start("hx", f"{user}:5:30")
    terminal.wait_for("pipeline q {")
    end = time.monotonic() + 20
    while "rename-to" not in terminal.screen():
        assert time.monotonic() < end, terminal.screen()
        terminal.keys("Escape", "Space", "r")
        time.sleep(0.5)
    terminal.keys("C-u")
    terminal.say("fast")
    terminal.keys("Enter")
    terminal.wait_for("require fast")
    terminal.say(":wa")
    terminal.keys("Enter")
    end = time.monotonic() + 20
    while "threshold fast" not in names.read_text(encoding="utf-8") or "{fast}" not in user.read_text(encoding="utf-8"):
        assert time.monotonic() < end, terminal.screen()
        time.sleep(0.1)


def colour_of(line: str, word: str) -> str:
    """The last escape for a text colour in front of `word`."""
    before = line[: line.index(word)]
    return ([""] + re.findall(r"\x1b\[(3[0-9](?:[;:][0-9;:]*)?|9[0-7])m", before))[-1]


def test_colours_come_from_the_parser(environment, terminal):
    path = program(environment, "colours.deploy", "pipeline plain {\n  let value = other\n}\n")
    terminal.start("hx", str(path))
    terminal.wait_for("pipeline plain")
    end = time.monotonic() + 20
    while True:
        line = next(line for line in terminal.screen(colours=True).splitlines() if "value" in line)
        # A keyword, and a name that has no colour of its own.
        if colour_of(line, "let") != colour_of(line, "other"):
            return
        assert time.monotonic() < end, repr(line)
        time.sleep(0.1)
