// Takes the pictures of the README and of the guide from a demo district: scripts/shots [name…]
import { mkdirSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { start } from "./lib/server.mjs";
import { DESK, PHONE, launch, person } from "./lib/browser.mjs";
import { GRID, PICTURE, act, dispatch, open, report } from "./lib/people.mjs";

const OUT = path.join(path.dirname(fileURLToPath(import.meta.url)), "..", "docs", "img");
const MOST = 150 * 1024;
const only = process.argv.slice(2);

mkdirSync(OUT, { recursive: true });
const server = await start({ scale: "0.02" });
const browser = await launch();

async function shot(page, name) {
  // A page with live updates is never idle.
  await page.waitForLoadState("networkidle", { timeout: 3_000 }).catch(() => {});
  if (await page.locator("[data-map]:visible, [data-chart]:visible").count()) await page.waitForTimeout(2500);
  const client = await page.context().newCDPSession(page);
  const { data } = await client.send("Page.captureScreenshot", { format: "webp", quality: 78 });
  await client.detach();
  const file = path.join(OUT, `${name}.webp`);
  writeFileSync(file, Buffer.from(data, "base64"));
  const { size } = statSync(file);
  console.log(`${name.padEnd(24)} ${(size / 1024).toFixed(0).padStart(4)} kB`);
  if (size > MOST) throw new Error(`${name} is over ${MOST} bytes`);
}

const phone = { ...PHONE, deviceScaleFactor: 1.5 };
// Each: who (a log-in or nobody), on what, and the pictures by name.
async function pictures(who, device, shots, language) {
  const wanted = shots.filter(([name]) => only.length === 0 || only.includes(name));
  if (wanted.length === 0) return;
  const { page, context } = await person(browser, server.origin, { device, login: who, language });
  for (const [name, go] of wanted) {
    if (typeof go === "string") await page.goto(go);
    else await go(page);
    await shot(page, name);
  }
  await context.close();
}

// Something fresh to show: a case that waits, one that is in a department's hands.
const waiting = await report(browser, server.origin, "怡园小区3号楼门口污水井盖破了，晚上看不见，老人差点踩空", { phone: "13800138000" });
const taken = await report(browser, server.origin, "供热管道漏水，暖气不热两天了，家里有老人", { phone: "13900139000" });
const street = await person(browser, server.origin, { login: "street001.1" });
await open(street.page, taken.number);
const takenId = new URL(street.page.url()).pathname.split("/").pop();
await street.page.goto(`/desk/triage?case=${takenId}`);
await dispatch(street.page, "区住建局");
await street.context.close();
const housing = await person(browser, server.origin, { login: "housing" });
await open(housing.page, taken.number);
await act(housing.page, "accept");
await act(housing.page, "request_extension", async (form) => {
  await form.locator("[name=days]").fill("3");
  await form.locator("[name=reason]").fill("要等供热公司停水后焊接，已通知住户");
});
await housing.context.close();

const caseOf = (words) => async (page) => {
  await page.goto("/work/cases");
  await page.locator("#cases a", { hasText: words }).first().click();
  await page.waitForURL(/\/work\/cases\/[0-9a-f]/);
};
const triage = async (page) => {
  await page.goto("/desk/triage");
  await page.locator("#queue a", { hasText: "井盖" }).first().click();
  await page.waitForURL("**case=**");
};

await pictures(undefined, phone, [
  ["resident-home", async (page) => { await page.goto(`/g/${GRID}`); await page.goto("/"); }],
  ["resident-report", async (page) => {
    await page.goto(`/q/${GRID}`);
    await page.fill("#text", "5 号楼门口井盖裂了，晚上容易绊倒人");
    await page.setInputFiles("#photos", PICTURE);
  }],
  ["resident-track", waiting.track],
  ["resident-large", async (page) => {
    await page.goto("/");
    await page.locator("summary.btn").first().click();
    await page.locator("button[name=type][value=large]").click();
    await page.waitForTimeout(300);
    await page.goto("/");
  }],
]);
await pictures(undefined, DESK, [["resident-board", `/g/${GRID}`]]);
await pictures("grid001001001", phone, [
  ["worker-today", "/work"],
  ["worker-case", caseOf("井盖")],
  ["worker-report", "/work/report"],
]);
await pictures("community001001", phone, [["secretary-case", caseOf("井盖")], ["secretary-grids", "/work/grid"]]);
await pictures("street001.1", DESK, [
  ["street-triage", triage],
  ["street-clocks", "/desk/clocks"],
  ["street-returns", "/desk/returns"],
  ["street-list", "/desk/cases?open=yes&whistle=joint"],
]);
await pictures("street001.1", DESK, [["triage-english", triage]], "en");
await pictures("centre1", DESK, [["district-overview", "/desk/overview"], ["district-wall", "/wall"]]);
await pictures("housing", DESK, [
  ["department-inbox", "/desk/inbox"],
  ["department-case", (page) => open(page, taken.number)],
]);
await pictures("hotline1", DESK, [["hotline-import", "/desk/hotline"], ["hotline-followups", "/desk/followups"]]);
await pictures("admin", DESK, [
  ["admin-accounts", "/admin/accounts"],
  ["admin-clock-rules", "/admin/clock-rules"],
  ["admin-duties", "/admin/duties"],
]);
await pictures("security", DESK, [
  ["security-account", async (page) => {
    await page.goto("/admin/accounts");
    await page.locator("tbody a").first().click();
    await page.waitForLoadState();
  }],
]);
await pictures("auditor", DESK, [["auditor-log", "/audit"]]);

await browser.close();
await server.stop();
