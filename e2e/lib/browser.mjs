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
  // A busy machine is slow, not wrong.
  context.setDefaultTimeout(90_000);
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

// Axe in the isolated world of the test, so that the page's own policy for scripts stays as it is.
async function violations(page, options) {
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
  const found = await evaluate(`axe.run(document, ${JSON.stringify(options)})
    .then((r) => r.violations.map((v) => v.id + " ×" + v.nodes.length + ": " + v.nodes[0].html.slice(0, 160)))`);
  await client.detach();
  return found;
}

const RULES = ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"];

// Fails with the rule and the first place of each violation.
export async function accessible(page, what) {
  assert.deepEqual(await violations(page, { runOnly: RULES }), [], `${what}: axe finds nothing`);
}

// Only the contrast, for another theme of a page that was looked at already.
export async function legible(page, what) {
  const rules = { runOnly: ["color-contrast"] };
  assert.deepEqual(await violations(page, rules), [], `${what}: the contrast suffices`);
}

export async function fitsWidth(page, what) {
  const [wide, seen, culprit] = await page.evaluate(() => {
    const seen = window.innerWidth;
    const scrolls = (e) => e.closest(".table-wrap, .map, pre, .sr, [hidden]");
    const out = [...document.querySelectorAll("body *")].find((e) => e.getBoundingClientRect().right > seen + 1 && !scrolls(e));
    return [document.documentElement.scrollWidth, seen, out?.outerHTML.slice(0, 120)];
  });
  assert.ok(wide <= seen + 1, `${what}: ${wide} px wide in a window of ${seen}, because of ${culprit}`);
}

// Numbers, states and clocks are never cut off; what may be shortened by design is the title of a row.
export async function uncut(page, what) {
  const cut = await page.evaluate(() =>
    [...document.querySelectorAll(".chip, .clock, .stat .value, .no, .num, td.n, .btn, .level, dd, .meta.num")]
      .filter((e) => e.getClientRects().length > 0 && e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== "visible")
      .map((e) => e.outerHTML.slice(0, 120)));
  assert.deepEqual(cut, [], `${what}: nothing is cut off`);
}

// In the elders' version a finger finds 60 px of everything that is pressed.
export async function fingers(page, what) {
  const small = await page.evaluate(() =>
    [...document.querySelectorAll("button, summary, select, textarea, input:not([type=hidden]):not([type=radio]):not([type=checkbox]), a.btn, .list a, .tabbar a, .choice label, label.check")]
      .filter((e) => e.getClientRects().length > 0 && !e.closest(".sr, .maplibregl-map") && e.getBoundingClientRect().height < 59.5)
      .map((e) => `${Math.round(e.getBoundingClientRect().height)} px: ${e.outerHTML.slice(0, 100)}`));
  assert.deepEqual(small, [], `${what}: touch targets of 60 px`);
}

// One h1, a title, a main landmark, the language; and no word of the program where a word of people belongs.
export async function wellMade(page, what) {
  const [h1, title, main, lang, raw] = await page.evaluate(() => [
    document.querySelectorAll("h1").length, document.title, document.querySelectorAll("main").length,
    document.documentElement.lang,
    (document.body.innerText.match(/\b(desk|worker|resident|access|grid|hotline|nav|menu|error|case|household|code|door|claim|mine)-[a-z]+(-[a-z_]+)*\b|\bundefined\b|\bNaN\b/g) ?? []),
  ]);
  assert.equal(h1, 1, `${what}: one h1`);
  assert.ok(title.length > 4, `${what}: a title`);
  assert.equal(main, 1, `${what}: one main`);
  assert.match(lang, /^(zh|en)/, `${what}: a language`);
  assert.deepEqual(raw, [], `${what}: no keys of texts on the screen`);
}
