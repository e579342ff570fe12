// The weekly meeting: the agenda that the system proposes, minutes written by two, the end, to-dos on the page of today.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { DESK, PHONE, accessible, fingers, fitsWidth, launch, person, wellMade } from "../lib/browser.mjs";
import { GRID } from "../lib/people.mjs";

const SECRETARY = `community${GRID.slice(6, 12)}`;
const WORKER = `grid${GRID.slice(6)}`;
const SMALL = { ...PHONE, viewport: { width: 360, height: 740 } };

let server, browser;
before(async () => {
  server = await start({ scale: "0.02" });
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
  assert.doesNotMatch(await page.locator("main").innerText(), /\bmeetings?-[a-z]+/, `${what}: no keys of texts`);
};
const said = (page) => page.locator(".notice[data-tone=ok]").first().innerText();

// This week's meeting of the secretary's community: the service makes it soon after it starts.
async function open(page) {
  for (let tries = 0; tries < 60; tries += 1) {
    await page.goto("/homes/meetings");
    const first = page.locator("main .list a[href^='/homes/meetings/']").first();
    if ((await first.count()) && /待开|To be held|Ahead/.test(await first.innerText())) {
      const address = await first.getAttribute("href");
      await page.goto(address);
      return address;
    }
    await new Promise((resolve) => { setTimeout(resolve, 500); });
  }
  throw new Error("no meeting of this week");
}

test("in large type, in English, without a script, on a small phone", async () => {
  const large = await person(browser, server.origin, { device: SMALL, login: SECRETARY });
  const meeting = await open(large.page);
  await look(large.page, "a meeting on a small phone");
  await large.context.addCookies([{ name: "ui_type", value: "large", url: server.origin }, { name: "ui_lang", value: "en", url: server.origin }]);
  for (const address of [meeting, "/homes/meetings", "/homes/todos", "/homes/meetings/todos?which=settled", `${meeting}/print`]) {
    await large.page.goto(address);
    await fitsWidth(large.page, `${address} in large type`);
    if (!address.endsWith("/print")) await fingers(large.page, `${address} in large type`);
    assert.doesNotMatch(await large.page.locator("main h1, main h2, main label").allInnerTexts().then((t) => t.join()), /[议会]/, `${address} in English`);
  }
  const state = await large.context.storageState();
  await large.context.close();
  const context = await browser.newContext({ ...SMALL, baseURL: server.origin, storageState: state, javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(meeting);
  await page.fill("#title", "Fire drill");
  await page.locator("form[action$='/points'] button").click();
  assert.match(await said(page), /added/);
  const own = page.locator("#h-agenda").locator("xpath=../..").locator("li", { hasText: "Fire drill" });
  assert.equal(await own.count(), 1);
  await own.locator("button[value=up]").click();
  await own.locator("button[value=strike]").click();
  assert.match(await said(page), /Struck/);
  await context.close();
});

test("a meeting from its agenda to its end, and a to-do to its result", async () => {
  const head = await person(browser, server.origin, { device: DESK, login: SECRETARY });
  const { page } = head;
  await page.goto("/homes/meetings");
  await look(page, "the meetings of a community");
  // The navigation lights one entry.
  const lit = await page.locator("nav.nav a[aria-current]").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
  assert.deepEqual(lit, ["/homes/meetings"]);
  await page.goto("/homes/rhythm");
  assert.deepEqual(await page.locator("nav.nav a[aria-current]").evaluateAll((all) => all.map((a) => a.getAttribute("href"))), ["/homes/rhythm"]);
  const meeting = await open(page);
  await look(page, "a meeting ahead");
  // An empty point is refused at its field; a real one is added once.
  await press(page, page.locator("form[action$='/points'] button"));
  assert.equal(await page.locator("#title-err").count(), 1);
  await look(page, "a meeting with a mistake");
  await page.fill("#title", "冬季消防演练");
  await press(page, page.locator("form[action$='/points'] button"));
  assert.match(await said(page), /已加上/);
  const agenda = page.locator("ol.list > li");
  const mine = agenda.filter({ hasText: "冬季消防演练" });
  while ((await mine.locator("button[value=up]").count()) > 0) await press(page, mine.locator("button[value=up]"));
  assert.match(await agenda.first().innerText(), /1\. 冬季消防演练/);
  await press(page, page.locator("form[action$='/refresh'] button"));
  assert.equal(await mine.count(), 1, "the figures leave what was added");
  // Minutes, by two.
  const point = await mine.locator("a.title").getAttribute("href");
  const other = await person(browser, server.origin, { device: SMALL, login: SECRETARY });
  await page.goto(point);
  await other.page.goto(point);
  await look(page, "a point");
  await look(other.page, "a point on a small phone");
  await page.fill("#minutes", "周六上午九点在小广场演练，\n各网格通知到户。");
  await page.fill("#todo", "通知本网格住户参加演练");
  await press(page, page.locator("button[value=here]"));
  assert.match(await page.locator("#who-err").innerText(), /请选/);
  assert.equal(await page.inputValue("#minutes"), "周六上午九点在小广场演练，\n各网格通知到户。", "nothing typed is lost");
  await look(page, "a point with a mistake");
  const worker = await page.locator("#who option", { hasText: "第1网格" }).first().getAttribute("value");
  await page.selectOption("#who", worker);
  await press(page, page.locator("button[value=here]"));
  assert.match(await said(page), /已保存/);
  assert.match(await page.locator("main .list").innerText(), /通知本网格住户参加演练/);
  await other.page.fill("#minutes", "改到周日");
  await press(other.page, other.page.locator("button[value=here]"));
  assert.match(await other.page.locator("[role=alert]").innerText(), /别人刚刚写了/);
  assert.match(await other.page.locator(".said").innerText(), /周六上午九点/, "their text");
  assert.equal(await other.page.inputValue("#minutes"), "改到周日", "and one's own");
  await look(other.page, "two texts");
  await other.page.fill("#minutes", "周六上午九点在小广场演练，下雨改到周日。");
  await press(other.page, other.page.locator("button[value=here]"));
  assert.match(await said(other.page), /已保存/);
  await page.goto(meeting);
  assert.match(await mine.innerText(), /下雨改到周日/);
  // Held today: who came, and the end; what somebody typed meanwhile becomes an addition.
  await page.locator("#h-time").click();
  const today = new Date(Date.now() + 8 * 3600_000).toISOString().slice(0, 10);
  await page.fill("#day", today);
  await page.fill("#time", "08:30");
  await press(page, page.locator("form[action$='/time'] button"));
  assert.match(await said(page), /已保存/);
  await press(page, page.locator("form[action$='/close'] button"));
  assert.match(await page.locator(".notice[data-tone=bad]").innerText(), /谁到会/);
  for (const box of await page.locator("input[name=came]").all()) await box.check();
  await press(page, page.locator("form[action$='/people'] button"));
  await page.locator("summary", { hasText: "列席" }).click();
  await page.fill("#name", "赵明");
  await page.fill("#from", "锦绣物业");
  await press(page, page.locator("form[action$='/guests'] button"));
  assert.match(await page.locator("main").innerText(), /赵明/);
  await other.page.goto(point);
  await other.page.fill("#minutes", "散会后才想起来的一句");
  await press(page, page.locator("form[action$='/close'] button"));
  assert.match(await said(page), /已结束/);
  await look(page, "a meeting that is over");
  await press(other.page, other.page.locator("button[value=here]"));
  assert.match(await other.page.locator("[role=alert]").innerText(), /已经结束/);
  assert.equal(await other.page.inputValue("#note"), "散会后才想起来的一句");
  await press(other.page, other.page.locator("form[action$='/notes'] button"));
  assert.match(await other.page.locator("main").innerText(), /散会后才想起来的一句/);
  await look(other.page, "minutes with an addition, on a small phone");
  await page.goto(`${meeting}/print`);
  await look(page, "the sheet");
  const sheet = await page.locator("main").innerText();
  for (const words of ["周例会纪要", "赵明（锦绣物业）", "下雨改到周日", "通知本网格住户参加演练", "散会后才想起来的一句"]) assert.ok(sheet.includes(words), words);
  // The worker's page of today has it; one tap and it is done.
  const grid = await person(browser, server.origin, { device: SMALL, login: WORKER });
  await grid.page.goto("/work");
  await look(grid.page, "today, with a to-do");
  const todo = grid.page.locator("section[aria-labelledby=todos] li", { hasText: "通知本网格住户参加演练" });
  const before = await grid.page.locator("section[aria-labelledby=todos] li").count();
  assert.equal(await todo.count(), 1);
  const settle = await todo.locator("form").getAttribute("action");
  await grid.page.goto("/homes/todos");
  await look(grid.page, "my to-dos");
  const card = grid.page.locator("main section.card", { hasText: "通知本网格住户参加演练" });
  await press(grid.page, card.locator("button[value=stuck]"));
  assert.equal(await card.locator(".error").count(), 1, "why, in a word");
  await look(grid.page, "my to-dos with a mistake");
  await grid.page.goto("/work");
  await press(grid.page, todo.locator("button"));
  assert.equal(new URL(grid.page.url()).pathname, "/work");
  assert.equal(await grid.page.locator("section[aria-labelledby=todos] li").count(), before - 1);
  const again = await grid.page.evaluate(async ([action]) => {
    const answer = await fetch(action, { method: "POST", body: new URLSearchParams({ do: "done", result: "又一次" }) });
    return [answer.status, (await answer.text()).includes("又一次")];
  }, [settle]);
  assert.deepEqual(again, [409, true], "another word later is refused, and not lost");
  await page.goto("/homes/meetings/todos?which=settled");
  await look(page, "settled to-dos");
  assert.match(await page.locator("tbody").innerText(), /通知本网格住户参加演练/);
  for (const one of [head, other, grid]) {
    assert.deepEqual(one.complaints, []);
    await one.context.close();
  }
});

test("the day of the meeting is set by one of two", async () => {
  const [one, two] = await Promise.all([DESK, SMALL].map((device) => person(browser, server.origin, { device, login: SECRETARY })));
  for (const { page } of [one, two]) {
    await page.goto("/homes/meetings");
    await page.locator("#h-plan").click();
  }
  await one.page.selectOption("#weekday", "3");
  await one.page.fill("#time", "16:10");
  await press(one.page, one.page.locator("form[action='/homes/meetings/plan'] button"));
  assert.match(await said(one.page), /已保存/);
  assert.match(await one.page.locator(".page-head").innerText(), /周四 16:10/);
  await two.page.fill("#place", "二楼");
  await two.page.fill("#time", "10:20");
  await press(two.page, two.page.locator("form[action='/homes/meetings/plan'] button"));
  assert.match(await two.page.locator("[role=alert]").innerText(), /周四 16:10/);
  assert.deepEqual([await two.page.inputValue("#place"), await two.page.inputValue("#time")], ["二楼", "10:20"]);
  await look(two.page, "a plan that somebody else set");
  for (const p of [one, two]) {
    assert.deepEqual(p.complaints, []);
    await p.context.close();
  }
});

test("street and district see who has met, with the list behind each number", async () => {
  for (const [login, device] of [["centre1", DESK], ["street001.1", DESK], ["leader001", SMALL], [WORKER, SMALL]]) {
    const { page, context, complaints } = await person(browser, server.origin, { device, login });
    await page.goto("/homes/meetings");
    await look(page, `the meetings for ${login}`);
    const links = await page.locator("main a.stat").evaluateAll((all) => all.map((a) => a.getAttribute("href")));
    assert.ok(links.length >= 2, `${links}`);
    for (const href of links) {
      await page.goto(href);
      await look(page, `${href} for ${login}`);
    }
    await page.goto("/homes/meetings?week=2026-01-05");
    await look(page, `an old week for ${login}`);
    assert.doesNotMatch(await page.locator("main").innerText(), /第1名|排行/);
    assert.deepEqual(complaints, []);
    await context.close();
  }
});
