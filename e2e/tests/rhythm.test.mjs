// The rhythm of visits: the day's list settled on a phone, and what the community sees of it.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { DESK, PHONE, accessible, fingers, fitsWidth, launch, person, wellMade } from "../lib/browser.mjs";
import { GRID } from "../lib/people.mjs";

let server, browser;
before(async () => {
  // Large enough that a grid has a dozen homes.
  server = await start({ scale: "0.12" });
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

test("in large type and in English, and without a script", async () => {
  const login = `grid${GRID.slice(6)}`;
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

test("the worker settles the day's list on a phone", async () => {
  const { page, context, complaints } = await person(browser, server.origin, { device: PHONE, login: `grid${GRID.slice(6)}` });
  await page.goto("/homes");
  await press(page, page.locator("a.btn[href^='/homes/round']"));
  await look(page, "the look-round");
  const cards = page.locator("form[action^='/homes/round/']");
  const first = await cards.count();
  assert.ok(first >= 4 && first <= 10, `a short list: ${first}`);
  const path = new URL(page.url()).pathname;
  const address = await page.locator("main section.card h3").first().innerText();
  // The community looks on: figures and map follow by themselves.
  const head = await person(browser, server.origin, { device: DESK, login: "community001001" });
  await head.page.goto("/homes/rhythm");
  await head.page.locator("[data-map][data-ready]").waitFor({ state: "attached" });
  const visited = head.page.locator("a.stat[href*='which=open'] .value");
  const before = await visited.innerText();
  const drawnAnew = head.page.waitForRequest(/visited-areas\.geojson/);
  await press(page, cards.first().locator("button[value=confirmed]"));
  await drawnAnew;
  await head.page.waitForFunction(([was]) => document.querySelector("a.stat[href*='which=open'] .value").innerText !== was, [before]);
  await head.context.close();
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

test("a spot check: drawn, checked by somebody else, finished, drawn again by the auditor", async () => {
  const head = await person(browser, server.origin, { device: DESK, login: "community001001" });
  await head.page.goto("/homes/rhythm");
  await press(head.page, head.page.locator("main .page-head a[href^='/homes/rhythm/checks']"));
  await look(head.page, "no spot checks yet");
  await press(head.page, head.page.locator("form[action='/homes/rhythm/draw'] button"));
  assert.match(await head.page.locator(".notice[data-tone=ok]").innerText(), /已抽取/);
  await look(head.page, "the month's spot checks");
  const row = head.page.locator("tbody tr", { has: head.page.locator("a[href^='/homes/spot/']") }).first();
  const check = await row.locator("a").first().getAttribute("href");
  await head.page.goto(check);
  await look(head.page, "a spot check");
  // The worker of the grid is not asked; who is asked finds it.
  const workers = [];
  for (const n of ["1", "2", "3"]) {
    const one = await person(browser, server.origin, { device: PHONE, login: `grid${GRID.slice(6, 14)}${n}` }).catch(() => null);
    if (one) workers.push(one);
  }
  const mine = [];
  for (const one of [...workers, head]) {
    await one.page.goto("/homes/spot");
    if (await one.page.locator(`main a[href='${check}']`).count()) mine.push(one);
  }
  assert.equal(mine.length, 1, "one checker");
  assert.notEqual(mine[0], workers[0], "and not the grid's own worker");
  const { page } = mine[0];
  await look(page, "the spot checks of a checker");
  await page.goto(check);
  await look(page, "the homes of a spot check");
  await press(page, page.locator("main form[action$='/finish'] button"));
  assert.match(await page.locator(".notice[data-tone=bad]").innerText(), /还有房屋没有核对/);
  const homes = await page.locator(`main .list a[href^='${check}/']`).evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  assert.ok(homes.length >= 3 && homes.length <= 12, `${homes.length} homes`);
  for (const [n, home] of homes.entries()) {
    await page.goto(home);
    if (n === 0) {
      await look(page, "a home to check");
      assert.doesNotMatch(await page.locator("main").innerText(), /\d{17}[\dX]/, "numbers are masked");
      await press(page, page.locator("main form button.primary"));
      assert.match(await page.locator("#usage-err").innerText(), /请选择/);
      await look(page, "a home with a mistake");
    }
    const fields = await page.locator("main fieldset").count();
    for (let f = 0; f < fields; f += 1) {
      const value = n === 0 && f === 0 ? "wrong" : "right";
      const field = page.locator("main fieldset").nth(f);
      await field.locator("label", { has: page.locator(`input[value=${value}]`) }).click();
    }
    await press(page, page.locator("main form button.primary"));
  }
  await press(page, page.locator("main form[action$='/finish'] button"));
  assert.match(await page.locator(".notice[data-tone=ok]").innerText(), /已完成/);
  await look(page, "a finished spot check");
  await head.page.goto("/homes/rhythm/checks");
  assert.match(await head.page.locator("tbody").innerText(), /\d+(\.\d)?%（\d/);
  const auditor = await person(browser, server.origin, { device: DESK, login: "auditor" });
  await auditor.page.goto("/audit");
  await press(auditor.page, auditor.page.locator("nav a[href='/audit/draws']").first());
  await look(auditor.page, "the draws");
  await press(auditor.page, auditor.page.locator("tbody a").first());
  await look(auditor.page, "a draw made again");
  assert.match(await auditor.page.locator(".notice[data-tone=ok]").innerText(), /一致/);
  for (const one of [head, ...workers, auditor]) {
    assert.deepEqual(one.complaints, []);
    await one.context.close();
  }
});
