// The key of what lies on the phone. The server gives it to whoever is logged in, the same for this account and this
// phone each time; here it is kept in a form that cannot be read out, and it is dropped at log-out, when the
// server refuses, and when nobody has been in touch for days.
import { all, get, write, type Sealed } from "./db";

interface Held {
  key: CryptoKey;
  owner: string;
  /** Last in touch with the server. */
  seen: number;
}
/** A phone that is lost without signal closes by itself. */
const DAYS = 3;
let held: Held | undefined;

export const owner = (): string => held?.owner ?? "";
export const usable = (): boolean => typeof crypto.subtle === "object" && typeof indexedDB === "object";

export async function unlock(): Promise<boolean> {
  held = await get<Held>("meta", "key");
  if (held && Date.now() - held.seen > DAYS * 86_400_000) await lock();
  return held !== undefined;
}

/** Nothing opens any more; what waits to be sent and what is half written stays, sealed. Where there is none of it,
 * nothing stays at all. */
export async function lock(): Promise<void> {
  held = undefined;
  const [waits, begun] = await Promise.all([all("queue"), all("drafts")]);
  const bare = waits.length === 0 && begun.length === 0;
  await write(["meta", "sealed", "photos"], (of) => {
    of("meta").delete("key");
    of("sealed").clear();
    if (!bare) return;
    of("meta").clear();
    of("photos").clear();
  });
}

async function device(): Promise<string> {
  const known = await get<string>("meta", "device");
  if (known) return known;
  const made = crypto.randomUUID();
  await write(["meta"], (of) => of("meta").put(made, "device"));
  return made;
}

/** Asks for the key; answers the status, 0 without signal. */
export async function fetchKey(): Promise<number> {
  let answer: Response;
  try {
    const body = JSON.stringify({ device: await device() });
    answer = await fetch("/api/v1/offline/key", { method: "POST", body, headers: { "content-type": "application/json" } });
  } catch {
    return 0;
  }
  if (answer.status === 401 || answer.status === 403) await lock();
  if (!answer.ok) return answer.status;
  const told = (await answer.json()) as { key: string; owner: string };
  const bytes = Uint8Array.from(atob(told.key), (c) => c.charCodeAt(0));
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  bytes.fill(0);
  const other = (await get<Held>("meta", "key"))?.owner;
  held = { key, owner: told.owner, seen: Date.now() };
  await write(["meta", "sealed"], (of) => {
    // Somebody else was here before: their list goes, what they have not sent stays shut.
    if (other !== undefined && other !== told.owner) of("sealed").clear();
    of("meta").put(held, "key");
  });
  return answer.status;
}

export async function touch(): Promise<void> {
  if (!held) return;
  held = { ...held, seen: Date.now() };
  const now = held;
  await write(["meta"], (of) => of("meta").put(now, "key"));
}

export async function sealBytes(data: BufferSource): Promise<Sealed> {
  if (!held) throw new Error("locked");
  const iv = crypto.getRandomValues(new Uint8Array(12));
  return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, held.key, data) };
}
export async function openBytes(sealed: Sealed): Promise<ArrayBuffer> {
  if (!held) throw new Error("locked");
  return crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv }, held.key, sealed.data);
}
export const seal = (value: unknown): Promise<Sealed> => sealBytes(new TextEncoder().encode(JSON.stringify(value)));
export const open = async <T>(sealed: Sealed): Promise<T> => JSON.parse(new TextDecoder().decode(await openBytes(sealed))) as T;
