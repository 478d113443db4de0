/** `phasegate check`, `fmt --check` and `test` as tasks, with problems found in what `check` prints. */
import * as vscode from "vscode";
import type { FindProgram } from "./testing/explorer.js";

export interface Definition extends vscode.TaskDefinition {
  readonly command: string;
  readonly paths?: readonly string[];
  readonly options?: readonly string[];
}

const OFFERED: readonly Definition[] = [
  { type: "phasegate", command: "check" },
  { type: "phasegate", command: "check", options: ["--deny", "warnings"] },
  { type: "phasegate", command: "fmt", options: ["--check"] },
  { type: "phasegate", command: "test" },
];

/** The arguments of `phasegate`; `check` prints what the problem matcher `$phasegate` reads. */
export function taskArguments({ command, paths = [], options = [] }: Definition): string[] {
  const hasFormat = options.some((option) => option === "--format" || option.startsWith("--format="));
  const format = command === "check" && !hasFormat ? ["--format", "github"] : [];
  return [command, ...format, ...options, ...paths];
}

export class Tasks implements vscode.TaskProvider {
  constructor(private readonly program: FindProgram) {}

  async provideTasks(): Promise<vscode.Task[]> {
    const made = await Promise.all(OFFERED.map((definition) => this.task(definition, vscode.TaskScope.Workspace)));
    return made.filter((task) => task !== undefined);
  }

  async resolveTask(task: vscode.Task): Promise<vscode.Task | undefined> {
    return this.task(task.definition as Definition, task.scope ?? vscode.TaskScope.Workspace);
  }

  async task(definition: Definition, scope: vscode.WorkspaceFolder | vscode.TaskScope): Promise<vscode.Task | undefined> {
    const program = await this.program();
    if (program === undefined) {
      return undefined;
    }
    const name = [definition.command, ...(definition.options ?? []), ...(definition.paths ?? [])].join(" ");
    const work = new vscode.ProcessExecution(program.path, taskArguments(definition));
    const matchers = definition.command === "check" ? ["$phasegate"] : [];
    const task = new vscode.Task(definition, scope as vscode.WorkspaceFolder, name, "phasegate", work, matchers);
    task.group = definition.command === "test" ? vscode.TaskGroup.Test : vscode.TaskGroup.Build;
    return task;
  }
}
