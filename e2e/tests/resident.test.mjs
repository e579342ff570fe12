// What a resident may expect of a phone: sent once, nothing typed lost, found again, plain words, light.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { DESK, PHONE, accessible, fitsWidth, launch, person } from "../lib/browser.mjs";
import { GRID, act, choose, open, report, resolve } from "../lib/people.mjs";

let server, browser;
before(async () => {
  server = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

test("a report that is sent twice is one case", async () => {
  const { page, context } = await person(browser, server.origin, { device: PHONE });
  await page.goto(`/q/${GRID}`);
  await page.fill("#text", "路灯不亮，发两遍也只算一件");
  // The phone sends again because the answer got lost on the way.
  const places = await page.evaluate(async () => {
    const form = document.querySelector("main form");
    const send = async () => (await fetch(form.action, { method: "POST", body: new FormData(form) })).url;
    return [await send(), ...(await Promise.all([send(), send()]))];
  });
  assert.equal(new Set(places).size, 1, `one receipt: ${places}`);
  assert.match(places[0], /\/report\/done/);
  const centre = await person(browser, server.origin, { login: "street001.1" });
  await centre.page.goto("/desk/cases?text=" + encodeURIComponent("发两遍也只算一件"));
  assert.equal(await centre.page.locator("tbody tr").count(), 1);
  // A thumb that presses twice.
  await page.reload();
  await page.fill("#text", "下水道堵了，手指按了两下");
  const button = page.locator("main form button.primary");
  await Promise.all([page.waitForURL("**/report/done**"), button.dblclick()]);
  await centre.page.goto("/desk/cases?text=" + encodeURIComponent("手指按了两下"));
  assert.equal(await centre.page.locator("tbody tr").count(), 1);
  await context.close();
});

test("a mistake is said at its field, what was typed stays, the cursor goes there", async () => {
  const { page, complaints } = await person(browser, server.origin, { device: PHONE });
  await page.goto("/report");
  const words = "没有写在哪里，电话也写错了";
  await page.fill("#text", words);
  await page.fill("#phone", "12345");
  await Promise.all([page.waitForEvent("load"), page.click("main form button.primary")]);
  assert.equal(await page.inputValue("#text"), words);
  assert.equal(await page.inputValue("#phone"), "12345");
  assert.ok(await page.locator("#place-err").isVisible(), "the place is missing");
  await page.locator("summary", { hasText: "按社区选" }).click();
  await page.selectOption("#area", { index: 1 });
  await Promise.all([page.waitForEvent("load"), page.click("main form button.primary")]);
  const wrong = page.locator("#phone");
  assert.equal(await wrong.getAttribute("aria-invalid"), "true");
  assert.equal(await wrong.getAttribute("aria-describedby").then((ids) => ids.includes("phone-err")), true);
  assert.equal(await page.evaluate(() => document.activeElement.id), "phone", "the cursor stands in the wrong field");
  assert.equal(await page.inputValue("#text"), words);
  await accessible(page, "the form with a mistake");
  await fitsWidth(page, "the form with a mistake");
  await page.fill("#phone", "13800138000");
  await Promise.all([page.waitForURL("**/report/done**"), page.click("main form button.primary")]);
  assert.deepEqual(complaints, []);
});

test("words that could not be sent are there again, whatever came instead of an answer", async () => {
  const { page, context, complaints } = await person(browser, server.origin, { device: PHONE });
  const button = page.locator("main form button.primary");
  const post = (request) => request.method() === "POST" && new URL(request.url()).pathname === "/report";
  const kept = () => page.evaluate(() => sessionStorage.getItem("draft:report"));
  const instead = async (answer) => {
    await context.route("**/report", (route) => (post(route.request()) ? answer(route) : route.continue()));
    await button.click();
    await page.waitForLoadState();
  };
  // A page of the server's own and one of a gateway that knows nothing of us.
  const own = await (await context.request.get("/q/371002999999999")).text();
  const foreign = "<!doctype html><title>busy</title><p>busy</p>";
  const answers = { "no signal": (route) => route.abort("internetdisconnected") };
  for (const status of [413, 429, 503]) {
    answers[`${status}, our page`] = (route) => route.fulfill({ status, contentType: "text/html; charset=utf-8", body: own });
    answers[`${status}, a gateway's page`] = (route) => route.fulfill({ status, contentType: "text/html", body: foreign });
  }
  for (const [what, answer] of Object.entries(answers)) {
    await page.goto("/report");
    const words = `垃圾桶满了，没发出去：${what}`;
    await page.fill("#text", words);
    await page.fill("#address", "怡园小区北门");
    await instead(answer);
    await page.waitForFunction(() => !document.querySelector("main form #text"));
    await context.unroute("**/report");
    // By the address, and by the code at the door, which leads on to the form over a redirect.
    for (const path of ["/report", `/q/${GRID}`]) {
      await page.goto(path);
      assert.equal(await page.inputValue("#text"), words, `${what}, then ${path}`);
      assert.equal(await page.inputValue("#address"), "怡园小区北门", `${what}, then ${path}`);
      assert.ok(await page.locator(".saved-note").isVisible(), "it is said that they were kept");
    }
    await page.locator(".saved-note button").click();
    assert.equal(await kept(), null);
  }
  // Without signal and with a browser that knows it: the page stays, and the photos with it.
  await page.goto("/report");
  await page.fill("#text", "没有信号时写的");
  await page.fill("#address", "怡园小区北门");
  await context.setOffline(true);
  await button.click();
  await page.locator(".toast", { hasText: "没有提交成功" }).waitFor();
  assert.equal(await page.inputValue("#text"), "没有信号时写的");
  await context.setOffline(false);
  await Promise.all([page.waitForURL("**/report/done**"), button.click()]);
  assert.equal(await kept(), null, "the server has it: the draft is gone");
  await page.goto("/report");
  assert.equal(await page.inputValue("#text"), "");
  assert.deepEqual(complaints.filter((text) => !/ERR_INTERNET_DISCONNECTED|status of 503/.test(text)), []);
  await context.close();
});

test("photos that are picked one after the other, quickly, all go along", async () => {
  const { page, context, complaints } = await person(browser, server.origin, { device: PHONE });
  await page.goto(`/q/${GRID}`);
  await page.fill("#text", "两张照片连着选，马上提交");
  // A slow phone: making a photo small takes its time.
  await page.evaluate(() => {
    const real = window.createImageBitmap;
    window.createImageBitmap = async (...all) => {
      await new Promise((done) => setTimeout(done, 400));
      return real(...all);
    };
  });
  const square = (colour) =>
    page.evaluate(async (fill) => {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = 2400;
      const pen = canvas.getContext("2d");
      pen.fillStyle = fill;
      pen.fillRect(0, 0, 2400, 2400);
      return canvas.toDataURL("image/png").split(",")[1];
    }, colour);
  for (const colour of ["#a00", "#00a"]) {
    const buffer = Buffer.from(await square(colour), "base64");
    await page.setInputFiles("#photos", { name: `${colour.slice(1)}.png`, mimeType: "image/png", buffer });
  }
  await Promise.all([page.waitForURL("**/report/done**"), page.locator("main form button.primary").click()]);
  const centre = await person(browser, server.origin, { login: "centre1" });
  await centre.page.goto("/desk/cases?text=" + encodeURIComponent("两张照片连着选"));
  await centre.page.locator("tbody tr a").first().click();
  await centre.page.waitForLoadState();
  assert.equal(await centre.page.locator("main .photos img").count(), 2);
  assert.deepEqual(complaints, []);
  await centre.context.close();
  await context.close();
});

test("a report whose answer got lost is one case when it is sent again", async () => {
  const { page, context } = await person(browser, server.origin, { device: PHONE });
  const button = page.locator("main form button.primary");
  await page.goto("/report");
  await page.fill("#text", "回执丢在路上的一件");
  await page.fill("#address", "怡园小区北门");
  await context.route("**/report", async (route) => {
    if (route.request().method() !== "POST") return route.continue();
    const { "content-type": type, origin, cookie } = await route.request().allHeaders();
    const headers = Object.fromEntries(Object.entries({ "content-type": type, origin, cookie }).filter(([, value]) => value));
    const taken = await fetch(route.request().url(), { method: "POST", headers, body: route.request().postDataBuffer(), redirect: "manual" });
    assert.equal(taken.status, 303);
    await route.abort("connectionreset");
  });
  await button.click();
  await page.waitForFunction(() => !document.querySelector("main form #text"));
  await context.unroute("**/report");
  await page.goto("/report");
  assert.equal(await page.inputValue("#text"), "回执丢在路上的一件");
  await Promise.all([page.waitForURL("**/report/done**"), button.click()]);
  const centre = await person(browser, server.origin, { login: "centre1" });
  await centre.page.goto("/desk/cases?text=" + encodeURIComponent("回执丢在路上的一件"));
  assert.equal(await centre.page.locator("tbody tr").count(), 1);
  await centre.context.close();
  await context.close();
});

test("who lost the link finds the case by its number and the phone", async () => {
  const { number, track } = await report(browser, server.origin, "楼道灯坏了，链接弄丢了", { phone: "13912345678" });
  const other = await person(browser, server.origin, { device: PHONE });
  const { page } = other;
  await page.goto("/track");
  await page.fill("#number", number);
  await page.fill("#phone", "13912340000");
  await Promise.all([page.waitForEvent("load"), page.click("main form button.primary")]);
  assert.equal(await page.inputValue("#number"), number, "what was typed stays");
  assert.ok(await page.locator("#number-err").isVisible());
  // In small letters and with spaces, as people copy it.
  await page.fill("#number", ` ${number.toLowerCase()} `);
  await page.fill("#phone", "139 1234 5678");
  await Promise.all([page.waitForURL("**/t/**"), page.click("main form button.primary")]);
  assert.equal(new URL(page.url()).pathname, track);
  // From now on this phone remembers it.
  await page.goto("/");
  assert.equal(await page.locator(`a[href='${track}']`).count(), 1);
});

test("the code at a door knows the place, and the phone remembers its grid", async () => {
  const { page } = await person(browser, server.origin, { device: PHONE });
  await page.goto(`/q/${GRID}?at=${encodeURIComponent("3号楼东门")}`);
  await page.waitForURL("**/report**");
  assert.equal(await page.inputValue("#address"), "3号楼东门");
  assert.equal(await page.inputValue("[name=grid]"), GRID);
  assert.match(await page.locator("[data-place-name]").first().innerText(), /网格/);
  await page.goto("/");
  assert.ok(await page.locator(".crew a[href^='tel:']").first().isVisible(), "the grid's worker can be called");
  const unknown = await page.goto("/q/371002999999999");
  assert.equal(unknown.status(), 404);
});

test("the phone's position finds the grid", async () => {
  const context = await browser.newContext({
    ...PHONE, baseURL: server.origin, locale: "zh-CN", permissions: ["geolocation"],
    geolocation: { latitude: 37.5, longitude: 122.12 },
  });
  const page = await context.newPage();
  await page.goto("/report");
  await page.locator("[data-locate]").click();
  await page.waitForFunction(() => document.querySelector("[name=grid]").value !== "");
  assert.match(await page.inputValue("[name=grid]"), /^371002\d{9}$/);
  await context.close();
});

test("the marker on the map stands where the place was found, and nowhere before", async () => {
  const [lat, lng] = [37.5, 122.12];
  const arrive = async () => {
    const context = await browser.newContext({
      ...PHONE, baseURL: server.origin, locale: "zh-CN", permissions: ["geolocation"],
      geolocation: { latitude: lat, longitude: lng },
    });
    context.setDefaultTimeout(90_000);
    const page = await context.newPage();
    await page.goto("/report");
    return { context, page };
  };
  const locate = async (page) => {
    await page.locator("[data-locate]").click();
    await page.waitForFunction(() => document.querySelector("[name=grid]").value !== "");
  };
  const map = async (page) => {
    await page.locator("[data-open-map]").click();
    await page.locator("[data-map][data-ready]").waitFor();
  };
  const place = (page) => page.evaluate(() => ["lat", "lng", "grid"].map((name) => document.querySelector(`[name=${name}]`).value));
  const found = `标记在 ${lat.toFixed(4)}，${lng.toFixed(4)}`;

  // First the place, then the map.
  const one = await arrive();
  await locate(one.page);
  const before = await place(one.page);
  assert.deepEqual(before.slice(0, 2).map(Number), [lat, lng]);
  await map(one.page);
  assert.equal(await one.page.locator(".map-say").innerText(), found);
  await one.page.locator(".map-pin").tap();
  await one.page.locator(".map-pin").focus();
  assert.deepEqual(await place(one.page), before, "a finger on the marker changes nothing");
  // Who does move it has moved it.
  await one.page.keyboard.press("Shift+ArrowUp");
  await one.page.waitForFunction((old) => document.querySelector("[name=lat]").value > old, before[0]);
  await one.context.close();

  // First the map, then the place.
  const two = await arrive();
  await map(two.page);
  assert.match(await two.page.locator(".map-say").innerText(), /点一下地图/);
  assert.deepEqual(await place(two.page), ["", "", ""]);
  await two.page.locator(".map-pin").tap();
  assert.deepEqual(await place(two.page), ["", "", ""], "the middle of the map is nobody's place");
  await locate(two.page);
  await two.page.locator(".map-say", { hasText: found }).waitFor();
  await two.context.close();
});

test("of two quick moves of the marker the last one counts", async () => {
  const { page, context } = await person(browser, server.origin, { device: PHONE });
  await page.goto("/report");
  const answers = [];
  await context.route("**/where?*", async (route) => {
    const lat = new URL(route.request().url()).searchParams.get("lat");
    const slow = lat.startsWith("37.5");
    if (slow) await new Promise((done) => setTimeout(done, 1200));
    const body = JSON.stringify({ code: slow ? "371002001001001" : "371002001001002", name: slow ? "慢的" : "快的" });
    await route.fulfill({ status: 200, contentType: "application/json", body }).catch(() => {});
    answers.push(lat);
  });
  const move = (lat) =>
    page.evaluate((lat) => {
      const box = document.querySelector("[data-place]");
      box.dispatchEvent(new CustomEvent("place:moved", { bubbles: true, detail: { lat, lng: 122.1 } }));
    }, lat);
  await move(37.5);
  await move(37.6);
  await page.waitForFunction(() => document.querySelector("[name=grid]").value !== "");
  await page.waitForTimeout(1800);
  assert.equal(answers.length, 2, `both were answered: ${answers}`);
  assert.equal(await page.inputValue("[name=grid]"), "371002001001002");
  assert.match(await page.locator("[data-place-name]").first().innerText(), /快的/);
  assert.equal(Number(await page.inputValue("[name=lat]")), 37.6);
  await context.close();
});

test("a draft keeps the place, and says that photos are to be added again", async () => {
  const context = await browser.newContext({
    ...PHONE, baseURL: server.origin, locale: "zh-CN", permissions: ["geolocation"],
    geolocation: { latitude: 37.5, longitude: 122.12 },
  });
  const page = await context.newPage();
  const place = () => page.evaluate(() => ["lat", "lng", "grid"].map((name) => document.querySelector(`[name=${name}]`).value));
  const kept = (word) => page.waitForFunction((word) => (sessionStorage.getItem("draft:report") ?? "").includes(word), word);
  await page.goto("/report");
  await page.locator("[data-locate]").click();
  await page.waitForFunction(() => document.querySelector("[name=grid]").value !== "");
  const pointed = await place();
  const words = await page.locator("[data-place-name]").first().innerText();
  await page.fill("#text", "写到一半，还拍了照片");
  const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
  await page.setInputFiles("#photos", { name: "a.png", mimeType: "image/png", buffer: png });
  await kept("@photos");
  await page.goto("/");
  await page.goto("/report");
  assert.equal(await page.inputValue("#text"), "写到一半，还拍了照片");
  assert.deepEqual(await place(), pointed, "the marker stands where it was");
  assert.equal(await page.locator("[data-place-name]").first().innerText(), words);
  assert.match(await page.locator(".saved-note").innerText(), /照片没能保留，请重新添加/);
  await page.locator(".saved-note button").click();
  assert.deepEqual(await place(), ["", "", ""], "begun anew, also the place");
  assert.match(await page.locator("[data-place-name]").first().innerText(), /还没有选地方/);
  // Without photos nothing is said of them.
  await page.fill("#text", "没有照片");
  await kept("没有照片");
  await page.goto("/report");
  assert.doesNotMatch(await page.locator(".saved-note").innerText(), /照片/);
  await context.close();
});

test("nothing needs a script", async () => {
  const context = await browser.newContext({ ...PHONE, baseURL: server.origin, locale: "zh-CN", javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto("/");
  await page.click("a[href='/report']");
  const hint = await page.locator("[data-place-name]").first().innerText();
  assert.ok(!hint.includes("手机定位") && hint.includes("写地址"), `only what is possible is advised: ${hint}`);
  await page.fill("#text", "没有脚本也能报：消防通道被堵");
  await page.fill("#address", "怡园小区北门");
  await page.click("main form button.primary");
  assert.match(page.url(), /\/report\/done/);
  const track = await page.locator("a[href*='/t/']").first().getAttribute("href");
  await page.goto(track);
  await page.locator("summary", { hasText: "补充一句" }).click();
  await page.fill("#comment", "今天又堵了");
  await page.locator("form", { has: page.locator("#comment") }).locator("button.btn").click();
  assert.match(await page.locator("main").innerText(), /今天又堵了/);
  // Large type and language too.
  await page.locator("summary.btn").first().click();
  await page.locator("button[name=type][value=large]").click();
  assert.equal(await page.locator("html").getAttribute("data-type"), "large");
  await page.locator("button[name=lang]").first().click();
  assert.equal(await page.locator("html").getAttribute("lang"), "en");
  await context.close();
});

test("internal notes stay inside; the resident reopens and rates", async () => {
  const { number, track } = await report(browser, server.origin, "小区水管爆裂，水漫到路上", { phone: "13700001234" });
  const centre = await person(browser, server.origin, { login: "street001.1" });
  await open(centre.page, number);
  await act(centre.page, "note", (form) => form.locator("[name=text]").fill("内部备注：此人多次来电"));
  await act(centre.page, "file");
  await act(centre.page, "blow_joint", (form) => form.locator("[name=reason]").fill("需要部门处理"));
  await act(centre.page, "dispatch", async (form) => {
    await choose(form, "lead", "区住建局");
    await form.locator("[name=note]").fill("内部交代：先关总阀");
  });
  const department = await person(browser, server.origin, { login: "housing" });
  await open(department.page, number);
  await act(department.page, "accept");
  await act(department.page, "arrive");
  await act(department.page, "resolve", (form) => resolve(form, { done: "更换水管", reply: "水管已换好，路面已清扫。" }));
  const checker = await person(browser, server.origin, { login: "street001.2" });
  await open(checker.page, number);
  if (await checker.page.locator("#do-act-start_verification").count()) await act(checker.page, "start_verification");
  await act(checker.page, "close", (form) => form.locator("[name=outcome]").first().check({ force: true }));

  const resident = await person(browser, server.origin, { device: PHONE });
  const { page } = resident;
  await page.goto(track);
  const seen = await page.locator("main").innerText();
  assert.match(seen, /水管已换好/);
  assert.doesNotMatch(seen, /内部|多次来电|总阀|13700001234/);
  // Not solved after all.
  await page.locator("summary", { hasText: "没办好" }).click();
  await page.fill("#why", "又漏水了");
  await Promise.all([page.waitForEvent("load"), page.locator("form", { has: page.locator("#why") }).locator("button.btn").last().click()]);
  assert.match(await page.locator("main").innerText(), /已重新打开/);
  assert.equal(await page.locator("#why").count(), 0, "it cannot be reopened twice");
  // Once more, and then five stars.
  await open(checker.page, number);
  await act(checker.page, "dispatch", (form) => choose(form, "lead", "区住建局"));
  await open(department.page, number);
  await act(department.page, "accept");
  await act(department.page, "arrive");
  await act(department.page, "resolve", (form) => resolve(form, { reply: "接头已重做，观察一天不再漏。" }));
  await open(checker.page, number);
  if (await checker.page.locator("#do-act-start_verification").count()) await act(checker.page, "start_verification");
  await act(checker.page, "close", (form) => form.locator("[name=outcome]").first().check({ force: true }));
  await page.goto(track);
  await page.locator("[name=satisfaction][value=very_satisfied]").check({ force: true });
  await page.fill("#say", "这回好了");
  await Promise.all([page.waitForEvent("load"), page.locator("form", { has: page.locator("#say") }).locator("button.btn").last().click()]);
  assert.match(await page.locator("main").innerText(), /您的评价：很满意/);
  assert.equal(await page.locator("[name=satisfaction]").count(), 0, "one rating");
  assert.deepEqual([...resident.complaints, ...centre.complaints, ...department.complaints, ...checker.complaints], []);
});

test("an anonymous report stays anonymous, a hidden identity hidden", async () => {
  const resident = await person(browser, server.origin, { device: PHONE });
  const { page } = resident;
  const send = async (text, identity) => {
    await page.goto(`/q/${GRID}`);
    await page.fill("#text", text);
    await page.fill("#phone", "13611112222");
    await page.locator("#identity summary").click();
    await page.locator(`[name=identity][value=${identity}]`).check({ force: true });
    if (identity === "anonymous") assert.equal(await page.locator("#phone").isVisible(), false);
    await Promise.all([page.waitForURL("**/report/done**"), page.click("main form button.primary")]);
    return (await page.locator("#no").innerText()).trim();
  };
  const anonymous = await send("匿名报：夜里施工", "anonymous");
  const hidden = await send("隐去身份报：占道经营", "hidden");
  const worker = await person(browser, server.origin, { device: PHONE, login: "grid001001001" });
  for (const [number, words] of [[anonymous, "匿名报"], [hidden, "隐去身份报"]]) {
    await worker.page.goto("/work/cases?text=" + number);
    await worker.page.locator("#cases a", { hasText: words }).first().click();
    const seen = await worker.page.locator("main").innerText();
    assert.doesNotMatch(seen, /1361|2222/, `${words}: no digit of the phone`);
    assert.equal(await worker.page.locator("form[action$='/contact']").count(), 0);
  }
  const centre = await person(browser, server.origin, { device: DESK, login: "street001.1" });
  // Nobody's cases are found by a phone that was not to be known.
  await centre.page.goto("/desk/cases?text=13611112222");
  assert.doesNotMatch(await centre.page.locator("main").innerText(), new RegExp(`${anonymous}|${hidden}`));
});

test("a resident's pages are light", async () => {
  const { track } = await report(browser, server.origin, "看看页面有多重");
  for (const path of ["/", "/report", "/track", `/g/${GRID}`, track]) {
    const context = await browser.newContext({ ...PHONE, baseURL: server.origin, locale: "zh-CN" });
    const page = await context.newPage();
    const loaded = [];
    page.on("requestfinished", (request) => loaded.push(request));
    await page.goto(path, { waitUntil: "networkidle" });
    let all = 0, script = 0;
    for (const request of loaded) {
      const { responseBodySize } = await request.sizes();
      all += responseBodySize;
      if (/javascript/.test((await request.response()).headers()["content-type"] ?? "")) script += responseBodySize;
    }
    assert.ok(loaded.length > 2, `${path} loads something`);
    assert.ok(script > 1000 && script < 60 * 1024, `${path}: ${script} bytes of script`);
    assert.ok(all < 150 * 1024, `${path}: ${all} bytes in all`);
    await context.close();
  }
});
