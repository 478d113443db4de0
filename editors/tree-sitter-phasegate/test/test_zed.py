"""The extension for Zed, as far as it can be tried without Zed."""

import re
import subprocess
import tomllib

from conftest import ROOT, programs
from tree_sitter import Query, QueryCursor

ZED = ROOT / "editors" / "zed"


def test_the_files_name_one_another():
    extension = tomllib.loads((ZED / "extension.toml").read_text(encoding="utf-8"))
    language = tomllib.loads((ZED / "languages" / "phasegate" / "config.toml").read_text(encoding="utf-8"))
    crate = tomllib.loads((ZED / "Cargo.toml").read_text(encoding="utf-8"))
    assert language["grammar"] in extension["grammars"]
    assert language["name"] in extension["language_servers"]["phasegate"]["languages"]
    assert (ROOT / extension["grammars"]["phasegate"]["path"] / "src" / "parser.c").is_file()
    assert (ZED / crate["lib"]["path"]).is_file()
    assert language["path_suffixes"] == ["deploy"]


def test_prepare_puts_in_where_the_grammar_is():
    subprocess.run([ZED / "prepare"], check=True, capture_output=True)
    extension = tomllib.loads((ROOT / "target" / "zed-phasegate" / "extension.toml").read_text(encoding="utf-8"))
    grammar = extension["grammars"]["phasegate"]
    assert grammar["repository"] == f"file://{ROOT}"
    assert re.fullmatch("[0-9a-f]{40}", grammar["rev"]) and grammar["rev"] != "0" * 40


def test_the_outline_names_every_declaration(language, parser):
    query = Query(language, (ZED / "languages" / "phasegate" / "outline.scm").read_text(encoding="utf-8"))
    for program in programs():
        root = parser.parse(program.read_bytes()).root_node
        items = {node.start_byte for node in QueryCursor(query).captures(root).get("item", [])}
        for node in root.named_children:
            if node.type.endswith("_declaration") and node.type != "use_declaration":
                assert node.start_byte in items, f"{program}:{node.start_point[0] + 1} {node.type}"
