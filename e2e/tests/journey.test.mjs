// One case through the hands of everybody: resident, street centre, department, another desk, resident.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { DESK, PHONE, accessible, fitsWidth, launch, person } from "../lib/browser.mjs";
import { act } from "../lib/people.mjs";

let server, browser;
before(async () => {
  server = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

const WORDS = "怡园小区3号楼门口污水井盖破了，晚上看不见，老人差点踩空";

test("a problem is reported, dispatched, solved, verified and rated", async () => {
  // The resident, on a phone, without an account.
  const resident = await person(browser, server.origin, { device: PHONE });
  await resident.page.goto("/");
  await accessible(resident.page, "home");
  await resident.page.click("a[href^='/report']");
  await fitsWidth(resident.page, "report");
  await accessible(resident.page, "report");
  await resident.page.fill("#text", WORDS);
  await resident.page.fill("#phone", "13800138000");
  await resident.page.locator("summary", { hasText: "按社区选" }).click();
  await resident.page.selectOption("#area", { index: 1 });
  await resident.page.fill("#address", "怡园小区3号楼");
  await resident.page.setInputFiles("#photos", {
    name: "cover.png", mimeType: "image/png",
    buffer: Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64"),
  });
  await Promise.all([resident.page.waitForURL("**/report/done**"), resident.page.click("main form button.primary")]);
  await accessible(resident.page, "receipt");
  const number = (await resident.page.locator("main").innerText()).match(/HC\d{8}-\d{6}/)?.[0];
  assert.ok(number, "the receipt shows the number");
  const track = await resident.page.locator("a[href*='/t/']").first().getAttribute("href");
  await resident.page.goto(track);
  await accessible(resident.page, "tracking");

  // The street's centre dispatches it to a department with a joint whistle.
  const centre = await person(browser, server.origin, { device: DESK, login: "street001.1" });
  await centre.page.goto("/desk/triage");
  await accessible(centre.page, "triage");
  await centre.page.locator(".queue a", { hasText: WORDS.slice(0, 10) }).first().click();
  await centre.page.waitForFunction((no) => document.querySelector("main article")?.textContent.includes(no), number);
  await centre.page.locator("#decide input[name=whistle][value=joint]").check({ force: true });
  await centre.page.selectOption("#decide select[name=category]", { index: 1 });
  const housing = centre.page.locator("#decide select[name=lead] option", { hasText: "住" }).first();
  await centre.page.selectOption("#decide select[name=lead]", await housing.getAttribute("value"));
  await Promise.all([centre.page.waitForEvent("load"), centre.page.click("#decide .decide-foot button.primary")]);
  assert.equal(await centre.page.locator(".errors").count(), 0, (await centre.page.locator(".errors").allInnerTexts()).join());

  // The department accepts, calls, goes there and resolves.
  const department = await person(browser, server.origin, { device: DESK, login: "housing" });
  await department.page.goto("/desk/inbox");
  await accessible(department.page, "inbox");
  await department.page.locator("main a", { hasText: WORDS.slice(0, 10) }).first().click();
  await department.page.waitForURL("**/desk/cases/**");
  await accessible(department.page, "case page");
  const place = new URL(department.page.url()).pathname;
  await act(department.page, "accept");
  await act(department.page, "contact", async (form) => {
    await form.locator("[name=reached]").first().check({ force: true });
  });
  await act(department.page, "arrive");
  await act(department.page, "resolve", async (form) => {
    await form.locator("[name=done]").fill("更换井盖并加装防坠网");
    await form.locator("[name=done_by]").fill("市政维护一组");
    await form.locator("[name=extent]").first().check({ force: true });
    await form.locator("[name=reply]").fill("井盖已换好，并装了防坠网，请放心通行。");
    await form.locator("input[type=file]").setInputFiles({
      name: "done.png", mimeType: "image/png",
      buffer: Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64"),
    });
  });

  // Another desk verifies and closes; the one who resolved could not.
  const checker = await person(browser, server.origin, { device: DESK, login: "street001.2" });
  await checker.page.goto(place);
  if (await checker.page.locator("#do-act-start_verification").count()) await act(checker.page, "start_verification");
  await act(checker.page, "close", async (form) => {
    await form.locator("[name=outcome]").first().check({ force: true });
  });

  // The resident reads the answer and rates.
  await resident.page.goto(track);
  assert.match(await resident.page.locator("main").innerText(), /防坠网/);
  await resident.page.locator("form input[name=satisfaction]").first().check({ force: true });
  await Promise.all([
    resident.page.waitForEvent("load"),
    resident.page.locator("form", { has: resident.page.locator("input[value=rate]") }).locator("button.btn").last().click(),
  ]);
  assert.match(await resident.page.locator("main").innerText(), /评价/);
  await accessible(resident.page, "tracking after rating");

  for (const who of [resident, centre, department, checker]) assert.deepEqual(who.complaints, []);
});
