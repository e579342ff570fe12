// A visit without signal: the network goes in the middle of it, the page is killed, somebody else changes the record,
// and in the end nothing is lost and nothing is there twice.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { PHONE, accessible, fingers, fitsWidth, launch, logIn, person, wellMade } from "../lib/browser.mjs";
import { GRID, PICTURE, report } from "../lib/people.mjs";
import { signal } from "../lib/signal.mjs";

const LOGIN = `grid${GRID.slice(6)}`;
let server, air, browser, worker, other, homes;
before(async () => {
  server = await start();
  air = await signal(server.origin);
  browser = await launch();
  worker = await person(browser, air.origin, { device: PHONE, login: LOGIN });
  other = await person(browser, server.origin, { login: "community001001" });
  await settle(worker.page, GRID, "21号楼", ["赵一一", "钱二二", "孙三三", "李四四"]);
  const seen = await pack(worker.page);
  homes = seen.homes.filter((h) => h.house.endsWith("21号楼"));
  assert.equal(homes.length, 4);
  const next = await person(browser, server.origin, { login: "grid001001002" });
  await settle(next.page, "371002001001002", "22号楼", ["周五五"]);
  await next.context.close();
});
after(async () => {
  await browser?.close();
  air?.stop();
  await server?.stop();
});

// A house whose homes are lived in, registered by its worker.
async function settle(page, grid, name, people) {
  await page.goto(`/homes/new?at=${grid}`);
  await page.fill("#b-place", "电子街8号");
  await page.fill("#b-name", name);
  await Promise.all([page.waitForEvent("load"), page.locator("main form button.primary").click()]);
  const house = new URL(page.url()).pathname;
  await page.evaluate(async ([house, people]) => {
    const post = async (url, fields) => {
      const answer = await fetch(url, { method: "POST", body: new URLSearchParams(fields) });
      if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
    };
    for (const n of people.keys()) await post(`${house}/doors`, { unit: "1", door: `${n + 1}01`, usage: "own" });
    const { homes } = await (await fetch("/api/v1/offline/pack")).json();
    const building = house.split("/").pop();
    const own = homes.filter((h) => h.building === building);
    for (const [n, home] of own.entries()) await post(`/homes/${home.id}/residents`, { name: people[n], phone: `1000000010${n}`, relation: "head", residence: "registered" });
  }, [house, people]);
}

const pack = (page) => page.evaluate(async () => (await fetch("/api/v1/offline/pack")).json());
const words = (page) => page.locator("#link [data-words]").innerText();
// Said when no round of sending and fetching is under way any more.
const said = (page, text) => page.waitForFunction((t) => document.querySelector("#link:not([aria-busy=true]) [data-words]")?.textContent.includes(t), text);
// A page of the walk is drawn after its address stands: what is on it may be asked for only then.
async function go(page, route = "") {
  await page.goto(route ? `/offline#/${route}` : "/offline");
  await page.locator(`#main[data-route="${route}"]`).waitFor();
}
const count = (page, id) => page.evaluate(async (id) => {
  const html = await (await fetch(`/homes/${id}`, { headers: { accept: "text/html" } })).text();
  return [...new DOMParser().parseFromString(html, "text/html").querySelectorAll("[aria-labelledby=h-visits] li time")].length;
}, id);

// Opens the offline pages with signal, until everything is on the phone.
async function prepared(page) {
  await air.back(page.context());
  await go(page);
  await page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while (!(await caches.match("/offline"))) await new Promise((done) => setTimeout(done, 50));
  });
  await said(page, "全部已上传");
}

async function openHome(page, id) {
  await go(page, `home/${id}`);
  await page.locator(".thumb-actions .primary").waitFor();
}

// Saves with this button; the walk comes back when it is written down, and only then may the next page be asked for.
async function save(page, button) {
  await button.click();
  await page.waitForURL(/#\/$/);
}
const primary = (page) => page.locator(".thumb-actions .primary");
const only = (page) => page.getByRole("button", { name: "只记备注" });

// Everything that lies on the phone, as somebody would read it who took the disk out: texts, and bytes as UTF-8.
const dump = (page) => page.evaluate(async () => {
  const d = await new Promise((done) => { const r = indexedDB.open("linli-offline"); r.onsuccess = () => done(r.result); });
  const decoder = new TextDecoder();
  let text = JSON.stringify({ ...localStorage, ...sessionStorage }), size = 0, keys = 0;
  const walk = (value) => {
    if (value instanceof CryptoKey) { keys += 1; if (value.extractable) text += "EXTRACTABLE"; return; }
    if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) { size += value.byteLength; text += decoder.decode(value); return; }
    if (value && typeof value === "object") for (const [k, v] of Object.entries(value)) { text += `${k} `; walk(v); }
    else { text += `${value} `; size += String(value).length; }
  };
  for (const name of d.objectStoreNames) {
    const rows = await new Promise((done) => { const r = d.transaction(name).objectStore(name).getAll(); r.onsuccess = () => done(r.result); });
    rows.forEach(walk);
  }
  for (const name of await caches.keys()) {
    const cache = await caches.open(name);
    for (const request of await cache.keys()) { const body = await (await cache.match(request)).text(); text += body; size += body.length; }
  }
  d.close();
  return { text, size, keys };
});

test("without signal the pages open, and a visit that was cut short is still there after the page was killed", async () => {
  const { page, context, complaints } = worker;
  await prepared(page);
  const home = homes[0];
  await openHome(page, home.id);
  await page.locator("details > summary").first().click();
  const who = home.people[0];
  await page.fill(`[id="n-${who.id}"]`, "赵改名");
  // The signal goes in the middle of the visit; the rest is typed without it.
  await air.cut(context);
  await page.fill("#note", "楼道灯坏了，已拍照");
  await page.setInputFiles("#camera", PICTURE);
  await page.locator(".photos img").waitFor();
  await said(page, "没有信号");
  await page.close({ runBeforeUnload: false });

  // The phone was restarted, still without signal: another page opens out of what lies on it.
  const again = await context.newPage();
  worker.page = again;
  await again.goto("/offline");
  await said(again, "没有信号");
  await openHome(again, home.id);
  assert.equal(await again.inputValue(`[id="n-${who.id}"]`), "赵改名");
  assert.equal(await again.inputValue("#note"), "楼道灯坏了，已拍照");
  assert.equal(await again.locator(".photos img").count(), 1);
  assert.match(await again.locator(".thumb-actions .primary").innerText(), /保存更正/);
  for (const [route, what] of [["", "the walk"], [`home/${home.id}`, "a home"], ["cases", "the cases"], ["queue", "what waits"]]) {
    await go(again, route);
    await again.locator("main h1").waitFor();
    await wellMade(again, what);
    await accessible(again, what);
    await fitsWidth(again, what);
  }
  await openHome(again, home.id);
  await save(again, primary(again));
  await said(again, "1条待上传");
  // Another page of the worker without signal leads here instead of nowhere.
  await again.goto("/work");
  await again.waitForURL("**/offline");
  // With signal again it goes up, once, however often one asks.
  await air.back(context);
  await again.locator(".tabbar a[href='#/queue']").click();
  await Promise.all([again.evaluate(() => dispatchEvent(new Event("online"))), again.evaluate(() => dispatchEvent(new Event("online")))]);
  await said(again, "全部已上传");
  const now = (await pack(again)).homes.find((h) => h.id === home.id);
  assert.equal(now.people.find((p) => p.id === who.id).name, "赵改名");
  assert.equal(await count(again, home.id), 1, "one visit on the card");
  assert.equal(now.version, home.version + 1, "confirmed once");
  await again.goto(`/homes/${home.id}`);
  assert.match(await again.locator("[aria-labelledby=h-visits]").innerText(), /楼道灯坏了/);
  const photo = await again.locator("[aria-labelledby=h-visits] img").getAttribute("src");
  assert.equal((await again.request.get(photo)).headers()["content-type"], "image/jpeg");
  assert.deepEqual(complaints, []);
});

test("an answer that got lost on the way: sent again, done once", async () => {
  const { page } = worker;
  const home = homes[1];
  await prepared(page);
  await openHome(page, home.id);
  // The server takes it, the phone never hears of it.
  let cut = 0;
  await page.route("**/api/v1/offline/entries", async (route) => {
    await route.fetch();
    cut += 1;
    await route.abort();
  }, { times: 1 });
  await page.locator(".thumb-actions .primary").click();
  await page.waitForFunction(() => document.querySelector("#link")?.dataset.state === "offline");
  assert.equal(cut, 1);
  // Killed right then, and opened again.
  await page.reload();
  await said(page, "全部已上传");
  assert.equal(await count(page, home.id), 1);
  assert.equal((await pack(page)).homes.find((h) => h.id === home.id).version, home.version + 1, "confirmed once");
});

test("changed meanwhile by somebody else: side by side, the worker chooses, nothing is lost", async () => {
  const { page, context } = worker;
  const home = homes[2];
  const who = home.people[0];
  await prepared(page);
  await openHome(page, home.id);
  await air.cut(context);
  await page.locator("details > summary").first().click();
  await page.fill(`[id="n-${who.id}"]`, "钱我改");
  await page.selectOption("#usage", home.usage === "shop" ? "own" : "shop");
  await save(page, primary(page));
  // A second entry for the same home waits behind the first.
  await openHome(page, home.id);
  await page.fill("#note", "又去了一次");
  await save(page, only(page));
  await page.waitForFunction(() => document.querySelector("#count")?.textContent === "2");
  // Meanwhile the community corrects the name.
  const changed = await other.page.evaluate(async ([home, who, version]) => {
    const form = new URLSearchParams({ home, version, field: "name", value: "钱别改" });
    return (await fetch(`/homes/residents/${who}`, { method: "POST", body: form })).url;
  }, [home.id, who.id, String(who.version)]);
  assert.match(changed, /done=corrected/);
  await air.back(context);
  await go(page, "queue");
  const card = page.locator("[data-item]", { hasText: "请您决定" });
  await card.waitFor();
  assert.match(await words(page), /1条要您看一下/);
  const seen = await card.innerText();
  assert.match(seen, /钱我改/);
  assert.match(seen, /钱别改/);
  await accessible(page, "a conflict");
  await fitsWidth(page, "a conflict");
  const before = (await pack(page)).homes.find((h) => h.id === home.id);
  assert.equal(before.people.find((p) => p.id === who.id).name, "钱别改", "nothing is overwritten unseen");
  assert.equal(before.usage, home.usage, "and nothing of the entry was taken in part");
  assert.equal(await count(page, home.id), 0, "what comes after it waits too");
  // Without a choice nothing goes on.
  await card.getByRole("button", { name: "按我选的保存" }).click();
  assert.match(await page.locator(".toasts").innerText(), /每一项都要选/);
  await card.locator("input[value=mine]").check({ force: true });
  await card.getByRole("button", { name: "按我选的保存" }).click();
  await said(page, "全部已上传");
  const now = (await pack(page)).homes.find((h) => h.id === home.id);
  assert.equal(now.people.find((p) => p.id === who.id).name, "钱我改");
  assert.equal(now.usage, home.usage === "shop" ? "own" : "shop", "what was not in dispute came too");
  assert.equal(await count(page, home.id), 2, "the visit and the note, once each");
});

test("a note on a case waits for signal and is there once", async () => {
  const { page, context } = worker;
  const text = "路面有坑，骑车容易摔";
  await report(browser, server.origin, text);
  await prepared(page);
  await go(page, "cases");
  const card = page.locator("main section", { hasText: text });
  await card.waitFor();
  await air.cut(context);
  await card.locator("summary").click();
  await card.locator("textarea").fill("到现场看过，放了警示牌");
  await card.getByRole("button", { name: "保存" }).click();
  await said(page, "1条待上传");
  await air.back(context);
  await page.evaluate(() => dispatchEvent(new Event("online")));
  await said(page, "全部已上传");
  await page.goto("/work/cases");
  await page.locator("#cases a", { hasText: text }).click();
  await page.waitForURL(/\/work\/cases\/[0-9a-f]/);
  const seen = await page.locator("main").innerText();
  assert.equal(seen.split("放了警示牌").length, 2, "once");
});

test("a community's form is asked at a home without signal, and its answers and photo go up once", async () => {
  const FORM = `survey,,,,,,
,type,name,label::中文 (zh),relevant,constraint,required
,select_one yn,has,家里养宠物吗,,,yes
,text,why,为什么不养,\${has} = 'no',,
,begin_repeat,pet,宠物,\${has} = 'yes',,
,text,kind,什么宠物,,,yes
,integer,age,几岁,,. < 60,
,end_repeat,,,,,
,image,photo,合影,\${has} = 'yes',,
choices,,,,,,
,list_name,name,label::中文 (zh),,,
,yn,yes,养,,,
,yn,no,不养,,,
settings,,,,,,
,form_title,form_id,version,,,
,宠物登记,e2e_offline,1,,,
`;
  const desk = other.page;
  await desk.goto("/surveys");
  await desk.setInputFiles("#file", { name: "宠物.csv", mimeType: "text/csv", buffer: Buffer.from(FORM) });
  await Promise.all([desk.waitForURL(/\/surveys\/[0-9a-f-]+$/), desk.click("form[action='/surveys'] button.primary")]);
  const survey = new URL(desk.url()).pathname;
  await desk.click("form[action$='/publish'] button");
  await desk.locator("dialog button[value=yes]").click();
  await desk.locator(".page-head .chip[data-tone=ok]").waitFor();

  const { context } = worker;
  let { page } = worker;
  const home = homes[3];
  await prepared(page);
  await openHome(page, home.id);
  await air.cut(context);
  await page.click("text=宠物登记");
  const save = page.getByRole("button", { name: "填好了，保存" });
  await save.waitFor();
  assert.equal(await page.locator("text=什么宠物").count(), 0, "not asked yet");
  await page.locator(".choice label").first().click();
  await page.getByRole("button", { name: "添加宠物" }).click();
  await page.fill("#q-pet-0-age", "99");
  // One tap ends the field and presses the button.
  await save.click();
  await page.locator(".errors li").nth(1).waitFor();
  assert.match(await page.locator(".errors").innerText(), /请填写[\s\S]*这里填得不对/);
  await accessible(page, "a form with mistakes");
  await fitsWidth(page, "a form with mistakes");
  // A field that something else has marked is drawn anew where it stands: what is typed into it just then stays.
  await page.locator("#q-pet-0-age").evaluate((field) => field.setAttribute("data-marked", ""));
  await page.fill("#q-pet-0-kind", "独此一猫");
  await page.fill("#q-pet-0-age", "3");
  await page.setInputFiles("#q-photo", PICTURE);
  await page.locator("text=照片已存在手机里").waitFor();
  // Killed, and opened again without signal: it stands as it was.
  await page.close({ runBeforeUnload: false });
  worker.page = page = await context.newPage();
  await go(page, `form/${survey.split("/").pop()}/${home.id}`);
  await page.locator("#q-pet-0-kind").waitFor();
  assert.equal(await page.inputValue("#q-pet-0-kind"), "独此一猫");
  assert.equal(await page.inputValue("#q-pet-0-age"), "3");
  await page.getByRole("button", { name: "填好了，保存" }).click();
  await page.waitForURL(new RegExp(`#/home/${home.id}$`));
  await said(page, "1条待上传");
  assert.ok(!(await dump(page)).text.includes("独此一猫"), "sealed on the phone");
  // The server takes it and the phone never hears of it: sent again, it is there once.
  let cut = 0;
  await page.route("**/answers.json", async (route) => {
    await route.fetch();
    cut += 1;
    await route.abort();
  }, { times: 1 });
  await air.back(context);
  await page.evaluate(() => dispatchEvent(new Event("online")));
  for (let tries = 0; cut === 0 && tries < 300; tries += 1) await page.waitForTimeout(100);
  assert.equal(cut, 1);
  await page.reload();
  await said(page, "全部已上传");
  await desk.reload();
  await desk.locator("#answers > li").first().waitFor();
  assert.equal(await desk.locator("#answers > li").count(), 1);
  assert.equal(await desk.locator("#answers img, #answers a[href*='/photos/']").count() > 0, true, "with its photo");
});

test("the store of one grid is small; after log-out nothing of it can be read, and what waits comes back", async () => {
  const { page, context } = worker;
  await prepared(page);
  const home = homes[3];
  const open = await dump(page);
  assert.ok(open.size < 2 * 1024 * 1024, `${open.size} bytes for ${homes.length} homes`);
  await openHome(page, home.id);
  await air.cut(context);
  await page.fill("#note", "独此一句备注");
  await save(page, only(page));
  await said(page, "1条待上传");
  // The number stands on the ordinary pages too; logging out asks first. Its sending is held back here.
  await context.route("**/api/v1/offline/**", (route) => route.abort());
  await air.back(context);
  await page.goto("/work");
  await page.locator("a[href='/offline'] .count", { hasText: "1" }).waitFor();
  const secrets = [home.people[0].name, home.address, "独此一句备注", homes[0].people[0].name];
  for (const s of secrets) assert.ok(!(await dump(page)).text.includes(s), `${s} never lies there in clear`);
  await page.locator("details.menu summary").first().click();
  await page.locator("form[action='/logout'] button").click();
  await page.locator("dialog button[value=yes]").waitFor();
  assert.match(await page.locator("dialog").innerText(), /1 条走访没有上传/);
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/work")), page.locator("dialog button[value=yes]").click()]);
  const shut = await dump(page);
  assert.equal(shut.keys, 0, "no key is left");
  for (const s of secrets) assert.ok(!shut.text.includes(s), `${s} cannot be read`);
  await context.unroute("**/api/v1/offline/**");
  // Somebody else on this phone gets their own list and sees nothing of it.
  await logIn(page, "grid001001002");
  await prepared(page);
  assert.doesNotMatch(await page.locator("main").innerText(), /独此一句备注/);
  await go(page, "queue");
  assert.match(await page.locator("main").innerText(), /没有要上传的/);
  await page.goto("/work");
  await page.locator("details.menu summary").first().click();
  await Promise.all([page.waitForURL((url) => !url.pathname.startsWith("/work")), page.locator("form[action='/logout'] button").click()]);
  // The same account again: what waited opens and goes up.
  await logIn(page, LOGIN);
  await page.goto("/offline");
  await said(page, "全部已上传");
  await page.goto(`/homes/${home.id}`);
  assert.match(await page.locator("[aria-labelledby=h-visits]").innerText(), /独此一句备注/);
});

test("logging out on these pages asks about what waits, closes the phone without signal, and tells the server later", async () => {
  const { page, context } = worker;
  await prepared(page);
  const home = homes[2];
  await openHome(page, home.id);
  await air.cut(context);
  await page.fill("#note", "退出前的备注");
  await save(page, only(page));
  await said(page, "1条待上传");
  const out = page.locator("#out button");
  await out.click();
  assert.match(await page.locator("dialog").innerText(), /1 条走访没有上传/);
  await page.locator("dialog button[value='']").click();
  assert.ok((await dump(page)).keys > 0, "thought better of it");
  await out.click();
  await page.locator("dialog button[value=yes]").click();
  await page.getByText("请先登录").first().waitFor();
  assert.equal(await out.isVisible(), false);
  const shut = await dump(page);
  assert.equal(shut.keys, 0, "no key is left");
  for (const s of [home.people[0].name, home.address, "退出前的备注"]) assert.ok(!shut.text.includes(s), `${s} cannot be read`);
  // With signal the session ends: nobody opens the list again without the password.
  await air.back(context);
  await page.goto("/work");
  await page.waitForURL((url) => url.pathname === "/login");
  await logIn(page, LOGIN);
  await page.goto("/offline");
  await said(page, "全部已上传");
  // With signal and nothing that waits, at once; nothing stays behind.
  await page.locator("#out button").click();
  await page.waitForURL((url) => url.pathname === "/login");
  const gone = await dump(page);
  assert.equal(gone.keys, 0);
  await logIn(page, LOGIN);
});

test("a phone set to another zone shows the district's days and hours", async () => {
  const abroad = await person(browser, air.origin, { device: { ...PHONE, timezoneId: "America/Los_Angeles" }, login: LOGIN });
  const { page } = abroad;
  await prepared(page);
  const { homes: all } = await pack(page);
  const home = all.find((h) => h.id === homes[2].id);
  await openHome(page, home.id);
  const there = new Date(Date.parse(home.confirmed_at) + 8 * 3_600_000).toISOString().slice(5, 16).replace("T", " ");
  assert.match(await page.locator("main").innerText(), new RegExp(there));
  await abroad.context.close();
});

test("large type fits a phone and a thumb", async () => {
  const { page, context } = worker;
  await context.addCookies([{ name: "ui_type", value: "large", url: server.origin }]);
  await prepared(page);
  for (const route of ["", `home/${homes[1].id}`, "cases", "queue"]) {
    await go(page, route);
    await page.locator("main h1").waitFor();
    assert.equal(await page.locator("html").getAttribute("data-type"), "large");
    await fitsWidth(page, route);
    await fingers(page, route);
  }
});

test("who is no grid worker has no offline list", async () => {
  const { page } = other;
  assert.equal((await page.goto("/offline")).status(), 403);
  for (const path of ["/api/v1/offline/pack"]) assert.equal((await page.request.get(path)).status(), 403);
  await page.goto("/work");
  assert.equal(await page.locator("a[href='/offline']").count(), 0);
});
