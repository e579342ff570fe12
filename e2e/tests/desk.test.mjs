// The desk, eight hours a day: by keyboard, in bulk, with the decisions that only the level above may take.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { inflateRawSync } from "node:zlib";
import { readFileSync } from "node:fs";
import { start } from "../lib/server.mjs";
import { DESK, accessible, fingers, fitsWidth, launch, person } from "../lib/browser.mjs";
import { act, choose, dispatch, open, report, resolve } from "../lib/people.mjs";
import { signal } from "../lib/signal.mjs";

let server, browser, centre, department;
before(async () => {
  server = await start();
  browser = await launch();
  centre = await person(browser, server.origin, { login: "street001.1" });
  department = await person(browser, server.origin, { login: "housing" });
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const focused = (page) => page.evaluate(() => document.activeElement.closest("li, tr")?.id ?? "");
const said = (page) => page.locator("main").innerText();

async function joint(words, phone = "") {
  const told = await report(browser, server.origin, words, { phone });
  await centre.page.goto(`/desk/triage`);
  await open(centre.page, told.number);
  const id = new URL(centre.page.url()).pathname.split("/").pop();
  await centre.page.goto(`/desk/triage?case=${id}`);
  await dispatch(centre.page, "区住建局");
  return { ...told, id };
}

test("triage by keyboard alone", async () => {
  const { page } = centre;
  const words = "井盖松动，夜里响";
  for (const other of ["路牌歪了", "健身器材坏了"]) await report(browser, server.origin, other);
  await report(browser, server.origin, words);
  await page.goto("/desk/triage");
  await page.locator("#queue a", { hasText: words }).waitFor();
  await page.keyboard.press("?");
  assert.ok(await page.locator("dialog#keys").isVisible(), "help");
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  const first = await focused(page);
  await page.keyboard.press("j");
  const second = await focused(page);
  assert.notEqual(first, second);
  await page.keyboard.press("k");
  assert.equal(await focused(page), first, "j and k move the cursor");
  // To the new case, and in.
  for (let n = 0; n < 60; n++) {
    if (await page.evaluate((w) => document.activeElement.textContent.includes(w), words)) break;
    await page.keyboard.press("j");
  }
  await Promise.all([page.waitForURL("**case=**"), page.keyboard.press("Enter")]);
  assert.match(await page.locator("article.pane").innerText(), new RegExp(words));
  await page.keyboard.press("3");
  assert.ok(await page.locator("[name=whistle][value=tough]").isChecked());
  await page.keyboard.press("2");
  assert.ok(await page.locator("[name=whistle][value=joint]").isChecked());
  // Who leads is chosen by typing its name, as in every list.
  const lead = page.locator("#decide select[name=lead]");
  await choose(page.locator("#decide"), "lead", "区住建局");
  await lead.focus();
  await page.keyboard.press("d");
  assert.match(page.url(), /case=/, "letters typed into a field are not commands");
  await lead.blur();
  await choose(page.locator("#decide"), "lead", "区住建局");
  await Promise.all([page.waitForURL((u) => u.searchParams.get("done") === "triage"), page.keyboard.press("d")]);
  assert.match(await said(page), /已派遣/);
  await department.page.goto("/desk/inbox");
  assert.equal(await department.page.locator("main a", { hasText: words }).count(), 1);
});

test("a live update keeps the cursor and the half-written text", async () => {
  const { page } = centre;
  await report(browser, server.origin, "先来的一件，正在写交代");
  await page.goto("/desk/triage");
  await page.locator("#queue a", { hasText: "先来的一件" }).click();
  await page.waitForURL("**case=**");
  const note = page.locator("#decide textarea[name=note]");
  await note.fill("请先打电话，再");
  await note.evaluate((f) => f.setSelectionRange(3, 3));
  const words = "后来的一件，别打断";
  await report(browser, server.origin, words);
  await page.locator("#queue a", { hasText: words }).waitFor({ timeout: 8000 });
  assert.equal(await note.inputValue(), "请先打电话，再");
  assert.deepEqual(await note.evaluate((f) => [document.activeElement === f, f.selectionStart]), [true, 3]);
  // Left without sending: the text comes back.
  page.once("dialog", (d) => d.accept());
  await page.goto("/desk/clocks");
  await page.goBack();
  await page.waitForFunction(() => document.querySelector("#decide textarea[name=note]")?.value === "请先打电话，再");
});

test("what came while the line was down is there when it is back", async () => {
  const way = await signal(server.origin);
  const context = await browser.newContext({ ...DESK, baseURL: way.origin, locale: "zh-CN", storageState: await centre.context.storageState() });
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  await page.goto("/desk/triage");
  const note = (state) => page.locator(`[data-live-note][data-state=${state}]`).first().waitFor({ state: "attached" });
  await note("on");
  await way.cut(context);
  await note("lost");
  const words = "断线的时候来的一件";
  await report(browser, server.origin, words);
  await way.back(context);
  await note("on");
  await page.locator("#queue a", { hasText: words }).waitFor();
  await context.close();
  way.stop();
});

test("the time of the last update is the district's, wherever the computer thinks it is", async () => {
  const context = await browser.newContext({
    ...DESK, baseURL: server.origin, locale: "zh-CN", timezoneId: "America/New_York", storageState: await centre.context.storageState(),
  });
  context.setDefaultTimeout(90_000);
  const page = await context.newPage();
  await page.clock.setFixedTime("2026-11-23T16:05:00Z");
  await page.goto("/desk/clocks");
  await page.locator("[data-live-note]", { hasText: /^实时更新 00:05$/ }).waitFor();
  await context.close();
});

// What of the navigation is in sight, what is in its menu, and whether anything lies over anything.
const navigation = (page) => page.evaluate(() => {
  const bar = [...document.querySelectorAll("nav.nav > a, nav.nav .more > button")].filter((e) => e.getClientRects().length > 0);
  const right = Math.max(...bar.map((e) => e.getBoundingClientRect().right));
  return {
    seen: bar.filter((e) => e.matches("a")).map((e) => e.getAttribute("href")),
    menu: [...document.querySelectorAll("#nav-more a")].map((e) => e.getAttribute("href")),
    current: document.querySelector("nav.nav > a[aria-current]")?.getAttribute("href"),
    // Each can be pressed where it stands: nothing lies over it.
    free: bar.every((e) => {
      const { x, y, width, height } = e.getBoundingClientRect();
      return [0.1, 0.5, 0.9].every((part) => e.contains(document.elementFromPoint(x + width * part, y + height / 2)));
    }),
    inside: right <= document.querySelector("nav.nav").getBoundingClientRect().right + 1,
  };
});

test("the navigation: all of it at every width, and the page one is on in sight", async () => {
  const { page, context } = await person(browser, server.origin, { login: "street001.1" });
  const all = await page.$$eval("nav.nav a", (links) => links.map((a) => a.getAttribute("href")));
  assert.ok(all.length > 10, `a street centre has much to do: ${all}`);
  for (const [language, type] of [["zh-CN", ""], ["en", ""], ["zh-CN", "large"], ["en", "large"]]) {
    await context.addCookies([["ui_lang", language], ["ui_type", type]].map(([name, value]) => ({ name, value, url: server.origin })));
    await page.goto("/surveys");
    await page.locator("nav.nav.fitted").waitFor();
    for (const width of [1440, 1366, 1280, 1024, 390]) {
      const what = `${language} ${type} ${width}`;
      await page.setViewportSize({ width, height: 900 });
      // The page's own look at its width comes before the second picture.
      await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
      const { seen, menu, current, free, inside } = await navigation(page);
      assert.equal(current, "/surveys", `${what}: the page one is on is in sight`);
      assert.deepEqual([...seen, ...menu].sort(), [...all].sort(), `${what}: every entry once`);
      assert.deepEqual(menu, all.filter((href) => menu.includes(href)), `${what}: the menu keeps the order`);
      assert.ok(free && inside, `${what}: nothing lies over the navigation: ${seen}`);
      await fitsWidth(page, what);
    }
  }
  await context.addCookies([["ui_lang", "zh-CN"], ["ui_type", ""]].map(([name, value]) => ({ name, value, url: server.origin })));
  await page.setViewportSize(DESK.viewport);
  await page.goto("/surveys");
  // By keyboard: Enter opens, Tab goes in, Escape closes and leaves the cursor on the button.
  const button = page.locator("nav.nav .more > button");
  assert.equal(await button.getAttribute("aria-expanded"), "false");
  assert.equal(await page.locator("#nav-more").isVisible(), false);
  await button.focus();
  await page.keyboard.press("Enter");
  assert.equal(await button.getAttribute("aria-expanded"), "true");
  const first = page.locator("#nav-more a").first();
  assert.ok(await first.isVisible());
  await accessible(page, "the open menu");
  await page.keyboard.press("Tab");
  assert.ok(await first.evaluate((a) => a === document.activeElement), "the first entry follows the button");
  await page.keyboard.press("Escape");
  assert.equal(await button.getAttribute("aria-expanded"), "false");
  assert.ok(await button.evaluate((b) => b === document.activeElement));
  // By mouse: out of it closes it, an entry leads on and is in sight from then on.
  await button.click();
  await page.locator("h1").click();
  assert.equal(await page.locator("#nav-more").isVisible(), false);
  await button.click();
  const last = page.locator("#nav-more a").last();
  const href = await last.getAttribute("href");
  await Promise.all([page.waitForURL(`**${href}`), last.click()]);
  assert.equal((await navigation(page)).current, href);
  // What is in the menu and counts is counted on the button.
  await page.route("**/homes/queue/count", (route) => route.fulfill({ contentType: "text/html", body: '<span class="badge"><span aria-hidden="true">99+</span><span class="sr">120 份待核对</span></span>' }));
  await page.setViewportSize({ width: 390, height: 844 });
  await context.addCookies([{ name: "ui_type", value: "large", url: server.origin }]);
  await page.goto("/desk/triage");
  await page.locator("#nav-more a[href='/homes'] .badge").waitFor({ state: "attached" });
  assert.match(await button.innerText(), /99\+/);
  await button.click();
  await fingers(page, "the open menu in large type");
  await context.close();
});

test("the navigation wraps where no script runs", async () => {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, baseURL: server.origin, locale: "zh-CN", javaScriptEnabled: false, storageState: await centre.context.storageState() });
  const page = await context.newPage();
  await page.goto("/desk/overview");
  const links = page.locator("nav.nav > a");
  const boxes = await Promise.all((await links.all()).map((link) => link.boundingBox()));
  assert.ok(boxes.length > 10);
  const search = await page.locator(".topbar .search").boundingBox();
  for (const box of boxes) assert.ok(box.x >= 0 && box.x + box.width <= search.x, "beside the search, not under it");
  await context.close();
});

test("two say the same: merged, and both reporters follow one case", async () => {
  const one = await report(browser, server.origin, "怡园小区东门垃圾桶满了，没人清运");
  const two = await report(browser, server.origin, "怡园小区东门垃圾桶满溢，一直没人清运");
  const { page } = centre;
  await open(page, two.number);
  const id = new URL(page.url()).pathname.split("/").pop();
  await page.goto(`/desk/triage?case=${id}`);
  const twin = page.locator(".dup", { hasText: one.number });
  assert.equal(await twin.count(), 1, "the likely repeat stands beside it");
  await twin.locator("button").click();
  await page.locator("dialog[open] button.primary, dialog[open] [value=yes], dialog[open] button").last().click();
  await page.waitForURL((u) => u.searchParams.get("done") === "merge");
  const resident = await person(browser, server.origin);
  await resident.page.goto(two.track);
  assert.match(await said(resident.page), new RegExp(`合在一起办：${one.number}`));
});

test("the first return is ruled by the street, the second one level up, and that binds", async () => {
  const told = await joint("地下车库漏水，要退两次");
  const ask = async (page, to) => {
    await open(page, told.number);
    await act(page, "request_return", async (form) => {
      await choose(form, "reason", "不属于本单位");
      await choose(form, "to", to);
      await form.locator("[name=note]").fill("请按主责清单重新确定");
    });
  };
  const rule = async (page, lead) => {
    await page.goto(`/desk/returns?case=${told.id}`);
    await act(page, "decide_return", async (form) => {
      await choose(form, "lead", lead);
      await form.locator("[name=note]").fill("按主责清单确定牵头");
    });
  };
  await ask(department.page, "区执法局");
  await rule(centre.page, "区执法局");
  const other = await person(browser, server.origin, { login: "urban_enforcement" });
  await ask(other.page, "区住建局");
  // The street has ruled once; this one is not its to decide.
  await centre.page.goto(`/desk/returns?case=${told.id}`);
  assert.equal(await centre.page.locator("#do-act-decide_return").count(), 0);
  const district = await person(browser, server.origin, { login: "centre1" });
  await rule(district.page, "区执法局");
  await open(other.page, told.number);
  assert.equal(await other.page.locator("#do-act-request_return").count(), 0, "the ruling binds");
});

test("an extension is asked once and granted one level up", async () => {
  const told = await joint("外墙脱落，要搭脚手架");
  await open(department.page, told.number);
  await act(department.page, "accept");
  await act(department.page, "request_extension", async (form) => {
    await form.locator("[name=days]").fill("5");
    await form.locator("[name=reason]").fill("等专业队伍进场");
  });
  assert.equal(await department.page.locator("#do-act-request_extension").count(), 0, "not twice");
  const district = await person(browser, server.origin, { login: "centre1" });
  await district.page.goto(`/desk/returns?case=${told.id}`);
  await act(district.page, "decide_extension", (form) => form.locator("[name=grant][value=yes]").check({ force: true }));
  await open(department.page, told.number);
  assert.match(await said(department.page), /已延期 5 个工作日/);
});

test("put aside with a day to look again, and taken up", async () => {
  const told = await joint("老旧管网改造，今年排不上");
  await open(department.page, told.number);
  await act(department.page, "accept");
  await open(centre.page, told.number);
  const day = new Date(Date.now() + 20 * 86_400_000).toISOString().slice(0, 10);
  await act(centre.page, "suspend", async (form) => {
    await form.locator("[name=review]").fill(day);
    await form.locator("[name=reason]").fill("列入明年改造计划");
  });
  await centre.page.goto("/desk/suspended");
  await centre.page.locator("tbody a", { hasText: "老旧管网" }).click();
  await centre.page.waitForURL("**/desk/cases/**");
  const resident = await person(browser, server.origin);
  await resident.page.goto(told.track);
  assert.match(await said(resident.page), /眼下办不了，没有忘/);
  await act(centre.page, "resume");
  await centre.page.goto("/desk/suspended");
  assert.equal(await centre.page.locator("tbody a", { hasText: "老旧管网" }).count(), 0);
});

test("a follow-up call is written down and counted", async () => {
  const told = await joint("小广告贴满楼道，回访问问", "13511112222");
  await open(department.page, told.number);
  await act(department.page, "accept");
  await act(department.page, "arrive");
  await act(department.page, "resolve", (form) => resolve(form));
  const other = await person(browser, server.origin, { login: "street001.2" });
  await open(other.page, told.number);
  if (await other.page.locator("#do-act-start_verification").count()) await act(other.page, "start_verification");
  await act(other.page, "close", (form) => form.locator("[name=outcome]").first().check({ force: true }));
  const hotline = await person(browser, server.origin, { login: "hotline1" });
  const { page } = hotline;
  await page.goto(`/desk/followups?case=${told.id}`);
  const form = page.locator("main form", { has: page.locator("[name=solved]") });
  // Nothing asked yet: the form says what is missing.
  await Promise.all([page.waitForEvent("load"), form.locator("button.btn").last().click()]);
  assert.ok((await page.locator(".error").count()) > 0);
  for (const name of ["reached", "contacted", "solved", "satisfaction"]) {
    await form.locator(`[name=${name}]`).first().check({ force: true });
  }
  await Promise.all([page.waitForEvent("load"), form.locator("button.btn").last().click()]);
  assert.match(await said(page), /回访已记下/);
  await page.goto("/desk/followups");
  assert.equal(await page.locator(".queue a", { hasText: "回访问问" }).count(), 0, "it is not called twice");
});

test("bulk: what can be done and what cannot stands there before it runs", async () => {
  for (const n of [1, 2, 3]) await report(browser, server.origin, `批量办理第 ${n} 件`);
  const { page } = centre;
  await page.goto("/desk/cases?text=" + encodeURIComponent("批量办理"));
  assert.equal(await page.locator("tbody tr").count(), 3);
  assert.match(await page.locator("#found").innerText(), /共 3 件/);
  await page.locator("[data-all]").check();
  await page.selectOption("#bulk-do", "note");
  await Promise.all([page.waitForURL("**/desk/cases/bulk**"), page.locator("[data-needs-picked]").click()]);
  assert.match(await said(page), /3 件/);
  await page.locator("textarea[name=text]").fill("统一登记");
  await Promise.all([page.waitForURL((u) => u.searchParams.get("done") === "bulk"), page.locator("main form button.btn").last().click()]);
  await page.locator("tbody a").first().click();
  await page.waitForURL("**/desk/cases/*-*");
  assert.match(await said(page), /统一登记/);
});

test("filters are kept under a name; the list goes out as Excel and CSV", async () => {
  const { page } = centre;
  await page.goto("/desk/cases?whistle=joint&open=yes");
  await page.locator("summary", { hasText: "存成常用" }).click();
  await page.fill("#save-name", "我的联合哨");
  await Promise.all([page.waitForEvent("load"), page.locator("form[action$=filters] button.primary").click()]);
  await page.goto("/desk/cases");
  await page.locator(".filtered a", { hasText: "我的联合哨" }).click();
  await page.waitForURL("**whistle=joint**");
  const total = Number((await page.locator("#found").innerText()).match(/\d+/)[0]);
  const fetch = async (name) => {
    const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`a[href*='export/${name}']`).click()]);
    return readFileSync(await download.path());
  };
  const csv = (await fetch("cases.csv")).toString("utf8");
  assert.equal(csv.trim().split("\n").length - 1, total, "a row for each case of the list");
  const xlsx = await fetch("cases.xlsx");
  assert.equal(xlsx.subarray(0, 2).toString(), "PK");
  const sheet = unzip(xlsx, "xl/worksheets/sheet1.xml").toString("utf8");
  assert.equal(sheet.match(/<row /g).length - 1, total);
  await page.goto("/desk/cases");
  await page.locator("button[aria-label*='我的联合哨']").click();
  await page.waitForURL("**done=filter_drop**");
});

// One member of a zip file, by its central directory.
function unzip(bytes, name) {
  const end = bytes.lastIndexOf(Buffer.from("504b0506", "hex"));
  let at = bytes.readUInt32LE(end + 16);
  for (let n = bytes.readUInt16LE(end + 10); n > 0; n--) {
    const [method, packed] = [bytes.readUInt16LE(at + 10), bytes.readUInt32LE(at + 20)];
    const [named, extra, comment] = [28, 30, 32].map((o) => bytes.readUInt16LE(at + o));
    const local = bytes.readUInt32LE(at + 42);
    if (bytes.subarray(at + 46, at + 46 + named).toString() === name) {
      const begin = local + 30 + bytes.readUInt16LE(local + 26) + bytes.readUInt16LE(local + 28);
      const body = bytes.subarray(begin, begin + packed);
      return method === 0 ? body : inflateRawSync(body);
    }
    at += 46 + named + extra + comment;
  }
  throw new Error(`no ${name} in the file`);
}

test("search finds by number, phone and the words of the report", async () => {
  const resident = await person(browser, server.origin);
  const { page: phone } = resident;
  await phone.goto("/q/371002001001001");
  await phone.fill("#text", "水表快转，想找欧阳修竹核对");
  await phone.fill("#phone", "13488886666");
  await phone.locator("#identity summary").click();
  await phone.fill("#name", "欧阳修竹");
  await Promise.all([phone.waitForURL("**/report/done**"), phone.click("main form button.primary")]);
  const number = (await phone.locator("#no").innerText()).trim();
  const { page } = centre;
  for (const typed of ["13488886666", "欧阳修竹", "水表快转"]) {
    await page.goto("/desk/cases");
    await page.fill("#q", typed);
    await Promise.all([page.waitForURL("**text=**"), page.press("#q", "Enter")]);
    assert.match(await said(page), new RegExp(number), `“${typed}” finds it`);
  }
  await page.fill("#q", number.toLowerCase());
  await Promise.all([page.waitForURL("**/desk/cases/*-*"), page.press("#q", "Enter")]);
  // The phone is masked until there is a reason.
  assert.doesNotMatch(await said(page), /13488886666/);
});

test("every number of the overview and the wall opens the list that it counts", async () => {
  const chief = await person(browser, server.origin, { login: "centre1" });
  const { page } = chief;
  for (const board of ["/desk/overview?period=year", "/wall"]) {
    await page.goto(board);
    const numbers = await page.$$eval("a.stat, .count a, td.n a", (all) => all.map((a) => {
      const value = (a.querySelector(".value") ?? a).textContent.trim();
      const share = a.querySelector(".trend")?.textContent.match(/(\d+)\D+(\d+)/);
      return { href: a.href, value, part: share?.[1] };
    }));
    assert.ok(numbers.length >= 5, board);
    for (const { href, value, part } of numbers) {
      await page.goto(href);
      const found = page.locator("#found");
      const listed = (await found.count()) ? (await found.innerText()).match(/\d+/)[0] : "?";
      const counted = value.includes("%") ? (part ?? listed) : value.match(/\d+/)[0];
      assert.equal(listed, counted, `${board}: ${value} leads to ${listed} at ${href}`);
    }
  }
});
