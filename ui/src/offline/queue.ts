// The list of homes, and what waits to be sent: written to disk before anybody is told that it is saved.
import { all, get, write, type Kind, type OwnedRow, type QueueRow } from "./db";
import { after, type Entry, type FilledIn, type Home, type Item, type Pack, type Says, type Stored } from "./model";
import { open, openBytes, owner, seal, sealBytes } from "./vault";

export interface Waiting extends Item { n: number; id: string; kind: Kind }
export interface Draft { says: Says; note: string; photos: string[]; at: string }
export interface FormDraft { version: string; answers: unknown; photos: string[] }
export const formKey = (survey: string, dwelling: string) => `form:${survey}:${dwelling}`;

export async function stored(): Promise<Stored | undefined> {
  const row = await get<OwnedRow>("sealed", "pack");
  return row && row.owner === owner() ? open<Stored>(row) : undefined;
}
export async function keep(value: Stored): Promise<void> {
  const row: OwnedRow = { id: "pack", owner: owner(), ...(await seal(value)) };
  await write(["sealed"], (of) => of("sealed").put(row));
}

export async function queue(): Promise<Waiting[]> {
  const rows = (await all<QueueRow>("queue")).filter((row) => row.owner === owner());
  return Promise.all(rows.map(async (row) => ({ ...(await open<Item>(row)), n: row.n!, id: row.id, kind: row.kind })));
}

/** How many wait, of whoever it is; looks are sent along and not counted. */
export async function count(): Promise<number> {
  return (await all<QueueRow>("queue")).filter((row) => row.kind !== "seen" && row.owner === owner()).length;
}

export async function put(id: string, kind: Kind, item: Item, n?: number): Promise<void> {
  const row: QueueRow = { id, kind, owner: owner(), ...(await seal(item)) };
  if (n !== undefined) row.n = n;
  await write(["queue", "drafts"], (of) => {
    of("queue").put(row);
    // What was being written has become this entry, in the same stroke.
    if (n !== undefined) return;
    if (item.entry && item.entry.act !== "seen") of("drafts").delete(item.entry.dwelling);
    if (item.form) of("drafts").delete(formKey(item.form.survey, item.form.dwelling));
  });
}

/** Takes away what has come up, or is not wanted; with its photos, unless another still needs them. */
export async function remove(item: Waiting, keepPhotos = false): Promise<void> {
  const next = (await queue()).filter((x) => x.entry?.after === item.id);
  for (const x of next) if (item.state !== "waiting") await put(x.id, x.kind, { ...bare(x), entry: { ...x.entry!, after: item.entry?.after } }, x.n);
  await write(["queue", "photos"], (of) => {
    of("queue").delete(item.n);
    if (!keepPhotos) for (const id of item.entry?.photos ?? item.form?.photos ?? []) of("photos").delete(id);
  });
}
/** What the worker chose, in the place of the entry that was in conflict; what comes after that one comes after this. */
export async function settle(item: Waiting, chosen: Entry, home: Home): Promise<void> {
  const next = (await queue()).filter((x) => x.entry?.after === item.id);
  await put(chosen.id, "visit", { state: "waiting", entry: chosen, home }, item.n);
  for (const x of next) await put(x.id, x.kind, { ...bare(x), entry: { ...x.entry!, after: chosen.id } }, x.n);
}
const bare = ({ state, entry, act, form, home, answer }: Waiting): Item => ({ state, entry, act, form, home, answer });
export const setState = (x: Waiting, state: Item["state"], answer?: Item["answer"]) => put(x.id, x.kind, { ...bare(x), state, answer }, x.n);

/** The pack with what waits already in it: the worker sees their own word at once. */
export function overlaid(pack: Pack, waiting: Waiting[]): Map<string, Home> {
  const homes = new Map(pack.homes.map((h) => [h.id, h]));
  for (const { entry, state } of waiting) {
    const home = entry && homes.get(entry.dwelling);
    if (home && state === "waiting") homes.set(home.id, after(home, entry));
  }
  return homes;
}

/** The entry of this home that must stand before the next one. */
export function last(waiting: Waiting[], dwelling: string): string | undefined {
  return waiting.filter((x) => x.entry?.dwelling === dwelling && x.kind === "visit").at(-1)?.id;
}

/** What was not finished, of a visit or of a form. */
async function begun<T>(id: string): Promise<T | undefined> {
  const row = await get<OwnedRow>("drafts", id);
  return row && row.owner === owner() ? open<T>(row) : undefined;
}
export const draft = (dwelling: string) => begun<Draft>(dwelling);
export const formDraft = (survey: string, dwelling: string) => begun<FormDraft>(formKey(survey, dwelling));
export async function keepDraft(id: string, value: Draft | FormDraft): Promise<void> {
  const row: OwnedRow = { id, owner: owner(), ...(await seal(value)) };
  await write(["drafts"], (of) => of("drafts").put(row));
}
export const dropDraft = (id: string) => write(["drafts"], (of) => of("drafts").delete(id));

export async function keepPhoto(id: string, file: Blob): Promise<void> {
  const row: OwnedRow = { id, owner: owner(), ...(await sealBytes(await file.arrayBuffer())) };
  await write(["photos"], (of) => of("photos").put(row));
}
export async function photo(id: string): Promise<Blob | undefined> {
  const row = await get<OwnedRow>("photos", id);
  return row && row.owner === owner() ? new Blob([await openBytes(row)], { type: "image/jpeg" }) : undefined;
}
export const dropPhoto = (id: string) => write(["photos"], (of) => of("photos").delete(id));

export const filledIn = (form: FilledIn, home: Home) => put(form.id, "form", { state: "waiting", form, home });
export async function entry(e: Entry, home: Home): Promise<void> {
  await put(e.id, e.act === "seen" ? "seen" : "visit", { state: "waiting", entry: e, home });
}
