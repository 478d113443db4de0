"""What a release is made of: the archive, and the crate."""

import hashlib
import re
import tarfile
import tomllib

from conftest import PROGRAM, TOP, run

MANIFEST = tomllib.loads((TOP / "Cargo.toml").read_text())


def test_the_archive_holds_what_is_installed_with_the_program(tmp_path):
    target = "x86_64-unknown-linux-gnu"
    made = [run(TOP, "bash", ".ci/archive.sh", target, PROGRAM.resolve(), tmp_path / name).stdout.strip() for name in ("one", "two")]
    archive = tmp_path / "one" / f"phasegate-{MANIFEST['package']['version']}-{target}.tar.gz"
    assert made[0] == str(archive)
    with tarfile.open(archive) as file:
        names = sorted(file.getnames())
        assert all(member.uid == 0 and member.mtime == 0 for member in file.getmembers())
    top = archive.name.removesuffix(".tar.gz")
    pages = [name for name in names if name.startswith(f"{top}/man/man1/")]
    assert f"{top}/man/man1/phasegate.1" in pages and f"{top}/man/man1/phasegate-plan.1" in pages and len(pages) > 30
    complete = ["_phasegate", "_phasegate.ps1", "phasegate.bash", "phasegate.elv", "phasegate.fish"]
    rest = ["", "/CHANGELOG.md", "/LICENSE", "/README.md", "/complete", "/man", "/man/man1", "/phasegate"]
    expected = [top + name for name in rest] + [f"{top}/complete/{name}" for name in complete]
    assert sorted(set(names) - set(pages)) == sorted(expected)
    sum_, name = (tmp_path / "one" / f"{archive.name}.sha256").read_text().split()
    assert (name, sum_) == (archive.name, hashlib.sha256(archive.read_bytes()).hexdigest())
    assert archive.read_bytes() == (tmp_path / "two" / archive.name).read_bytes(), "the same bytes each time"


def test_what_the_debian_package_takes_is_there(tmp_path):
    run(TOP, "bash", ".ci/archive.sh", "any", PROGRAM.resolve(), tmp_path)
    for source, *_ in MANIFEST["package"]["metadata"]["deb"]["assets"]:
        if source.startswith("target/dist/"):
            assert list(tmp_path.glob(source.removeprefix("target/dist/"))), source
        elif not source.startswith("target/"):
            assert (TOP / source).is_file(), source


def test_the_names_that_binstall_asks_for_are_those_of_the_archives():
    binstall = MANIFEST["package"]["metadata"]["binstall"]
    workflow = (TOP / ".github/workflows/release.yml").read_text()
    targets = re.findall(r"target: ([a-z0-9_-]+),", workflow)
    assert len(targets) == 7
    for target in targets:
        url = binstall["overrides"].get(target, binstall)["pkg-url"]
        assert url.endswith("phasegate-{ version }-{ target }" + (".zip" if "windows" in target else ".tar.gz")), target
    assert binstall["bin-dir"] == "phasegate-{ version }-{ target }/{ bin }{ binary-ext }"


def test_the_crate_holds_what_builds_it_and_nothing_of_the_workshop():
    listed = run(TOP, "cargo", "package", "--list", "--allow-dirty", "--offline").stdout.split()
    tops = {name.split("/")[0] for name in listed}
    made = {"Cargo.toml.orig", ".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml"}
    assert tops - made == {"src", "stdlib", "grammar", "pipelines", "benches", "docs", "LICENSE", "README.md", "CHANGELOG.md"}
    for source in (TOP / "src").rglob("*.rs"):
        for path in re.findall(r'include_(?:str|bytes)!\("([^"]+)"\)', source.read_text()):
            file = (source.parent / path).resolve().relative_to(TOP)
            assert file.as_posix() in listed, f"{source}: {path}"


def test_the_manifest_says_what_a_registry_shows():
    package = MANIFEST["package"]
    for field in ["description", "license", "readme", "keywords", "categories", "rust-version"]:
        assert package[field], field
    assert len(package["keywords"]) <= 5 and len(package["description"]) < 300
    ci = (TOP / ".github/workflows/ci.yml").read_text()
    assert f"toolchain install {package['rust-version']}" in ci
