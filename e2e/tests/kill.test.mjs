// Nothing acknowledged is lost: reports come in from several clients while the server is killed hard
// and started again; what was answered is there exactly once, the log is whole, the outbox drains.
import { after, test } from "node:test";
import assert from "node:assert/strict";
import { rmSync } from "node:fs";
import { mkdtempSync, cpSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { demo, run, start } from "../lib/server.mjs";

const CLIENTS = 6;
const KILLS = 5;
const folder = mkdtempSync(path.join(tmpdir(), "linli-kill-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function send(origin, key, words) {
  const form = new FormData();
  form.set("idempotency_key", key);
  form.set("text", words);
  form.set("address", "怡园小区");
  const headers = { "x-forwarded-for": `10.0.${words.length}.${Math.floor(Math.random() * 250)}` };
  const answer = await fetch(`${origin}/report`, { method: "POST", body: form, headers, redirect: "manual" });
  await answer.arrayBuffer();
  return answer.status;
}

test("killed again and again, nothing acknowledged is lost or doubled", async () => {
  cpSync(demo(), folder, { recursive: true });
  let server = await start({ folder });
  let stop = false;
  const acknowledged = [];
  const clients = Array.from({ length: CLIENTS }, async (_, c) => {
    for (let n = 0; !stop; n += 1) {
      const key = `kill-test-${c}-${n}-0123456789`;
      const words = `第${c}位居民第${n}次反映路灯不亮编号Z${c}X${n}Y`;
      // Like a phone without signal: the same key again until there is an answer.
      for (let tries = 0; !stop || tries > 0; tries += 1) {
        try {
          const status = await send(server.origin, key, words);
          assert.equal(status, 303, `report answered ${status}`);
          acknowledged.push(`Z${c}X${n}Y`);
          break;
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          if (tries > 600) throw error;
          await pause(50);
        }
      }
    }
  });
  for (let kill = 0; kill < KILLS; kill += 1) {
    await pause(700 + 150 * kill);
    await server.kill();
    server = await start({ folder });
  }
  await pause(700);
  stop = true;
  await Promise.all(clients);
  assert.ok(acknowledged.length >= CLIENTS * KILLS, `only ${acknowledged.length} reports came through`);

  // The outbox drains and nothing was set aside.
  let depth;
  for (let tries = 0; tries < 100; tries += 1) {
    const ready = await (await fetch(`${server.origin}/readyz`)).json();
    depth = ready.districts.huancui;
    if (depth.outbox_failed === 0 && tries > 5) break;
    await pause(200);
  }
  assert.equal(depth.outbox_failed, 0);

  // Each acknowledged report is found exactly once.
  const login = await fetch(`${server.origin}/login`, {
    method: "POST", redirect: "manual", body: new URLSearchParams({ login: "centre1", password: "linli-demo-2026" }),
  });
  const cookie = login.headers.getSetCookie().map((c) => c.split(";")[0]).join("; ");
  for (const mark of acknowledged) {
    const page = await (await fetch(`${server.origin}/desk/cases?text=${mark}`, { headers: { cookie } })).text();
    const found = page.match(new RegExp(`编号${mark}`, "g")) ?? [];
    const rows = new Set(page.match(/\/desk\/cases\/[0-9a-f-]{36}/g) ?? []);
    assert.ok(found.length >= 1, `${mark} is lost`);
    assert.equal(rows.size, 1, `${mark} is there ${rows.size} times`);
  }
  await server.stop();
  assert.match(run(["audit", "verify"], folder), /0 waiting/);
});
