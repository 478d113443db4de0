"""The language server, driven by a client that is not our own (pytest-lsp): every answer has to read as the protocol's.

    PHASEGATE=target/release/phasegate pytest tests/editor
"""

import os
import pathlib

import attrs
import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

PROGRAM = os.environ.get("PHASEGATE", "phasegate")

# The requests that go with what a server can announce; `test_everything_that_is_announced_was_asked_for` holds the tests
# below against it.
REQUESTS = {
    "completionProvider": {types.TEXT_DOCUMENT_COMPLETION},
    "hoverProvider": {types.TEXT_DOCUMENT_HOVER},
    "signatureHelpProvider": {types.TEXT_DOCUMENT_SIGNATURE_HELP},
    "declarationProvider": {types.TEXT_DOCUMENT_DECLARATION},
    "definitionProvider": {types.TEXT_DOCUMENT_DEFINITION},
    "typeDefinitionProvider": {types.TEXT_DOCUMENT_TYPE_DEFINITION},
    "referencesProvider": {types.TEXT_DOCUMENT_REFERENCES},
    "documentHighlightProvider": {types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT},
    "documentSymbolProvider": {types.TEXT_DOCUMENT_DOCUMENT_SYMBOL},
    "workspaceSymbolProvider": {types.WORKSPACE_SYMBOL},
    "codeActionProvider": {types.TEXT_DOCUMENT_CODE_ACTION},
    "codeLensProvider": {types.TEXT_DOCUMENT_CODE_LENS},
    "documentLinkProvider": {types.TEXT_DOCUMENT_DOCUMENT_LINK},
    "documentFormattingProvider": {types.TEXT_DOCUMENT_FORMATTING},
    "documentRangeFormattingProvider": {types.TEXT_DOCUMENT_RANGE_FORMATTING},
    "documentOnTypeFormattingProvider": {types.TEXT_DOCUMENT_ON_TYPE_FORMATTING},
    "renameProvider": {types.TEXT_DOCUMENT_PREPARE_RENAME, types.TEXT_DOCUMENT_RENAME},
    "foldingRangeProvider": {types.TEXT_DOCUMENT_FOLDING_RANGE},
    "selectionRangeProvider": {types.TEXT_DOCUMENT_SELECTION_RANGE},
    "inlayHintProvider": {types.TEXT_DOCUMENT_INLAY_HINT},
    "semanticTokensProvider": {types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL},
    "callHierarchyProvider": {
        types.TEXT_DOCUMENT_PREPARE_CALL_HIERARCHY,
        types.CALL_HIERARCHY_INCOMING_CALLS,
        types.CALL_HIERARCHY_OUTGOING_CALLS,
    },
    "diagnosticProvider": {types.TEXT_DOCUMENT_DIAGNOSTIC},
    "workspace": {types.WORKSPACE_WILL_RENAME_FILES},
    # Notifications, which every test sends.
    "textDocumentSync": set(),
    "positionEncoding": set(),
}
asked = set()

TEXT = """use std.exec

/// It is.
pipeline p {
  let soak = 5m

  phase one {
    wait soak
    step built = exec(["true"]) timeout 1m
    gate { require built.exit_code == 0 }
  }
}
"""


@pytest_lsp.fixture(config=ClientServerConfig(server_command=[PROGRAM, "lsp"]))
async def client(lsp_client: LanguageClient, tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    capabilities = client_capabilities("neovim")
    # What is wrong is to be pushed.
    capabilities.text_document.diagnostic = None
    capabilities.workspace.did_change_watched_files = None
    send = lsp_client.protocol.send_request_async

    def remember(method, *args, **kwargs):
        asked.add(method)
        return send(method, *args, **kwargs)

    lsp_client.protocol.send_request_async = remember
    lsp_client.answer = await lsp_client.initialize_session(
        types.InitializeParams(
            capabilities=capabilities,
            workspace_folders=[types.WorkspaceFolder(uri=folder.as_uri(), name="programs")],
        )
    )
    lsp_client.folder = folder
    yield
    await lsp_client.shutdown_session()


def document(client: LanguageClient, name: str = "a.deploy") -> types.TextDocumentIdentifier:
    return types.TextDocumentIdentifier(uri=(client.folder / name).as_uri())


async def opened(client: LanguageClient, text: str = TEXT):
    uri = document(client).uri
    client.text_document_did_open(
        types.DidOpenTextDocumentParams(types.TextDocumentItem(uri=uri, language_id="phasegate", version=1, text=text))
    )
    await client.wait_for_notification(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    return document(client), client.diagnostics.get(uri, [])


def codes(diagnostics):
    return [diagnostic.code for diagnostic in diagnostics]


@pytest.mark.asyncio
async def test_problems_and_their_fixes(client: LanguageClient):
    here, diagnostics = await opened(client, TEXT.replace("use std.exec\n\n", ""))
    assert codes(diagnostics) == ["PG103"]
    actions = await client.text_document_code_action_async(
        types.CodeActionParams(here, diagnostics[0].range, types.CodeActionContext(diagnostics=diagnostics))
    )
    fix = next(action for action in actions if action.kind == types.CodeActionKind.QuickFix)
    [edit] = fix.edit.changes[here.uri]
    assert edit.new_text.startswith("use std.exec\n")


@pytest.mark.asyncio
async def test_names(client: LanguageClient):
    here, diagnostics = await opened(client)
    assert not diagnostics
    soak = types.Position(7, 10)
    hover = await client.text_document_hover_async(types.HoverParams(here, soak))
    assert "let soak = 5m" in hover.contents.value
    [place] = await client.text_document_definition_async(types.DefinitionParams(here, soak))
    assert place.range.start == types.Position(4, 6)
    step = types.Position(8, 19)
    [library] = await client.text_document_definition_async(types.DefinitionParams(here, step))
    assert "step exec(" in pathlib.Path(library.uri.removeprefix("file://")).read_text()
    found = await client.text_document_references_async(
        types.ReferenceParams(types.ReferenceContext(include_declaration=True), here, soak)
    )
    assert len(found) == 2
    assert len(await client.text_document_document_highlight_async(types.DocumentHighlightParams(here, soak))) == 2
    prepared = await client.text_document_prepare_rename_async(types.PrepareRenameParams(here, soak))
    assert prepared.placeholder == "soak"
    renamed = await client.text_document_rename_async(
        types.RenameParams(text_document=here, position=soak, new_name="rest")
    )
    assert len(renamed.changes[here.uri]) == 2


@pytest.mark.asyncio
async def test_writing(client: LanguageClient):
    here, _ = await opened(client)
    items = await client.text_document_completion_async(types.CompletionParams(here, types.Position(9, 25)))
    assert {"exit_code", "stdout"} <= {item.label for item in items}
    help = await client.text_document_signature_help_async(types.SignatureHelpParams(here, types.Position(8, 23)))
    assert help.signatures[0].label.startswith("exec(") and help.active_parameter == 0
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    assert not await client.text_document_formatting_async(types.DocumentFormattingParams(here, options))


MESSY = """/// It is.
pipeline p {
    phase one { wait   1m }
    phase two { wait   2m }
  phase = = {
  phase three {
wait 3m
  }
}
"""


def applied(text, edits):
    lines = text.splitlines(keepends=True)

    def offset(position):
        return sum(len(line) for line in lines[: position.line]) + position.character

    for edit in reversed(edits):
        start, end = offset(edit.range.start), offset(edit.range.end)
        text = text[:start] + edit.new_text + text[end:]
    return text


@pytest.mark.asyncio
async def test_formatting_of_a_part_and_as_it_is_typed(client: LanguageClient):
    text = MESSY.replace("  phase = = {\n", "")
    here, _ = await opened(client, text)
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    line = types.Range(types.Position(2, 6), types.Position(2, 8))
    edits = await client.text_document_range_formatting_async(types.DocumentRangeFormattingParams(here, line, options))
    assert applied(text, edits).splitlines()[2:4] == ["  phase one { wait 1m }", "    phase two { wait   2m }"]
    edits = await client.text_document_on_type_formatting_async(
        types.DocumentOnTypeFormattingParams(here, types.Position(6, 3), "}", options)
    )
    assert applied(text, edits).splitlines()[4:7] == ["  phase three {", "    wait 3m", "  }"]
    whole = await client.text_document_formatting_async(types.DocumentFormattingParams(here, options))
    assert "    phase" not in applied(text, whole)


@pytest.mark.asyncio
async def test_a_broken_file_keeps_its_healthy_parts(client: LanguageClient):
    text = "metrics m from = = {\n\n" + TEXT.replace("gate { require built.exit_code == 0 }", "wait so") + "\npipeline q { phase { {\n"
    here, diagnostics = await opened(client, text)
    assert "PG001" in codes(diagnostics)
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(here))
    [pipeline] = [symbol for symbol in symbols if symbol.name == "p"]
    assert [child.name for child in pipeline.children] == ["soak", "one"]
    line = text.splitlines().index("    wait so")
    items = await client.text_document_completion_async(types.CompletionParams(here, types.Position(line, 11)))
    assert "soak" in {item.label for item in items}
    options = types.FormattingOptions(tab_size=2, insert_spaces=True)
    edits = await client.text_document_formatting_async(types.DocumentFormattingParams(here, options))
    assert "metrics m from = = {" in applied(text, edits or [])


@pytest.mark.asyncio
async def test_what_leads_to_what(client: LanguageClient):
    text = TEXT.rstrip("\n}") + "\n  }\n\n  phase two after one {\n    wait 1m\n  }\n}\n"
    here, diagnostics = await opened(client, text)
    assert not diagnostics
    [one] = await client.text_document_prepare_call_hierarchy_async(
        types.CallHierarchyPrepareParams(here, types.Position(6, 9))
    )
    assert one.name == "one" and one.detail == "p"
    before = await client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(one))
    assert [call.from_.name for call in before] == ["p"]
    after = await client.call_hierarchy_outgoing_calls_async(types.CallHierarchyOutgoingCallsParams(one))
    assert {call.to.name for call in after} == {"exec", "two"}
    step = next(call.to for call in after if call.to.name == "exec")
    assert "step exec(" in pathlib.Path(step.uri.removeprefix("file://")).read_text()
    callers = await client.call_hierarchy_incoming_calls_async(types.CallHierarchyIncomingCallsParams(step))
    assert "one" in {call.from_.name for call in callers}


@pytest.mark.asyncio
async def test_types_and_declarations(client: LanguageClient):
    text = "type Box = { n: int }\n\n" + TEXT.replace("  let soak", "  param box: Box = { n: 1 }\n  let soak").replace(
        "wait soak", "wait soak * box.n"
    )
    here, diagnostics = await opened(client, text)
    assert not diagnostics
    line = next(at for at, line in enumerate(text.splitlines()) if "* box.n" in line)
    box = types.Position(line, text.splitlines()[line].index("box"))
    [place] = await client.text_document_type_definition_async(types.TypeDefinitionParams(here, box))
    assert place.range.start == types.Position(0, 5)
    [place] = await client.text_document_declaration_async(types.DeclarationParams(here, box))
    assert text.splitlines()[place.range.start.line].startswith("  param box")


@pytest.mark.asyncio
async def test_files_get_other_names(client: LanguageClient):
    slo = client.folder / "slo.deploy"
    slo.write_text("threshold quick {\n  require 1 < 2\n}\n")
    client.workspace_did_create_files(types.CreateFilesParams(files=[types.FileCreate(uri=slo.as_uri())]))
    here, _ = await opened(client, 'use "./slo.deploy".{quick}\n\n' + TEXT)
    moved = types.FileRename(old_uri=slo.as_uri(), new_uri=(client.folder / "shared" / "limits.deploy").as_uri())
    answer = await client.workspace_will_rename_files_async(types.RenameFilesParams(files=[moved]))
    [edit] = answer.changes[here.uri]
    assert edit.new_text == '"./shared/limits.deploy"'


@pytest.mark.asyncio
async def test_the_whole_file(client: LanguageClient):
    here, _ = await opened(client)
    symbols = await client.text_document_document_symbol_async(types.DocumentSymbolParams(here))
    assert [symbol.name for symbol in symbols] == ["p"]
    assert [child.name for child in symbols[0].children] == ["soak", "one"]
    assert len(await client.text_document_folding_range_async(types.FoldingRangeParams(here))) == 2
    tokens = await client.text_document_semantic_tokens_full_async(types.SemanticTokensParams(here))
    assert tokens.data and len(tokens.data) % 5 == 0
    [selection] = await client.text_document_selection_range_async(
        types.SelectionRangeParams(here, [types.Position(7, 10)])
    )
    assert selection.parent is not None
    lenses = await client.text_document_code_lens_async(types.CodeLensParams(here))
    assert [lens.command.title for lens in lenses] == ["plan", "simulate", "0 references", "0 references"]
    [link] = await client.text_document_document_link_async(types.DocumentLinkParams(here))
    assert link.target.endswith("/exec.deploy")
    whole = types.Range(types.Position(0, 0), types.Position(99, 0))
    hints = await client.text_document_inlay_hint_async(types.InlayHintParams(here, whole))
    assert [hint.label for hint in hints] == [": duration", "a rollback undoes nothing; 1 stays"]
    found = await client.workspace_symbol_async(types.WorkspaceSymbolParams(query="soak"))
    assert [symbol.name for symbol in found] == ["soak"]
    pulled = await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(here))
    assert not pulled.items


@pytest.mark.asyncio
async def test_everything_that_is_announced_was_asked_for(client: LanguageClient):
    announced = {name for name, value in attrs.asdict(client.answer.capabilities, recurse=False).items() if value is not None}
    camel = {"".join([part if at == 0 else part.title() for at, part in enumerate(name.split("_"))]) for name in announced}
    assert camel == set(REQUESTS)
    wanted = set().union(*(REQUESTS[name] for name in camel))
    assert wanted <= asked, f"no test asks for {sorted(wanted - asked)}"
