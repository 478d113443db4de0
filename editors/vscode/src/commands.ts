/** What people can ask for by name, and what the lenses above pipelines and tests do. */
import * as vscode from "vscode";
import { choose } from "./outline.js";
import type { PlanView, SimulationView, Subject } from "./plan/view.js";
import type { Server } from "./server/client.js";
import { run } from "./server/process.js";
import type { Definition, Tasks } from "./tasks.js";
import { savePrograms, type TestExplorer } from "./testing/explorer.js";

export interface Parts {
  readonly server: Server;
  readonly tests: TestExplorer;
  readonly plan: PlanView;
  readonly simulation: SimulationView;
  readonly tasks: Tasks;
}

type Command = (parts: Parts, ...given: unknown[]) => Promise<unknown>;

const COMMANDS: Readonly<Record<string, Command>> = {
  "phasegate.plan": plan,
  "phasegate.plan.environment": ({ plan: view }) => view.choose(),
  "phasegate.simulate": simulate,
  "phasegate.test": test,
  "phasegate.test.file": testFile,
  "phasegate.references": (_, ...given) => references(given),
  "phasegate.check": ({ tasks }) => check(tasks),
  "phasegate.check.fix": fix,
  "phasegate.fmt": format,
  "phasegate.explain": explain,
  "phasegate.restart": ({ server }) => server.restart(),
  "phasegate.output": async ({ server }) => server.show(),
  "phasegate.menu": menu,
};

export function register(parts: Parts): vscode.Disposable[] {
  const explanations = { provideTextDocumentContent: (uri: vscode.Uri) => explanation(parts.server, uri) };
  return [
    vscode.workspace.registerTextDocumentContentProvider(EXPLANATIONS, explanations),
    ...Object.entries(COMMANDS).map(([name, work]) =>
      vscode.commands.registerCommand(name, (...given: unknown[]) => work(parts, ...given)),
    ),
  ];
}

/**
 * From a lens: the path of the file and a name. From elsewhere: the editor's file, and what stands at the cursor. Nothing
 * without a program: that has been said then, and what is in a file is not known.
 */
async function target({ server }: Parts, word: string, given: readonly unknown[]): Promise<{ file: vscode.Uri; name: string } | undefined> {
  if ((await server.program()) === undefined) {
    return undefined;
  }
  const [path, name] = given;
  if (typeof path === "string" && typeof name === "string") {
    return { file: vscode.Uri.file(path), name };
  }
  const document = current();
  if (document === undefined) {
    return undefined;
  }
  const cursor = vscode.window.activeTextEditor?.selection.active ?? new vscode.Position(0, 0);
  const chosen = await choose(document, document.offsetAt(cursor), word);
  return chosen === undefined ? undefined : { file: document.uri, name: chosen };
}

function current(): vscode.TextDocument | undefined {
  const document = vscode.window.activeTextEditor?.document;
  if (document?.languageId === "phasegate") {
    return document;
  }
  void vscode.window.showInformationMessage("Open a .deploy file first.");
  return undefined;
}

async function plan(parts: Parts, ...given: unknown[]): Promise<void> {
  const found = await target(parts, "pipeline", given);
  if (found !== undefined) {
    await parts.plan.show({ file: found.file, pipeline: found.name });
  }
}

/** Where a simulation's metrics come from. */
const SOURCES: readonly (vscode.QuickPickItem & { readonly option: string | undefined })[] = [
  { label: "A recording", description: "CSV or JSON lines with a column for each metric", option: "--metrics" },
  { label: "A model", description: "a file of `given` lines, those about chance among them", option: "--model" },
  { label: "No metrics", description: "what happens when there are no figures at all", option: undefined },
];

async function simulate(parts: Parts, ...given: unknown[]): Promise<void> {
  const { simulation } = parts;
  const found = await target(parts, "pipeline", given);
  const source = found === undefined ? undefined : await vscode.window.showQuickPick(SOURCES, { title: "Where do the metrics come from?" });
  if (found === undefined || source === undefined) {
    return;
  }
  const subject: Subject = { file: found.file, pipeline: found.name };
  if (source.option === undefined) {
    await simulation.show(subject, []);
    return;
  }
  const [file] = (await vscode.window.showOpenDialog({ title: source.label, canSelectMany: false })) ?? [];
  if (file !== undefined) {
    await simulation.show(subject, [source.option, file.fsPath]);
  }
}

async function test(parts: Parts, ...given: unknown[]): Promise<void> {
  const found = await target(parts, "test", given);
  if (found !== undefined) {
    await parts.tests.runIn(found.file, found.name);
  }
}

async function testFile({ server, tests }: Parts): Promise<void> {
  const document = current();
  if (document !== undefined && (await server.program()) !== undefined) {
    await tests.runIn(document.uri, undefined);
  }
}

interface ProtocolPlace {
  readonly uri: string;
  readonly range: { readonly start: ProtocolPosition; readonly end: ProtocolPosition };
}

interface ProtocolPosition {
  readonly line: number;
  readonly character: number;
}

/** From a lens: where, and either the places as the protocol writes them or none, and then the server is asked. */
async function references([path, at, places]: readonly unknown[]): Promise<void> {
  if (typeof path !== "string" || !isPosition(at)) {
    await vscode.commands.executeCommand("editor.action.referenceSearch.trigger");
    return;
  }
  const uri = /^[a-z]{2,}:/.test(path) ? vscode.Uri.parse(path) : vscode.Uri.file(path);
  const position = new vscode.Position(at.line, at.character);
  const found = Array.isArray(places)
    ? (places as ProtocolPlace[]).map(({ uri: where, range: { start, end } }) => {
        const range = new vscode.Range(start.line, start.character, end.line, end.character);
        return new vscode.Location(vscode.Uri.parse(where), range);
      })
    : await vscode.commands.executeCommand<vscode.Location[]>("vscode.executeReferenceProvider", uri, position);
  await vscode.commands.executeCommand("editor.action.showReferences", uri, position, found);
}

function isPosition(value: unknown): value is ProtocolPosition {
  const { line, character } = (value ?? {}) as Partial<ProtocolPosition>;
  return typeof line === "number" && typeof character === "number";
}

/** One task for all folders: what a second one finds would take the place of what the first one found. */
async function check(tasks: Tasks): Promise<void> {
  const [first, ...others] = folders();
  if (first === undefined) {
    return;
  }
  const paths = others.length === 0 ? {} : { paths: [first, ...others].map(({ uri }) => uri.fsPath) };
  const definition: Definition = { type: "phasegate", command: "check", ...paths };
  const task = await tasks.task(definition, first);
  if (task !== undefined) {
    await vscode.tasks.executeTask(task);
  }
}

function folders(): readonly vscode.WorkspaceFolder[] {
  const all = vscode.workspace.workspaceFolders ?? [];
  if (all.length === 0) {
    void vscode.window.showInformationMessage("Open a folder first: this is for every program in it.");
  }
  return all;
}

/** Every sure fix of the file, as one edit that can be undone. */
async function fix({ server }: Parts): Promise<number> {
  const document = current();
  if (document === undefined || (await server.program()) === undefined) {
    return 0;
  }
  const whole = new vscode.Range(new vscode.Position(0, 0), document.positionAt(document.getText().length));
  const actions = await vscode.commands.executeCommand<vscode.CodeAction[] | undefined>(
    "vscode.executeCodeActionProvider",
    document.uri,
    whole,
    vscode.CodeActionKind.SourceFixAll.value,
  );
  const edits = (actions ?? []).map(({ edit }) => edit).filter((edit) => edit !== undefined);
  for (const edit of edits) {
    await vscode.workspace.applyEdit(edit);
  }
  if (edits.length === 0) {
    void vscode.window.showInformationMessage("There is no fix here that is sure.");
  }
  return edits.length;
}

async function format({ server }: Parts): Promise<void> {
  const paths = folders().map(({ uri }) => uri.fsPath);
  const program = paths.length === 0 ? undefined : await server.program();
  if (program === undefined) {
    return;
  }
  await savePrograms();
  const answer = await run({ program: program.path, args: ["fmt", ...paths], folder: paths[0] });
  server.log(`phasegate fmt ${paths.join(" ")}\n${answer.output}${answer.complaint}`);
  if (answer.status === 0) {
    void vscode.window.showInformationMessage("Every program of the workspace has the one style now.");
  } else {
    void vscode.window.showWarningMessage("Some programs do not parse and were left as they are. The output says which.");
    server.show();
  }
}

async function explain({ server }: Parts, ...given: unknown[]): Promise<void> {
  const here = vscode.window.activeTextEditor;
  const problems = here === undefined ? [] : vscode.languages.getDiagnostics(here.document.uri);
  const atCursor = problems.find(({ range }) => here !== undefined && range.contains(here.selection.active))?.code;
  const value = typeof atCursor === "string" ? atCursor : "";
  const code =
    typeof given[0] === "string" ? given[0] : await vscode.window.showInputBox({ title: "Which diagnostic?", placeHolder: "PG202", value });
  if (!code || (await server.program()) === undefined) {
    return;
  }
  const document = await vscode.workspace.openTextDocument(vscode.Uri.parse(`${EXPLANATIONS}:${encodeURIComponent(code.trim())}.md`));
  await vscode.window.showTextDocument(document, { preview: true, viewColumn: vscode.ViewColumn.Beside, preserveFocus: true });
}

/** Explanations are documents that cannot be changed, so nobody is asked to save one. */
const EXPLANATIONS = "phasegate-explain";

async function explanation(server: Server, { path }: vscode.Uri): Promise<string> {
  const program = await server.program();
  if (program === undefined) {
    return "";
  }
  const answer = await run({ program: program.path, args: ["explain", path.replace(/\.md$/, "")] });
  return answer.output || answer.complaint;
}

async function menu({ server }: Parts): Promise<void> {
  const items = [
    { label: "$(debug-restart) Restart the language server", command: "phasegate.restart" },
    { label: "$(output) Show its output", command: "phasegate.output" },
    { label: "$(checklist) Check the workspace", command: "phasegate.check" },
    { label: "$(gear) Settings of Phasegate", command: "workbench.action.openSettings" },
  ];
  const { state } = server;
  const title = "message" in state ? state.message : state.kind === "running" ? `Phasegate ${state.version}` : "Phasegate";
  const chosen = await vscode.window.showQuickPick(items, { title });
  if (chosen !== undefined) {
    const more = chosen.command.startsWith("workbench.") ? ["phasegate."] : [];
    await vscode.commands.executeCommand(chosen.command, ...more);
  }
}
