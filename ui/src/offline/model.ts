// What goes down and comes up; see the interface's description at /api.
export interface Phone { shown: string; tag: string }
export interface Person {
  id: string; version: number; name: string; sex: string; born: number | null; relation: string; residence: string;
  phone: Phone | null; care: string[];
}
export interface Home {
  id: string; area: string; building: string; house: string; unit: string; floor: number | null; door: string;
  address: string; usage: string; confirmed_at: string | null; version: number; due: "care" | "stale" | "fresh";
  /** Visits that are left in this quarter. */
  left: number;
  nobody_at: string | null; people: Person[];
}
export interface CaseNote {
  id: string; number: string; title: string; place: string; state: string; urgent: boolean; due_at: string | null;
}
export interface Pack { places: { area: string; name: string }[]; homes: Home[]; more: boolean; cases: CaseNote[] }
export interface Stored { pack: Pack; etag: string; at: string; seen: Record<string, string> }

export interface SaysPerson { id: string; name?: string; phone?: string; relation?: string; residence?: string }
export interface Says { usage?: string; people: SaysPerson[] }
export interface Entry {
  id: string; dwelling: string; act: "met" | "nobody" | "note" | "seen"; at: string; after?: string; settles?: string;
  note?: string; photos?: string[]; saw?: unknown; says?: Says;
}
export interface Differ {
  change: "value" | "later" | "arrived" | "left"; person: string | null; name: string; field: string | null;
  mine: string; theirs: string;
}
export interface Answer {
  id?: string; outcome: "done" | "conflict" | "settled" | "waits" | "gone" | "refused"; home?: Home; differs?: Differ[];
  errors?: { field: string; message: string }[];
}
export interface CaseAct { id: string; case: string; number: string; text: string; at: string }
/** A form that was filled in at a home. */
export interface FilledIn {
  id: string; survey: string; version: string; title: string; dwelling: string; visit?: string; at: string;
  answers: unknown; photos: string[];
}
export interface Item {
  state: "waiting" | "conflict" | "refused" | "gone";
  entry?: Entry;
  act?: CaseAct;
  form?: FilledIn;
  /** The home as it was in the worker's hand. */
  home?: Home;
  answer?: Answer;
}

/** The base of an entry: what was seen, without what the server need not hear again. */
export function saw(home: Home) {
  const people = home.people.map((p) => ({
    id: p.id, version: p.version, name: p.name, phone: p.phone?.tag ?? "", relation: p.relation, residence: p.residence,
  }));
  return { version: home.version, usage: home.usage, people };
}

/** The home as it will be once `entry` is sent. */
export function after(home: Home, entry: Entry): Home {
  if (entry.act === "nobody") return { ...home, nobody_at: entry.at };
  if (entry.act !== "met") return home;
  const says = entry.says ?? { people: [] };
  const people = home.people.map((p) => {
    const s = says.people.find((x) => x.id === p.id);
    if (!s) return p;
    const phone = s.phone === undefined ? p.phone : s.phone === "-" ? null : { shown: s.phone.replace(/^(\d{3})\d+(\d{4})$/, "$1****$2"), tag: `=${s.phone}` };
    return { ...p, name: s.name ?? p.name, relation: s.relation ?? p.relation, residence: s.residence ?? p.residence, phone };
  });
  const left = Math.max(0, home.left - 1);
  return { ...home, usage: says.usage ?? home.usage, people, confirmed_at: entry.at, left, due: left > 0 ? home.due : "fresh" };
}
