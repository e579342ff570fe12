// Nothing acknowledged is lost: reports come in from several clients while the server is killed hard
// and started again; what was answered is there exactly once, the log is whole, the outbox drains, and
// another system has heard of each at least once, with one number by which it shows it once.
import { after, before, test } from "node:test";
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { demo, run, start } from "../lib/server.mjs";

const CLIENTS = 6;
const KILLS = 5;
const PASSWORD = "linli-demo-2026";
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The other system: it answers, and it breaks off now and then, as receivers do.
const catcher = { heard: [], url: "" };
let listener;
before(async () => {
  let count = 0;
  listener = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => { body += piece; });
    request.on("end", () => {
      const message = JSON.parse(body);
      assert.equal(request.headers["x-linli-delivery"], message.id);
      catcher.heard.push(message);
      count += 1;
      // Heard, and the sender does not learn it.
      if (count % 25 === 0) return response.destroy();
      return response.writeHead(count % 40 === 0 ? 503 : 204).end();
    });
  });
  await new Promise((resolve) => listener.listen(0, "127.0.0.1", resolve));
  catcher.url = `http://127.0.0.1:${listener.address().port}/hook`;
});
after(() => listener.close());

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

// As the hotline's own system does it: the same number again until there is an answer.
async function push(origin, key, number, words) {
  const answer = await fetch(`${origin}/api/v1/hotline/cases`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ number, text: words, address: "怡园小区" }),
  });
  const body = await answer.text();
  assert.ok([200, 201].includes(answer.status), `push answered ${answer.status} ${body}`);
  return JSON.parse(body).case;
}

async function logIn(origin, login) {
  const answer = await fetch(`${origin}/login`, {
    method: "POST", redirect: "manual", body: new URLSearchParams({ login, password: PASSWORD }),
  });
  assert.equal(answer.status, 303, `${login} comes in`);
  return answer.headers.getSetCookie().map((c) => c.split(";")[0]).join("; ");
}

// The other system's address for news, and its key to tell us things; answers the key.
async function subscribe(origin) {
  const headers = { cookie: await logIn(origin, "security") };
  const hook = new URLSearchParams({ name: "市热线平台", url: catcher.url, sources: "hotline" });
  const hooked = await fetch(`${origin}/admin/webhooks`, { method: "POST", body: hook, headers });
  assert.equal(hooked.status, 201, await hooked.text());
  const until = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const form = new URLSearchParams({ name: "市热线平台", area: "371002", until, scopes: "hotline.push" });
  const made = await fetch(`${origin}/admin/api-keys`, { method: "POST", body: form, headers });
  const page = await made.text();
  return page.match(/lk_[0-9A-Za-z]+_[0-9A-Za-z_-]+/)?.[0] ?? assert.fail(`no key: ${made.status} ${page}`);
}

async function everythingCarriedOut(origin) {
  for (let tries = 0; tries < 600; tries += 1) {
    const page = await (await fetch(`${origin}/metrics`)).text();
    const waiting = Number(page.match(/^outbox_waiting\{.*\} (\d+)/m)[1]);
    assert.match(page, /^outbox_failed\{.*\} 0$/m, "nothing was set aside");
    // The periodic jobs are always in it.
    if (waiting <= PERIODIC && tries > 10) return;
    await pause(200);
  }
  assert.fail("the outbox does not drain");
}
let PERIODIC = 0;

// Until the other system has heard of each of them. Leases of the killed processes run for a minute, and among the jobs
// that wait for their day (an agenda, say) one that waits for its lease is not noticed.
async function told(numbers) {
  const missing = () => numbers.filter((number) => !catcher.heard.some((message) => message.case === number));
  for (let tries = 0; tries < 600 && missing().length > 0; tries += 1) await pause(200);
}

async function killedAgainAndAgain(folder, env) {
  catcher.heard = [];
  let server = await start({ folder, env });
  // A run that fails does not speak into the next one.
  after(() => server.kill());
  const idle = await (await fetch(`${server.origin}/metrics`)).text();
  PERIODIC = Number(idle.match(/^outbox_waiting\{.*\} (\d+)/m)[1]);
  const apiKey = await subscribe(server.origin);
  let stop = false;
  const acknowledged = [];
  const pushed = [];
  const clients = Array.from({ length: CLIENTS }, async (_, c) => {
    for (let n = 0; !stop; n += 1) {
      const key = `kill-test-${c}-${n}-0123456789`;
      const words = `第${c}位居民第${n}次反映路灯不亮编号Z${c}X${n}Y`;
      // Like a phone without signal: the same key again until there is an answer.
      for (let tries = 0; !stop || tries > 0; tries += 1) {
        try {
          if (c % 2 === 0) {
            pushed.push(await push(server.origin, apiKey, `12345-${c}-${n}`, words));
          } else {
            const status = await send(server.origin, key, words);
            assert.equal(status, 303, `report answered ${status}`);
          }
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
    server = await start({ folder, env });
  }
  await pause(700);
  stop = true;
  await Promise.all(clients);
  assert.ok(acknowledged.length >= CLIENTS * KILLS, `only ${acknowledged.length} reports came through`);
  await everythingCarriedOut(server.origin);
  await told(pushed);

  // Each acknowledged report is found exactly once.
  const cookie = await logIn(server.origin, "centre1");
  for (const mark of acknowledged) {
    const page = await (await fetch(`${server.origin}/desk/cases?text=${mark}`, { headers: { cookie } })).text();
    assert.ok(page.includes(`编号${mark}`), `${mark} is lost`);
    const rows = new Set(page.match(/\/desk\/cases\/[0-9a-f-]{36}/g) ?? []);
    assert.equal(rows.size, 1, `${mark} is there ${rows.size} times`);
  }
  // The other system heard of each of its own, at least once; however often a message came, it has one
  // id, so that whoever keeps it by its id shows it once.
  assert.equal(new Set(pushed).size, pushed.length, "each number is a case of its own");
  assert.ok(pushed.length >= KILLS * 2, `only ${pushed.length} came from the hotline`);
  for (const number of pushed) {
    const messages = catcher.heard.filter((message) => message.case === number);
    assert.ok(messages.length >= 1, `nobody told the other system of ${number}`);
    const ids = new Set(messages.map((m) => m.id));
    const news = new Set(messages.map((m) => m.sequence));
    assert.equal(ids.size, news.size, `${number} was told as ${ids.size} messages of ${news.size} changes`);
  }
  assert.ok(catcher.heard.length > new Set(catcher.heard.map((m) => m.id)).size, "some came again, as they should");
  await server.stop();
  assert.match(run(["audit", "verify"], folder, env), /0 waiting/);
}

function place(name) {
  const folder = mkdtempSync(path.join(tmpdir(), `linli-kill-${name}-`));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test("killed again and again, nothing acknowledged is lost or doubled: SQLite", async () => {
  const folder = place("sqlite");
  cpSync(demo(), folder, { recursive: true });
  await killedAgainAndAgain(folder, {});
});

const postgres = process.env.LINLI_TEST_POSTGRES;
const without = postgres ? false : "NO PostgreSQL: LINLI_TEST_POSTGRES is not set (scripts/with-postgres sets it)";
test("killed again and again, nothing acknowledged is lost or doubled: PostgreSQL", { skip: without }, async () => {
  const folder = place("postgres");
  const env = { LINLI_DATABASE: `${postgres}?schema=kill_${process.pid}` };
  run(["demo", "--scale", "0.005"], folder, env);
  await killedAgainAndAgain(folder, env);
});
