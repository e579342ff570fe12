// A minute of real use: keys, drafts, double submit, preferences, photo, live update without losing text.
import { chromium } from "playwright-core";
import assert from "node:assert/strict";
import { serve } from "./proto.mjs";

const { port, close } = await serve();
const base = `http://127.0.0.1:${port}`;
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox", "--disable-background-networking", "--disable-gpu"] });
const page = await browser.newPage();
const complaints = [];
page.on("pageerror", (e) => complaints.push(String(e)));
page.on("console", (m) => m.type() === "error" && complaints.push(m.text()));

await page.goto(`${base}/triage`);
await page.keyboard.press("j");
assert.match(await page.evaluate(() => document.activeElement.textContent), /电动车/);
await page.keyboard.press("3");
assert.equal(await page.evaluate(() => document.querySelector("[name=level]:checked").value), "3");
await page.keyboard.press("?");
assert.ok(await page.$("dialog#keys[open]"));
await page.keyboard.press("Escape");
await page.fill("#note", "请二中队下午到");
await page.keyboard.type("场");
await page.keyboard.press("j");
assert.equal(await page.inputValue("#note"), "请二中队下午到场j", "keys write while someone writes");
await page.keyboard.press("Backspace");
await page.waitForTimeout(400);
assert.match(await page.inputValue("#decide [data-once]"), /^[0-9a-f-]{36}$/);
// A live update of the decision pane must not touch the half-written note.
await page.evaluate(async () => {
  const copy = document.querySelector(".decide").cloneNode(true);
  copy.querySelector("#note").textContent = "";
  await window.htmx.swap({ target: ".decide", swap: "outerMorph", text: copy.outerHTML, sourceElement: document.body });
});
await page.waitForTimeout(400);
assert.equal(await page.inputValue("#note"), "请二中队下午到场");

await page.reload();
assert.equal(await page.inputValue("#note"), "请二中队下午到场", "the draft came back");

await page.goto(`${base}/resident-home`);
await page.click("details.menu summary");
await page.click('button[name="type"][value="large"]');
assert.equal(await page.getAttribute("html", "data-type"), "large");
assert.match(await page.evaluate(() => document.cookie), /ui_type=large/);

await page.goto(`${base}/report`);
const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
await page.setInputFiles("#photos", { name: "a.png", mimeType: "image/png", buffer: png });
await page.waitForSelector("#photos-preview img");
assert.equal(await page.evaluate(() => document.querySelector("#photos").files[0].type), "image/jpeg");
await page.fill("#text", "路灯不亮");
await page.evaluate(() => document.querySelector("#report").addEventListener("submit", (e) => e.preventDefault()));
await page.click("#report button.primary");
await page.waitForSelector("#report[data-busy]");
assert.match(await page.textContent("#report .actions button"), /正在发送/);

await page.goto(`${base}/report-errors`);
assert.equal(await page.evaluate(() => document.activeElement.id), "text", "the first wrong field has the cursor");
assert.deepEqual(complaints, []);
await browser.close();
close();
console.log("smoke: all well");
process.exit(0);
