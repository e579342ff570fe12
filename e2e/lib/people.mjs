// What people do again and again in these tests.
import assert from "node:assert/strict";
import { PHONE, person } from "./browser.mjs";

export const PICTURE = {
  name: "photo.png", mimeType: "image/png",
  buffer: Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64"),
};

export const GRID = "371002001001001";

// A resident reports `text` in the grid of the first worker; answers the number and the tracking path.
export async function report(browser, origin, text, { grid = GRID, phone = "", urgent = false } = {}) {
  const { page, context } = await person(browser, origin, { device: PHONE });
  await page.goto(`/q/${grid}`);
  await page.fill("#text", text);
  if (phone) await page.fill("#phone", phone);
  if (urgent) {
    await page.locator("#identity summary").click();
    await page.locator("[name=urgent]").check({ force: true });
  }
  await Promise.all([page.waitForURL("**/report/done**"), page.click("main form button.primary")]);
  const number = (await page.locator("#no").innerText()).trim();
  const track = await page.locator("a[href*='/t/']").first().getAttribute("href");
  assert.match(number, /^HC\d{8}-\d{6}$/);
  await context.close();
  return { number, track };
}

// Finds a case by its number as somebody on the phone would; opens its page at a desk.
export async function open(page, number) {
  await page.goto(`/desk/cases?text=${number}`);
  await page.waitForURL("**/desk/cases/*-*");
}

// Opens the folded form of an act on a case page, fills it and sends it.
export async function act(page, id, fill = async () => {}) {
  const fold = page.locator(`#do-act-${id}`);
  assert.equal(await fold.count(), 1, `the page offers ${id}: ${await page.locator("details.act summary").allInnerTexts()}`);
  if (!(await fold.evaluate((d) => d.open))) await fold.locator("summary").click();
  await fill(fold);
  await Promise.all([page.waitForEvent("load"), fold.locator("form button.btn").last().click()]);
  const trouble = page.locator("main .notice[data-tone=bad], main .errors");
  assert.equal(await trouble.count(), 0, `${id}: ${await trouble.allInnerTexts()}`);
}

// Chooses the first option whose words contain `words`.
export async function choose(form, name, words) {
  const select = form.locator(`select[name=${name}]`).first();
  const value = await select.locator("option", { hasText: words }).first().getAttribute("value");
  await select.selectOption(value);
}

// The third pane of the triage board: dispatches the case on it to the organisation named by `words`.
export async function dispatch(page, words, level = "joint") {
  await page.locator(`#decide [name=whistle][value=${level}]`).check({ force: true });
  await choose(page.locator("#decide"), "lead", words);
  await Promise.all([page.waitForEvent("load"), page.click("#decide .decide-foot button.primary")]);
  assert.equal(await page.locator(".errors").count(), 0, (await page.locator(".errors").allInnerTexts()).join());
}

// What the department writes when it is done.
export async function resolve(form, { done = "已处理完毕", reply = "您反映的问题已经处理好了。" } = {}) {
  await form.locator("[name=done]").fill(done);
  if ((await form.locator("[name=done_by]").inputValue()) === "") await form.locator("[name=done_by]").fill("维护一组");
  await form.locator("[name=extent]").first().check({ force: true });
  await form.locator("[name=reply]").fill(reply);
  await form.locator("input[type=file]").setInputFiles(PICTURE);
}
