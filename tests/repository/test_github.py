"""The GitHub action's scripts: against a repository and a server on loopback that remembers what it was asked."""

import os
import subprocess
import sys

import pytest

from conftest import PIPELINE, TOP, commit, git, run

SCRIPTS = TOP / "editors/github"


def script(name, folder, path, **variables):
    environment = {"PATH": path, "HOME": str(folder), "ACTION": str(TOP), "RUNNER_TEMP": str(folder.parent), **variables}
    return run(folder, "bash", SCRIPTS / name, check=False, env=environment)


def outputs(file):
    return dict(line.split("=", 1) for line in file.read_text().splitlines())


@pytest.fixture
def plan(repository, path_with_program, tmp_path):
    """Runs the script that plans; gives its status, the page and its outputs."""

    def plan(**variables):
        out, summary = tmp_path / "outputs", tmp_path / "summary"
        out.write_text("")
        summary.write_text("")
        more = {"GITHUB_OUTPUT": str(out), "GITHUB_STEP_SUMMARY": str(summary), "PATHS": "."}
        done = script("plan.sh", repository, path_with_program, **more, **variables)
        found = outputs(out)
        page = open(found["body"], encoding="utf-8").read()
        assert summary.read_text() == page
        return done, page, found

    return plan


def edit(folder, before, after):
    file = folder / "pipelines/release.deploy"
    text = file.read_text()
    assert before in text
    file.write_text(text.replace(before, after))


def test_the_difference_of_the_plans_is_the_page(repository, plan):
    base = git(repository, "rev-parse", "HEAD")
    edit(repository, "<= 1%", "<= 4%")
    done, page, found = plan(BASE=base)
    assert done.returncode == 0, done.stderr
    assert page.startswith("<!-- phasegate:plan -->\n### Plan of `release`\n")
    assert "is looser: `api.errors <= 4%` instead of `api.errors <= 1%`" in page
    assert found["riskier"] == "1"
    assert plan(BASE=base, DENY_RISKIER="true")[0].returncode == 1


def test_what_does_not_change_is_named_in_one_line(repository, plan):
    done, page, found = plan(BASE="HEAD")
    assert (done.returncode, found["riskier"]) == (0, "0")
    assert "Nothing changes in</summary>\n\n- `pipelines/release.deploy:release`\n" in page
    assert "###" not in page


def test_every_pipeline_in_every_environment_is_planned_and_what_is_gone_is_named(repository, plan):
    text = "environment staging { soak = 1h }\n\nenvironment production { soak = 2h }\n\n" + PIPELINE.replace("hold 1h", "hold env.soak")
    text = text.replace("run release()", "run release() in staging")
    (repository / "pipelines/second.deploy").write_text(text)
    base = commit(repository)
    (repository / "pipelines/release.deploy").unlink()
    edit_second = repository / "pipelines/second.deploy"
    edit_second.write_text(text.replace("soak = 2h", "soak = 10m"))
    git(repository, "add", "-A")
    done, page, _ = plan(BASE=base)
    assert done.returncode == 0, done.stderr
    assert "### Plan of `release` in `production`" in page and "lasts 10m instead of 2h" in page
    assert "- `pipelines/second.deploy:release --env staging`" in page
    assert "No longer there:\n\n- `pipelines/release.deploy`" in page


def test_a_program_without_a_plan_is_said_and_fails(repository, plan):
    edit(repository, "hold 1h", "hold 1")
    done, page, _ = plan(BASE="HEAD")
    assert done.returncode == 1
    assert "### No plan of `pipelines/release.deploy:release`" in page and "PG202" in page


def test_nothing_that_was_handed_in_is_run(repository, plan, tmp_path):
    mark = tmp_path / "run"
    evil = f"$(touch {mark})`touch {mark}`;touch {mark}"
    for variables in [{"PLANS": f"pipelines/release.deploy {evil}"}, {"BASE": evil}, {"PLANS": "--out=stolen"}]:
        plan(**variables)
        assert not mark.exists() and not (repository / "stolen").exists(), variables
    (repository / f"pipelines/{evil.replace('/', '_')}.deploy").write_text(PIPELINE)
    git(repository, "add", "-A")
    plan(BASE="HEAD")
    assert not mark.exists()


def test_the_base_is_fetched_where_the_clone_is_shallow(repository, plan, tmp_path, path_with_program):
    base = git(repository, "rev-parse", "HEAD")
    edit(repository, "<= 1%", "<= 4%")
    commit(repository)
    git(repository, "config", "uploadpack.allowAnySHA1InWant", "true")
    run(tmp_path, "git", "clone", "-q", "--depth=1", f"file://{repository}", "shallow")
    out = tmp_path / "out"
    out.write_text("")
    done = script("plan.sh", tmp_path / "shallow", path_with_program, BASE=base, PATHS=".", GITHUB_OUTPUT=str(out))
    assert done.returncode == 0, done.stderr
    assert outputs(out)["riskier"] == "1"


def test_findings_and_files_that_are_not_formatted_are_annotations(repository, path_with_program, tmp_path):
    edit(repository, "hold 1h", "hold    1h")
    out = tmp_path / "out"
    out.write_text("")
    done = script("check.sh", repository, path_with_program, PATHS="pipelines", GITHUB_OUTPUT=str(out), SARIF="true")
    assert done.returncode == 1
    assert "::error file=pipelines/release.deploy,title=phasegate fmt::" in done.stdout
    assert "1 passed" in done.stdout
    assert "sarif" in outputs(out)
    run(repository, os.environ.get("PHASEGATE", "phasegate"), "fmt", "pipelines")
    assert script("check.sh", repository, path_with_program, PATHS="pipelines").returncode == 0
    edit(repository, "hold 1h", "hold 1")
    done = script("check.sh", repository, path_with_program, PATHS="pipelines")
    assert done.returncode == 1 and "::error file=pipelines/release.deploy,line=" in done.stdout


def test_a_program_on_the_path_is_taken_and_a_version_that_is_none_refused(repository, path_with_program):
    done = script("install.sh", repository, path_with_program)
    assert done.returncode == 0 and done.stdout.startswith("phasegate "), done.stderr
    assert script("install.sh", repository, path_with_program, VERSION="1.0 --git https://example.com").returncode == 2


def comment(forge, tmp_path, text, **variables):
    body = tmp_path / "body.md"
    body.write_text(text, encoding="utf-8")
    environment = {
        **os.environ,
        "GITHUB_API_URL": forge.url,
        "GITHUB_REPOSITORY": "somebody/something",
        "PULL_REQUEST": "7",
        "GITHUB_TOKEN": "secret-token",
        "BODY": str(body),
        **variables,
    }
    return subprocess.run([sys.executable, SCRIPTS / "comment.py"], env=environment, text=True, capture_output=True)


MARKED = "<!-- phasegate:plan -->\n"


def test_the_comment_is_made_once_then_updated(forge, tmp_path):
    forge.comments = [{"id": number, "body": "hello", "user": {"type": "User", "login": "x"}} for number in range(1, 151)]
    assert comment(forge, tmp_path, MARKED + "one ü").returncode == 0
    assert forge.writes() == [("POST", "/repos/somebody/something/issues/7/comments")]
    assert forge.comments[-1]["body"] == MARKED + "one ü"
    forge.requests.clear()
    comment(forge, tmp_path, MARKED + "two")
    assert forge.writes() == [("PATCH", "/repos/somebody/something/issues/comments/151")]
    assert len(forge.comments) == 151 and forge.comments[-1]["body"] == MARKED + "two"
    forge.requests.clear()
    comment(forge, tmp_path, MARKED + "two")
    assert forge.writes() == []
    assert all(authorization == "Bearer secret-token" for *_, authorization in forge.requests)


def test_somebody_elses_comment_is_never_changed(forge, tmp_path):
    forge.comments = [{"id": 1, "body": MARKED + "mine", "user": {"type": "User", "login": "mallory"}}]
    comment(forge, tmp_path, MARKED + "one")
    assert [one["body"] for one in forge.comments] == [MARKED + "mine", MARKED + "one"]


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_a_token_that_may_not_write_is_no_failure(forge, tmp_path, status):
    forge.status = status
    done = comment(forge, tmp_path, MARKED)
    assert done.returncode == 0, done.stderr
    assert "summary of the job" in done.stdout or "could not be written" in done.stdout
    assert "secret-token" not in done.stdout + done.stderr


def test_without_a_token_nothing_is_asked(forge, tmp_path):
    assert comment(forge, tmp_path, MARKED, GITHUB_TOKEN="").returncode == 0
    assert forge.requests == []
    assert comment(forge, tmp_path, MARKED, PULL_REQUEST="7/../8").returncode != 0
