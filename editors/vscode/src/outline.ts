/** The server's outline of a document, in the words of the language. */
import * as vscode from "vscode";
import type { Declared } from "./plan/places.js";

/** None while there is no server to ask. */
export async function declarations(document: vscode.TextDocument): Promise<Declared[] | undefined> {
  const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[] | undefined>(
    "vscode.executeDocumentSymbolProvider",
    document.uri,
  );
  return symbols?.map((symbol) => declared(document, symbol));
}

function declared(document: vscode.TextDocument, symbol: vscode.DocumentSymbol): Declared {
  return {
    word: symbol.detail,
    name: symbol.name,
    start: document.offsetAt(symbol.range.start),
    end: document.offsetAt(symbol.range.end),
    children: symbol.children.map((child) => declared(document, child)),
  };
}

/** The declaration of this kind around the cursor, else the only one, else the one that is chosen. */
export async function choose(document: vscode.TextDocument, cursor: number, word: string): Promise<string | undefined> {
  const all = ((await declarations(document)) ?? []).filter((one) => one.word === word);
  const around = all.find(({ start, end }) => start <= cursor && cursor <= end) ?? (all.length === 1 ? all[0] : undefined);
  if (around !== undefined) {
    return around.name;
  }
  if (all.length === 0) {
    void vscode.window.showInformationMessage(`There is no ${word} in this file.`);
    return undefined;
  }
  return vscode.window.showQuickPick(
    all.map(({ name }) => name),
    { title: `Which ${word}?` },
  );
}
