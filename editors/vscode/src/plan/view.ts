/** The panel beside the text that shows a plan, drawn again whenever a program is saved; and the one of a simulation. */
import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import { declarations } from "../outline.js";
import { type Answer, run } from "../server/process.js";
import { type FindProgram, folderOf } from "../testing/explorer.js";
import { type Page, type Picture, page } from "./page.js";
import { type FindComponent, type Place, type Program, place } from "./places.js";
import { type Choice, chosen, type Question, question } from "./questions.js";

/** What is drawn. */
export interface Subject {
  readonly file: vscode.Uri;
  readonly pipeline: string | undefined;
}

/** So many things are asked for before giving up. */
const MOST_QUESTIONS = 24;

abstract class View implements vscode.Disposable {
  protected panel: vscode.WebviewPanel | undefined;
  protected subject: Subject | undefined;
  protected picture: Picture | undefined;
  /** The page that is shown, for tests. */
  html = "";

  protected constructor(
    private readonly kind: Page["kind"],
    protected readonly program: FindProgram,
    protected readonly answers: Answers,
  ) {}

  dispose(): void {
    this.panel?.dispose();
  }

  protected abstract heard(message: { kind?: unknown; node?: unknown }): Promise<void>;

  protected open(title: string): void {
    if (this.panel === undefined) {
      const column = { viewColumn: vscode.ViewColumn.Beside, preserveFocus: true };
      this.panel = vscode.window.createWebviewPanel(`phasegate.${this.kind}`, title, column, {
        enableScripts: true,
        localResourceRoots: [],
        retainContextWhenHidden: true,
      });
      this.panel.webview.onDidReceiveMessage((message: unknown) =>
        this.heard(typeof message === "object" && message !== null ? message : {}),
      );
      this.panel.onDidDispose(() => {
        this.panel = undefined;
        this.picture = undefined;
        void vscode.commands.executeCommand("setContext", `phasegate.${this.kind}IsOpen`, false);
      });
      void vscode.commands.executeCommand("setContext", `phasegate.${this.kind}IsOpen`, true);
    }
    this.panel.title = title;
    this.panel.reveal(undefined, true);
  }

  protected draw(complaint: string | undefined, canChoose: boolean): void {
    const shown: Page = { picture: this.picture, complaint, canChoose, kind: this.kind };
    this.html = page(shown, randomBytes(16).toString("base64url"));
    if (this.panel !== undefined) {
      this.panel.webview.html = this.html;
    }
  }

  /** Runs `phasegate` with what is known, and asks for what is missing. */
  protected async ask(verb: string, subject: Subject, more: readonly string[], mayAsk: boolean): Promise<Answer | undefined> {
    const program = await this.program();
    if (program === undefined) {
      return undefined;
    }
    let pipeline = subject.pipeline;
    for (let asked = 0; ; asked += 1) {
      const choice = await this.answers.of({ ...subject, pipeline });
      const folder = folderOf(subject.file);
      const args = [verb, ...chosen(subject.file.fsPath, pipeline, choice), ...more];
      const answer = await run({ program: program.path, args, folder, seconds: 300 });
      const next = answer.status === 0 ? undefined : question(answer.complaint);
      if (next === undefined || !mayAsk || asked >= MOST_QUESTIONS) {
        return answer;
      }
      if (next.kind === "pipeline") {
        pipeline = await vscode.window.showQuickPick([...next.choices], { title: "Which pipeline?" });
        if (pipeline === undefined) {
          return answer;
        }
      } else if (!(await this.answers.askFor({ ...subject, pipeline }, next))) {
        return answer;
      }
    }
  }
}

/**
 * The environment and the parameters of each pipeline: as a person has given them, else from the settings. What is set for a
 * parameter that a pipeline does not have is not for this pipeline.
 */
export class Answers {
  constructor(private readonly memory: vscode.Memento) {}

  async of(subject: Subject): Promise<Choice> {
    const kept = this.memory.get<Choice>(key(subject));
    const { environment, parameters } = settings(subject);
    const declared = await parametersOf(subject);
    const set = Object.entries(parameters).filter(([name]) => declared.has(name));
    return {
      environment: kept?.environment ?? (environment === "" ? undefined : environment),
      parameters: { ...Object.fromEntries(set.map(([name, value]) => [name, String(value)])), ...kept?.parameters },
    };
  }

  /** False when there was nothing to forget. */
  async forget(subject: Subject): Promise<boolean> {
    const had = this.memory.get<Choice>(key(subject)) !== undefined;
    await this.memory.update(key(subject), undefined);
    return had;
  }

  /** Asks a person for another environment. What they gave before is forgotten when they give one. */
  async askAnew(subject: Subject, environments: readonly string[]): Promise<boolean> {
    const environment = await vscode.window.showQuickPick([...environments], { title: "Which environment?" });
    return environment !== undefined && this.keep(subject, { environment, parameters: {} });
  }

  /** Asks a person; false when they do not say. */
  async askFor(subject: Subject, asked: Question): Promise<boolean> {
    const kept = this.memory.get<Choice>(key(subject)) ?? { environment: undefined, parameters: {} };
    if (asked.kind === "parameter") {
      const value = await vscode.window.showInputBox({
        title: `${subject.pipeline ?? "The pipeline"}: ${asked.name}`,
        prompt: asked.wrong ?? `A value for the parameter ${asked.name}${asked.type === "" ? "" : ` (${asked.type})`}`,
        value: kept.parameters[asked.name] ?? "",
        ignoreFocusOut: true,
      });
      return value !== undefined && this.keep(subject, { ...kept, parameters: { ...kept.parameters, [asked.name]: value } });
    }
    const environment = await vscode.window.showQuickPick([...asked.choices], { title: "Which environment?" });
    return environment !== undefined && this.keep(subject, { ...kept, environment });
  }

  private async keep(subject: Subject, choice: Choice): Promise<true> {
    await this.memory.update(key(subject), choice);
    return true;
  }
}

function settings({ file }: Subject): { environment: string; parameters: Record<string, unknown> } {
  const plan = vscode.workspace.getConfiguration("phasegate.plan", file);
  return { environment: plan.get<string>("environment", ""), parameters: plan.get<Record<string, unknown>>("parameters", {}) };
}

async function parametersOf({ file, pipeline }: Subject): Promise<Set<string>> {
  const all = (await declarations(await vscode.workspace.openTextDocument(file))) ?? [];
  const declared = all.find(({ word, name }) => word === "pipeline" && name === pipeline)?.children ?? [];
  return new Set(declared.filter(({ word }) => word === "param").map(({ name }) => name));
}

function key({ file, pipeline }: Subject): string {
  return `plan ${file.toString()} ${pipeline ?? ""}`;
}

export class PlanView extends View {
  private readonly saved: vscode.Disposable;
  private drawing: Promise<void> = Promise.resolve();

  constructor(program: FindProgram, answers: Answers) {
    super("plan", program, answers);
    this.saved = vscode.workspace.onDidSaveTextDocument((document) => {
      const wanted = vscode.workspace.getConfiguration("phasegate").get<boolean>("plan.updateOnSave", true);
      if (wanted && document.languageId === "phasegate" && this.panel !== undefined) {
        void this.again();
      }
    });
  }

  override dispose(): void {
    this.saved.dispose();
    super.dispose();
  }

  async show(subject: Subject): Promise<void> {
    this.subject = subject;
    this.picture = undefined;
    await vscode.workspace.textDocuments.find(({ uri }) => uri.toString() === subject.file.toString())?.save();
    this.open(`Plan: ${subject.pipeline ?? vscode.workspace.asRelativePath(subject.file)}`);
    await this.make(true);
  }

  /** Draws once more what is shown; asks nothing. */
  again(): Promise<void> {
    this.drawing = this.drawing.then(() => this.make(false));
    return this.drawing;
  }

  /** Asks for another environment and other parameters. */
  async choose(): Promise<void> {
    if (this.subject === undefined) {
      return;
    }
    // Without an environment `phasegate` says which there are; a single one it takes.
    const choices = await this.environments(this.subject);
    const isNew = choices.length > 1 ? await this.answers.askAnew(this.subject, choices) : await this.answers.forget(this.subject);
    if (isNew) {
      await this.make(true);
    } else if (choices.length < 2) {
      void vscode.window.showInformationMessage("This program has no other environment, and nothing else was asked for.");
    }
  }

  /** Goes to the statement that a node of the plan is. */
  async reveal(node: string): Promise<Place | undefined> {
    if (this.subject === undefined) {
      return undefined;
    }
    const document = await vscode.workspace.openTextDocument(this.subject.file);
    const program = await programOf(document);
    const found = await place(program, this.subject.pipeline ?? "", node, findComponent);
    if (found === undefined) {
      return undefined;
    }
    const target = found.key === program.key ? document : await vscode.workspace.openTextDocument(vscode.Uri.parse(found.key));
    const at = target.positionAt(found.offset);
    const shown = vscode.window.visibleTextEditors.find((editor) => editor.document.uri.toString() === target.uri.toString());
    await vscode.window.showTextDocument(target, {
      viewColumn: shown?.viewColumn ?? vscode.ViewColumn.One,
      selection: new vscode.Range(at, at),
    });
    return found;
  }

  protected async heard({ kind, node }: { kind?: unknown; node?: unknown }): Promise<void> {
    if (kind === "open" && typeof node === "string") {
      await this.reveal(node);
    } else if (kind === "choose") {
      await this.choose();
    }
  }

  private async environments({ file, pipeline }: Subject): Promise<readonly string[]> {
    const program = await this.program();
    const args = ["plan", ...chosen(file.fsPath, pipeline, { environment: undefined, parameters: {} })];
    const answer = program === undefined ? undefined : await run({ program: program.path, args, folder: folderOf(file) });
    const asked = question(answer?.complaint ?? "");
    return asked?.kind === "environment" ? asked.choices : [];
  }

  private async make(mayAsk: boolean): Promise<void> {
    const { subject } = this;
    if (subject === undefined) {
      return;
    }
    const drawn = await this.ask("plan", subject, ["--format", "svg"], mayAsk);
    if (drawn === undefined) {
      this.draw("The program phasegate was not found.", false);
    } else if (drawn.status !== 0) {
      this.draw(drawn.complaint || "phasegate was ended.", true);
    } else {
      this.picture = { title: pictureTitle(drawn.output), svg: drawn.output, facts: await this.facts(subject) };
      this.draw(undefined, true);
    }
  }

  private async facts(subject: Subject): Promise<string[]> {
    const { parameters } = await this.answers.of(subject);
    return Object.entries(parameters).map(([name, value]) => `${name} = ${value}`);
  }
}

export class SimulationView extends View {
  constructor(program: FindProgram, answers: Answers) {
    super("simulation", program, answers);
  }

  async show(subject: Subject, more: readonly string[]): Promise<void> {
    this.picture = undefined;
    const answer = await this.ask("simulate", subject, [...more, "--format", "svg"], true);
    this.open(`Simulation: ${subject.pipeline ?? vscode.workspace.asRelativePath(subject.file)}`);
    if (answer?.output.startsWith("<svg ") === true) {
      this.picture = { title: pictureTitle(answer.output), svg: answer.output, facts: more.filter((one) => !one.startsWith("--")) };
    }
    this.draw(this.picture === undefined ? (answer?.complaint ?? "The program phasegate was not found.") : undefined, false);
  }

  protected async heard(): Promise<void> {
    // The picture of a simulation leads nowhere.
  }
}

/** The name that the picture gives itself. */
function pictureTitle(svg: string): string {
  const title = /<title>([^<]*)<\/title>/.exec(svg)?.[1] ?? "";
  const letters: Record<string, string> = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };
  return title.replaceAll(/&(?:lt|gt|quot|#39|amp);/g, (written) => letters[written] ?? written);
}

async function programOf(document: vscode.TextDocument): Promise<Program> {
  return { key: document.uri.toString(), text: document.getText(), declared: (await declarations(document)) ?? [] };
}

/** Where the server says that what is run is declared. */
const findComponent: FindComponent = async (program, at) => {
  const uri = vscode.Uri.parse(program.key);
  const document = await vscode.workspace.openTextDocument(uri);
  const targets = await vscode.commands.executeCommand<(vscode.Location | vscode.LocationLink)[] | undefined>(
    "vscode.executeDefinitionProvider",
    uri,
    document.positionAt(at.offset + (at.name?.length ?? 0)),
  );
  const [target] = targets ?? [];
  if (target === undefined) {
    return undefined;
  }
  const [where, range] = "targetUri" in target ? [target.targetUri, target.targetRange] : [target.uri, target.range];
  const there = await vscode.workspace.openTextDocument(where);
  const declaredThere = await programOf(there);
  const offset = there.offsetAt(range.start);
  const component = declaredThere.declared.find(({ word, start, end }) => word === "component" && start <= offset && offset < end);
  return component === undefined ? undefined : { program: declaredThere, component };
};
