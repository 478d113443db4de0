"""The tree-sitter parser reads what the program reads, and keeps what is healthy in what the program refuses.

    PHASEGATE=target/release/phasegate pytest editors/tree-sitter-phasegate/test
"""

import json
import random

from conftest import GRAMMAR, blocks, faulty, programs, syntax_faults, told

#: Of these the tree says so by its own kinds of nodes, or nothing at all: each is about what a well-formed text is worth.
TOLERATED = {"PG001", "PG003", "PG004", "PG005", "PG007", "PG009", "PG112"}


def test_every_program_parses(parser):
    paths = programs()
    assert len(paths) > 20
    for path in paths:
        tree = parser.parse(path.read_bytes())
        assert not tree.root_node.has_error, f"{path}: {told(faulty(tree.root_node))}"


def test_what_the_program_reads_without_a_fault_parses_and_what_it_refuses_does_not(parser, tmp_path):
    places = {}
    for index, (place, text) in enumerate(blocks()):
        path = tmp_path / f"{index}.deploy"
        path.write_text(text, encoding="utf-8")
        places[str(path)] = (place, text)
    good = broken = 0
    wrong = []
    for path, codes in syntax_faults([tmp_path / f"{index}.deploy" for index in range(len(places))]).items():
        place, text = places[path]
        nodes = faulty(parser.parse(text.encode()).root_node)
        if not codes:
            good += 1
            if nodes:
                wrong.append(f"{place}: the program reads it: {told(nodes)}")
        elif codes - TOLERATED:
            broken += 1
            if not nodes:
                wrong.append(f"{place}: {codes}, and the tree has no fault")
    assert good > 200 and broken > 10, (good, broken)
    assert not wrong, "\n".join(wrong)


def outline(root) -> list[bytes]:
    """The declarations, and the phases of those that have any, by kind and name."""
    found = []
    for node in root.named_children:
        name = node.child_by_field_name("name") or node.child_by_field_name("title")
        if node.type.endswith("_declaration") and name is not None:
            found.append(node.type.encode() + b" " + name.text)
    return found


def test_a_broken_line_costs_no_declaration_but_its_own(parser):
    chance = random.Random(6)
    tried = 0
    for path in programs():
        source = path.read_bytes()
        root = parser.parse(source).root_node
        whole = outline(root)
        for node in root.named_children:
            body = node.child_by_field_name("body")
            if body is None or body.type not in ("block", "test_body") or body.named_child_count < 2:
                continue
            for text in (b"(", b"[", b'"', b"= =", b"step x =", b"}"):
                statement = chance.choice(body.named_children)
                at = statement.end_byte
                edited = source[:at] + b" " + text + source[at:]
                kept = outline(parser.parse(edited).root_node)
                own = node.type.encode() + b" " + (node.child_by_field_name("name") or node.child_by_field_name("title")).text
                lost = [entry for entry in whole if entry not in kept and entry != own]
                assert not lost, f"{path}: `{text.decode()}` behind line {statement.end_point[0] + 1} loses {lost}"
                tried += 1
    assert tried > 200, tried


def test_an_edited_tree_is_the_tree_of_the_edited_text(parser):
    """Incremental parsing: the scanner keeps no state that an edit could leave behind."""
    chance = random.Random(7)
    source = (programs()[0]).read_bytes()
    tree = parser.parse(source)
    for _ in range(300):
        at = chance.randrange(len(source))
        gone = chance.choice((0, 0, 1, 5, 40))
        put = chance.choice((b"", b"\n", b"phase ", b"x", b"{", b"}", b'"', b"\n  step a = f()\n"))
        changed = source[:at] + put + source[at + gone :]
        tree.edit(
            start_byte=at,
            old_end_byte=min(at + gone, len(source)),
            new_end_byte=at + len(put),
            start_point=point(source, at),
            old_end_point=point(source, min(at + gone, len(source))),
            new_end_point=point(changed, at + len(put)),
        )
        tree = parser.parse(changed, tree)
        whole = parser.parse(changed)
        if not whole.root_node.has_error:
            assert str(tree.root_node) == str(whole.root_node)
        # Too much damage to be worth looking at: begin afresh.
        source = changed if len(faulty(whole.root_node)) < 5 else (programs()[0]).read_bytes()
        if source is not changed:
            tree = parser.parse(source)


def point(text: bytes, at: int) -> tuple[int, int]:
    return text.count(b"\n", 0, at), at - (text.rfind(b"\n", 0, at) + 1)


def test_a_text_of_any_bytes_is_read_to_its_end(parser):
    chance = random.Random(8)
    pieces = [b"pipeline p {\n", b"  phase a {\n", b"}", b"(", b'"', b"${", b'"""', b"/*", b"\n  step ", b"\xff", b"\x00", b"5min"]
    for _ in range(2000):
        text = b"".join(chance.choice(pieces) for _ in range(chance.randrange(40)))
        assert parser.parse(text).root_node.end_byte <= len(text)


def test_the_committed_grammar_is_of_the_abi_that_every_editor_reads():
    parser_source = (GRAMMAR / "src" / "parser.c").read_text(encoding="utf-8")
    assert "#define LANGUAGE_VERSION 14" in parser_source
    assert json.loads((GRAMMAR / "src" / "grammar.json").read_text(encoding="utf-8"))["name"] == "phasegate"
