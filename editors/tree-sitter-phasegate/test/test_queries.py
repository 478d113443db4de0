"""The queries: they compile, name every word of the language, and say what `highlight.deploy` expects.

Neovim's, Helix' and Zed's own files are among them.
"""

import json
import pathlib
import re
import runpy

import pytest
from conftest import GRAMMAR, HERE, ROOT, programs
from tree_sitter import Query, QueryCursor

EDITORS = ROOT / "editors"
COPIES = runpy.run_path(str(EDITORS / "copies.py"))
QUERIES = sorted(GRAMMAR.glob("queries/*.scm"))
ALL = QUERIES + sorted(
    path for editor in ("neovim", "helix", "zed") for path in (EDITORS / editor).rglob("*.scm") if not path.is_symlink()
)
HIGHLIGHTS = [path for path in ALL if path.name == "highlights.scm"]

#: Said of a node beside its colour.
BESIDE = {"spell"}


def named(path) -> str:
    return str(path.relative_to(EDITORS))


def read(language, path) -> Query:
    return Query(language, path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", ALL, ids=named)
def test_every_query_fits_the_grammar(language, path):
    assert read(language, path).pattern_count > 0


@pytest.mark.parametrize("path", HIGHLIGHTS, ids=named)
def test_every_word_and_sign_of_the_language_has_a_colour(path):
    kinds = json.loads((GRAMMAR / "src" / "node-types.json").read_text(encoding="utf-8"))
    written_as_nodes = {"true", "false", "sample", "samples"}
    tokens = {kind["type"] for kind in kinds if not kind["named"]} - written_as_nodes
    query = path.read_text(encoding="utf-8")
    without = [token for token in sorted(tokens) if json.dumps(token, ensure_ascii=False) not in query]
    assert not without


@pytest.mark.parametrize("path", HIGHLIGHTS, ids=named)
def test_a_node_is_coloured_once(language, parser, path):
    """So it does not matter whether an editor prefers the first pattern or the last."""
    query = read(language, path)
    for program in programs():
        colours: dict = {}
        for capture, nodes in QueryCursor(query).captures(parser.parse(program.read_bytes()).root_node).items():
            for node in nodes:
                if capture not in BESIDE:
                    colours.setdefault((node.start_byte, node.end_byte, node.type), set()).add(capture)
        twice = {place: found for place, found in colours.items() if len(found) > 1}
        assert not twice, f"{program}: {twice}"


def test_colours_stand_where_they_should(language, parser):
    text = (HERE / "highlight.deploy").read_text(encoding="utf-8")
    found: dict = {}
    root = parser.parse(text.encode()).root_node
    for capture, nodes in QueryCursor(read(language, GRAMMAR / "queries" / "highlights.scm")).captures(root).items():
        for node in nodes:
            if capture not in BESIDE:
                found[node.start_point[0], node.start_point[1], node.end_point[0], node.end_point[1]] = capture
    checked = 0
    line = 0
    wrong = []
    for number, words in enumerate(text.splitlines()):
        expected = re.fullmatch(r"//( *\^| <-) ([a-z.]+)", words)
        if expected is None:
            line = number
            continue
        column = 0 if "<-" in words else words.index("^")
        colours = {
            (end_row - row, end - start): colour
            for (row, start, end_row, end), colour in found.items()
            if (row, start) <= (line, column) < (end_row, end)
        }
        smallest = colours[min(colours)] if colours else None
        checked += 1
        if smallest != expected.group(2):
            wrong.append(f"{line + 1}:{column + 1} is {smallest}, not {expected.group(2)}")
    assert checked > 30
    assert not wrong, "\n".join(wrong)


def test_every_block_of_more_than_a_line_folds(language, parser):
    query = read(language, GRAMMAR / "queries" / "folds.scm")
    for program in programs():
        source = program.read_bytes()
        root = parser.parse(source).root_node
        folds = {node.start_point[0] for nodes in QueryCursor(query).captures(root).values() for node in nodes}
        # A line that ends with an opening bracket opens something; in texts and comments there may be others.
        stack = [root]
        while stack:
            node = stack.pop()
            if node.type in "{[(" and node.end_point[0] != node.parent.end_point[0] and node.parent.type != "parenthesized":
                assert node.start_point[0] in folds, f"{program}:{node.start_point[0] + 1}"
            stack.extend(node.children)


def test_tags_name_every_declaration(language, parser):
    query = read(language, GRAMMAR / "queries" / "tags.scm")
    for program in programs():
        root = parser.parse(program.read_bytes()).root_node
        captures = QueryCursor(query).captures(root)
        tagged = {node.start_byte for name, nodes in captures.items() if name.startswith("definition") for node in nodes}
        for node in root.named_children:
            if node.type.endswith("_declaration") and node.type != "use_declaration":
                assert node.start_byte in tagged, f"{program}:{node.start_point[0] + 1} {node.type}"


@pytest.mark.parametrize(("path", "text"), COPIES["copies"](), ids=lambda one: named(one) if isinstance(one, pathlib.Path) else "")
def test_what_is_made_from_other_files_is_up_to_date(path, text):
    assert path.read_text(encoding="utf-8") == text, "run `editors/copies.py`"


@pytest.mark.parametrize("names", ["HELIX_NAMES", "ZED_NAMES"])
def test_no_name_is_changed_that_is_not_used(names):
    queries = "".join(path.read_text(encoding="utf-8") for path in QUERIES)
    assert {name for name in COPIES[names] if not re.search(rf"@{re.escape(name)}(?![\w.])", queries)} == set()
