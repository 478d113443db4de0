"""What the tests of the repository's integrations share: the program, a repository, a server that remembers."""

import http.server
import json
import os
import pathlib
import subprocess
import threading

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PROGRAM = pathlib.Path(os.environ.get("PHASEGATE", "phasegate"))

PIPELINE = """\
metrics api from http("http://127.0.0.1:9/m") every 1m {
  errors: ratio = json("errors")
}

/// Watches.
pipeline release {
  phase look {
    hold 1h {
      require api.errors <= 1%
    }
    rollback when api.errors > 5% for 10m
  }
}

test "all is well" {
  run release()
  given api.errors = 0.1%
  expect outcome succeeded
}
"""


def run(folder, *words, **more):
    more = {"check": True, "text": True, "capture_output": True, **more}
    return subprocess.run([str(word) for word in words], cwd=folder, **more)


def git(folder, *words):
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"]
    return run(folder, "git", *who, *words).stdout.strip()


def commit(folder):
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", "a version")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "repository"
    (folder / "pipelines").mkdir(parents=True)
    (folder / "pipelines/release.deploy").write_text(PIPELINE)
    git(folder, "init", "-q", "-b", "main")
    commit(folder)
    return folder


@pytest.fixture
def path_with_program(tmp_path):
    """A PATH on which `phasegate` is the program under test."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "phasegate").symlink_to(PROGRAM.resolve())
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


class Forge:
    """Comments as GitHub keeps them; every request is remembered."""

    def __init__(self):
        self.comments = []
        self.requests = []
        self.status = 200
        self.author = {"login": "github-actions[bot]", "type": "Bot"}
        forge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_any(self):
                length = int(self.headers.get("Content-Length") or 0)
                content = json.loads(self.rfile.read(length)) if length else None
                forge.requests.append((self.command, self.path, content, self.headers.get("Authorization")))
                status, answer = forge.answer(self.command, self.path, content)
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PATCH = handle_any

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, method, path, content):
        if self.status != 200:
            return self.status, {"message": "no"}
        if path == "/user":
            return 403, {"message": "Resource not accessible by integration"}
        if method == "GET":
            page = int(path.rsplit("page=", 1)[1])
            return 200, self.comments[(page - 1) * 100 : page * 100]
        if method == "POST":
            self.comments.append({"id": len(self.comments) + 1, "user": self.author, **content})
            return 201, self.comments[-1]
        comment = next(one for one in self.comments if one["id"] == int(path.rsplit("/", 1)[1]))
        comment.update(content)
        return 200, comment

    def writes(self):
        return [(method, path) for method, path, *_ in self.requests if method != "GET"]


@pytest.fixture
def forge():
    forge = Forge()
    yield forge
    forge.server.shutdown()
