// A real Chromium, people who log in with it, and axe over what they see.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
export const DESK = { viewport: { width: 1440, height: 900 } };

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    ],
  });
}

// A person with a browser of their own; complaints of the console fail the test that looks at them.
export async function person(browser, origin, { device = DESK, login, language = "zh-CN" } = {}) {
  const context = await browser.newContext({ ...device, baseURL: origin, locale: language });
  const page = await context.newPage();
  const complaints = [];
  page.on("pageerror", (error) => complaints.push(`page: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) complaints.push(message.text());
  });
  if (login) await logIn(page, login);
  return { page, context, complaints };
}

export const PASSWORD = "linli-demo-2026";

export async function logIn(page, login, password = PASSWORD) {
  await page.goto("/login");
  await page.fill("input[name=login]", login);
  await page.fill("input[name=password]", password);
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/login")), page.click("button[type=submit].primary")]);
}

// Fails with the rule and the first place of each violation.
export async function accessible(page, what) {
  // In the isolated world of the test, so that the page's own policy for scripts stays as it is.
  const client = await page.context().newCDPSession(page);
  const { frameTree } = await client.send("Page.getFrameTree");
  const { executionContextId } = await client.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
  const evaluate = async (expression) => {
    const answer = await client.send("Runtime.evaluate", {
      expression, contextId: executionContextId, awaitPromise: true, returnByValue: true,
    });
    if (answer.exceptionDetails) throw new Error(answer.exceptionDetails.exception?.description ?? "axe failed");
    return answer.result.value;
  };
  await evaluate(axe);
  const violations = await evaluate(`axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"] })
    .then((r) => r.violations.map((v) => v.id + ": " + v.nodes[0].html.slice(0, 160)))`);
  await client.detach();
  assert.deepEqual(violations, [], `${what}: axe finds nothing`);
}

export async function fitsWidth(page, what) {
  const [wide, seen] = await page.evaluate(() => [document.documentElement.scrollWidth, window.innerWidth]);
  assert.ok(wide <= seen + 1, `${what}: ${wide} px wide in a window of ${seen}`);
}
