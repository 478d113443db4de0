/** Bundles the extension, or its tests: `node build.mjs [--tests]`. */
import { readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const shared = { bundle: true, platform: "node", target: "node20", logLevel: "warning" };

if (process.argv.includes("--tests")) {
  rmSync(".test", { recursive: true, force: true });
  const tests = readdirSync("tests").filter((file) => file.endsWith(".test.ts"));
  await build({
    ...shared,
    entryPoints: tests.map((file) => `tests/${file}`),
    outdir: ".test",
    format: "cjs",
    sourcemap: "inline",
    // The editor is played by a stand-in; packages are taken from node_modules.
    alias: { vscode: "./tests/stand-in/vscode.ts" },
    external: ["vscode-oniguruma", "vscode-textmate", "esbuild"],
    define: { "import.meta.url": "undefined" },
  });
} else {
  rmSync("dist", { recursive: true, force: true });
  await build({
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    format: "cjs",
    minify: true,
    external: ["vscode"],
    legalComments: "none",
  });
}
