/** The test explorer: `test` blocks found, run, and their failures shown where they were expected. */
import * as vscode from "vscode";
import { declarations } from "../outline.js";
import { run } from "../server/process.js";
import type { Found } from "../server/program.js";
import { type Covered, message, type Report, read, testArguments, type Verdict } from "./report.js";

const PROGRAMS = "**/*.deploy";
const LEFT_OUT = "**/{node_modules,target,.git,.phasegate}/**";
/** More files than these are found when they are opened. */
const MOST_FILES = 1000;
const HAS_TESTS = /^\s*test\s*"/m;

export type FindProgram = () => Promise<Found | undefined>;

export class TestExplorer implements vscode.Disposable {
  readonly controller = vscode.tests.createTestController("phasegate", "Phasegate");
  readonly profiles: readonly vscode.TestRunProfile[];
  private readonly parts: vscode.Disposable[] = [this.controller];
  /** What of a file no test has reached, of the last run with coverage. */
  private readonly details = new WeakMap<vscode.FileCoverage, vscode.FileCoverageDetail[]>();

  constructor(
    private readonly program: FindProgram,
    private readonly log: (line: string) => void,
  ) {
    this.controller.resolveHandler = async (item) => {
      await (item?.uri === undefined ? this.findFiles() : this.look(item.uri));
    };
    this.controller.refreshHandler = () => this.findFiles();
    const { Run, Coverage } = vscode.TestRunProfileKind;
    const running = this.controller.createRunProfile("Run", Run, (request, token) => this.run(request, token, false), true);
    const covering = this.controller.createRunProfile(
      "Run with Coverage",
      Coverage,
      (request, token) => this.run(request, token, true),
      true,
    );
    covering.loadDetailedCoverage = async (_, coverage) => this.details.get(coverage) ?? [];
    this.profiles = [running, covering];
    const watcher = vscode.workspace.createFileSystemWatcher(PROGRAMS);
    this.parts.push(
      watcher,
      watcher.onDidCreate((uri) => this.changed(uri)),
      watcher.onDidDelete((uri) => this.controller.items.delete(uri.toString())),
      watcher.onDidChange((uri) => this.changed(uri)),
      vscode.workspace.onDidOpenTextDocument((document) => this.opened(document)),
    );
  }

  dispose(): void {
    for (const part of this.parts) {
      part.dispose();
    }
  }

  /** Looks at every file that is open; the server can say now what is in them. */
  async lookAtOpen(): Promise<void> {
    for (const document of vscode.workspace.textDocuments) {
      await this.opened(document);
    }
  }

  /** Runs the test of this title in this file; without a title all of them. */
  async runIn(uri: vscode.Uri, title: string | undefined): Promise<void> {
    const file = await this.look(uri);
    const test = title === undefined ? file : file?.children.get(title);
    if (test === undefined) {
      const wanted = title === undefined ? "test" : `test "${title}"`;
      void vscode.window.showWarningMessage(`There is no ${wanted} in ${vscode.workspace.asRelativePath(uri)}.`);
      return;
    }
    const source = new vscode.CancellationTokenSource();
    await this.run(new vscode.TestRunRequest([test]), source.token, false);
    source.dispose();
  }

  private async findFiles(): Promise<void> {
    const files = await vscode.workspace.findFiles(PROGRAMS, LEFT_OUT, MOST_FILES);
    await Promise.all(files.map((uri) => this.found(uri)));
    await this.lookAtOpen();
  }

  /** A file without tests is none of the explorer's. In one that looks as if it had some, the server finds them when asked. */
  private async found(uri: vscode.Uri): Promise<void> {
    const bytes = await vscode.workspace.fs.readFile(uri).then(undefined, () => undefined);
    if (bytes !== undefined && HAS_TESTS.test(Buffer.from(bytes).toString("utf8"))) {
      this.file(uri);
    } else {
      this.controller.items.delete(uri.toString());
    }
  }

  private file(uri: vscode.Uri): vscode.TestItem {
    const known = this.controller.items.get(uri.toString());
    if (known !== undefined) {
      return known;
    }
    const item = this.controller.createTestItem(uri.toString(), vscode.workspace.asRelativePath(uri), uri);
    item.canResolveChildren = true;
    this.controller.items.add(item);
    return item;
  }

  private async opened(document: vscode.TextDocument): Promise<void> {
    if (document.languageId === "phasegate" && document.uri.scheme === "file") {
      await this.look(document.uri);
    }
  }

  private async changed(uri: vscode.Uri): Promise<void> {
    const known = this.controller.items.get(uri.toString());
    await (known === undefined || known.canResolveChildren ? this.found(uri) : this.look(uri));
  }

  /** Asks the server for the tests of a file. Nothing when there are none; what was known, when there is no server. */
  private async look(uri: vscode.Uri): Promise<vscode.TestItem | undefined> {
    const document = await vscode.workspace.openTextDocument(uri);
    const found = await declarations(document);
    if (found === undefined) {
      return this.controller.items.get(uri.toString());
    }
    const tests = found
      .filter(({ word }) => word === "test")
      .map(({ name, start, end }) => {
        const test = this.controller.createTestItem(name, name, uri);
        test.range = new vscode.Range(document.positionAt(start), document.positionAt(end));
        return test;
      });
    if (tests.length === 0) {
      if (!HAS_TESTS.test(document.getText())) {
        this.controller.items.delete(uri.toString());
      }
      return undefined;
    }
    const file = this.file(uri);
    file.children.replace(tests);
    file.canResolveChildren = false;
    return file;
  }

  private async run(request: vscode.TestRunRequest, token: vscode.CancellationToken, withCoverage: boolean): Promise<void> {
    const work = this.controller.createTestRun(request);
    try {
      await savePrograms();
      const program = await this.program();
      for (const [file, wanted] of await this.wanted(request)) {
        if (program === undefined || token.isCancellationRequested) {
          for (const test of wanted) {
            work.skipped(test);
          }
          continue;
        }
        await this.runFile({ work, token, program, file, wanted, withCoverage });
      }
    } finally {
      work.end();
    }
  }

  /** The tests that are asked for, by their file. */
  private async wanted(request: vscode.TestRunRequest): Promise<Map<vscode.TestItem, vscode.TestItem[]>> {
    const asked: vscode.TestItem[] = [...(request.include ?? [])];
    if (request.include === undefined) {
      await this.findFiles();
      this.controller.items.forEach((file) => {
        asked.push(file);
      });
    }
    const left = new Set(request.exclude ?? []);
    const wanted = new Map<vscode.TestItem, vscode.TestItem[]>();
    for (const item of asked) {
      const file = item.parent ?? item;
      const tests = wanted.get(file) ?? [];
      if (item === file) {
        await (file.uri === undefined ? undefined : this.look(file.uri));
        file.children.forEach((test) => {
          tests.push(test);
        });
      } else {
        tests.push(item);
      }
      wanted.set(
        file,
        tests.filter((test, at) => !left.has(test) && !left.has(file) && tests.indexOf(test) === at),
      );
    }
    return wanted;
  }

  private async runFile(asked: Run): Promise<void> {
    const { work, token, program, file, wanted, withCoverage } = asked;
    const path = file.uri?.fsPath ?? "";
    for (const test of wanted) {
      work.started(test);
    }
    const only = wanted.length === 1 && file.children.size > 1 && !withCoverage ? wanted[0]?.id : undefined;
    const folder = folderOf(file.uri);
    const args = testArguments(path, only, withCoverage);
    const stop = new AbortController();
    const cancelled = token.onCancellationRequested(() => stop.abort());
    const started = Date.now();
    const answer = await run({ program: program.path, args, folder, signal: stop.signal, seconds: 600 });
    cancelled.dispose();
    const took = (Date.now() - started) / Math.max(1, wanted.length);
    work.appendOutput(`${program.path} ${args.join(" ")}\r\n${terminal(answer.complaint)}`);
    let report: Report;
    try {
      report = read(answer.output);
    } catch (error) {
      this.log(`${path}: ${String(error)}`);
      report = { verdicts: [], covered: [] };
    }
    for (const test of wanted) {
      const verdict = report.verdicts.find(({ title }) => title === test.id);
      if (token.isCancellationRequested) {
        work.skipped(test);
      } else if (verdict === undefined) {
        work.errored(
          test,
          new vscode.TestMessage(answer.complaint.trim() || `phasegate test said nothing of it (exit status ${answer.status ?? "none"})`),
        );
      } else {
        tell(work, test, verdict, { folder, took });
      }
    }
    for (const covered of report.covered) {
      this.cover(work, covered, folder);
    }
  }

  private cover(work: vscode.TestRun, covered: Covered, folder: string | undefined): void {
    const details = covered.missed
      .filter(({ allowed }) => !allowed)
      .map(({ line, words }) => {
        const at = new vscode.Position(Math.max(0, line - 1), 0);
        const branch = new vscode.BranchCoverage(false, at, words);
        return new vscode.StatementCoverage(false, at, [branch]);
      });
    const { reached, total } = covered;
    const coverage = new vscode.FileCoverage(resolve(covered.file, folder), new vscode.TestCoverageCount(reached, total));
    this.details.set(coverage, details);
    work.addCoverage(coverage);
    work.appendOutput(`${covered.file}: ${covered.percent}% of gates, triggers and undo paths\r\n`);
    for (const { line, words, allowed } of covered.missed) {
      work.appendOutput(`  line ${line}: ${words}${allowed ? " (allowed)" : ""}\r\n`);
    }
  }
}

interface Run {
  readonly work: vscode.TestRun;
  readonly token: vscode.CancellationToken;
  readonly program: Found;
  readonly file: vscode.TestItem;
  readonly wanted: readonly vscode.TestItem[];
  readonly withCoverage: boolean;
}

function tell(work: vscode.TestRun, test: vscode.TestItem, verdict: Verdict, around: { folder: string | undefined; took: number }): void {
  if (verdict.ended !== undefined) {
    work.appendOutput(`${verdict.passed ? "ok    " : "FAILED"} ${verdict.title}: ${verdict.ended}\r\n`, undefined, test);
  }
  if (verdict.passed) {
    work.passed(test, around.took);
    return;
  }
  const withTimeLine = vscode.workspace.getConfiguration("phasegate", test.uri).get<boolean>("test.timeLine", true);
  const messages = verdict.misses.map((miss) => {
    const shown = new vscode.TestMessage(message(miss, withTimeLine));
    const uri = miss.file === "" ? test.uri : resolve(miss.file, around.folder);
    const line = Math.max(0, miss.line - 1);
    if (uri !== undefined) {
      shown.location = new vscode.Location(uri, new vscode.Position(line, 0));
    }
    return shown;
  });
  work.failed(test, messages, around.took);
}

/** What runs reads the files on disk; other files stay as they are. */
export async function savePrograms(): Promise<void> {
  const programs = vscode.workspace.textDocuments.filter(
    ({ languageId, isDirty, isUntitled }) => languageId === "phasegate" && isDirty && !isUntitled,
  );
  await Promise.all(programs.map((document) => document.save()));
}

export function folderOf(uri: vscode.Uri | undefined): string | undefined {
  const within = uri === undefined ? undefined : vscode.workspace.getWorkspaceFolder(uri);
  return (within ?? vscode.workspace.workspaceFolders?.[0])?.uri.fsPath;
}

function resolve(file: string, folder: string | undefined): vscode.Uri {
  const isWhole = /^(?:[\\/]|[A-Za-z]:)/.test(file);
  return isWhole || folder === undefined ? vscode.Uri.file(file) : vscode.Uri.joinPath(vscode.Uri.file(folder), file);
}

function terminal(text: string): string {
  return text.replaceAll(/\r?\n/g, "\r\n");
}
