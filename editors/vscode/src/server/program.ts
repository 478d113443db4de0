/**
 * The `phasegate` program: which one, whether it is there, whether it is new enough. Knows nothing of VS Code.
 */
import { access, constants } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";
import { run } from "./process.js";

/** What this extension needs at least: `phasegate lsp`. */
export const OLDEST = "0.1.0";

export interface Surroundings {
  /** The first folder of the workspace. */
  readonly folder: string | undefined;
  readonly variables: NodeJS.ProcessEnv;
}

export interface Found {
  readonly kind: "found";
  readonly path: string;
  readonly version: string;
}

export interface Unusable {
  readonly kind: "missing" | "old" | "broken";
  /** What is wrong, and what to do about it. */
  readonly message: string;
}

/** Fills in `~`, `${workspaceFolder}` and `${env:NAME}`. */
export function expand(setting: string, around: Surroundings): string {
  const home = around.variables["HOME"] ?? homedir();
  return setting
    .replace(/^~(?=$|[\\/])/, home)
    .replaceAll("${workspaceFolder}", around.folder ?? "")
    .replaceAll("${userHome}", home)
    .replaceAll(/\$\{env:([^}]+)\}/g, (_, name: string) => around.variables[name] ?? "");
}

/** Where the program is: a name is looked for on the `PATH`, a relative path below the folder of the workspace. */
export async function locate(setting: string, around: Surroundings): Promise<string | undefined> {
  const wanted = expand(setting.trim() || "phasegate", around);
  const places = /[\\/]/.test(wanted)
    ? [isAbsolute(wanted) ? wanted : join(around.folder ?? process.cwd(), wanted)]
    : (around.variables["PATH"] ?? "")
        .split(delimiter)
        .filter((folder) => folder !== "")
        .map((folder) => join(folder, wanted));
  const endings = process.platform === "win32" ? ["", ".exe", ".cmd"] : [""];
  for (const place of places.flatMap((place) => endings.map((ending) => place + ending))) {
    if (await isProgram(place)) {
      return place;
    }
  }
  return undefined;
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Looks for the program and asks it for its version. */
export async function find(setting: string, around: Surroundings): Promise<Found | Unusable> {
  const path = await locate(setting, around);
  if (path === undefined) {
    return { kind: "missing", message: missing(setting, around) };
  }
  const asked = await run({ program: path, args: ["--version"], folder: around.folder, seconds: 10 });
  const version = /^phasegate (\d+\.\d+\.\d+\S*)/.exec(asked.output)?.[1];
  if (asked.status !== 0 || version === undefined) {
    const said = (asked.complaint || asked.output).trim().split("\n")[0] ?? "";
    return {
      kind: "broken",
      message: `${path} does not say its version, so it is not taken for Phasegate${said === "" ? "" : ` (it says: ${said})`}. Set "phasegate.program" to the right one.`,
    };
  }
  return isOlder(version, OLDEST)
    ? {
        kind: "old",
        message: `${path} is version ${version}; this extension needs ${OLDEST} or later. Install a newer Phasegate, or set "phasegate.program" to another one.`,
      }
    : { kind: "found", path, version };
}

function missing(setting: string, around: Surroundings): string {
  const wanted = expand(setting.trim() || "phasegate", around);
  return /[\\/]/.test(wanted)
    ? `There is no program at ${wanted}, which "phasegate.program" names. Build it with "cargo build --release", or correct the setting.`
    : `The program "${wanted}" is not on the PATH. Install it with "cargo install --path ." in a checkout of Phasegate, or set "phasegate.program" to where it is.`;
}

/** Compares `1.2.3`; what is behind a `-` comes before the version without it. */
export function isOlder(version: string, than: string): boolean {
  const [left, right] = [parts(version), parts(than)];
  for (let at = 0; at < 3; at += 1) {
    const difference = (left.numbers[at] ?? 0) - (right.numbers[at] ?? 0);
    if (difference !== 0) {
      return difference < 0;
    }
  }
  return left.isDraft && !right.isDraft;
}

function parts(version: string): { numbers: number[]; isDraft: boolean } {
  const [numbers = "", ...rest] = version.split("+")[0]?.split("-") ?? [];
  return { numbers: numbers.split(".").map(Number), isDraft: rest.length > 0 };
}
