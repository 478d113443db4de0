"""The compiled parser, the program, and the texts that both read."""

import ctypes
import json
import os
import pathlib
import re
import subprocess

import pytest
from tree_sitter import Language, Parser

HERE = pathlib.Path(__file__).resolve().parent
GRAMMAR = HERE.parent
ROOT = GRAMMAR.parent.parent
PROGRAM = os.environ.get("PHASEGATE", "phasegate")

#: What the program says of a text that is not put together as the language wants it.
SYNTAX = {"PG001", "PG002", "PG003", "PG004", "PG005", "PG006", "PG007", "PG008", "PG009", "PG010", "PG112"}


@pytest.fixture(scope="session")
def language(tmp_path_factory) -> Language:
    library = tmp_path_factory.mktemp("parser") / "phasegate.so"
    source = GRAMMAR / "src"
    compiler = [os.environ.get("CC", "cc"), "-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-Wno-unused", "-I", source]
    subprocess.run([*compiler, source / "parser.c", source / "scanner.c", "-o", library], check=True)
    entry = ctypes.CDLL(str(library)).tree_sitter_phasegate
    entry.restype = ctypes.c_void_p
    wrap = ctypes.pythonapi.PyCapsule_New
    wrap.restype = ctypes.py_object
    wrap.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    return Language(wrap(entry(), b"tree_sitter.Language", None))


@pytest.fixture(scope="session")
def parser(language) -> Parser:
    return Parser(language)


def programs() -> list[pathlib.Path]:
    """Every program that is kept as a file of its own."""
    folders = [ROOT / "pipelines", ROOT / "stdlib", ROOT / "tests" / "samples"]
    return sorted(path for folder in folders for path in folder.rglob("*.deploy"))


def blocks() -> list[tuple[str, str]]:
    """Every `deploy` block of the documents and of the literate cases, with its place."""
    documents = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "tests").rglob("*.md"))]
    fence = re.compile(r"^( *)(`{3,})deploy[^\n]*\n(.*?)^\1\2 *$", re.DOTALL | re.MULTILINE)
    found = []
    for document in documents:
        text = document.read_text(encoding="utf-8")
        for match in fence.finditer(text):
            line = text.count("\n", 0, match.start()) + 2
            found.append((f"{document.relative_to(ROOT)}:{line}", match.group(3)))
    return found


def syntax_faults(paths: list[pathlib.Path]) -> dict[str, set[str]]:
    """By file, the codes of what the program says about syntax."""
    done = subprocess.run([PROGRAM, "check", "--format", "json", *paths], capture_output=True, text=True, check=False)
    assert done.returncode in (0, 1), done.stderr
    faults: dict[str, set[str]] = {str(path): set() for path in paths}
    for diagnostic in json.loads(done.stdout)["diagnostics"]:
        if diagnostic["code"] in SYNTAX:
            faults.setdefault(diagnostic["file"], set()).add(diagnostic["code"])
    return faults


def faulty(node) -> list:
    """The ERROR and MISSING nodes, innermost left out."""
    if node.is_error or node.is_missing:
        return [node]
    if not node.has_error:
        return []
    return [found for child in node.children for found in faulty(child)]


def told(nodes) -> str:
    return "; ".join(f"{node.start_point[0] + 1}:{node.start_point[1] + 1} {node.type} {node.text[:60]!r}" for node in nodes)
