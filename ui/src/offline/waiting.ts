// What waits, and what the worker has to decide: a conflict line by line, never overwritten unseen.
import { all, icon, make, newKey, one } from "../dom";
import { ask, toast } from "../small";
import { chip, empty } from "./list";
import { saw, type Differ, type Entry, type Item, type Says, type SaysPerson } from "./model";
import * as q from "./queue";
import { w, when } from "./words";

const LISTS = ["usage", "relation", "residence"];
const words = (field: string | null, value: string): string =>
  value === "" || value === "-" ? w("none") : field && LISTS.includes(field) ? w(`${field}.${value}`) : value;

function title(item: Item): string {
  if (item.act) return `${w("act-case")} ${item.act.number}`;
  if (item.form) return `${item.form.title} · ${item.home?.address ?? ""}`;
  const e = item.entry!;
  const corrected = e.act === "met" && e.says && (e.says.usage !== undefined || e.says.people.length > 0);
  return `${w(corrected ? "act-corrected" : `act-${e.act}`)} · ${item.home?.address ?? ""}`;
}

const saidOf = (e: Entry, id: string | null): SaysPerson | undefined => e.says?.people.find((p) => p.id === id);

/** What the worker has of a field that differs: what they say, or what they saw. */
function mine(item: q.Waiting, d: Differ): string {
  if (d.field !== "phone") return d.mine;
  const said = saidOf(item.entry!, d.person)?.phone;
  return said ?? item.home?.people.find((p) => p.id === d.person)?.phone?.shown ?? "";
}
/** A masked number cannot be said again. */
const sayable = (item: q.Waiting, d: Differ) => d.field !== "phone" || saidOf(item.entry!, d.person)?.phone !== undefined;

function line(item: q.Waiting, d: Differ, n: number): HTMLElement {
  if (!d.field) return make("p", {}, w(d.change, d.name));
  const legend = `${d.name ? `${d.name} · ` : ""}${w(`field.${d.field}`)}`;
  const side = (value: string, head: string, text: string, more = "") =>
    make("label", {}, make("input", { type: "radio", name: `d${n}`, value }), make("span", {}, make("small", {}, head), " ", make("strong", {}, text), more && make("small", {}, more)));
  const theirs = side("theirs", w("theirs"), words(d.field, d.theirs), d.change === "later" ? w("later") : "");
  const sides = sayable(item, d) ? [side("mine", w("mine"), words(d.field, mine(item, d))), theirs] : [theirs];
  return make("fieldset", { class: "field", "data-line": String(n) }, make("legend", {}, legend), make("div", { class: "choice sides" }, ...sides));
}

/** The corrections that remain after the choice. */
function chosen(item: q.Waiting, picks: Map<number, string>): Says {
  const before = item.entry!.says ?? { people: [] };
  const says: Says = { usage: before.usage, people: before.people.map((p) => ({ ...p })) };
  (item.answer?.differs ?? []).forEach((d, n) => {
    const pick = picks.get(n);
    if (d.change === "left") says.people = says.people.filter((p) => p.id !== d.person);
    if (!d.field || !pick) return;
    if (d.person === null) {
      says.usage = pick === "mine" ? d.mine : undefined;
      return;
    }
    let person = says.people.find((p) => p.id === d.person);
    if (!person) says.people.push((person = { id: d.person }));
    const field = d.field as "name" | "phone" | "relation" | "residence";
    if (pick === "mine") person[field] = mine(item, d);
    else delete person[field];
  });
  says.people = says.people.filter((p) => Object.keys(p).length > 1);
  if (says.usage === undefined) delete says.usage;
  return says;
}

function conflict(item: q.Waiting, done: () => void): Node[] {
  const differs = item.answer?.differs ?? [];
  const form = make("div", { class: "stack" }, ...differs.map((d, n) => line(item, d, n)));
  const save = make("button", { type: "button", class: "btn primary" }, w("settle"));
  save.addEventListener("click", () => {
    const picks = new Map<number, string>();
    for (const set of all("[data-line]", form)) {
      const picked = one<HTMLInputElement>("input:checked", set);
      if (!picked) {
        toast(w("choose"), "bad");
        return one<HTMLInputElement>("input", set)?.focus();
      }
      picks.set(Number(set.dataset.line), picked.value);
    }
    const home = item.answer!.home!;
    const old = item.entry!;
    const entry: Entry = { id: newKey(), dwelling: old.dwelling, act: "met", at: new Date().toISOString(), settles: old.id, saw: saw(home), says: chosen(item, picks) };
    if (old.note) entry.note = old.note;
    if (old.photos) entry.photos = old.photos;
    if (old.after) entry.after = old.after;
    void q.settle(item, entry, home).then(done, () => toast(w("not-saved"), "bad"));
  });
  return [make("p", {}, w("conflict")), form, make("div", { class: "row" }, save)];
}

function problems(item: q.Waiting, done: () => void): Node[] {
  const lines = (item.answer?.errors ?? []).map((e) => make("li", {}, e.message));
  const told: Node[] = item.state === "gone" ? [make("p", {}, w("gone"))] : [make("ul", {}, ...lines)];
  if (item.state === "refused" && item.entry && item.entry.act !== "seen") {
    const edit = make("button", { type: "button", class: "btn primary" }, w("edit"));
    edit.addEventListener("click", () => {
      const e = item.entry!;
      void q.keepDraft(e.dwelling, { says: e.says ?? { people: [] }, note: e.note ?? "", photos: e.photos ?? [], at: e.at })
        .then(() => q.remove(item, true))
        .then(() => (location.hash = `#/home/${e.dwelling}`));
    });
    told.push(make("div", { class: "row" }, edit));
  }
  if (item.state === "refused" && item.form) {
    const edit = make("button", { type: "button", class: "btn primary" }, w("edit"));
    edit.addEventListener("click", () => {
      const f = item.form!;
      void q.keepDraft(q.formKey(f.survey, f.dwelling), { version: f.version, answers: f.answers, photos: f.photos })
        .then(() => q.remove(item, true))
        .then(() => (location.hash = `#/form/${f.survey}/${f.dwelling}`));
    });
    told.push(make("div", { class: "row" }, edit));
  }
  const drop = make("button", { type: "button", class: "btn quiet" }, w("drop"));
  drop.addEventListener("click", () => void ask(w("drop-sure")).then((yes) => (yes ? q.remove(item).then(done) : undefined)));
  return [...told, make("div", { class: "row end" }, drop)];
}

const TONE = { waiting: "info", conflict: "warn", refused: "bad", gone: "bad" };
export function show(main: HTMLElement, waiting: q.Waiting[], send: () => void, done: () => void) {
  const shown = waiting.filter((x) => x.kind !== "seen");
  if (shown.length === 0) return main.replaceChildren(empty("check", w("queue-empty"), w("queue-empty-hint"), "ok"));
  const rank = (x: q.Waiting) => (x.state === "waiting" ? 1 : 0);
  const cards = [...shown].sort((a, b) => rank(a) - rank(b)).map((item) => {
    const at = item.entry?.at ?? item.act?.at ?? item.form?.at ?? "";
    const head = make("div", { class: "row between nowrap" }, make("h2", {}, title(item)), chip(w(`state-${item.state}`), TONE[item.state]));
    const body = item.state === "conflict" ? conflict(item, done) : item.state === "waiting" ? [] : problems(item, done);
    const note = item.entry?.note ?? item.act?.text;
    return make("section", { class: "card stack tight", "data-item": item.id }, head, make("p", { class: "mute" }, when(at)), ...(note ? [make("p", { class: "said" }, note)] : []), ...body);
  });
  const now = make("button", { type: "button", class: "btn" }, icon("upload"), w("send-now"));
  now.addEventListener("click", send);
  main.replaceChildren(make("div", { class: "stack" }, make("div", { class: "row between" }, make("h1", {}, w("tab-queue")), now), ...cards));
}
