/** Where the repository is, and the program that tests talk to. */
import { existsSync, mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const REPOSITORY = resolve("../..");

/** `PHASEGATE`, else the release build: without a program these tests would show nothing. */
export const PROGRAM = resolve(process.env["PHASEGATE"] ?? join(REPOSITORY, "target/release/phasegate"));

if (!existsSync(PROGRAM)) {
  throw new Error(`there is no program at ${PROGRAM}: build it, or say where it is with PHASEGATE=…`);
}

export function folder(): string {
  return mkdtempSync(join(tmpdir(), "phasegate-editor-"));
}

/** Every program that ships. */
export function programs(...folders: string[]): string[] {
  return folders.flatMap((name) =>
    readdirSync(join(REPOSITORY, name))
      .filter((file) => file.endsWith(".deploy"))
      .map((file) => join(REPOSITORY, name, file)),
  );
}
