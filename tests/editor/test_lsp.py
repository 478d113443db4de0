"""The language server, driven by a client that is not our own (pytest-lsp): every answer has to read as the protocol's.

    PHASEGATE=target/release/phasegate pytest tests/editor
"""

import os
import pathlib

import pytest
import pytest_lsp
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient, client_capabilities

PROGRAM = os.environ.get("PHASEGATE", "phasegate")

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
    await lsp_client.initialize_session(
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
    assert [lens.command.title for lens in lenses] == ["plan", "simulate"]
    [link] = await client.text_document_document_link_async(types.DocumentLinkParams(here))
    assert link.target.endswith("/exec.deploy")
    whole = types.Range(types.Position(0, 0), types.Position(99, 0))
    assert not await client.text_document_inlay_hint_async(types.InlayHintParams(here, whole))
    found = await client.workspace_symbol_async(types.WorkspaceSymbolParams(query="soak"))
    assert [symbol.name for symbol in found] == ["soak"]
    pulled = await client.text_document_diagnostic_async(types.DocumentDiagnosticParams(here))
    assert not pulled.items
