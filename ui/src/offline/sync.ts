// Sends what waits, in order for each home, and fetches the list anew. Safe to be killed at any point: whatever was
// sent and not heard of is sent again under the same id and answered as before.
import { queue, keep, photo, remove, setState, stored, type Waiting } from "./queue";
import { fetchKey, lock, owner, touch, unlock } from "./vault";
import * as forms from "./forms";
import { owed, tell } from "./leave";
import type { Answer, Home, Pack } from "./model";

export type Link = "online" | "offline" | "sending" | "locked";
// Whether the list is the newest and nothing waits is known when the first round is over.
let link: Link = navigator.onLine ? "sending" : "offline";
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
  // Notes and forms go after the visits: one that the server cannot take just now holds none of those up.
  const others: Waiting[] = [];
  for (const item of await queue()) {
    if (item.act || item.form) {
      others.push(item);
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
  for (const item of others) changed = (await (item.act ? sendAct(item) : sendForm(item))) || changed;
  return changed;
}

async function sendAct(item: Waiting): Promise<boolean> {
  if (item.state !== "waiting") return false;
  const act = item.act!;
  const path = `/api/v1/cases/${act.case}/actions/note`;
  const answer = await call(path, json({ text: act.text }, { "idempotency-key": act.id }));
  await (answer.ok ? remove(item) : refused(item, answer));
  return true;
}

/** What the server said about it, field by field where it did. */
async function refused(item: Waiting, answer: Response): Promise<void> {
  type Told = { title?: string; errors?: { field: string; message: string }[] };
  const told = (await answer.json().catch(() => ({}))) as Told;
  const outcome = answer.status === 404 ? "gone" : "refused";
  await setState(item, outcome, { outcome, errors: told.errors?.length ? told.errors : [{ field: "", message: told.title ?? "" }] });
}

/** Photos go ahead; the words that they get stand for them. Sent again, all of it is known. */
async function sendForm(item: Waiting): Promise<boolean> {
  if (item.state !== "waiting") return false;
  const { id, survey, version, dwelling, visit, answers, photos: names } = item.form!;
  const words: string[] = [];
  for (const name of names) {
    const file = await photo(name);
    if (!file) continue;
    const body = new FormData();
    body.append("photo", file, `${name}.jpg`);
    const answer = await call(`/surveys/${survey}/photos.json`, { method: "POST", body });
    if (!answer.ok) return refused(item, answer).then(() => true);
    words.push(((await answer.json()) as { word: string }).word);
  }
  const sent = { version, instance: `uuid:${id}`, home: dwelling, visit, answers, photos: words };
  const answer = await call(`/surveys/${survey}/answers.json`, json(sent));
  await (answer.ok ? remove(item) : refused(item, answer));
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

/** A worker without forms, or without the right to fill any in, has a list all the same. */
async function fetchForms(): Promise<boolean> {
  const here = await forms.stored();
  const answer = await fetch("/surveys/forms.json", { headers: { accept: "application/json", ...(here.etag ? { "if-none-match": here.etag } : {}) } }).catch(() => undefined);
  if (!answer?.ok) return false;
  await forms.keep({ forms: (await answer.json()) as forms.Asked[], etag: answer.headers.get("etag") ?? "" });
  return true;
}

async function round(): Promise<void> {
  // Whoever logged out without signal is not let in again by a session that has not ended yet.
  if (owed() && !(await tell())) return say("offline", true);
  const told = await fetchKey();
  if (told === 0) return say("offline");
  if (!owner()) return say("locked", true);
  if (told >= 400) return say("online");
  say("sending");
  let changed = false;
  try {
    changed = await send();
    changed = (await fetchPack()) || changed;
    changed = (await fetchForms()) || changed;
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
  await unlock();
  addEventListener("online", () => void sync());
  addEventListener("offline", () => say("offline"));
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void sync());
  setInterval(() => document.visibilityState === "visible" && void sync(), 30_000);
}
