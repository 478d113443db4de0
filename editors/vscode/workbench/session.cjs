/** What a person does with the extension, with an assertion for each thing they would see: `run` starts it. */
const assert = require("node:assert/strict");
const { readdirSync, readFileSync, writeFileSync } = require("node:fs");
const { chromium } = require("playwright-core");
const { Hands } = require("./hands.cjs");

const [, , address, browserPath, home, pictures] = process.argv;
const file = `${home}/shop/rollout.deploy`;
const original = readFileSync(file, "utf8");
const lineOf = (words) => original.split("\n").findIndex((one) => one.includes(words)) + 1;

const STEPS = {
  "the server runs and puts its lenses above the pipeline": async (hands) => {
    await hands.page.goto(`${address}?folder=${home}/shop`, { waitUntil: "domcontentloaded" });
    await hands.page.locator(".explorer-folders-view .monaco-list-row", { hasText: "rollout.deploy" }).dblclick();
    await hands.page.locator(".statusbar-item", { hasText: "Phasegate" }).first().waitFor();
    await hands.page.locator(".codelens-decoration", { hasText: "plan" }).first().waitFor();
    await hands.key("Control+b");
  },

  "a file is formatted when it is saved": async (hands) => {
    await hands.go(lineOf("timeout 5m"));
    await hands.key("Home");
    await hands.type("   ");
    await hands.key("Control+s");
    await hands.until("the file in the one style", () => readFileSync(file, "utf8") === original);
  },

  "hover and completion are there": async (hands) => {
    await hands.go(lineOf("step feature"), 21);
    await hands.key("Control+k", "Control+i");
    await hands.page.locator(".monaco-hover", { hasText: "Switches a feature on" }).waitFor();
    await hands.key("Escape");
    await hands.go(lineOf("require canary.p95"));
    await hands.key("End", "Enter");
    await hands.type("require canary.");
    await hands.until("the fields", async () => (await hands.rows(".suggest-widget")).join().startsWith("error_rate,p95"));
    await hands.key("Escape");
    await hands.command("File: Revert File");
  },

  "a definition leads into the library, of which the test explorer knows nothing": async (hands) => {
    await hands.go(lineOf("step feature"), 27);
    await hands.key("F12");
    await hands.page.locator(".tab", { hasText: "flags.deploy" }).locator(".tab-actions .action-label").click();
  },

  "the plan is drawn beside the text, and a click leads to the statement": async (hands) => {
    await hands.text.click();
    await hands.command("Phasegate: Show the Plan Beside the Text");
    const plan = await hands.frame("[data-node]");
    await plan.locator('text[data-node="release.ramp1"]').click();
    const line = lineOf("ramp traffic");
    await hands.until("the statement", async () => (await hands.status()).includes(`Ln ${line},`));
  },

  "a problem is shown as it is typed": async (hands) => {
    await hands.text.click();
    await hands.go(lineOf("require canary.p95"));
    await hands.key("End", "Backspace", "Backspace", "Control+Shift+m");
    await hands.page.locator(".markers-panel", { hasText: "cannot be compared" }).waitFor();
    await picture(hands, "vscode.png");
  },

  "what is open is not said twice when the workspace is checked": async (hands) => {
    await hands.text.click();
    await hands.key("Control+s");
    writeFileSync(`${home}/shop/other.deploy`, "/// Waits.\npipeline waits {\n  phase one { wait 5min }\n}\n");
    await hands.command("Phasegate: Check the Workspace");
    const rows = () => hands.rows(".markers-panel");
    await hands.until("the closed file", async () => {
      // The task shows its terminal in the same place, whenever it starts.
      if (!(await hands.page.locator(".markers-panel").isVisible())) {
        await hands.key("Control+Shift+m");
      }
      await hands.pause(1000);
      return (await rows()).some((row) => row.includes("is not a unit"));
    });
    assert.equal((await rows()).filter((row) => row.includes("cannot be compared")).length, 1);
    await hands.key("Control+Shift+m");
  },

  "a server that is killed comes back": async (hands) => {
    const [killed] = servers();
    process.kill(killed, "SIGKILL");
    await hands.until("another server", () => servers().some((one) => one !== killed));
    await hands.text.click();
    await hands.go(lineOf("require canary.p95"));
    await hands.key("End");
    await hands.type("ms");
    await hands.until("no problem", async () => (await hands.page.locator(".squiggly-error").count()) === 0);
    await hands.key("Control+s");
  },

  "tests run: what passes, and what fails at its line": async (hands) => {
    writeFileSync(file, original.replace("expect never traffic == 100%", "expect never traffic == 25%"));
    await hands.command("View: Close Editors in Other Groups");
    await hands.command("Testing: Focus on Test Explorer View");
    await hands.text.click();
    await hands.until("the text of the disk", async () => !(await hands.text.textContent()).includes("never traffic == 100%"));
    await hands.command("Phasegate: Run the Tests of This File");
    await hands.page.locator(".test-explorer, .testing-explorer", { hasText: "5/6" }).first().waitFor();
    assert.equal((await hands.rows(".test-explorer")).filter((row) => /other|flags/.test(row)).length, 0, "files without tests");
    await hands.page.locator(".test-explorer .monaco-tl-twistie").first().click();
    await hands.text.click();
    await hands.go(lineOf("expect never traffic == 100%"));
    await hands.page.getByText("it is true at 6s: traffic = 25%").first().waitFor();
    await picture(hands, "vscode-tests.png");
  },
};

async function picture(hands, name) {
  await hands.pause(1500);
  if (pictures) {
    await hands.page.screenshot({ path: `${pictures}/${name}` });
  }
}

/** The numbers of the processes that are this person's servers. */
function servers() {
  const commands = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return commands.map(Number).filter((number) => {
    try {
      return readFileSync(`/proc/${number}/cmdline`, "utf8").startsWith(`${home}/bin/phasegate\0lsp\0`);
    } catch {
      return false;
    }
  });
}

(async () => {
  const browser = await chromium.launch({ executablePath: browserPath, args: ["--no-sandbox", "--disable-gpu"] });
  const page = await browser.newPage({ viewport: { width: 1400, height: 760 } });
  page.setDefaultTimeout(60_000);
  const hands = new Hands(page);
  try {
    for (const [name, step] of Object.entries(STEPS)) {
      await step(hands).catch(async (error) => {
        await page.screenshot({ path: `${home}/failed.png` });
        throw new Error(`${name}: see ${home}/failed.png`, { cause: error });
      });
      console.log(`ok  ${name}`);
    }
  } finally {
    await browser.close();
  }
})();
