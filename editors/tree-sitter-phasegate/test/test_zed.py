"""The extension for Zed, as far as it can be tried without Zed."""

import os
import subprocess
import tomllib

from conftest import GRAMMAR, ROOT, programs
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


def test_brackets_are_not_closed_where_the_language_says_so(language, parser):
    """`not_in` says nothing to Zed where `overrides.scm` has no such place."""
    brackets = tomllib.loads((ZED / "languages" / "phasegate" / "config.toml").read_text(encoding="utf-8"))["brackets"]
    query = Query(language, (ZED / "languages" / "phasegate" / "overrides.scm").read_text(encoding="utf-8"))
    names = {query.capture_name(number).removesuffix(".inclusive") for number in range(query.capture_count)}
    assert names == {name for bracket in brackets for name in bracket.get("not_in", [])} != set()
    source = b'/// Text.\nenvironment e { /* a */ b = "c", d = r"d", e = """\n e\n""" } // f\n'
    found = QueryCursor(query).captures(parser.parse(source).root_node)
    texts = {name: sorted(node.text for node in nodes) for name, nodes in found.items()}
    assert texts == {
        "comment.inclusive": [b"/* a */", b"// f", b"/// Text."],
        "string": [b'"""\n e\n"""', b'"c"', b'r"d"'],
    }


#: What tree-sitter has of C's library for a grammar that is WebAssembly, as in Zed: its `lib/src/wasm/stdlib-symbols.txt`.
IN_WEBASSEMBLY = set(
    "atof calloc free iswalnum iswalpha iswblank iswdigit iswlower iswspace iswupper iswxdigit malloc memchr memcmp memcpy"
    " memmove memset realloc strcmp strlen strncat strncmp strncpy towlower towupper".split()
)


def test_the_parser_takes_no_more_of_c_than_webassembly_has(tmp_path):
    compiler = [os.environ.get("CC", "cc"), "-c", "-O1", "-fno-stack-protector", "-I", GRAMMAR / "src"]
    for name in ("parser", "scanner"):
        subprocess.run([*compiler, GRAMMAR / "src" / f"{name}.c", "-o", tmp_path / f"{name}.o"], check=True)
    symbols = subprocess.run(["nm", "-P", *tmp_path.glob("*.o")], check=True, capture_output=True, text=True).stdout
    kinds = [line.split()[:2] for line in symbols.splitlines() if not line.endswith(":")]
    defined = {name for name, kind in kinds if kind != "U"}
    assert {name for name, _ in kinds} - defined <= IN_WEBASSEMBLY


def test_prepare_puts_in_where_the_grammar_is(tmp_path):
    subprocess.run([ZED / "prepare"], check=True, capture_output=True)
    extension = tomllib.loads((ROOT / "target" / "zed-phasegate" / "extension.toml").read_text(encoding="utf-8"))
    grammar = extension["grammars"]["phasegate"]
    assert grammar["repository"] == f"file://{ROOT}"
    # As Zed takes it.
    for command in (["init"], ["fetch", "--depth", "1", grammar["repository"], grammar["rev"]], ["checkout", grammar["rev"]]):
        subprocess.run(["git", *command], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / grammar["path"] / "src" / "parser.c").is_file()


def test_the_outline_names_every_declaration(language, parser):
    query = Query(language, (ZED / "languages" / "phasegate" / "outline.scm").read_text(encoding="utf-8"))
    for program in programs():
        root = parser.parse(program.read_bytes()).root_node
        items = {node.start_byte for node in QueryCursor(query).captures(root).get("item", [])}
        for node in root.named_children:
            if node.type.endswith("_declaration") and node.type != "use_declaration":
                assert node.start_byte in items, f"{program}:{node.start_point[0] + 1} {node.type}"
