// A grid worker with one thumb: settles on the spot, calls for hands, and sees nothing of other places.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { PHONE, fingers, fitsWidth, launch, person } from "../lib/browser.mjs";
import { PICTURE, open, report } from "../lib/people.mjs";

let server, browser, worker;
before(async () => {
  server = await start();
  browser = await launch();
  worker = await person(browser, server.origin, { device: PHONE, login: "grid001001001" });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const send = (page, form) => Promise.all([page.waitForEvent("load"), form.locator("button.btn").last().click()]);

test("a problem is written down and settled on the spot in one go", async () => {
  const { page } = worker;
  await page.goto("/work");
  await page.click("a[href='/work/report']");
  await page.fill("#text", "楼道堆放纸箱，已当场清走");
  await page.fill("#done", "和住户一起清走了纸箱");
  await page.setInputFiles("#shots", PICTURE);
  await Promise.all([page.waitForURL("**/work/cases/**"), page.click(".thumb-actions button")]);
  const seen = await page.locator("main").innerText();
  assert.match(seen, /等核查/, "it waits for somebody else's look");
  assert.match(seen, /和住户一起清走了纸箱/);
  assert.equal(await page.locator("button[value=good]").count(), 0, "the one who did it does not check it");
  await fitsWidth(page, "the case");
});

test("a resident's report appears by itself, is taken up and answered", async () => {
  const { page } = worker;
  await page.goto("/work");
  const words = "门口路灯不亮三天了";
  const { track } = await report(browser, server.origin, words);
  const line = page.locator("#today a", { hasText: words });
  await line.waitFor({ timeout: 8000 });
  await line.click();
  await page.waitForURL("**/work/cases/**");
  await Promise.all([page.waitForEvent("load"), page.click("button[value=accept]")]);
  assert.match(await page.locator(".notice[data-tone=ok]").innerText(), /由您来办/);
  // A mistake: nothing said. The field says so, what was typed stays.
  await page.locator("#resolve-text").evaluate((f) => f.removeAttribute("required"));
  await page.fill("#resolve-text", "   ");
  const form = page.locator("form", { has: page.locator("#resolve-text") });
  await send(page, form);
  assert.equal(await page.locator("#resolve-text").getAttribute("aria-invalid"), "true");
  await page.fill("#resolve-text", "换了灯泡，已亮");
  await send(page, form);
  const resident = await person(browser, server.origin, { device: PHONE });
  await resident.page.goto(track);
  assert.match(await resident.page.locator("main").innerText(), /换了灯泡，已亮/);
});

test("a danger is flagged for the centre; nothing is offered that the rules refuse", async () => {
  const { page } = worker;
  const words = "大树倒在路上，一个人搬不动";
  const { number } = await report(browser, server.origin, words);
  await page.goto("/work/cases?text=" + number);
  await page.locator("#cases a", { hasText: words }).click();
  await page.waitForURL(/\/work\/cases\/[0-9a-f]/);
  await page.locator("summary", { hasText: "标为紧急" }).click();
  await page.fill("#urgent-text", "挡住消防通道");
  await send(page, page.locator("form", { has: page.locator("#urgent-text") }));
  assert.match(await page.locator(".case-head").innerText(), /紧急/);
  // A grid answers its own whistle: the page says who calls for hands, and offers nothing in vain.
  assert.match(await page.locator("main").innerText(), /请社区书记吹联合哨/);
  assert.equal(await page.locator("summary", { hasText: /吹联合哨|办不了/ }).count(), 0);
  const street = await person(browser, server.origin, { login: "street001.1" });
  await open(street.page, number);
  assert.match(await street.page.locator("main").innerText(), /挡住消防通道/);
  assert.equal(await street.page.locator("#do-act-confirm_urgent").count(), 1);
});

test("another grid's case does not exist here", async () => {
  const { page } = worker;
  const { number } = await report(browser, server.origin, "别的街道的事", { grid: "371002002001001" });
  const centre = await person(browser, server.origin, { login: "centre1" });
  await open(centre.page, number);
  const id = new URL(centre.page.url()).pathname.split("/").pop();
  for (const path of [`/work/cases/${id}`, `/desk/cases/${id}`]) {
    assert.equal((await page.goto(path)).status(), 404, path);
  }
  await page.goto("/work/cases?show=all&text=" + number);
  assert.equal(await page.locator("#cases a").count(), 0);
  assert.equal((await page.request.post(`/work/cases/${id}`, { multipart: { do: "accept" }, headers: { origin: server.origin } })).status(), 404);
});

test("large type fits a phone and a thumb", async () => {
  const old = await person(browser, server.origin, { device: PHONE, login: "grid001001001" });
  await old.page.goto("/work");
  await old.page.locator("summary.btn").first().click();
  await old.page.locator("button[name=type][value=large]").click();
  await old.page.locator("html[data-type=large]").waitFor();
  for (const path of ["/work", "/work/cases", "/work/grid", "/work/report"]) {
    await old.page.goto(path);
    assert.equal(await old.page.locator("html").getAttribute("data-type"), "large", "it is remembered");
    await fitsWidth(old.page, path);
    await fingers(old.page, path);
  }
});
