// Every page of every role: axe finds nothing, nothing is wider than the window, each has one h1 and a
// title, and no text falls out of its place; in both languages, normal and large type, phone and desk,
// light, dark and high contrast.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { start } from "../lib/server.mjs";
import { DESK, PHONE, accessible, fingers, fitsWidth, launch, legible, person, uncut, wellMade } from "../lib/browser.mjs";
import { walk } from "../lib/walk.mjs";

let server, browser;
before(async () => {
  server = await start();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  await server?.stop();
});

// Who walks, and from where. What one role's page shows is another page for the next role.
const ROLES = {
  resident: [null, ["/", "/report", "/track", "/q/371002001001001", "/login", "/nowhere"]],
  "grid worker": ["grid001001001", ["/work"]],
  "community secretary": ["community001001", ["/work"]],
  "street centre": ["street001.1", ["/desk", "/wall"]],
  "street leader": ["leader001", ["/desk"]],
  "district centre": ["centre1", ["/desk", "/wall"]],
  department: ["housing", ["/desk"]],
  "department lead": ["housing.lead", ["/desk"]],
  hotline: ["hotline1", ["/desk"]],
  administrator: ["admin", ["/admin"]],
  "security officer": ["security", ["/admin"]],
  auditor: ["auditor", ["/audit"]],
};

// Pages seen by somebody before are looked at once more for the next role, but not in all colours.
const seen = new Set();

async function dress(page, { type, theme, width, height }) {
  await page.setViewportSize({ width, height });
  await page.evaluate(([type, theme]) => {
    document.documentElement.dataset.type = type;
    document.documentElement.dataset.theme = theme;
  }, [type, theme]);
}

const SMALL = { width: PHONE.viewport.width, height: PHONE.viewport.height };
const LARGE = { width: DESK.viewport.width, height: DESK.viewport.height };

async function inspect(page, what, checks) {
  const faults = [];
  for (const [look, dressed, note] of checks) {
    if (dressed) await dress(page, dressed);
    try { await look(page, note ? `${what} (${note})` : what); } catch (error) {
      faults.push(error.message.split("\n").slice(0, 12).join("\n"));
    }
  }
  return faults;
}

// The large type of an old phone, the small one of a phone, both on a desk; then every colour.
const light = { theme: "" };
const WHOLE = [
  [wellMade],
  [fitsWidth, { type: "", ...light, ...SMALL }, "phone"], [uncut],
  [fitsWidth, { type: "", ...light, ...LARGE }, "desk"], [uncut],
  [fitsWidth, { type: "large", ...light, ...LARGE }, "large, desk"],
  [fitsWidth, { type: "large", ...light, ...SMALL }, "large, phone"], [uncut], [fingers],
  [accessible, null, "large, phone"],
  [legible, { type: "large", theme: "dark", ...SMALL }, "dark"],
  [legible, { type: "large", theme: "contrast", ...SMALL }, "high contrast"],
];
const ENGLISH = [
  [wellMade],
  [fitsWidth, { type: "large", ...light, ...SMALL }, "large, phone"], [uncut],
  [fitsWidth, { type: "", ...light, ...LARGE }, "desk"], [uncut],
  [accessible, null, "desk"],
];
// What another role has seen: only what may differ for this one.
const AGAIN = [[wellMade], [fitsWidth, { type: "large", ...light, ...SMALL }, "large, phone"]];

const unseen = (what) => !seen.has(what) && seen.add(what);

for (const [role, [login, starts]] of Object.entries(ROLES)) {
  test(`every page of a ${role}`, async () => {
    const faults = [];
    const who = await person(browser, server.origin, { device: DESK, login });
    const kinds = await walk(who, server.origin, starts, async (page, what) => {
      const first = unseen(what);
      const checks = first ? WHOLE : what.includes("{id}") ? [...AGAIN, [accessible]] : AGAIN;
      faults.push(...await inspect(page, what, checks));
    }, { expected: ["/nowhere"] });
    assert.ok(kinds.size >= starts.length, `${role} reaches pages`);
    faults.push(...who.complaints);
    await who.context.close();

    const english = await person(browser, server.origin, { device: DESK, login, language: "en" });
    for (const [what, href] of kinds) {
      if (!unseen(`en ${what}`)) continue;
      await english.page.goto(href);
      faults.push(...await inspect(english.page, `en ${what}`, ENGLISH));
    }
    faults.push(...english.complaints.map((c) => `en: ${c}`));
    await english.context.close();
    assert.deepEqual(faults, []);
  });
}
