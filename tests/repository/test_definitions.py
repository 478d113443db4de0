"""The definitions for other tools are what those tools take: by their own schemas, and by trying."""

import json
import os
import pathlib
import shutil
import sys

import pytest

from conftest import PIPELINE, PROGRAM, TOP, commit, git, run

BIN = pathlib.Path(sys.executable).parent

WORKFLOWS = sorted(TOP.glob(".github/workflows/*.yml")) + [TOP / "src/cli/init/templates/github.yml"]


@pytest.mark.parametrize(
    "schema, files",
    [
        ("vendor.github-actions", [TOP / "action.yml"]),
        ("vendor.github-workflows", WORKFLOWS),
        ("vendor.gitlab-ci", [TOP / "editors/gitlab/phasegate.yml", TOP / "src/cli/init/templates/gitlab.yml"]),
    ],
)
def test_each_keeps_to_its_schema(schema, files):
    run(TOP, BIN / "check-jsonschema", "--builtin-schema", schema, *files)


def test_no_workflow_lets_strangers_in():
    config = TOP / "tests/repository/zizmor.yml"
    run(TOP, BIN / "zizmor", "--offline", "--no-progress", "--min-severity=low", "--config", config, TOP / "action.yml", *WORKFLOWS)


def test_the_scripts_are_clean():
    if shutil.which("shellcheck") is None:
        assert "CI" not in os.environ, "shellcheck is not installed"
        pytest.skip("shellcheck is not installed")
    scripts = [*TOP.glob("editors/github/*.sh"), *TOP.glob(".ci/*.sh"), TOP / ".ci/run"]
    run(TOP, "shellcheck", *scripts)


def test_no_expression_stands_in_the_text_of_a_script():
    for file in [TOP / "action.yml", *WORKFLOWS]:
        lines = file.read_text().splitlines()
        depth = None
        for number, line in enumerate(lines, 1):
            indent = len(line) - len(line.lstrip())
            if depth is not None and line.strip() and indent <= depth:
                depth = None
            if line.lstrip(" -").startswith("run:"):
                depth = indent
                assert "${{" not in line, f"{file}:{number}"
            assert depth is None or "${{" not in line, f"{file}:{number}"


def test_pre_commit_finds_and_formats(repository, path_with_program, tmp_path):
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    shutil.copy(TOP / ".pre-commit-hooks.yaml", hooks)
    git(hooks, "init", "-q")
    revision = commit(hooks)
    config = {
        "repos": [
            {"repo": str(hooks), "rev": revision, "hooks": [{"id": "phasegate-fmt-system"}, {"id": "phasegate-check-system"}]}
        ]
    }
    (repository / ".pre-commit-config.yaml").write_text(json.dumps(config))
    environment = {**os.environ, "PATH": path_with_program, "PRE_COMMIT_HOME": str(tmp_path / "cache")}

    def hook():
        git(repository, "add", "-A")
        return run(repository, BIN / "pre-commit", "run", "--all-files", "--color=never", env=environment, check=False)

    done = hook()
    assert done.returncode == 0, done.stdout + done.stderr
    program = repository / "pipelines/release.deploy"
    program.write_text(PIPELINE.replace("hold 1h", "hold   1h"))
    done = hook()
    assert done.returncode == 1 and "files were modified by this hook" in done.stdout, done.stdout
    assert program.read_text() == PIPELINE
    program.write_text(PIPELINE.replace("hold 1h", "hold 1"))
    done = hook()
    assert done.returncode == 1 and "PG202" in done.stdout, done.stdout


def test_what_init_writes_for_pre_commit_works(tmp_path, path_with_program):
    environment = {**os.environ, "PATH": path_with_program, "PRE_COMMIT_HOME": str(tmp_path / "cache")}
    folder = tmp_path / "project"
    run(tmp_path, PROGRAM.resolve(), "init", "project", "--pre-commit", "--yes")
    git(folder, "init", "-q")
    git(folder, "add", "-A")
    run(folder, BIN / "pre-commit", "run", "--all-files", env=environment)


def test_gitlab_reads_the_report(repository, path_with_program):
    file = repository / "pipelines/release.deploy"
    file.write_text(file.read_text().replace("hold 1h", "hold 1"))
    found = json.loads(run(repository, PROGRAM.resolve(), "check", "--format", "gitlab", check=False).stdout)
    assert [entry["check_name"] for entry in found] == ["PG202 unit-mismatch"]
    for entry in found:
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
        assert entry["location"] == {"path": "pipelines/release.deploy", "lines": {"begin": 8, "end": 8}}


def test_the_gitlab_job_does_what_it_says(repository, path_with_program):
    job = read_yaml(TOP / "editors/gitlab/phasegate.yml")["phasegate"]
    base = git(repository, "rev-parse", "HEAD")
    file = repository / "pipelines/release.deploy"
    file.write_text(file.read_text().replace("<= 1%", "<= 4%"))
    variables = {**job["variables"], "PHASEGATE_PLANS": "pipelines/release.deploy", "CI_MERGE_REQUEST_DIFF_BASE_SHA": base}
    environment = {**os.environ, "PATH": path_with_program, **variables, "CARGO_HOME": "/nowhere", "PHASEGATE_PATHS": "pipelines"}
    text = "\n".join(job["before_script"] + job["script"])
    done = run(repository, "sh", "-e", "-c", text, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "is looser" in (repository / "phasegate-plan.md").read_text()
    assert json.loads((repository / "gl-code-quality-report.json").read_text()) == []
    assert "<testsuites" in (repository / "phasegate-tests.xml").read_text()


def read_yaml(path):
    # check-jsonschema brings it.
    from ruamel.yaml import YAML

    return YAML(typ="safe").load(path)
