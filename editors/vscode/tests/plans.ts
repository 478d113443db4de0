/** Where the nodes of a program's plan lead. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Parts } from "../src/commands.js";
import { commands, editor, Uri } from "./stand-in/vscode.js";
import { PROGRAM, REPOSITORY } from "./surroundings.js";

interface Node {
  readonly id: string;
  readonly kind: string;
}

/** Values for every parameter that a pipeline that ships may want. */
const VALUES: Readonly<Record<string, string>> = { version: "1.2.3", reason: "why", archive: "a.tar.zst" };

function parseArguments(text: string, pipeline: string): string[] {
  const [, body = ""] = new RegExp(`^pipeline ${pipeline} \\{\n([\\s\\S]*?)^\\}`, "m").exec(text) ?? [];
  const wanted = [...body.matchAll(/^ {2}param (\w+): \w+$/gm)].map(([, name = ""]) => name);
  const environment = /^environment (?:production|demo)\b/m.exec(text)?.[0].split(" ")[1];
  return [
    ...(environment === undefined ? [] : ["--env", environment]),
    ...wanted.flatMap((name) => ["--set", `${name}=${VALUES[name] ?? "x"}`]),
  ];
}

export async function places(
  parts: Parts,
  path: string,
  pipeline: string,
): Promise<{ node: string; kind: string; line: string; at: string }[]> {
  const args = ["plan", `${path}:${pipeline}`, ...parseArguments(readFileSync(path, "utf8"), pipeline), "--format", "json"];
  const plan = JSON.parse(execFileSync(PROGRAM, args, { cwd: REPOSITORY, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] })) as {
    nodes: Node[];
  };
  const [environment, value] = args.includes("--env") ? ["phasegate.plan.environment", args[args.indexOf("--env") + 1]] : ["", ""];
  editor.settings[environment] = value;
  editor.settings["phasegate.plan.parameters"] = { ...VALUES, version: "1.2.3" };
  await commands.executeCommand("phasegate.plan", ...([path, pipeline] as never[]));
  const found: { node: string; kind: string; line: string; at: string }[] = [];
  for (const { id, kind } of plan.nodes) {
    const place = await parts.plan.reveal(id);
    const text = place === undefined ? "" : readFileSync(Uri.parse(place.key).fsPath, "utf8");
    const offset = place?.offset ?? 0;
    found.push({ node: id, kind, line: text.slice(offset).split("\n")[0] ?? "", at: `${place?.key}:${offset}` });
  }
  editor.settings["phasegate.plan.environment"] = "";
  editor.settings["phasegate.plan.parameters"] = {};
  return found;
}
