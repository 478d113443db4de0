/**
 * Phasegate in VS Code: everything that knows the language is in `phasegate` itself; this starts it and shows what it says.
 *
 * Files that do not import `vscode` are the ones with decisions in them, and have tests that run without an editor.
 */
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { type Parts, register } from "./commands.js";
import { Answers, PlanView, SimulationView } from "./plan/view.js";
import { Server } from "./server/client.js";
import { Tasks } from "./tasks.js";
import { TestExplorer } from "./testing/explorer.js";

/** Settings that take effect with a new server. */
const OF_THE_SERVER = ["phasegate.program", "phasegate.arguments"];

/** The parts, for tests. */
export async function activate(context: vscode.ExtensionContext): Promise<Parts | undefined> {
  if (!vscode.workspace.isTrusted) {
    // Nothing is started; colours and snippets need nothing.
    context.subscriptions.push(
      vscode.workspace.onDidGrantWorkspaceTrust(async () => {
        await begin(context);
      }),
    );
    return undefined;
  }
  return begin(context);
}

/** What is subscribed ends with the extension. */
export function deactivate(): void {
  // The host disposes of the subscriptions.
}

async function begin(context: vscode.ExtensionContext): Promise<Parts> {
  const server = new Server(readme(context.extensionUri));
  const program = () => server.program();
  const answers = new Answers(context.workspaceState);
  const parts: Parts = {
    server,
    tests: new TestExplorer(program, (line) => server.log(line)),
    plan: new PlanView(program, answers),
    simulation: new SimulationView(program, answers),
    tasks: new Tasks(program),
  };
  context.subscriptions.push(
    server,
    parts.tests,
    parts.plan,
    parts.simulation,
    ...register(parts),
    vscode.tasks.registerTaskProvider("phasegate", parts.tasks),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (OF_THE_SERVER.some((setting) => change.affectsConfiguration(setting))) {
        void server.restart();
      }
    }),
    server.onState(({ kind }) => {
      if (kind === "running") {
        void parts.tests.lookAtOpen();
      }
    }),
  );
  await server.start();
  return parts;
}

/** Packaging writes its name in small letters. */
function readme(folder: vscode.Uri): vscode.Uri {
  const packaged = vscode.Uri.joinPath(folder, "readme.md");
  return existsSync(packaged.fsPath) ? packaged : vscode.Uri.joinPath(folder, "README.md");
}
