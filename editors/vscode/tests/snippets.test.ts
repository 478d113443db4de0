/** Every snippet, put into a file that needs it: the file has to be without an error, and in the one style. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { run } from "../src/server/process.js";
import { expansions, type Snippet } from "./snippets.js";
import { folder, PROGRAM } from "./surroundings.js";

const snippets = JSON.parse(readFileSync("snippets/phasegate.json", "utf8")) as Record<string, Snippet>;

const HEAD = `use std.{backup, flags, notify, shell, traffic}

`;
const WORLD = `environment production {
  prometheus = "http://127.0.0.1:9090",
}

/// What is measured.
metrics api from prometheus(env.prometheus) every 1m {
  error_rate: ratio = query("errors")
}

channel team = notify.webhook(url: secret("TEAM_WEBHOOK"))

`;
const PIPELINE = `/// What it is for.
pipeline rollout {
  timeout 1d

  phase prepare {
    step now: Report = shell("make bench") effect reads timeout 10m
    gate { require now.p95 <= 1s }
  }
}

type Report = { p95: duration(ms) }

`;

/** Where each snippet belongs: SNIPPET stands for it, with the blanks before it on each line. */
const PLACES: Readonly<Record<string, string>> = {
  item: `${HEAD}${WORLD}${PIPELINE}SNIPPET\n`,
  pipeline: `${HEAD}${WORLD}SNIPPET\n`,
  environment: `SNIPPET\n`,
  metrics: `environment production { prometheus = "http://127.0.0.1:9090" }\n\nSNIPPET\n`,
  type: `SNIPPET\n`,
  channel: `${HEAD}SNIPPET\n`,
  phase: `${HEAD}${WORLD}/// What it is for.\npipeline other {\n  timeout 1d\n\n  phase prepare { wait 1m }\n\n  SNIPPET\n}\n`,
  statement: `${HEAD}${WORLD}/// What it is for.\npipeline other {\n  timeout 1d\n\n  phase one {\n    SNIPPET\n  }\n}\n`,
  handler: `${HEAD}${WORLD}/// What it is for.\npipeline other {\n  timeout 1d\n\n  phase one { wait 1m }\n\n  SNIPPET\n}\n`,
  test: `${HEAD}${WORLD}${PIPELINE}test "t" {\n  run rollout() in production\n  SNIPPET\n  expect outcome failed\n}\n`,
  expect: `${HEAD}${WORLD}${PIPELINE}test "t" {\n  run rollout() in production\n  SNIPPET\n}\n`,
  comment: `${HEAD}${WORLD}/// What it is for.\npipeline other {\n  timeout 1d\n\n  phase one {\n    step backup.create(["config/"])\n    SNIPPET\n    rollback when api.error_rate > 5%\n    wait 5m\n  }\n}\n`,
};

const BELONGS: Readonly<Record<string, string>> = {
  pipeline: "pipeline",
  environment: "environment",
  metrics: "metrics",
  type: "type",
  channel: "channel",
  phase: "phase",
  step: "statement",
  shell: "statement",
  gate: "statement",
  hold: "statement",
  ramp: "statement",
  rollback: "statement",
  approve: "statement",
  on: "handler",
  "given step": "test",
  expect: "expect",
  allow: "comment",
};

function placed(snippet: Snippet, text: string): string {
  const place = PLACES[BELONGS[snippet.prefix] ?? "item"] ?? "";
  const indent = /^( *)SNIPPET/m.exec(place)?.[1] ?? "";
  return place.replace("SNIPPET", () => text.replaceAll("\n", `\n${indent}`)).replaceAll(/^ +$/gm, "");
}

for (const [name, snippet] of Object.entries(snippets)) {
  test(`${name} is right as it is put in`, async () => {
    for (const text of expansions(snippet)) {
      const file = join(folder(), "case.deploy");
      const program = placed(snippet, text);
      writeFileSync(file, program);
      const checked = await run({ program: PROGRAM, args: ["check", "--format", "github", file] });
      assert.equal(checked.status, 0, `${program}\n${checked.output}${checked.complaint}`);
      // A cursor that waits for a statement leaves an empty line, which the style takes away.
      if (!/^ *\$0$/m.test(snippet.body.join("\n"))) {
        const styled = await run({ program: PROGRAM, args: ["fmt", "--diff", file] });
        assert.equal(styled.output, "", `${program}\n${styled.output}`);
      }
    }
  });
}

test("no two snippets have one prefix", () => {
  const prefixes = Object.values(snippets).map(({ prefix }) => prefix);
  assert.equal(new Set(prefixes).size, prefixes.length);
});
