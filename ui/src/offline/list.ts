// The walk: houses with their doors, and the open cases in a line each.
import { icon, make } from "../dom";
import { toast } from "../small";
import type { Home, Stored } from "./model";
import { newKey } from "../dom";
import { put, type Waiting } from "./queue";
import { day, w, when } from "./words";

const TONE = { care: "bad", stale: "warn", fresh: "ok" } as const;
export const chip = (words: string, tone: string) => make("span", { class: "chip", "data-tone": tone }, words);

/** What is at the top of a page that has nothing to show. */
export function empty(name: string, title: string, hint: string, tone = "", ...more: Node[]) {
  return make("section", { class: "state", "data-tone": tone || undefined }, icon(name), make("h1", {}, title), make("p", {}, hint), ...more);
}

function line(home: Home, waits: number): HTMLElement {
  const meta = [w(`usage.${home.usage}`), w("people-n", home.people.length)];
  if (home.nobody_at && (!home.confirmed_at || home.nobody_at > home.confirmed_at)) meta.push(w("nobody-at", when(home.nobody_at)));
  else meta.push(home.confirmed_at ? w("confirmed-at", day(home.confirmed_at)) : w("never"));
  const door = [home.unit, home.door].filter(Boolean).join(" ") || home.address;
  const mark = waits > 0 ? chip(w("due-mine"), "info") : chip(w(`due-${home.due}`), TONE[home.due]);
  const body = make("div", { class: "body" }, make("span", { class: "title" }, door), make("span", { class: "meta" }, meta.join(" · ")));
  return make("li", {}, make("a", { href: `#/home/${home.id}` }, body, mark));
}

let onlyDue = true;
export function walk(main: HTMLElement, here: Stored, homes: Map<string, Home>, waiting: Waiting[], again: () => void) {
  const waits = new Map<string, number>();
  for (const x of waiting) if (x.kind === "visit" && x.entry) waits.set(x.entry.dwelling, (waits.get(x.entry.dwelling) ?? 0) + 1);
  const all = here.pack.homes.map((h) => homes.get(h.id) ?? h);
  const due = all.filter((h) => h.due !== "fresh");
  const shown = onlyDue ? all.filter((h) => h.due !== "fresh" || waits.has(h.id)) : all;
  const choose = (value: boolean, words: string) => {
    const button = make("button", { type: "button", "aria-pressed": String(onlyDue === value) }, words);
    button.addEventListener("click", () => {
      onlyDue = value;
      again();
    });
    return button;
  };
  const place = here.pack.places.map((p) => p.name).join("、");
  const head = make("div", { class: "greet" }, make("h1", {}, place || w("title")), make("p", { class: "mute" }, w("left-n", due.length)));
  const tabs = make("div", { class: "choice", role: "group", "aria-label": w("title") }, choose(true, w("only-due")), choose(false, w("show-all")));
  const blocks: Node[] = [];
  let house = "", list: HTMLElement | undefined;
  for (const home of shown) {
    if (home.building !== house || !list) {
      house = home.building;
      list = make("ul", { class: "list card" });
      blocks.push(make("section", {}, make("h2", {}, home.house), list));
    }
    list.append(line(home, waits.get(home.id) ?? 0));
  }
  if (shown.length === 0) blocks.push(make("section", { class: "state inline card", "data-tone": "ok" }, icon("check"), make("p", {}, w("no-due"), " ", w("no-due-hint"))));
  if (here.pack.more) blocks.push(make("p", { class: "mute" }, w("more-n", all.length)));
  blocks.push(make("p", { class: "mute small" }, w("updated", when(here.at))));
  main.replaceChildren(make("div", { class: "stack" }, head, tabs, ...blocks));
}

export function cases(main: HTMLElement, here: Stored, online: boolean, again: () => void) {
  const items = here.pack.cases.map((c) => {
    const meta = [c.number, c.place, c.due_at ? w("case-due", when(c.due_at)) : ""].filter(Boolean).join(" · ");
    const text = make("textarea", { rows: "2", maxlength: "500", id: `c-${c.id}` });
    const save = make("button", { type: "button", class: "btn" }, w("save-note"));
    save.addEventListener("click", () => {
      const words = text.value.trim();
      if (!words) return text.focus();
      const act = { id: newKey(), case: c.id, number: c.number, text: words, at: new Date().toISOString() };
      save.disabled = true;
      put(act.id, "case", { state: "waiting", act }).then(
        () => (toast(w("saved")), again()),
        () => ((save.disabled = false), toast(w("not-saved"), "bad")),
      );
    });
    const open = online ? [make("a", { class: "btn quiet", href: `/work/cases/${c.id}` }, w("case-online"))] : [];
    const fold = make("details", { class: "act" }, make("summary", {}, w("case-note")),
      make("div", { class: "stack tight" }, make("div", { class: "field" }, make("label", { for: `c-${c.id}` }, w("case-note")), text), make("div", { class: "row" }, save, ...open)));
    const head = make("div", { class: "row between" }, make("h2", {}, c.title), ...(c.urgent ? [chip(w("case-urgent"), "bad")] : []));
    return make("section", { class: "card stack tight" }, head, make("p", { class: "mute" }, meta), fold);
  });
  const none = make("section", { class: "state inline card", "data-tone": "ok" }, icon("check"), make("p", {}, w("cases-none")));
  main.replaceChildren(make("div", { class: "stack" }, make("h1", {}, w("tab-cases")), ...(items.length ? items : [none])));
}
