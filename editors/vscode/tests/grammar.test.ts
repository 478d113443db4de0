/** The colours of every program that ships: no word without a scope, nothing taken for a mistake, every block closed. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, resolve } from "node:path";
import { test } from "node:test";
import { loadWASM, OnigScanner, OnigString } from "vscode-oniguruma";
import { type IGrammar, INITIAL, parseRawGrammar, Registry } from "vscode-textmate";
import { programs } from "./surroundings.js";

const modules = createRequire(resolve("package.json"));

async function load(): Promise<IGrammar> {
  await loadWASM(readFileSync(modules.resolve("vscode-oniguruma/release/onig.wasm")).buffer as ArrayBuffer);
  const registry = new Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns) => new OnigScanner(patterns),
      createOnigString: (text) => new OnigString(text),
    }),
    loadGrammar: async () => parseRawGrammar(readFileSync("syntaxes/phasegate.tmLanguage.json", "utf8"), "phasegate.json"),
  });
  const grammar = await registry.loadGrammar("source.phasegate");
  assert.ok(grammar);
  return grammar;
}

interface Token {
  readonly text: string;
  readonly scope: string;
  readonly line: number;
}

const loaded = load();

/** Each token that is no blank, with its innermost scope; and how many blocks are open at the end. */
async function tokens(text: string): Promise<{ found: Token[]; depth: number }> {
  const grammar = await loaded;
  let state = INITIAL;
  const found: Token[] = [];
  for (const [at, line] of text.split("\n").entries()) {
    const read = grammar.tokenizeLine(line, state);
    state = read.ruleStack;
    for (const { startIndex, endIndex, scopes } of read.tokens) {
      const word = line.slice(startIndex, endIndex).trim();
      if (word !== "") {
        const scope = scopes.filter((name) => !name.startsWith("meta.") && name !== "source.phasegate").at(-1) ?? "";
        found.push({ text: word, scope: scope.replace(/\.phasegate$/, ""), line: at + 1 });
      }
    }
  }
  return { found, depth: state.depth };
}

test("no token of a program that ships is without a scope or taken for a mistake", async () => {
  for (const path of programs("pipelines", "stdlib")) {
    const { found, depth } = await tokens(readFileSync(path, "utf8"));
    const bad = found.filter(({ scope }) => scope === "" || scope.startsWith("invalid"));
    assert.deepEqual(bad, [], path);
    assert.equal(depth, 1, `${path} ends with a block open`);
    assert.ok(found.length > 20, path);
  }
});

/** A keyword that is coloured as a plain name says that the grammar has missed its place. */
test("no keyword that begins a line is coloured as a name", async () => {
  const heads =
    /^\s*(pipeline|phase|step|gate|hold|ramp|require|warn|rollback|pause|abort|notify|approve|wait|param|let|lock|timeout|window|parallel|given|expect|run|on|off|trip|recover|probe|tier|criterion|award|pass|summary|runbook|use|type|environment|metrics|threshold|channel|component|killswitch|sentinel|freeze|alert|rubric|schedule|test|return|else|for|effect|builtin|idempotent|undo|retry)\s(?!\s*[=:.(,])/;
  for (const path of programs("pipelines", "stdlib")) {
    const text = readFileSync(path, "utf8");
    const { found } = await tokens(text);
    for (const [at, line] of text.split("\n").entries()) {
      const word = heads.exec(line)?.[1];
      const first = found.find((token) => token.line === at + 1);
      if (word !== undefined && first?.text === word) {
        assert.match(first.scope, /^(keyword|storage)\./, `${path}:${at + 1} ${line}`);
      }
    }
  }
});

/** How often each scope occurs: what changes with a change of the grammar, to be read in its diff. */
test("the scopes of every program are those of the snapshot", async () => {
  const counted: Record<string, Record<string, number>> = {};
  for (const path of programs("pipelines", "stdlib").sort()) {
    const counts = new Map<string, number>();
    for (const { scope } of (await tokens(readFileSync(path, "utf8"))).found) {
      counts.set(scope, (counts.get(scope) ?? 0) + 1);
    }
    counted[basename(path)] = Object.fromEntries([...counts].sort(([left], [right]) => left.localeCompare(right, "en")));
  }
  const now = `${JSON.stringify([...new Set(Object.values(counted).flatMap(Object.keys))].sort(), undefined, 2)}\n`;
  if (process.env["PHASEGATE_BLESS"] === "1") {
    writeFileSync("tests/grammar/scopes.json", now);
  }
  assert.equal(readFileSync("tests/grammar/scopes.json", "utf8"), now, "PHASEGATE_BLESS=1 npm test writes it again; read the diff");
});

test("what is wrong is shown as wrong", async () => {
  for (const [text, word] of [
    ["wait 5min", "5min"],
    ["require a ≤ 5", "≤"],
    ['let a = "\\q"', "\\q"],
    ["require a && b", "&&"],
  ] as const) {
    const { found } = await tokens(text);
    assert.match(found.find((token) => token.text === word)?.scope ?? "", /^invalid\./, text);
  }
});

test("an open string ends with its line", async () => {
  const { found } = await tokens('let a = "open ${env.name\npipeline p {}\n');
  assert.equal(found.find(({ text }) => text === "pipeline")?.scope, "storage.type.pipeline");
});

test("names that are keywords elsewhere are names", async () => {
  const { found } = await tokens(
    "pipeline p {\n  param hold: duration\n  let step = file.read(hold: metrics.phase, test: { gate: 1, for: 2 })\n}\n",
  );
  const scope = (word: string) => found.filter(({ text }) => text === word).map((token) => token.scope);
  assert.deepEqual(scope("hold"), ["variable.parameter.declaration", "variable.parameter.named"]);
  assert.deepEqual(scope("gate"), ["variable.parameter.named"]);
  assert.deepEqual(scope("for"), ["variable.parameter.named"]);
  assert.deepEqual(scope("phase"), ["variable.other.property"]);
});
