// The rhythm of visits: the day's list settled on a phone, and what the community sees of it.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { DESK, PHONE, accessible, fingers, fitsWidth, launch, person, wellMade } from "../lib/browser.mjs";
import { GRID } from "../lib/people.mjs";

let server, browser;
before(async () => {
  server = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const press = (page, button) => Promise.all([page.waitForEvent("load"), button.click()]);
const look = async (page, what) => {
  await wellMade(page, what);
  await accessible(page, what);
  await fitsWidth(page, what);
};

test("the worker settles the day's list on a phone", async () => {
  const { page, context, complaints } = await person(browser, server.origin, { device: PHONE, login: `grid${GRID.slice(6)}` });
  await page.goto("/homes");
  await press(page, page.locator("a.btn[href^='/homes/round']"));
  await look(page, "the look-round");
  await fingers(page, "the look-round");
  const cards = page.locator("form[action^='/homes/round/']");
  const first = await cards.count();
  assert.ok(first >= 4 && first <= 10, `a short list: ${first}`);
  const path = new URL(page.url()).pathname;
  const address = await page.locator("main section.card h3").first().innerText();
  await press(page, cards.first().locator("button[value=confirmed]"));
  assert.match(await page.locator(".notice[data-tone=ok]").innerText(), /已核实/);
  assert.equal(await cards.count(), first - 1);
  await press(page, cards.first().locator("button[value=nobody]"));
  assert.match(await page.locator(".notice[data-tone=ok]").innerText(), /无人/);
  assert.ok((await page.locator("main ul.list").innerText()).includes(address), "what is settled stands below");
  // Another tap from a page that was left open is refused in words, the same one is not.
  const again = await page.evaluate(async ([action]) => {
    const body = new URLSearchParams({ do: "nobody" });
    const answer = await fetch(action, { method: "POST", body });
    return { status: answer.status };
  }, [await cards.first().getAttribute("action")]);
  assert.equal(again.status, 200);
  await page.reload();
  await look(page, "the look-round, partly settled");
  // Something changed: the household's card opens.
  await press(page, cards.first().locator("button[value=changed]"));
  assert.match(new URL(page.url()).pathname, /^\/homes\/[0-9a-f-]{36}$/);
  await page.goto(path);
  while ((await cards.count()) > 0) await press(page, cards.first().locator("button[value=confirmed]"));
  assert.match(await page.locator("main").innerText(), /都办完了/);
  await look(page, "the look-round, all settled");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("in large type and in English, and without a script", async () => {
  const login = `grid${GRID.slice(6, 14)}2`;
  const large = await person(browser, server.origin, { device: PHONE, login });
  await large.context.addCookies([{ name: "ui_type", value: "large", url: server.origin }, { name: "ui_lang", value: "en", url: server.origin }]);
  await large.page.goto("/homes/round");
  await fitsWidth(large.page, "in large type");
  await fingers(large.page, "in large type");
  assert.match(await large.page.locator("main").innerText(), /Today’s look-round/);
  const state = await large.context.storageState();
  await large.context.close();
  const context = await browser.newContext({ ...PHONE, baseURL: server.origin, storageState: state, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/homes/round");
  const cards = page.locator("form[action^='/homes/round/']");
  const before = await cards.count();
  await cards.first().locator("button[value=confirmed]").click();
  assert.equal(await cards.count(), before - 1);
  await context.close();
});

test("the centres see figures with the list behind each number", async () => {
  for (const [login, device] of [["community001001", DESK], ["street001.1", DESK], ["leader001", DESK], ["community001001", PHONE]]) {
    const { page, context, complaints } = await person(browser, server.origin, { device, login });
    await page.goto("/homes/rhythm");
    await look(page, `the figures for ${login}`);
    const links = await page.locator("main a[href^='/homes/rhythm/list']").evaluateAll((all) => all.slice(0, 4).map((a) => a.getAttribute("href")));
    assert.ok(links.length >= 4);
    for (const href of links) {
      await page.goto(href);
      await look(page, `${href} for ${login}`);
    }
    assert.doesNotMatch(await page.locator("main").innerText(), /第1名|排行/);
    assert.deepEqual(complaints, []);
    await context.close();
  }
});
