/** The whole extension against the real program: only the editor's window is missing. */
import assert from "node:assert/strict";
import { chmodSync, copyFileSync, cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { ExtensionContext } from "vscode";
import type { Parts } from "../src/commands.js";
import { activate } from "../src/extension.js";
import { places } from "./plans.js";
import type { Document } from "./stand-in/documents.js";
import {
  commands,
  editor,
  type Item,
  Position,
  Range,
  type Run,
  save,
  set,
  TextEdit,
  type,
  Uri,
  window,
  workspace,
} from "./stand-in/vscode.js";
import { folder, PROGRAM, programs, REPOSITORY } from "./surroundings.js";

const home = folder();
const rollout = join(home, "rollout.deploy");
const memory = new Map<string, unknown>();
const context = {
  subscriptions: [] as { dispose(): unknown }[],
  extensionUri: Uri.file(process.cwd()),
  workspaceState: {
    get: (key: string, otherwise: unknown) => memory.get(key) ?? otherwise,
    update: async (key: string, value: unknown) => memory.set(key, value),
  },
};
let parts: Parts;

before(async () => {
  cpSync(join(REPOSITORY, "pipelines"), join(home, "pipelines"), { recursive: true });
  copyFileSync(join(REPOSITORY, "pipelines/quickstart.deploy"), rollout);
  editor.folder = home;
  editor.settings["phasegate.program"] = PROGRAM;
  const started = await activate(context as unknown as ExtensionContext);
  assert.ok(started, "a trusted workspace gets a server");
  parts = started;
});

after(async () => {
  for (const part of context.subscriptions.reverse()) {
    await part.dispose();
  }
});

/** Waits for what comes by itself. */
async function until<T>(what: string, look: () => T | undefined | false): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const value = look();
    if (value !== undefined && value !== false) {
      return value;
    }
    assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function open(path: string): Promise<Document> {
  const document = await workspace.openTextDocument(path);
  window.activeTextEditor = {
    document,
    selection: new (await import("./stand-in/vscode.js")).Selection(new Position(0, 0), new Position(0, 0)),
  };
  return document;
}

function replace(document: Document, from: string, to: string): void {
  const at = document.getText().indexOf(from);
  assert.notEqual(at, -1, `\`${from}\` is in the text`);
  type(document, [new TextEdit(new Range(document.positionAt(at), document.positionAt(at + from.length)), to)]);
}

const problems = (document: Document) =>
  (editor.problems.get(document.uri.toString()) ?? []) as { message: string; code: unknown; range: Range }[];

test("the server runs, and the status bar says which", () => {
  assert.equal(parts.server.state.kind, "running");
  assert.equal(editor.status.text, "$(check) Phasegate");
  assert.match((editor.status.tooltip as { value: string }).value, /^Phasegate \d+\.\d+\.\d+/);
});

test("problems come as one types, and go again", async () => {
  const document = await open(rollout);
  replace(document, "canary.p95 <= 100ms", "canary.p95 <= 100");
  const [problem] = await until("a problem", () => problems(document).length > 0 && problems(document));
  const code = problem?.code;
  assert.equal(typeof code === "object" && code !== null && "value" in code ? code.value : code, "PG202");
  replace(document, "canary.p95 <= 100\n", "canary.p95 <= 100ms\n");
  await until("no problem", () => problems(document).length === 0);
});

test("every command of the lenses is there, and leads somewhere", async () => {
  const document = await open(rollout);
  const lenses = (await commands.executeCommand("vscode.executeCodeLensProvider", ...([document.uri] as never[]))) as {
    command: { command: string; title: string };
  }[];
  assert.ok(lenses.length >= 8, `${lenses.length} lenses`);
  for (const { command } of lenses) {
    assert.ok(editor.commands.has(command.command), `${command.title}: ${command.command} is registered`);
  }
});

test("every command of the manifest is registered, and the other way round", () => {
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as { contributes: { commands: { command: string }[] } };
  const offered = manifest.contributes.commands.map(({ command }) => command).sort();
  // Only the server's lenses call this one: it needs places.
  const registered = [...editor.commands.keys()].filter((name) => name.startsWith("phasegate.") && name !== "phasegate.references").sort();
  assert.deepEqual(offered, registered);
});

test("in a workspace that is not trusted no command is offered: there is nothing behind it", () => {
  const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
    contributes: { commands: { command: string; enablement?: string }[] };
  };
  for (const { command, enablement } of contributes.commands) {
    assert.equal(enablement, "isWorkspaceTrusted", command);
  }
});

async function ran(work: () => Promise<unknown>): Promise<Run> {
  const earlier = editor.runs.length;
  await work();
  const run = editor.runs[earlier];
  assert.ok(run?.ended, "a run began and ended");
  return run;
}

test("the test explorer finds the tests of a file and runs one, or all", async () => {
  const document = await open(rollout);
  const one = "a version that fails is taken back";
  const single = await ran(() => commands.executeCommand("phasegate.test", ...([rollout, one] as never[])));
  assert.deepEqual([...single.states], [[one, "passed"]]);
  assert.match(single.text, /rolled_back after 6s because the new version fails too often/);
  const whole = await ran(() => commands.executeCommand("phasegate.test.file"));
  assert.equal(whole.states.size, document.getText().match(/^test "/gm)?.length);
  assert.deepEqual(new Set(whole.states.values()), new Set(["passed"]));
});

test("the test explorer has no files without tests: not those of the folder, not those that are opened", async () => {
  const { controller } = parts.tests;
  await controller.resolveHandler?.(undefined);
  const listed = () => {
    const labels: string[] = [];
    controller.items.forEach(({ label }) => {
      labels.push(label);
    });
    return labels.sort();
  };
  const wanted = listed();
  assert.ok(wanted.includes("rollout.deploy") && wanted.includes("pipelines/chat.deploy"), wanted.join());
  assert.ok(!wanted.includes("pipelines/slo.deploy"), wanted.join());
  await commands.executeCommand("phasegate.test", ...([join(home, "pipelines/slo.deploy"), "any"] as never[]));
  assert.match(editor.messages.at(-1) ?? "", /^There is no test "any" in pipelines\/slo\.deploy\.$/);
  await commands.executeCommand("phasegate.test", ...([join(REPOSITORY, "stdlib/flags.deploy"), "any"] as never[]));
  assert.deepEqual(listed(), wanted);
});

test("a failure is shown where it was expected, with what happened around it", async () => {
  const document = await open(rollout);
  const title = "a version that is slow in the tail is taken back";
  replace(document, "expect never traffic == 100%", "expect never traffic == 25%");
  const run = await ran(() => commands.executeCommand("phasegate.test", ...([rollout, title] as never[])));
  assert.equal(run.states.get(title), "failed");
  const [failure] = run.failures.get(title) ?? [];
  const line = document
    .getText()
    .split("\n")
    .findIndex((text) => text.includes("expect never traffic == 25%"));
  assert.equal(failure?.location?.uri.fsPath, rollout);
  assert.equal(failure?.location?.range.start.line, line);
  assert.match(failure?.message ?? "", /^it is true at 6s: traffic = 25%\nexpect never traffic == 25%\n\n[\s\S]*6s {2}release: weight 25%/);
  replace(document, "expect never traffic == 25%", "expect never traffic == 100%");
  await save(document);
});

test("a file that does not compile fails its tests and says why", async () => {
  const document = await open(rollout);
  const title = "a version that fails is taken back";
  replace(document, "phase confirm", "phase confirm after nowhere");
  const run = await ran(() => commands.executeCommand("phasegate.test", ...([rollout, title] as never[])));
  assert.equal(run.states.get(title), "errored");
  assert.match(run.failures.get(title)?.[0]?.message ?? "", /PG\d{3}/);
  replace(document, "phase confirm after nowhere", "phase confirm");
  await save(document);
});

test("coverage counts gates, triggers and undo paths, and names what no test has reached", async () => {
  const { controller } = parts.tests;
  const item = controller.items.get(Uri.file(rollout).toString()) as unknown as Item;
  const [, covering] = parts.tests.profiles as unknown as { runHandler(request: unknown, token: unknown): Promise<void> }[];
  assert.ok(covering);
  const token = { isCancellationRequested: false, onCancellationRequested: () => ({ dispose: () => undefined }) };
  const run = await ran(() => covering.runHandler({ include: [item], exclude: [] }, token));
  const [coverage] = run.coverage;
  assert.equal(coverage?.uri.fsPath, rollout);
  assert.ok(coverage && coverage.statementCoverage.covered > 0 && coverage.statementCoverage.covered <= coverage.statementCoverage.total);
  assert.match(run.text, /100% of gates, triggers and undo paths/);
});

test("the plan is drawn beside the text, strictly, and again on save", async () => {
  const document = await open(rollout);
  await commands.executeCommand("phasegate.plan", ...([rollout, "quickstart"] as never[]));
  const panel = editor.panels.at(-1);
  assert.ok(panel);
  assert.equal(panel.title, "Plan: quickstart");
  const html = () => panel.webview.html;
  assert.match(html(), /<h1>Plan of quickstart in demo<\/h1>/);
  assert.match(html(), /data-node="release\.ramp1"/);
  assert.match(html(), /default-src 'none'; style-src 'nonce-[\w-]{22}'; script-src 'nonce-[\w-]{22}'/);
  replace(document, 'phase confirm "A last look"', 'phase confirm "A very last look"');
  await save(document);
  await until("the new title", () => html().includes("A very last look"));
  replace(document, "A very last look", "A last look");
  replace(document, "phase confirm", "phase confirm after nowhere");
  await save(document);
  await until("the complaint", () => html().includes("This is the last plan that could be made"));
  assert.match(html(), /nowhere/);
  assert.match(html(), /A very last look/, "the picture stays");
  replace(document, "phase confirm after nowhere", "phase confirm");
  await save(document);
  await until("the plan again", () => !html().includes("could be made"));
  panel.heard.fire({ kind: "open", node: "release.ramp1" });
  const line =
    document
      .getText()
      .split("\n")
      .findIndex((text) => text.includes("ramp traffic")) + 1;
  await until("the jump", () => editor.shownAt?.line === line && editor.shownAt.path === rollout);
});

test("every node of every plan that ships leads to its statement", async () => {
  let looked = 0;
  for (const path of programs("pipelines")) {
    for (const pipeline of readFileSync(path, "utf8").matchAll(/^pipeline (\w+)/gm)) {
      const name = pipeline[1] ?? "";
      for (const { node, kind, line, at } of await places(parts, path, name)) {
        // A step of the library that is made of others has them behind a dot: they lead to it.
        const isInner = node.replace(/\[.*?\]/, "").split(".").length > 2;
        const wanted = isInner ? "step" : kind === "phase" ? `phase ${node.replace(/\[.*$/, "")}` : kind;
        assert.ok(line.startsWith(wanted) || line.includes(` ${wanted}`), `${path}:${name} ${node} (${kind}) leads to ${at}: ${line}`);
        looked += 1;
      }
    }
  }
  assert.ok(looked > 200, `${looked} nodes`);
});

test("what a plan needs is asked for once, and settings are asked first", async () => {
  const path = join(home, "pipelines/search.deploy");
  editor.replies = ["staging", "not a version", "1.2.3"];
  editor.asked = [];
  await commands.executeCommand("phasegate.plan", ...([path, "search_rollout"] as never[]));
  assert.equal(editor.asked.length, 3, editor.asked.join(" | "));
  assert.match(editor.asked[0] ?? "", /Which environment/);
  assert.match(editor.asked[1] ?? "", /search_rollout: version: A value for the parameter version \(version\)/);
  assert.match(editor.asked[2] ?? "", /it is no version/);
  assert.match(editor.panels.at(-1)?.webview.html ?? "", /<h1>Plan of search_rollout in staging<\/h1><span>version = 1\.2\.3<\/span>/);
  editor.asked = [];
  await commands.executeCommand("phasegate.plan", ...([path, "search_rollout"] as never[]));
  assert.deepEqual(editor.asked, []);
  set({ "phasegate.plan.environment": "production", "phasegate.plan.parameters": { version: "2.0.0", unknown: 1 } });
  await commands.executeCommand("phasegate.plan", ...([path, "search_canary"] as never[]));
  assert.deepEqual(editor.asked, []);
  assert.match(editor.panels.at(-1)?.webview.html ?? "", /Plan of search_canary in production<\/h1><span>version = 2\.0\.0</);
  set({ "phasegate.plan.environment": "", "phasegate.plan.parameters": {} });
});

test("another environment is taken when one is chosen, and only then", async () => {
  const path = join(home, "pipelines/search.deploy");
  const title = () => /<h1>([^<]*)/.exec(editor.panels.at(-1)?.webview.html ?? "")?.[1];
  await commands.executeCommand("phasegate.plan", ...([path, "search_rollout"] as never[]));
  assert.equal(title(), "Plan of search_rollout in staging");
  editor.replies = [undefined];
  await commands.executeCommand("phasegate.plan.environment");
  await commands.executeCommand("phasegate.plan", ...([path, "search_rollout"] as never[]));
  assert.equal(title(), "Plan of search_rollout in staging", "what was given before is kept");
  editor.replies = ["development", "3.0.0"];
  await commands.executeCommand("phasegate.plan.environment");
  assert.equal(title(), "Plan of search_rollout in development");
  await commands.executeCommand("phasegate.plan", ...([rollout, "quickstart"] as never[]));
  await commands.executeCommand("phasegate.plan.environment");
  assert.match(editor.messages.at(-1) ?? "", /has no other environment/);
});

test("a simulation is drawn", async () => {
  editor.replies = ["No metrics"];
  await commands.executeCommand("phasegate.simulate", ...([rollout, "quickstart"] as never[]));
  const panel = editor.panels.at(-1);
  assert.equal(panel?.title, "Simulation: quickstart");
  assert.match(panel?.webview.html ?? "", /<svg /);
});

test("every sure fix of a file is one edit", async () => {
  const path = join(home, "fix.deploy");
  writeFileSync(path, "/// Waits.\npipeline waits {\n  phase one {\n    wait 5min\n  }\n}\n");
  const document = await open(path);
  await until("the problem", () => problems(document).length > 0);
  assert.equal(await commands.executeCommand("phasegate.check.fix"), 1);
  assert.match(document.getText(), /wait 5m\n/);
  await save(document);
});

test("formatting is the server's", async () => {
  const path = join(home, "style.deploy");
  writeFileSync(path, "/// Waits.\npipeline waits {\nphase one { wait   5m }\n}\n");
  const document = await open(path);
  const edits = (await commands.executeCommand("vscode.executeFormatDocumentProvider", ...([document.uri] as never[]))) as TextEdit[];
  type(document, edits);
  assert.equal(document.getText(), "/// Waits.\npipeline waits {\n  phase one { wait 5m }\n}\n");
  await save(document);
  await commands.executeCommand("phasegate.fmt");
  assert.match(editor.messages.at(-1) ?? "", /one style/);
});

test("a diagnostic is explained", async () => {
  await commands.executeCommand("phasegate.explain", ...(["PG202"] as never[]));
  assert.match(window.activeTextEditor?.document.getText() ?? "", /unit-mismatch/);
  assert.equal(window.activeTextEditor?.document.uri.scheme, "phasegate-explain", "nobody is asked to save it");
});

test("references of a lens are shown in the editor's own types", async () => {
  await commands.executeCommand("phasegate.references", ...([rollout, { line: 12, character: 9 }] as never[]));
  const { command, given } = editor.executed.at(-1) ?? {};
  assert.equal(command, "editor.action.showReferences");
  const [uri, at, found] = given as [Uri, Position, unknown[]];
  assert.equal(uri.fsPath, rollout);
  assert.ok(at instanceof Position);
  assert.ok(found.length > 5, `${found.length} references of the metrics group`);
});

test("tasks run the program itself, and check prints what the problem matcher reads", async () => {
  const provider = editor.tasks.get("phasegate") as unknown as {
    provideTasks(): Promise<{ name: string; execution: { process: string; args: string[] }; problemMatchers: string[] }[]>;
  };
  const offered = await provider.provideTasks();
  assert.deepEqual(
    offered.map(({ name, execution, problemMatchers }) => [name, execution.args.join(" "), problemMatchers.join()]),
    [
      ["check", "check --format github", "$phasegate"],
      ["check --deny warnings", "check --format github --deny warnings", "$phasegate"],
      ["fmt --check", "fmt --check", ""],
      ["test", "test", ""],
    ],
  );
  assert.equal(offered[0]?.execution.process, PROGRAM);
});

test("every folder of the workspace is checked and formatted; without any that is said", async () => {
  const other = folder();
  const style = join(other, "style.deploy");
  writeFileSync(style, "/// Waits.\npipeline waits {\nphase one { wait   5m }\n}\n");
  editor.others = [other];
  await commands.executeCommand("phasegate.check");
  const task = editor.executed.at(-1)?.given[0] as unknown as { execution: { args: string[] } };
  assert.deepEqual(task.execution.args, ["check", "--format", "github", home, other]);
  await commands.executeCommand("phasegate.fmt");
  assert.match(readFileSync(style, "utf8"), /wait 5m/);
  [editor.folder, editor.others] = ["", []];
  for (const command of ["phasegate.check", "phasegate.fmt"]) {
    editor.messages = [];
    await commands.executeCommand(command);
    assert.match(editor.messages.join(), /^Open a folder first/);
  }
  editor.folder = home;
});

test("a server that is restarted goes on", async () => {
  const document = await open(rollout);
  await commands.executeCommand("phasegate.restart");
  assert.equal(parts.server.state.kind, "running");
  replace(document, "canary.p95 <= 100ms", "canary.p95 <= 100");
  await until("a problem", () => problems(document).length > 0);
  replace(document, "canary.p95 <= 100\n", "canary.p95 <= 100ms\n");
});

test("a program that is missing or too old is said aloud, with what to do; a right one is taken at once", async () => {
  editor.messages = [];
  set({ "phasegate.program": "/nowhere/phasegate" });
  await until("the complaint", () => editor.messages.length > 0);
  assert.equal(editor.status.text, "$(error) Phasegate: not found");
  assert.match(editor.messages[0] ?? "", /There is no program at \/nowhere\/phasegate.*"phasegate\.program".*correct the setting/);
  const old = join(home, "old");
  writeFileSync(old, "#!/bin/sh\necho phasegate 0.0.9\n");
  chmodSync(old, 0o755);
  set({ "phasegate.program": old });
  await until("the other complaint", () => editor.messages.length > 1);
  assert.equal(editor.status.text, "$(error) Phasegate: too old");
  assert.match(editor.messages[1] ?? "", /is version 0\.0\.9; this extension needs 0\.1\.0 or later/);
  await open(rollout);
  for (const command of ["phasegate.plan", "phasegate.simulate", "phasegate.test", "phasegate.test.file", "phasegate.check.fix"]) {
    editor.messages = [];
    await commands.executeCommand(command);
    assert.match(editor.messages.join(" | "), /^[^|]*is version 0\.0\.9[^|]*$/, `${command} says why it does nothing`);
  }
  set({ "phasegate.program": PROGRAM });
  await until("the server", () => parts.server.state.kind === "running");
});
