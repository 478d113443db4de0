#!/usr/bin/env python3
"""Writes the files of this folder that are made from others of it. They are committed, as editors take them as they are:

- Neovim's plugin has to stand on its own, so it holds the grammar's queries and Vim's files;
- Helix and Zed have the grammar's colours and scopes, by the names that their themes know.

`tree-sitter-phasegate/test/test_queries.py` fails when one is not what this writes.
"""

import pathlib
import re
from collections.abc import Iterator

EDITORS = pathlib.Path(__file__).resolve().parent
GRAMMAR = EDITORS / "tree-sitter-phasegate" / "queries"
NEOVIM = EDITORS / "neovim"
HELIX = EDITORS / "helix" / "runtime" / "queries" / "phasegate"
ZED = EDITORS / "zed" / "languages" / "phasegate"

OF_THE_GRAMMAR = ("folds", "highlights", "indents", "injections", "locals")
OF_VIM = ("compiler", "ftdetect", "ftplugin", "indent", "syntax")

HELIX_NAMES = {
    "boolean": "constant.builtin.boolean",
    "comment.documentation": "comment.line.documentation",
    "comment.error": "error",
    "function.call": "function",
    "keyword.conditional": "keyword.control.conditional",
    "keyword.exception": "keyword.control.exception",
    "keyword.import": "keyword.control.import",
    "keyword.modifier": "keyword.storage.modifier",
    "keyword.repeat": "keyword.control.repeat",
    "keyword.return": "keyword.control.return",
    "keyword.type": "keyword.storage.type",
    "local.definition.field": "local.definition",
    "local.definition.function": "local.definition",
    "local.definition.import": "local.definition",
    "local.definition.namespace": "local.definition",
    "local.definition.parameter": "local.definition",
    "local.definition.type": "local.definition",
    "local.definition.var": "local.definition",
    "module": "namespace",
    "module.builtin": "namespace",
    "number": "constant.numeric",
    "number.float": "constant.numeric.float",
    "property": "variable.other.member",
    "string.escape": "constant.character.escape",
    "type.definition": "type",
}

ZED_NAMES = {
    "comment.documentation": "comment.doc",
    "comment.error": "comment",
    "constant.builtin": "constant",
    "function.call": "function",
    "keyword.conditional": "keyword",
    "keyword.exception": "keyword",
    "keyword.function": "keyword",
    "keyword.import": "keyword",
    "keyword.modifier": "keyword",
    "keyword.operator": "keyword",
    "keyword.repeat": "keyword",
    "keyword.return": "keyword",
    "keyword.type": "keyword",
    "module": "namespace",
    "module.builtin": "namespace",
    "number.float": "number",
    "type.definition": "type",
}


def copies() -> Iterator[tuple[pathlib.Path, str]]:
    """Each file with what has to be in it."""
    for name in OF_THE_GRAMMAR:
        yield NEOVIM / "queries" / "phasegate" / f"{name}.scm", query(name)
    for folder in OF_VIM:
        yield NEOVIM / folder / "phasegate.vim", (EDITORS / "vim" / folder / "phasegate.vim").read_text(encoding="utf-8")
    yield HELIX / "highlights.scm", renamed("highlights", HELIX_NAMES)
    yield HELIX / "injections.scm", query("injections")
    yield HELIX / "locals.scm", renamed("locals", HELIX_NAMES)
    yield ZED / "highlights.scm", renamed("highlights", ZED_NAMES)


def query(name: str) -> str:
    return (GRAMMAR / f"{name}.scm").read_text(encoding="utf-8")


def renamed(name: str, names: dict[str, str]) -> str:
    """A query of the grammar by other names. What is to be spelt rightly is said beside the colour, and only for Neovim."""
    text = re.sub(r"@([\w.]+)", lambda capture: "@" + names.get(capture[1], capture[1]), query(name).replace(" @spell", ""))
    return f"; Made by `editors/copies.py`.\n{text}"


if __name__ == "__main__":
    for path, text in copies():
        path.write_text(text, encoding="utf-8")
