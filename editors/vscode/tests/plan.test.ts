import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { page } from "../src/plan/page.js";
import { split } from "../src/plan/places.js";
import { chosen, question } from "../src/plan/questions.js";
import { run } from "../src/server/process.js";
import { bare, statements } from "../src/text.js";
import { folder, PROGRAM, programs, REPOSITORY } from "./surroundings.js";

const SEARCH = join(REPOSITORY, "pipelines/search.deploy");

async function asked(...args: string[]) {
  const answer = await run({ program: PROGRAM, args: ["plan", ...args], folder: REPOSITORY });
  return question(answer.complaint);
}

test("what the program wants to know is read from its words", async () => {
  assert.deepEqual(await asked(`${SEARCH}:search_rollout`), { kind: "environment", choices: ["development", "staging", "production"] });
  assert.deepEqual(await asked(`${SEARCH}:search_rollout`, "--env", "nowhere"), {
    kind: "environment",
    choices: ["development", "staging", "production"],
  });
  assert.equal((await asked(SEARCH))?.kind, "pipeline");
  assert.deepEqual(await asked(`${SEARCH}:search_rollout`, "--env", "staging"), {
    kind: "parameter",
    name: "version",
    type: "version",
    wrong: undefined,
  });
  const wrong = await asked(`${SEARCH}:search_rollout`, "--env", "staging", "--set", "version=x");
  assert.equal(wrong?.kind === "parameter" && wrong.name, "version");
  assert.match(wrong?.kind === "parameter" ? (wrong.wrong ?? "") : "", /it is no version/);
});

test("what is wrong with the program itself is no question", async () => {
  const file = join(folder(), "broken.deploy");
  writeFileSync(file, "pipeline p { phase a after nowhere { wait 1m } }\n");
  assert.equal(await asked(file), undefined);
  assert.equal(question(""), undefined);
});

test("answers become arguments", () => {
  const choice = { environment: "production", parameters: { version: "1.2.3", note: "a b" } };
  assert.deepEqual(chosen("/f.deploy", "p", choice), ["/f.deploy:p", "--env", "production", "--set", "version=1.2.3", "--set", "note=a b"]);
});

test("the page runs its own script and style and nothing else", async () => {
  const { output: svg } = await run({
    program: PROGRAM,
    args: ["plan", join(REPOSITORY, "pipelines/quickstart.deploy"), "--format", "svg"],
  });
  const html = page(
    { picture: { title: "<b>&", svg, facts: ["x = <script>alert(1)</script>"] }, complaint: 'a "<i>"', canChoose: true, kind: "plan" },
    "N",
  );
  assert.match(html, /<h1>&lt;b&gt;&amp;<\/h1><span>x = &lt;script&gt;alert\(1\)&lt;\/script&gt;<\/span>/);
  assert.match(html, /<pre>a &quot;&lt;i&gt;&quot;<\/pre>/);
  assert.match(html, /content="default-src 'none'; style-src 'nonce-N'; script-src 'nonce-N'"/);
  for (const tag of html.matchAll(/<(script|style)\b[^>]*>/g)) {
    assert.match(tag[0], / nonce="N">$/);
  }
  assert.doesNotMatch(html, /\son\w+=|\sstyle=|javascript:|https?:\/\/(?!www\.w3\.org|127\.)/);
});

test("without a picture the page says why", () => {
  const html = page({ picture: undefined, complaint: "error: no", canChoose: false, kind: "simulation" }, "N");
  assert.match(html, /There is no simulation yet/);
  assert.doesNotMatch(html, /<svg|data-command="choose"/);
});

test("the ids of nodes are taken apart", () => {
  assert.deepEqual(split("deploy"), { phase: "deploy", statement: undefined });
  assert.deepEqual(split("deploy.apply"), { phase: "deploy", statement: "apply" });
  assert.deepEqual(split("deploy[eu.west].apply"), { phase: "deploy", statement: "apply" });
  assert.deepEqual(split("deploy[eu]"), { phase: "deploy", statement: undefined });
});

test("strings and comments are blanked, line breaks and lengths stay", () => {
  const text = 'a "x { ${ env.name } \\" y" // gate {\n/* hold\n*/ r"\\d{" """\n gate "q" {\n""" b';
  const left = bare(text);
  assert.equal(left.length, text.length);
  assert.deepEqual(left.match(/\n/g)?.length, text.match(/\n/g)?.length);
  assert.doesNotMatch(left, /gate|hold|env|[xyd{]/);
  assert.match(left, /^a ".*" +\n[\s\S]* b$/);
});

test("statements are found in their order, without those in comments and strings", () => {
  const text =
    'phase a {\n  // gate "no" {\n  step one = shell("gate { hold 5m }")\n  step shell("x")\n  parallel { step two: T = x.y() gate { require true } }\n  run block("a")\n  ramp t through 5% { hold 5m { require x == step } }\n}';
  const found = statements(text, 0, text.length);
  assert.deepEqual(
    found.map(({ kind, name }) => (name === undefined ? kind : `${kind} ${name}`)),
    ["step one", "step", "step two", "gate", "run block", "ramp", "hold"],
  );
  assert.ok(found.every(({ kind, name, offset }) => text.slice(offset).startsWith(kind === "run" ? (name ?? "") : kind)));
});

test("the statements of every program are as many as its text has", () => {
  for (const path of programs("pipelines")) {
    const text = readFileSync(path, "utf8");
    const gates = text.match(/^\s*gate\b/gm)?.length ?? 0;
    assert.equal(statements(text, 0, text.length).filter(({ kind }) => kind === "gate").length, gates, path);
  }
});

test("the picture's colours are those that text has in the editor", () => {
  const html = page({ picture: undefined, complaint: undefined, canChoose: false, kind: "plan" }, "N");
  assert.doesNotMatch(html, /charts-orange/, "which themes take from a see-through highlight: it cannot be read on a dark page");
});
