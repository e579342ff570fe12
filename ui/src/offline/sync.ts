// Sends what waits, in order for each home, and fetches the list anew. Safe to be killed at any point: whatever was
// sent and not heard of is sent again under the same id and answered as before.
import { queue, keep, photo, remove, setState, stored, type Waiting } from "./queue";
import { fetchKey, lock, owner, touch, unlock } from "./vault";
import type { Answer, Home, Pack } from "./model";

export type Link = "online" | "offline" | "sending" | "locked";
let link: Link = navigator.onLine ? "online" : "offline";
const hearers: ((link: Link, changed: boolean) => void)[] = [];
export const state = (): Link => link;
export const onChange = (hear: (link: Link, changed: boolean) => void) => void hearers.push(hear);
function say(now: Link, changed = false) {
  link = now;
  for (const hear of hearers) hear(now, changed);
}

class Stop extends Error {}
async function call(path: string, options: RequestInit = {}): Promise<Response> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...options, headers: { accept: "application/json", ...options.headers } });
  } catch {
    say("offline");
    throw new Stop("offline");
  }
  if (answer.status === 401 || answer.status === 403) {
    await lock();
    say("locked", true);
    throw new Stop("locked");
  }
  // Busy or broken: nothing was decided, it is tried again.
  if (answer.status === 429 || answer.status >= 500) throw new Stop(String(answer.status));
  return answer;
}
const json = (body: unknown, more: Record<string, string> = {}): RequestInit => ({
  method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json", ...more },
});

/** Photos first. One that the server refuses makes its entry one to be corrected. */
async function photos(item: Waiting): Promise<boolean> {
  for (const id of item.entry?.photos ?? []) {
    const file = await photo(id);
    if (!file) continue;
    const form = new FormData();
    form.append("photo", file, `${id}.jpg`);
    const answer = await call(`/api/v1/offline/photos/${id}`, { method: "POST", body: form });
    if (!answer.ok) {
      const told = (await answer.json().catch(() => ({}))) as { title?: string };
      await setState(item, "refused", { outcome: "refused", errors: [{ field: "photos", message: told.title ?? "" }] });
      return false;
    }
  }
  return true;
}

async function settle(item: Waiting, answer: Answer): Promise<Home | undefined> {
  switch (answer.outcome) {
    case "done":
    case "settled":
      await remove(item);
      break;
    case "conflict":
    case "refused":
    case "gone":
      await setState(item, answer.outcome, answer);
      break;
    case "waits":
      break;
  }
  return answer.home;
}

const BATCH = 20;
async function send(): Promise<boolean> {
  let changed = false;
  const stopped = new Set<string>();
  const ready: Waiting[] = [];
  for (const item of await queue()) {
    if (item.act) {
      changed = (await sendAct(item)) || changed;
      continue;
    }
    const home = item.entry!.dwelling;
    if (item.state !== "waiting") stopped.add(home);
    else if (!stopped.has(home)) {
      if (await photos(item)) ready.push(item);
      else stopped.add(home), (changed = true);
    }
  }
  for (let from = 0; from < ready.length; from += BATCH) {
    const some = ready.slice(from, from + BATCH);
    const answer = await call("/api/v1/offline/entries", json({ entries: some.map((x) => x.entry) }));
    if (!answer.ok) throw new Stop(String(answer.status));
    const { answers } = (await answer.json()) as { answers: Answer[] };
    const homes: Home[] = [];
    for (const told of answers) {
      const item = some.find((x) => x.id === told.id);
      const home = item && (await settle(item, told));
      if (home) homes.push(home);
      changed = changed || told.outcome !== "waits";
    }
    await renew(homes);
  }
  return changed;
}

async function sendAct(item: Waiting): Promise<boolean> {
  if (item.state !== "waiting") return false;
  const act = item.act!;
  const path = `/api/v1/cases/${act.case}/actions/note`;
  const answer = await call(path, json({ text: act.text }, { "idempotency-key": act.id }));
  if (answer.ok) await remove(item);
  else {
    const told = (await answer.json().catch(() => ({}))) as { title?: string };
    const outcome = answer.status === 404 ? "gone" : "refused";
    await setState(item, outcome, { outcome, errors: [{ field: "", message: told.title ?? "" }] });
  }
  return true;
}

/** Puts homes as the server has them now into the list. */
async function renew(homes: Home[]): Promise<void> {
  const here = await stored();
  if (!here || homes.length === 0) return;
  const news = new Map(homes.map((h) => [h.id, h]));
  here.pack.homes = here.pack.homes.map((h) => news.get(h.id) ?? h);
  here.etag = "";
  await keep(here);
}

async function fetchPack(): Promise<boolean> {
  const here = await stored();
  const answer = await call("/api/v1/offline/pack", { headers: here?.etag ? { "if-none-match": here.etag } : {} });
  if (answer.status === 304 && here) {
    await keep({ ...here, at: new Date().toISOString() });
    return false;
  }
  if (!answer.ok) throw new Stop(String(answer.status));
  const pack = (await answer.json()) as Pack;
  await keep({ pack, etag: answer.headers.get("etag") ?? "", at: new Date().toISOString(), seen: here?.seen ?? {} });
  return true;
}

async function round(): Promise<void> {
  const told = await fetchKey();
  if (told === 0) return say("offline");
  if (!owner()) return say("locked", true);
  if (told >= 400) return say("online");
  say("sending");
  let changed = false;
  try {
    changed = await send();
    changed = (await fetchPack()) || changed;
    await touch();
    say("online", changed);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    if (link === "sending") say("online", changed);
    else if (changed) say(link, true);
  }
}

let running: Promise<void> | undefined;
let wanted = false;
/** One at a time in this tab, and over all tabs; asked for meanwhile, it is done once more. */
export function sync(): Promise<void> {
  wanted = true;
  running ??= (async () => {
    try {
      while (wanted) {
        wanted = false;
        await navigator.locks.request("linli-offline", round);
      }
    } finally {
      running = undefined;
    }
  })();
  return running;
}

export async function begin(): Promise<void> {
  if (!(await unlock())) say(navigator.onLine ? "online" : "offline");
  addEventListener("online", () => void sync());
  addEventListener("offline", () => say("offline"));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void sync());
  setInterval(() => document.visibilityState === "visible" && void sync(), 30_000);
}
