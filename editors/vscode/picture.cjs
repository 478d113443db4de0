/** `picture` in the browser: what a person would do, with an assertion for each thing they would see. */
const assert = require("node:assert/strict");
const { readFileSync, writeFileSync } = require("node:fs");
const { chromium } = require("playwright-core");

const [, , address, folder] = process.argv;
const program = new URL(address).searchParams.get("folder");
const file = `${program}/rollout.deploy`;

async function session(page) {
  const pause = (milliseconds) => page.waitForTimeout(milliseconds);
  const text = page.locator(".editor-group-container").first().locator(".view-lines");
  const command = async (name) => {
    await page.keyboard.press("F1");
    await page.waitForSelector(".quick-input-widget");
    await page.keyboard.type(name, { delay: 5 });
    await pause(900);
    await page.keyboard.press("Enter");
    await pause(900);
  };
  const go = async (line) => {
    await page.keyboard.press("Control+g");
    await pause(500);
    await page.keyboard.type(String(line));
    await page.keyboard.press("Enter");
    await pause(500);
  };
  const status = () => page.locator(".statusbar").textContent();

  await page.goto(address, { waitUntil: "domcontentloaded" });
  await page.locator(".explorer-folders-view .monaco-list-row", { hasText: "rollout.deploy" }).dblclick();
  await page.waitForFunction(() => document.querySelector(".statusbar")?.textContent?.includes("Phasegate"));
  await page.locator(".codelens-decoration", { hasText: "plan" }).first().waitFor();
  await page.keyboard.press("Control+b");

  await command("Phasegate: Show the Plan Beside the Text");
  await pause(5000);
  let plan;
  for (const frame of page.frames()) {
    if ((await frame.locator("[data-node]").count().catch(() => 0)) > 0) {
      plan = frame;
    }
  }
  assert.ok(plan, "the plan is drawn");
  await plan.locator('text[data-node="release.ramp1"]').click();
  await pause(2500);
  const line = readFileSync(file, "utf8").split("\n").findIndex((one) => one.includes("ramp traffic")) + 1;
  assert.match(await status(), new RegExp(`Ln ${line}, `), "a click leads to the statement");

  await text.click();
  await go(59);
  await page.keyboard.press("End");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Control+Shift+m");
  await page.locator(".markers-panel", { hasText: "cannot be compared" }).waitFor();
  await pause(1000);
  await page.screenshot({ path: `${folder}/vscode.png` });

  await page.keyboard.press("Control+Shift+m");
  await text.click();
  await command("File: Revert File");
  writeFileSync(file, readFileSync(file, "utf8").replace("expect never traffic == 100%", "expect never traffic == 25%"));
  await pause(2500);
  await command("View: Close All Editors in Other Groups");
  await command("Testing: Focus on Test Explorer View");
  await text.click();
  await command("Phasegate: Run the Tests of This File");
  await page.locator(".test-explorer, .testing-explorer", { hasText: "5/6" }).first().waitFor();
  await page.locator(".test-explorer .monaco-tl-twistie").first().click();
  await text.click();
  await go(111);
  await pause(1500);
  await page.screenshot({ path: `${folder}/vscode-tests.png` });
}

(async () => {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox", "--disable-gpu"] });
  try {
    const page = await browser.newPage({ viewport: { width: 1400, height: 760 } });
    page.setDefaultTimeout(60_000);
    await session(page);
  } finally {
    await browser.close();
  }
})();
