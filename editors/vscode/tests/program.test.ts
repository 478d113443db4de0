import assert from "node:assert/strict";
import { chmodSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../src/server/process.js";
import { expand, find, isOlder, locate } from "../src/server/program.js";
import { shown } from "../src/server/status.js";
import { folder, PROGRAM } from "./surroundings.js";

/** Whatever the file is called, here it has its own name. */
const tools = folder();
symlinkSync(PROGRAM, join(tools, "phasegate"));
const around = { folder: "/work place", variables: { HOME: "/home/me", PATH: tools, TOOLS: "/tools" } };

function script(lines: string): string {
  const path = join(folder(), "phasegate");
  writeFileSync(path, `#!/bin/sh\n${lines}\n`);
  chmodSync(path, 0o755);
  return path;
}

test("a setting may name the home, the workspace and variables", () => {
  assert.equal(expand("~/bin/phasegate", around), "/home/me/bin/phasegate");
  assert.equal(expand("${workspaceFolder}/target/phasegate", around), "/work place/target/phasegate");
  assert.equal(expand("${env:TOOLS}/phasegate", around), "/tools/phasegate");
  assert.equal(expand("~other/phasegate", around), "~other/phasegate");
});

test("a name is looked for on the path, a path where it leads", async () => {
  assert.equal(await locate("phasegate", around), join(tools, "phasegate"));
  assert.equal(await locate("", around), join(tools, "phasegate"));
  assert.equal(await locate(PROGRAM, around), PROGRAM);
  assert.equal(await locate("nothing-of-this-name", around), undefined);
  assert.equal(await locate("./nowhere", around), undefined);
});

test("the program that is there says its version", async () => {
  const found = await find("phasegate", { ...around, folder: undefined });
  assert.equal(found.kind, "found");
  assert.match(found.kind === "found" ? found.version : "", /^\d+\.\d+\.\d+/);
});

test("what is wrong comes with what to do about it", async () => {
  const none = { folder: undefined, variables: { PATH: folder() } };
  const missing = await find("phasegate", none);
  assert.equal(
    missing.kind === "found" ? "" : missing.message,
    'The program "phasegate" is not on the PATH. Install it with "cargo install --path ." in a checkout of Phasegate, or set "phasegate.program" to where it is.',
  );
  const old = await find(script("echo phasegate 0.0.3"), none);
  assert.equal(old.kind, "old");
  const other = await find(script("echo 'usage: other' >&2; exit 2"), none);
  assert.match(
    other.kind === "broken" ? other.message : "",
    /does not say its version, so it is not taken for Phasegate \(it says: usage: other\)/,
  );
});

test("versions compare by their numbers, drafts before what they become", () => {
  assert.ok(isOlder("0.0.9", "0.1.0"));
  assert.ok(isOlder("0.9.0", "0.10.0"));
  assert.ok(isOlder("0.1.0-rc.1", "0.1.0"));
  assert.ok(!isOlder("0.1.0", "0.1.0"));
  assert.ok(!isOlder("1.0.0+build", "0.1.0"));
});

test("a program that hangs is ended", async () => {
  const begun = Date.now();
  const answer = await run({ program: script("sleep 30"), args: [], seconds: 0.2 });
  assert.ok(Date.now() - begun < 10_000);
  assert.notEqual(answer.status, 0);
  const stop = new AbortController();
  const work = run({ program: script("exec sleep 30"), args: [], signal: stop.signal });
  stop.abort();
  assert.notEqual((await work).status, 0);
});

test("a program that is not there is an answer too", async () => {
  const answer = await run({ program: "/nowhere/phasegate", args: [] });
  assert.equal(answer.status, undefined);
  assert.match(answer.complaint, /ENOENT/);
});

test("arguments are passed as they are", async () => {
  const answer = await run({ program: script('printf "%s|" "$@"'), args: ["a b", "$(id)", "`id`", "*", "--"] });
  assert.equal(answer.output, "a b|$(id)|`id`|*|--|");
});

test("the status bar has a word for each state", () => {
  assert.equal(shown({ kind: "starting" }).tone, "calm");
  assert.equal(shown({ kind: "running", path: "/p", version: "1.0.0" }).text, "$(check) Phasegate");
  assert.deepEqual(shown({ kind: "stopped", reason: "it ended." }), {
    text: "$(warning) Phasegate",
    tooltip: "The language server has stopped: it ended.",
    tone: "warning",
  });
  assert.equal(shown({ kind: "missing", message: "gone" }).text, "$(error) Phasegate: not found");
});
