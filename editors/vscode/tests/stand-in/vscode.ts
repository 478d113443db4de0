/**
 * An editor without a window: enough of the interface for the extension to start, for the real language client to talk to
 * the real server, and for tests to see what is shown. Tests reach it through `editor`.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Document } from "./documents.js";
import {
  CancellationTokenSource,
  type CodeActionKind,
  Disposable,
  EventEmitter,
  Position,
  type Range,
  Selection,
  type TestRunRequest,
  type TextEdit,
  Uri,
  type WorkspaceEdit,
} from "./values.js";

export * from "./values.js";

export const version = "1.90.0";

type Work = (...given: never[]) => unknown;
type Values = Record<string, unknown>;

/** What tests set, and what they look at. */
export const editor = {
  folder: "",
  /** Further folders of the workspace. */
  others: [] as string[],
  settings: {} as Values,
  /** What people answer, in order: to choices, boxes and messages. */
  replies: [] as unknown[],
  asked: [] as string[],
  messages: [] as string[],
  status: { text: "", tooltip: undefined as unknown },
  output: [] as string[],
  panels: [] as Panel[],
  problems: new Map<string, unknown[]>(),
  shownAt: undefined as { path: string; line: number } | undefined,
  context: new Map<string, unknown>(),
  runs: [] as Run[],
  commands: new Map<string, Work>(),
  executed: [] as { command: string; given: unknown[] }[],
  providers: new Map<string, Values[]>(),
  tasks: new Map<string, Values>(),
  contents: new Map<string, (uri: Uri) => Promise<string>>(),
};

const events = {
  opened: new EventEmitter<Document>(),
  closed: new EventEmitter<Document>(),
  changed: new EventEmitter<unknown>(),
  saved: new EventEmitter<Document>(),
  tabs: new EventEmitter<{ opened: unknown[]; closed: unknown[]; changed: unknown[] }>(),
  settings: new EventEmitter<{ affectsConfiguration(name: string): boolean }>(),
};

/** Never fires. */
const never = () => new Disposable();

// ---- texts ----------------------------------------------------------------------------------------------------

const documents: Document[] = [];

async function openTextDocument(what: Uri | string | { content: string; language: string }): Promise<Document> {
  const uri = what instanceof Uri ? what : typeof what === "string" ? Uri.file(what) : Uri.parse(`untitled:${documents.length}`);
  const known = documents.find((document) => document.uri.toString() === uri.toString());
  if (known !== undefined) {
    return known;
  }
  const content = await editor.contents.get(uri.scheme)?.(uri);
  const given =
    content === undefined ? (what instanceof Uri || typeof what === "string" ? undefined : what) : { content, language: "markdown" };
  const document = new Document(uri, given?.content, given?.language);
  documents.push(document);
  events.tabs.fire({ opened: [document], closed: [], changed: [] });
  events.opened.fire(document);
  return document;
}

/** A person types. */
export function type(document: Document, edits: readonly TextEdit[]): void {
  const before = edits.map(({ range, newText }) => ({
    range,
    rangeOffset: document.offsetAt(range.start),
    rangeLength: document.offsetAt(range.end) - document.offsetAt(range.start),
    text: newText,
  }));
  document.apply(edits);
  events.changed.fire({ document, contentChanges: before, reason: undefined });
}

/** A person saves. */
export async function save(document: Document): Promise<void> {
  await document.save();
  events.saved.fire(document);
}

/** A person changes settings. */
export function set(values: Values): void {
  Object.assign(editor.settings, values);
  events.settings.fire({ affectsConfiguration: (name) => Object.keys(values).some((key) => key.startsWith(name)) });
}

function found(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? found(path) : path.endsWith(".deploy") ? [path] : [];
  });
}

export const workspace = {
  isTrusted: true,
  get workspaceFolders() {
    const paths = [editor.folder, ...editor.others].filter((path) => path !== "");
    return paths.length === 0 ? undefined : paths.map((path, index) => ({ uri: Uri.file(path), name: "folder", index }));
  },
  getWorkspaceFolder: (uri: Uri) => (uri.fsPath.startsWith(`${editor.folder}/`) ? workspace.workspaceFolders?.[0] : undefined),
  get textDocuments() {
    return documents;
  },
  notebookDocuments: [],
  openTextDocument,
  asRelativePath: (what: Uri | string) => (typeof what === "string" ? what : what.fsPath).replace(`${editor.folder}/`, ""),
  findFiles: async () => found(editor.folder).map((path) => Uri.file(path)),
  getConfiguration: (section?: string) => ({
    get: (key: string, otherwise?: unknown) => editor.settings[section === undefined ? key : `${section}.${key}`] ?? otherwise,
    inspect: () => undefined,
    has: () => false,
  }),
  fs: { readFile: async (uri: Uri) => readFileSync(uri.fsPath) },
  registerTextDocumentContentProvider: (scheme: string, provider: { provideTextDocumentContent(uri: Uri): Promise<string> }) => {
    editor.contents.set(scheme, (uri) => provider.provideTextDocumentContent(uri));
    return new Disposable();
  },
  createFileSystemWatcher: () => ({ onDidCreate: never, onDidChange: never, onDidDelete: never, dispose: () => undefined }),
  saveAll: async () => {
    await Promise.all(documents.filter(({ isDirty }) => isDirty).map(save));
    return true;
  },
  applyEdit: async (edit: WorkspaceEdit) => {
    for (const { uri, edits } of edit.changes) {
      type(await openTextDocument(uri), edits);
    }
    return true;
  },
  onDidOpenTextDocument: events.opened.event,
  onDidCloseTextDocument: events.closed.event,
  onDidChangeTextDocument: events.changed.event,
  onDidSaveTextDocument: events.saved.event,
  onDidChangeConfiguration: events.settings.event,
  onWillSaveTextDocument: never,
  onDidGrantWorkspaceTrust: never,
  onDidChangeWorkspaceFolders: never,
  onDidOpenNotebookDocument: never,
  onDidCloseNotebookDocument: never,
  onDidChangeNotebookDocument: never,
  onDidSaveNotebookDocument: never,
  onDidCreateFiles: never,
  onDidRenameFiles: never,
  onDidDeleteFiles: never,
  onWillCreateFiles: never,
  onWillRenameFiles: never,
  onWillDeleteFiles: never,
};

// ---- windows --------------------------------------------------------------------------------------------------

export class Panel {
  readonly heard = new EventEmitter<unknown>();
  private readonly closed = new EventEmitter<void>();
  readonly webview = { html: "", onDidReceiveMessage: this.heard.event };

  constructor(
    readonly viewType: string,
    public title: string,
    readonly options: unknown,
  ) {}

  readonly onDidDispose = this.closed.event;

  reveal(): void {
    // Nothing is shown.
  }

  dispose(): void {
    this.closed.fire();
  }
}

const channel = () => ({
  name: "",
  append: (text: string) => editor.output.push(text),
  appendLine: (text: string) => editor.output.push(`${text}\n`),
  replace: () => undefined,
  clear: () => undefined,
  show: () => undefined,
  hide: () => undefined,
  dispose: () => undefined,
});

async function reply(asked: string): Promise<unknown> {
  editor.asked.push(asked);
  return editor.replies.shift();
}

const say = async (message: string) => {
  editor.messages.push(message);
  return undefined;
};

export const window = {
  activeTextEditor: undefined as { document: Document; selection: Selection } | undefined,
  visibleTextEditors: [],
  visibleNotebookEditors: [],
  tabGroups: {
    get all() {
      return [{ tabs: documents.map(({ uri }) => ({ input: new TabInputText(uri) })) }];
    },
    onDidChangeTabs: events.tabs.event,
    onDidChangeTabGroups: never,
  },
  createOutputChannel: channel,
  createStatusBarItem: () => Object.assign(editor.status, { show: () => undefined, hide: () => undefined, dispose: () => undefined }),
  createWebviewPanel: (viewType: string, title: string, _: unknown, options: unknown) => {
    const panel = new Panel(viewType, title, options);
    editor.panels.push(panel);
    return panel;
  },
  showErrorMessage: say,
  showWarningMessage: say,
  showInformationMessage: say,
  showQuickPick: async (items: readonly unknown[], { title }: { title: string }) => {
    const wanted = await reply(title);
    return wanted === undefined ? undefined : items.find((item) => item === wanted || (item as { label?: unknown }).label === wanted);
  },
  showInputBox: async ({ title, prompt }: { title: string; prompt?: string }) => reply(`${title}: ${prompt ?? ""}`),
  showOpenDialog: async ({ title }: { title: string }) => reply(title),
  showTextDocument: async (document: Document, options?: { selection?: Range }) => {
    const at = options?.selection?.start ?? new Position(0, 0);
    editor.shownAt = { path: document.uri.fsPath, line: at.line + 1 };
    window.activeTextEditor = { document, selection: new Selection(at, at) };
    return window.activeTextEditor;
  },
  withProgress: async (_: unknown, work: (progress: { report(): void }, token: unknown) => unknown) =>
    work({ report: () => undefined }, new CancellationTokenSource().token),
  onDidChangeActiveTextEditor: never,
  onDidChangeVisibleTextEditors: never,
  onDidChangeVisibleNotebookEditors: never,
};

// ---- languages ------------------------------------------------------------------------------------------------

/** `registerHoverProvider` and its like: the provider is the second thing given. */
const registered = (name: string) => (_: unknown, provider: Values) => {
  const known = editor.providers.get(name) ?? [];
  known.push(provider);
  editor.providers.set(name, known);
  return new Disposable(() => known.splice(known.indexOf(provider), 1));
};

const own: Values = {
  match: ([first]: { language: string }[], { languageId }: Document) => (first?.language === languageId ? 10 : 0),
  createDiagnosticCollection: () => ({
    set: (uri: Uri, problems: unknown[]) => editor.problems.set(uri.toString(), problems),
    delete: (uri: Uri) => editor.problems.delete(uri.toString()),
    has: (uri: Uri) => editor.problems.has(uri.toString()),
    clear: () => editor.problems.clear(),
    dispose: () => editor.problems.clear(),
  }),
  getDiagnostics: (uri: Uri) => editor.problems.get(uri.toString()) ?? [],
};

export const languages = new Proxy(own, {
  get: (known, name) => (typeof name === "string" && name.startsWith("register") ? registered(name) : known[String(name)]),
});

// ---- commands -------------------------------------------------------------------------------------------------

async function ask(kind: string, method: string, ...given: unknown[]): Promise<unknown> {
  const provider = editor.providers.get(kind)?.[0];
  const work = provider?.[method] as ((...given: unknown[]) => unknown) | undefined;
  return work?.call(provider, ...given, new CancellationTokenSource().token);
}

const builtIn: Record<string, (...given: never[]) => Promise<unknown>> = {
  "vscode.executeDocumentSymbolProvider": async (uri: Uri) =>
    ask("registerDocumentSymbolProvider", "provideDocumentSymbols", await openTextDocument(uri)),
  "vscode.executeDefinitionProvider": async (uri: Uri, at: Position) =>
    [await ask("registerDefinitionProvider", "provideDefinition", await openTextDocument(uri), at)].flat().filter(Boolean),
  "vscode.executeReferenceProvider": async (uri: Uri, at: Position) =>
    [await ask("registerReferenceProvider", "provideReferences", await openTextDocument(uri), at, { includeDeclaration: false })].flat(),
  "vscode.executeCodeActionProvider": async (uri: Uri, range: Range, kind: string) => {
    const wanted = { diagnostics: [], only: { value: kind } as CodeActionKind, triggerKind: 1 };
    return ask("registerCodeActionsProvider", "provideCodeActions", await openTextDocument(uri), range, wanted);
  },
  "vscode.executeCodeLensProvider": async (uri: Uri) => ask("registerCodeLensProvider", "provideCodeLenses", await openTextDocument(uri)),
  "vscode.executeFormatDocumentProvider": async (uri: Uri) =>
    ask("registerDocumentFormattingEditProvider", "provideDocumentFormattingEdits", await openTextDocument(uri), {
      tabSize: 2,
      insertSpaces: true,
    }),
  setContext: async (name: string, value: unknown) => editor.context.set(name, value),
};

export const commands = {
  registerCommand: (name: string, work: Work) => {
    editor.commands.set(name, work);
    return new Disposable(() => editor.commands.delete(name));
  },
  executeCommand: async (command: string, ...given: never[]) => {
    editor.executed.push({ command, given });
    return (builtIn[command] ?? editor.commands.get(command))?.(...given);
  },
};

// ---- tests ----------------------------------------------------------------------------------------------------

class Items {
  private readonly all = new Map<string, Item>();

  constructor(private readonly parent: Item | undefined) {}

  get size(): number {
    return this.all.size;
  }

  get(id: string): Item | undefined {
    return this.all.get(id);
  }

  add(item: Item): void {
    item.parent = this.parent;
    this.all.set(item.id, item);
  }

  replace(items: readonly Item[]): void {
    this.all.clear();
    for (const item of items) {
      this.add(item);
    }
  }

  delete(id: string): void {
    this.all.delete(id);
  }

  forEach(work: (item: Item) => void): void {
    this.all.forEach(work);
  }
}

export class Item {
  parent: Item | undefined;
  range: Range | undefined;
  canResolveChildren = false;
  readonly children = new Items(this);

  constructor(
    readonly id: string,
    readonly label: string,
    readonly uri: Uri,
  ) {}
}

/** What became of each test, by its title. */
export class Run {
  readonly states = new Map<string, string>();
  readonly failures = new Map<string, { message: string; location?: { uri: Uri; range: Range } }[]>();
  readonly coverage: { uri: Uri; statementCoverage: { covered: number; total: number } }[] = [];
  text = "";
  ended = false;

  readonly started = ({ id }: Item) => this.states.set(id, "started");
  readonly skipped = ({ id }: Item) => this.states.set(id, "skipped");
  readonly passed = ({ id }: Item) => this.states.set(id, "passed");
  readonly failed = ({ id }: Item, messages: []) => {
    this.states.set(id, "failed");
    this.failures.set(id, messages);
  };
  readonly errored = ({ id }: Item, message: { message: string }) => {
    this.states.set(id, "errored");
    this.failures.set(id, [message]);
  };
  readonly appendOutput = (text: string) => {
    this.text += text;
  };
  readonly addCoverage = (coverage: Run["coverage"][number]) => this.coverage.push(coverage);
  readonly end = () => {
    this.ended = true;
  };
}

export const TestRunProfileKind = { Run: 1, Debug: 2, Coverage: 3 };

export const tests = {
  createTestController: () => ({
    items: new Items(undefined),
    createTestItem: (id: string, label: string, uri: Uri) => new Item(id, label, uri),
    createRunProfile: (label: string, kind: number, runHandler: (request: TestRunRequest, token: unknown) => Promise<void>) => ({
      label,
      kind,
      runHandler,
    }),
    createTestRun: () => {
      const run = new Run();
      editor.runs.push(run);
      return run;
    },
    dispose: () => undefined,
  }),
};

export const tasks = {
  registerTaskProvider: (type: string, provider: Values) => {
    editor.tasks.set(type, provider);
    return new Disposable();
  },
  executeTask: async (task: unknown) => editor.executed.push({ command: "executeTask", given: [task] }),
};

// ---- the rest -------------------------------------------------------------------------------------------------

export const env = { appName: "stand-in", language: "en", uriScheme: "vscode", openExternal: async () => true };
export const extensions = { getExtension: () => undefined, all: [] };
export const notebooks = {};
export const lm = {};
export const ViewColumn = { Active: -1, Beside: -2, One: 1, Two: 2 };
export const StatusBarAlignment = { Left: 1, Right: 2 };
export const ProgressLocation = { SourceControl: 1, Window: 10, Notification: 15 };
export const TaskScope = { Global: 1, Workspace: 2 };
export const TaskGroup = { Build: "build", Test: "test" };
export const DiagnosticSeverity = { Error: 0, Warning: 1, Information: 2, Hint: 3 };
export const DiagnosticTag = { Unnecessary: 1, Deprecated: 2 };
export const CompletionItemKind = {};
export const CompletionItemTag = { Deprecated: 1 };
export const CompletionTriggerKind = { Invoke: 0, TriggerCharacter: 1, TriggerForIncompleteCompletions: 2 };
export const CodeActionTriggerKind = { Invoke: 1, Automatic: 2 };
export const SymbolKind = {};
export const SymbolTag = { Deprecated: 1 };
export const InlayHintKind = { Type: 1, Parameter: 2 };
export const FoldingRangeKind = { Comment: 1, Imports: 2, Region: 3 };
export const SignatureHelpTriggerKind = { Invoke: 1, TriggerCharacter: 2, ContentChange: 3 };
export const TextDocumentSaveReason = { Manual: 1, AfterDelay: 2, FocusOut: 3 };
export const TextDocumentChangeReason = { Undo: 1, Redo: 2 };
export const EndOfLine = { LF: 1, CRLF: 2 };
export const NotebookCellKind = { Markup: 1, Code: 2 };
export const LogLevel = { Off: 0, Trace: 1, Debug: 2, Info: 3, Warning: 4, Error: 5 };
export const RelativePattern = class {};
export class TabInputText {
  constructor(readonly uri: Uri) {}
}
export class TabInputTextDiff {}
export class TabInputNotebook {}
export class TabInputCustom {}
export class SemanticTokens {
  constructor(readonly data: Uint32Array) {}
}
export class SemanticTokensLegend {
  constructor(readonly tokenTypes: string[]) {}
}
export class FoldingRange {}
export class SelectionRange {}
export class DocumentHighlight {}
export class SignatureHelp {}
export class SignatureInformation {}
export class ParameterInformation {}
export class LinkedEditingRanges {}
export class Color {}
export class ColorInformation {}
export class ColorPresentation {}
