// One code at the door: from the label through the form and the queue into the household card, on a phone.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { DESK, PHONE, accessible, fingers, fitsWidth, launch, person, wellMade } from "../lib/browser.mjs";
import { GRID } from "../lib/people.mjs";

let server, browser, worker, house;
before(async () => {
  server = await start();
  browser = await launch();
  worker = await person(browser, server.origin, { device: PHONE, login: `grid${GRID.slice(6)}` });
  house = await newHouse(worker.page);
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// A house of two staircases with codes at its doors, registered by the worker as one does who comes to it first.
async function newHouse(page) {
  await page.goto(`/homes/new?at=${GRID}`);
  await page.fill("#b-place", "电子街8号");
  await page.fill("#b-name", "19号楼");
  await press(page, page.locator("main form button.primary"));
  const house = new URL(page.url()).pathname;
  // As people type it: the labels say 1单元 and 2单元.
  for (const unit of ["1", "2"]) {
    for (const door of ["101", "102", "201", "202", "301", "302"]) {
      await page.evaluate(async ([address, unit, door]) => {
        const answer = await fetch(address, { method: "POST", body: new URLSearchParams({ unit, door, usage: "own" }) });
        if (!answer.ok) throw new Error(`${unit}-${door}: ${answer.status}`);
      }, [`${house}/doors`, unit, door]);
    }
  }
  await page.goto(`${house}/codes`);
  await press(page, page.locator(`form[action='${house}/codes'] button`));
  return house;
}

// The labels of that house: the address that each QR code holds, and the door.
async function labels(page) {
  await page.goto(`${house}/codes`);
  return page.evaluate(async (house) => {
    const html = await (await fetch(`${house}/labels`)).text();
    const paper = new DOMParser().parseFromString(html, "text/html");
    return [...paper.querySelectorAll(".door-label")].map((l) => ({
      path: "/d/" + l.querySelector(".letters").textContent.replaceAll(" ", "").toLowerCase(),
      door: l.querySelector(".which").textContent.trim(),
    }));
  }, house);
}

const inDays = (n) => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);
const press = (page, button) => Promise.all([page.waitForEvent("load"), button.click()]);

test("label, scan, form, queue, card", async () => {
  const all = await labels(worker.page);
  assert.ok(all.length > 5, "the house has labels");
  assert.match(all.at(-1).door, /^2单元 302$/, "a bare number is a staircase");
  const { path, door } = all.at(-1);
  const { page, context, complaints } = await person(browser, server.origin, { device: PHONE });
  await page.goto(path);
  await wellMade(page, "the landing page");
  await accessible(page, "the landing page");
  await fitsWidth(page, "the landing page");
  assert.match(await page.locator("h1").innerText(), new RegExp(door.split(" ").at(-1)));
  assert.match(await page.locator("main").innerText(), /30天内销毁/);
  // The phone, the digits that the demonstration shows, the form.
  await press(page, page.locator("a.action[href$='/fill']"));
  await accessible(page, "the phone's page");
  await page.fill("#phone", "10000000123");
  await press(page, page.locator("main button.primary"));
  await page.fill("#digits", await page.locator("#demo-digits").innerText());
  await accessible(page, "the digits' page");
  await press(page, page.locator("main button.primary"));
  assert.match(await page.locator("main").innerText(), /100\*\*\*\*0123 已验证/);
  await page.fill("[id='m0.name']", "唐晓岚");
  await page.fill("[id='m0.id_number']", "110105194912310021");
  await page.locator(".more-people > summary").first().click();
  await page.fill("[id='m1.name']", "唐小宝");
  await page.selectOption("[id='m1.relation']", "daughter");
  await fitsWidth(page, "the form");
  // A reload keeps what was typed, and opens what holds it.
  await page.waitForTimeout(500);
  await page.reload();
  assert.equal(await page.inputValue("[id='m0.name']"), "唐晓岚");
  assert.equal(await page.inputValue("[id='m1.name']"), "唐小宝");
  assert.ok(await page.locator("[id='m1.name']").isVisible(), "the second person's fold is open");
  await page.locator("[name=consent]").check({ force: true });
  await press(page, page.locator("main form button.primary").last());
  assert.equal(await page.locator("[id='m0.id_number']").getAttribute("aria-invalid"), "true");
  assert.match(await page.locator("[id='m0.id_number-err']").innerText(), /核对每一位/);
  assert.equal(await page.inputValue("[id='m1.name']"), "唐小宝", "what was typed stays");
  await accessible(page, "the form with a mistake");
  await page.fill("[id='m0.id_number']", "11010519491231002X");
  await press(page, page.locator("main form button.primary").last());
  assert.match(page.url(), /\/r\//);
  const number = (await page.locator("#no").innerText()).trim();
  assert.match(number, /^HCJ\d{8}-\d{6}$/);
  await accessible(page, "the receipt");
  const receipt = page.url();

  // The worker finds it behind the tab, compares and takes it.
  await worker.page.goto("/work");
  await worker.page.locator(".tabbar .badge").waitFor();
  await worker.page.locator(".tabbar a[href='/homes']").click();
  await worker.page.locator("a.btn[href^='/homes/queue']").click();
  await accessible(worker.page, "the queue");
  await fitsWidth(worker.page, "the queue");
  await worker.page.locator("tbody tr", { hasText: number }).locator("a").click();
  await wellMade(worker.page, "the comparison");
  await accessible(worker.page, "the comparison");
  await fitsWidth(worker.page, "the comparison");
  const seen = await worker.page.locator("main").innerText();
  assert.match(seen, /1101\*{10}002X/);
  assert.doesNotMatch(seen, /11010519491231002X/);
  await press(worker.page, worker.page.locator("button[value=all]"));
  assert.match(await worker.page.locator(".notice[data-tone=ok]").innerText(), /已登记/);
  await page.goto(receipt);
  assert.match(await page.locator("h1").innerText(), /登记好了/);
  // On the card they stand with their source.
  await page.goto(path);
  await press(page, page.locator("a.action[href$='/fill']"));
  assert.equal(await page.inputValue("[id='m0.name']"), "唐晓岚", "their own phone sees them now");
  assert.equal(await page.inputValue("[id='m0.id_number']"), "");
  assert.match(await page.locator("main").innerText(), /已登记：1101\*{10}002X/);
  await worker.page.goto("/homes/find");
  await worker.page.fill("#find-q", "唐晓岚");
  await press(worker.page, worker.page.locator("main form button.primary"));
  await worker.page.locator("main .list a").first().click();
  await worker.page.waitForURL(/\/homes\/[0-9a-f-]{36}/);
  const card = await worker.page.locator("main").innerText();
  assert.match(card, /唐小宝/);
  assert.match(card, /居民自填，/);
  // Their own page: everything of themselves, and a request to have it erased, once.
  await page.goto("/my");
  await accessible(page, "my data");
  await fitsWidth(page, "my data");
  await wellMade(page, "my data");
  assert.match(await page.locator("main").innerText(), /唐晓岚[^]*1101\*{10}002X/);
  const fold = page.locator("section.card", { hasText: "唐晓岚" }).locator("details");
  await fold.locator("summary").click();
  await fold.locator("textarea").fill("搬走了");
  await accessible(page, "asking to erase");
  await press(page, fold.locator("button"));
  assert.match(await page.locator(".notice[data-tone=ok]").innerText(), /删除请求/);
  assert.match(await page.locator("main").innerText(), /删除本人信息[^]*HC/, "it is a case with a number");
  assert.equal(await page.locator("form[action$='/erase']").count(), 0);
  assert.deepEqual(complaints, []);
  assert.deepEqual(worker.complaints, []);
  await context.close();
});

test("a peer's word against what is known waits in the queue, and is taken or left", async () => {
  const { page, context, complaints } = await person(browser, server.origin, { device: DESK, login: "security" });
  await page.goto("/admin/exchange/new");
  const typed = { name: "一体化平台", peer: "platform", purpose: "流调", basis_note: "传染病防治法", until: inDays(300) };
  for (const [id, text] of Object.entries(typed)) await page.fill(`#${id}`, text);
  await page.check("[name=direction][value=in]", { force: true });
  for (const field of ["name", "id_number", "phone"]) await page.check(`[name=fields][value='resident.${field}']`, { force: true });
  await page.check(`[name=areas][value='${GRID.slice(0, 9)}']`, { force: true });
  await press(page, page.locator("main form button.primary"));
  const key = await page.locator("#key").innerText();
  const tell = async (phone) => {
    const row = { external_id: "P-1", confirmed_at: new Date().toISOString(), name: "唐晓岚", id_number: "11010519491231002X", phone };
    const answer = await fetch(new URL("/api/v1/sync/residents", server.origin), {
      method: "POST", body: JSON.stringify({ residents: [row] }),
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    });
    return (await answer.json()).rows[0].outcome;
  };
  assert.equal(await tell("10000000124"), "conflict");
  const { page: queue } = worker;
  await queue.goto("/homes/queue");
  const row = queue.locator("tbody tr", { hasText: "platform" });
  assert.equal(await row.count(), 1);
  await accessible(queue, "the queue with a peer's word");
  await row.locator("a").click();
  await queue.waitForURL(/queue\/[0-9a-f-]{36}/);
  for (const [check, what] of [[wellMade, "a peer's word"], [accessible, "a peer's word"], [fitsWidth, "a peer's word"]]) await check(queue, what);
  assert.match(await queue.locator("main").innerText(), /对方报来的[^]*100\*{4}0124[^]*100\*{4}0123/, "both sides stand there");
  assert.equal(await queue.locator("button[value=ask]").count(), 0, "a peer is not asked at the door");
  await queue.fill("#reason", "上门核实过，还是原来的号码");
  await press(queue, queue.locator("button[value=decline]"));
  await queue.goto("/homes/queue");
  assert.equal(await row.count(), 0);
  assert.equal(await tell("10000000124"), "conflict");
  await queue.reload();
  assert.equal(await row.count(), 0, "what was looked at does not come back");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("two taps: nothing has changed", async () => {
  const { path } = (await labels(worker.page))[2];
  const { page, context } = await person(browser, server.origin, { device: PHONE });
  await page.goto(path);
  await press(page, page.locator("a.action.first"));
  await accessible(page, "the confirmation");
  await press(page, page.locator("main form button.primary"));
  assert.match(await page.locator("main").innerText(), /无变化/);
  await context.close();
});

test("in large type, in English, and without a script", async () => {
  const { path } = (await labels(worker.page))[3];
  const large = await person(browser, server.origin, { device: PHONE });
  await large.context.addCookies([{ name: "ui_type", value: "large", url: server.origin }, { name: "ui_lang", value: "en", url: server.origin }]);
  for (const place of ["", "/same", "/phone", "/fill?skip=1"]) {
    await large.page.goto(path + place);
    await fitsWidth(large.page, `in large type: ${place}`);
    await fingers(large.page, `in large type: ${place}`);
    await wellMade(large.page, `in English: ${place}`);
    const words = (await large.page.locator("main").innerText()).replace(/[^ -~\n]*(街道|社区|网格|号楼|单元)[^\n]*/g, "");
    assert.match(words, /Your household|Nothing has changed|phone|registered/i);
  }
  await large.context.close();
  const context = await browser.newContext({ ...PHONE, baseURL: server.origin, locale: "zh-CN", javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(path);
  await page.click("a.action[href$='/fill']");
  await page.click("a[href*='skip=1']");
  await page.fill("[id='m0.name']", "没有脚本");
  await page.click(".more-people > summary");
  await page.fill("[id='m1.name']", "也能填");
  await page.check("[name=consent]", { force: true });
  await page.click("main form button.primary");
  assert.match(page.url(), /\/r\//);
  await context.close();
});

test("labels and posters are exact on paper", async () => {
  const desk = await person(browser, server.origin, { device: DESK, login: `grid${GRID.slice(6)}` });
  const all = await labels(desk.page);
  const house = desk.page.url().split("/codes")[0];
  await desk.page.goto(`${house}/labels`);
  const sheets = await desk.page.locator(".label-sheet").count();
  assert.equal(sheets, Math.ceil(all.length / 10));
  // What is printed: every page A4, as many as sheets.
  const pages = (pdf) => {
    const text = pdf.toString("latin1");
    return [...text.matchAll(/\/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]/g)].map((m) => [Number(m[1]), Number(m[2])]);
  };
  const print = async (name) => {
    const path = process.env.LINLI_PAPER ? `${process.env.LINLI_PAPER}/${name}.pdf` : undefined;
    return pages(await desk.page.pdf({ preferCSSPageSize: true, printBackground: true, path }));
  };
  const labelPages = await print("labels");
  assert.equal(labelPages.length, sheets);
  const [wide, high] = [210, 297].map((mm) => (mm / 25.4) * 72);
  for (const [w, h] of labelPages) assert.ok(Math.abs(w - wide) < 1 && Math.abs(h - high) < 1, `${w} × ${h}`);
  // To the millimetre: 90 × 52 each, in two columns, the code 38 wide, nothing cut off.
  await desk.page.emulateMedia({ media: "print" });
  const boxes = await desk.page.evaluate(() => {
    const mm = (px) => Math.round((px / 96) * 25.4 * 10) / 10;
    const sheet = document.querySelector(".label-sheet").getBoundingClientRect();
    return [...document.querySelectorAll(".label-sheet:first-of-type .door-label")].map((l) => {
      const box = l.getBoundingClientRect();
      return {
        x: mm(box.left - sheet.left), y: mm(box.top - sheet.top), w: mm(box.width), h: mm(box.height),
        qr: mm(l.querySelector("svg").getBoundingClientRect().width),
        cut: l.scrollHeight > l.clientHeight + 1 || l.scrollWidth > l.clientWidth + 1,
      };
    });
  });
  for (const [n, box] of boxes.entries()) {
    assert.deepEqual(box, { x: n % 2 ? 108 : 12, y: 10.5 + 56 * Math.floor(n / 2), w: 90, h: 52, qr: 38, cut: false }, `label ${n}`);
  }
  await desk.page.emulateMedia({ media: null });
  await desk.page.goto(`${house}/poster`);
  const posters = await desk.page.locator(".poster-sheet").count();
  assert.ok(posters >= 1);
  assert.equal((await print("poster")).length, posters);
  await desk.context.close();
});

test("a label that is ended, and one that is none", async () => {
  const { page } = worker;
  const all = await labels(page);
  const { path } = all[4];
  const resident = await person(browser, server.origin, { device: PHONE });
  const row = page.locator("li", { hasText: path.slice(3, 7).toUpperCase() }).filter({ hasText: path.slice(-4).toUpperCase() }).first();
  await row.locator("summary").click();
  await row.locator("input[name=reason]").fill("标签破损");
  await press(page, row.locator("button[value=new]"));
  assert.match(await page.locator(".notice[data-tone=ok]").innerText(), /新码已生成/);
  await resident.page.goto(path);
  assert.match(await resident.page.locator("h1").innerText(), /已经停用/);
  await accessible(resident.page, "a label that is ended");
  await resident.page.goto("/d/0000000000000000");
  assert.match(await resident.page.locator("h1").innerText(), /没有认出/);
  await resident.page.goto("/d");
  await resident.page.fill("#code", all[5].path.slice(3).toUpperCase().replace(/(.{4})/g, "$1 "));
  await press(resident.page, resident.page.locator("main form button.primary"));
  assert.equal(new URL(resident.page.url()).pathname, all[5].path);
  await resident.context.close();
});

test("a legal entity is registered with a checked code, found, corrected, closed and opened again", async () => {
  const { page, complaints } = worker;
  await page.goto(`/homes/entities/new?at=${GRID}`);
  await page.fill("#e-name", "示范便利店");
  await page.fill("#e-uscc", "91350100M000100Y44");
  await page.fill("#e-contact_phone", "10000000077");
  await press(page, page.locator("main form.card button.primary"));
  assert.match(await page.locator("#e-uscc-err").innerText(), /请逐位核对/);
  assert.equal(await page.inputValue("#e-name"), "示范便利店", "nothing typed is lost");
  await accessible(page, "an entity with a wrong code");
  await fitsWidth(page, "an entity with a wrong code");
  await page.fill("#e-uscc", "91350100M000100Y43");
  await press(page, page.locator("main form.card button.primary"));
  assert.match(await page.locator("main").innerText(), /已登记[\s\S]*100\*\*\*\*0077/);
  await accessible(page, "an entity");
  await fitsWidth(page, "an entity");
  const address = new URL(page.url()).pathname;
  // Somebody corrects it meanwhile: what was typed stays, and is taken when sent over what is known now.
  await page.locator("#h-edit").click();
  await page.fill("#e-name", "示范超市");
  await page.evaluate(async (address) => {
    const version = document.querySelector("input[name=version]").value;
    await fetch(address, { method: "POST", body: new URLSearchParams({ version, name: "示范商店", kind: "shop" }) });
  }, address);
  await press(page, page.locator(`form[action='${address}'] button.primary`));
  assert.match(await page.locator("[role=alert]").innerText(), /刚刚被别人改过/);
  assert.equal(await page.inputValue("#e-name"), "示范超市");
  await press(page, page.locator(`form[action='${address}'] button.primary`));
  assert.match(await page.locator("h1").innerText(), /示范超市/);
  await page.goto("/homes/entities?q=sfcs");
  await page.locator("main .list a", { hasText: "示范超市" }).click();
  await page.waitForURL(`**${address}`);
  await page.locator("form[action$='/close'] button").click();
  await press(page, page.locator("dialog button[value=yes]"));
  assert.match(await page.locator(".page-head").innerText(), /已停业或迁出/);
  await press(page, page.locator("form[action$='/reopen'] button"));
  assert.match(await page.locator(".notice[data-tone=ok]").innerText(), /已记为恢复营业/);
  assert.doesNotMatch(await page.locator(".page-head").innerText(), /已停业或迁出/);
  assert.deepEqual(complaints.filter((c) => !/422|409/.test(c)), []);
});
