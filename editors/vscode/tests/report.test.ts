import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../src/server/process.js";
import { length, message, read, testArguments } from "../src/testing/report.js";
import { folder, PROGRAM, REPOSITORY } from "./surroundings.js";

const text = readFileSync(join(REPOSITORY, "pipelines/quickstart.deploy"), "utf8");

async function report(program: string, title?: string) {
  const file = join(folder(), "-odd name.deploy");
  writeFileSync(file, program);
  return read((await run({ program: PROGRAM, args: testArguments(file, title, true) })).output);
}

test("what passes has no misses, and says how its run ended", async () => {
  const { verdicts, covered } = await report(text);
  assert.ok(verdicts.length >= 6);
  assert.ok(verdicts.every(({ passed, misses }) => passed && misses.length === 0));
  assert.match(verdicts[2]?.ended ?? "", /^rolled_back after 6s because the new version fails too often/);
  assert.equal(covered[0]?.percent, 100);
});

test("what fails has the place of each expectation and a time line", async () => {
  const wrong = text.replace("expect never traffic == 100%", "expect never traffic == 25%");
  const { verdicts } = await report(wrong, "a version that is slow in the tail is taken back");
  const [only, ...others] = verdicts;
  assert.deepEqual(others, []);
  const [miss] = only?.misses ?? [];
  assert.equal(wrong.split("\n")[(miss?.line ?? 0) - 1]?.trim(), "expect never traffic == 25%");
  assert.ok((miss?.timeLine.length ?? 0) > 3);
  assert.deepEqual(miss?.timeLine.find(({ words }) => /^release: weight 25 ?%$/.test(words))?.at, "6s");
});

test("a title that looks like an option is a title", () => {
  assert.deepEqual(testArguments("-f.deploy", "--coverage", false), ["test", "--format", "json", "--filter=--coverage", "--", "-f.deploy"]);
});

test("what no test has reached has its line", async () => {
  const { covered } = await report(text, "a version that fails is taken back");
  const missed = covered[0]?.missed.find(({ words }) => words.includes("p99") && words.endsWith("fired"));
  assert.match(text.split("\n")[(missed?.line ?? 0) - 1] ?? "", /canary\.p99 > 250ms/);
});

test("a message has the time line below it, aligned, or not at all", () => {
  const miss = {
    file: "f",
    line: 1,
    expected: "expect outcome succeeded",
    message: "rolled_back at 10s",
    timeLine: [
      { at: "8s", words: "a" },
      { at: "10s", words: "b" },
    ],
  };
  assert.equal(message(miss, true), "rolled_back at 10s\nexpect outcome succeeded\n\n 8s  a\n10s  b");
  assert.equal(message(miss, false), "rolled_back at 10s\nexpect outcome succeeded");
});

test("lengths are said as people say them", () => {
  assert.deepEqual([0, 6, 90, 3600, 93784, 0.5].map(length), ["0s", "6s", "1m 30s", "1h", "1d 2h 3m 4s", "0.5s"]);
});

test("an older program's report, and one that is none", () => {
  const [old] = read('{"tests":[{"title":"t","passed":false,"failures":["no"],"run":null}]}').verdicts;
  assert.deepEqual(old, {
    title: "t",
    passed: false,
    misses: [{ file: "", line: 1, expected: undefined, message: "no", timeLine: [] }],
    ended: undefined,
  });
  assert.throws(() => read("error"), /no JSON/);
  assert.deepEqual(read("null"), { verdicts: [], covered: [] });
});
