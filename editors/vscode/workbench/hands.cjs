/** The workbench as a person has it: keys, and what is to be seen. */
const assert = require("node:assert/strict");

exports.Hands = class {
  constructor(page) {
    this.page = page;
  }

  pause(milliseconds) {
    return this.page.waitForTimeout(milliseconds);
  }

  /** Of the first group of editors. */
  get text() {
    return this.page.locator(".editor-group-container").first().locator(".view-lines");
  }

  async key(...keys) {
    for (const key of keys) {
      await this.page.keyboard.press(key);
      await this.pause(100);
    }
  }

  async type(text) {
    await this.page.keyboard.type(text, { delay: 10 });
  }

  async command(name) {
    await this.key("F1");
    const first = this.page.locator(".quick-input-list .monaco-list-row").first();
    await first.waitFor();
    await this.type(name);
    await this.until(`the command ${name}`, async () => (await first.textContent()).includes(name));
    await this.key("Enter");
    await this.pause(500);
  }

  async go(line, column = 1) {
    await this.key("Control+g");
    await this.pause(300);
    await this.type(`${line}:${column}`);
    await this.key("Enter");
    await this.until(`line ${line}`, async () => (await this.status()).includes(`Ln ${line},`));
  }

  status() {
    return this.page.locator(".statusbar").textContent();
  }

  /** The rows of a list or a tree. */
  rows(selector) {
    return this.page.locator(`${selector} .monaco-list-row`).allTextContents();
  }

  /** The frame of a view of our own in which this is. */
  async frame(selector) {
    return this.until(`a view with ${selector}`, async () => {
      for (const frame of this.page.frames()) {
        if (
          (await frame
            .locator(selector)
            .count()
            .catch(() => 0)) > 0
        ) {
          return frame;
        }
      }
      return undefined;
    });
  }

  /** Looks until there is something. */
  async until(what, look) {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const found = await look();
      if (found) {
        return found;
      }
      assert.ok(Date.now() < deadline, `waited in vain for ${what}`);
      await this.pause(100);
    }
  }
};
