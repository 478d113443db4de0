/** The language server's life: found, started, watched, started again. */
import * as vscode from "vscode";
import { State as ClientState, LanguageClient, type LanguageClientOptions, RevealOutputChannelOn } from "vscode-languageclient/node";
import { type Found, find, type Surroundings } from "./program.js";
import { type State, shown } from "./status.js";

const INSTALL = "How to Install";
const SETTINGS = "Open Settings";
const RETRY = "Try Again";

export class Server implements vscode.Disposable {
  private readonly output = vscode.window.createOutputChannel("Phasegate");
  private readonly trace = vscode.window.createOutputChannel("Phasegate (trace)");
  private readonly item = vscode.window.createStatusBarItem("phasegate.status", vscode.StatusBarAlignment.Right, 100);
  private readonly changes = new vscode.EventEmitter<State>();
  private client: LanguageClient | undefined;
  private found: Found | undefined;
  /** One after the other: two restarts at once would leave two servers. */
  private work: Promise<void> = Promise.resolve();
  private now: State = { kind: "starting" };

  /** Told of every change of the state. */
  readonly onState = this.changes.event;

  constructor(private readonly readme: vscode.Uri) {
    this.item.name = "Phasegate";
    this.item.command = "phasegate.menu";
  }

  get state(): State {
    return this.now;
  }

  /** The program for everything beside the server; asks for it again when there was none. */
  async program(): Promise<Found | undefined> {
    await this.work;
    if (this.found === undefined) {
      await this.restart();
    }
    return this.found;
  }

  start(): Promise<void> {
    this.work = this.work.then(() => this.launch());
    return this.work;
  }

  restart(): Promise<void> {
    this.work = this.work.then(() => this.halt()).then(() => this.launch());
    return this.work;
  }

  show(): void {
    this.output.show(true);
  }

  log(line: string): void {
    this.output.appendLine(line);
  }

  async dispose(): Promise<void> {
    await this.work;
    await this.halt();
    for (const part of [this.item, this.output, this.trace, this.changes]) {
      part.dispose();
    }
  }

  private async launch(): Promise<void> {
    this.enter({ kind: "starting" });
    const settings = vscode.workspace.getConfiguration("phasegate");
    const answer = await find(settings.get<string>("program", "phasegate"), surroundings());
    if (answer.kind !== "found") {
      this.found = undefined;
      this.enter(answer);
      this.log(answer.message);
      void this.complain(answer.message);
      return;
    }
    this.found = answer;
    const args = ["lsp", ...settings.get<string[]>("arguments", [])];
    this.log(`${answer.path} ${args.join(" ")} (version ${answer.version})`);
    const server = { command: answer.path, args, options: { cwd: surroundings().folder ?? process.cwd() } };
    const client = new LanguageClient("phasegate", "Phasegate", { run: server, debug: server }, this.options());
    this.client = client;
    client.onDidChangeState(({ newState }) => {
      if (newState === ClientState.Running) {
        this.enter({ kind: "running", path: answer.path, version: answer.version });
      } else if (newState === ClientState.Stopped && this.client === client) {
        this.enter({ kind: "stopped", reason: "it ended, or it was told to." });
      }
    });
    try {
      await client.start();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.enter({ kind: "stopped", reason });
      void this.complain(`The language server of ${answer.path} does not start: ${reason}`);
    }
  }

  private options(): LanguageClientOptions {
    return {
      documentSelector: [
        { language: "phasegate", scheme: "file" },
        { language: "phasegate", scheme: "untitled" },
      ],
      outputChannel: this.output,
      traceOutputChannel: this.trace,
      revealOutputChannelOn: RevealOutputChannelOn.Never,
    };
  }

  private async halt(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    if (client === undefined) {
      return;
    }
    try {
      await client.dispose(2000);
    } catch (error) {
      this.log(`the server did not leave in order: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  private enter(state: State): void {
    this.now = state;
    const { text, tooltip, tone } = shown(state);
    this.item.text = text;
    this.item.tooltip = new vscode.MarkdownString(tooltip);
    this.item.backgroundColor = tone === "calm" ? undefined : new vscode.ThemeColor(`statusBarItem.${tone}Background`);
    this.item.show();
    this.changes.fire(state);
  }

  private async complain(message: string): Promise<void> {
    const chosen = await vscode.window.showErrorMessage(message, INSTALL, SETTINGS, RETRY);
    if (chosen === INSTALL) {
      await vscode.commands.executeCommand("markdown.showPreview", this.readme);
    } else if (chosen === SETTINGS) {
      await vscode.commands.executeCommand("workbench.action.openSettings", "phasegate.program");
    } else if (chosen === RETRY) {
      await this.restart();
    }
  }
}

export function surroundings(): Surroundings {
  return { folder: vscode.workspace.workspaceFolders?.[0]?.uri.fsPath, variables: process.env };
}
