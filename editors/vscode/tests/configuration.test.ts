import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../src/server/process.js";
import { folder, PROGRAM } from "./surroundings.js";

interface Configuration {
  readonly wordPattern: string;
  readonly indentationRules: { readonly increaseIndentPattern: string; readonly decreaseIndentPattern: string };
  readonly onEnterRules: readonly {
    readonly beforeText: { readonly pattern: string };
    readonly action: { readonly appendText?: string };
  }[];
}

const configuration = JSON.parse(readFileSync("language-configuration.json", "utf8")) as Configuration;

test("a word is a name, or a number with its unit", () => {
  const words = "hold 1h30m every 5% p95 64MiB 1_000 stage.weight 10pp 0.5%".match(new RegExp(configuration.wordPattern, "g"));
  assert.deepEqual(words, ["hold", "1h30m", "every", "5%", "p95", "64MiB", "1_000", "stage", "weight", "10pp", "0.5%"]);
});

test("the line below an opening bracket is indented, a closing one is taken back", () => {
  const increase = new RegExp(configuration.indentationRules.increaseIndentPattern);
  const decrease = new RegExp(configuration.indentationRules.decreaseIndentPattern);
  for (const line of ["pipeline p {", "  step s = f(", '  gate "a } b" {', "  files: [", "  hold 5m { // why"]) {
    assert.ok(increase.test(line), line);
  }
  for (const line of ["  step s = f()", '  let a = "x {"', "  // a {", "  on { f() }", "}"]) {
    assert.ok(!increase.test(line), line);
  }
  assert.ok(decrease.test("  }") && decrease.test(")") && !decrease.test("  a }"));
});

test("documentation and comments go on in the next line", () => {
  const rule = (line: string) =>
    configuration.onEnterRules.find(({ beforeText }) => new RegExp(beforeText.pattern).test(line))?.action.appendText;
  assert.equal(rule("  /// What it is for."), "/// ");
  assert.equal(rule("  // Why."), "// ");
  assert.equal(rule("  step s = f() // no"), undefined);
});

test("the problem matcher reads what `check --format github` prints", async () => {
  const { contributes } = JSON.parse(readFileSync("package.json", "utf8")) as {
    contributes: { problemMatchers: { applyTo: string; pattern: { regexp: string } }[] };
  };
  assert.equal(contributes.problemMatchers[0]?.applyTo, "closedDocuments", "of a file that is open the server says it, once");
  const pattern = new RegExp(contributes.problemMatchers[0]?.pattern.regexp ?? "");
  const file = join(folder(), "broken.deploy");
  writeFileSync(file, 'pipeline p {\n  phase a { step shell("x") }\n}\n');
  const { output } = await run({ program: PROGRAM, args: ["check", "--format", "github", file] });
  const lines = output.trim().split("\n");
  assert.ok(lines.length >= 2, output);
  for (const line of lines) {
    const [, severity, path, , , code, message] = pattern.exec(line) ?? [];
    assert.match(severity ?? "", /^(error|warning)$/, line);
    assert.equal(path, file);
    assert.match(code ?? "", /^PG\d{3}$/);
    assert.ok((message ?? "").length > 5 && !message?.includes("%0A"), message);
  }
});
