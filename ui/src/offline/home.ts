// One home: what is known of it, and what the worker found. Every stroke is kept on the phone at once.
import { all, icon, make, newKey, one } from "../dom";
import { shrink } from "../photos";
import { toast } from "../small";
import { chip } from "./list";
import type { Asked } from "./forms";
import { saw, type Entry, type Home, type Person, type Says, type SaysPerson, type Stored } from "./model";
import * as q from "./queue";
import { w, when } from "./words";

const PHOTOS = 6;
type Done = () => void;

function options(list: string[], kind: string, chosen: string): HTMLOptionElement[] {
  return list.map((code) => make("option", { value: code, selected: code === chosen }, w(`${kind}.${code}`)));
}
const USAGES = ["own", "rent", "empty", "shop"];
const RELATIONS = ["head", "spouse", "son", "daughter", "grandchild", "parent", "grandparent", "sibling", "relative", "other"];
const RESIDENCES = ["registered", "floating", "overseas", "unknown"];

function field(id: string, label: string, control: HTMLElement, hint = "") {
  control.id = id;
  const more = hint ? [make("p", { class: "hint", id: `${id}-hint` }, hint)] : [];
  if (hint) control.setAttribute("aria-describedby", `${id}-hint`);
  return make("div", { class: "field" }, make("label", { for: id }, label), ...more, control);
}

function known(p: Person): HTMLElement {
  const words = [w(`relation.${p.relation}`), w(`sex.${p.sex}`), p.born ? w("born", p.born) : "", w(`residence.${p.residence}`), p.phone?.shown ?? ""];
  return make("li", {}, make("div", { class: "body" }, make("span", { class: "title" }, p.name), make("span", { class: "meta" }, words.filter(Boolean).join(" · "))), ...p.care.map((c) => chip(w(`care.${c}`), "info")));
}

function personFields(p: Person, said: SaysPerson | undefined): HTMLElement {
  const name = make("input", { "data-person": p.id, "data-field": "name", type: "text", value: said?.name ?? p.name, maxlength: "50", autocomplete: "off" });
  const phone = make("input", { "data-person": p.id, "data-field": "phone", type: "tel", value: said?.phone ?? "", maxlength: "30", autocomplete: "off" });
  const relation = make("select", { "data-person": p.id, "data-field": "relation" }, ...options(RELATIONS, "relation", said?.relation ?? p.relation));
  const residence = make("select", { "data-person": p.id, "data-field": "residence" }, ...options(RESIDENCES, "residence", said?.residence ?? p.residence));
  const now = `${w("phone-now", p.phone?.shown ?? w("none"))}。${w("phone-hint")}`;
  return make("fieldset", { class: "stack tight" }, make("legend", {}, p.name),
    field(`n-${p.id}`, w("field.name"), name), field(`p-${p.id}`, w("field.phone"), phone, now),
    field(`r-${p.id}`, w("field.relation"), relation), field(`s-${p.id}`, w("field.residence"), residence));
}

/** What differs from what is known. */
function says(form: HTMLElement, home: Home): Says {
  const usage = one<HTMLSelectElement>("#usage", form)!.value;
  const people: SaysPerson[] = [];
  for (const p of home.people) {
    const value = (name: string) => one<HTMLInputElement | HTMLSelectElement>(`[data-person="${p.id}"][data-field="${name}"]`, form)!.value.trim();
    const said: SaysPerson = { id: p.id };
    if (value("name") !== p.name) said.name = value("name");
    const phone = value("phone");
    // “-” where there is none says nothing new.
    if (phone && !(phone === "-" && !p.phone)) said.phone = phone;
    if (value("relation") !== p.relation) said.relation = value("relation");
    if (value("residence") !== p.residence) said.residence = value("residence");
    if (Object.keys(said).length > 1) people.push(said);
  }
  return { ...(usage !== home.usage ? { usage } : {}), people };
}
const any = (s: Says) => s.usage !== undefined || s.people.length > 0;

export async function show(main: HTMLElement, here: Stored, home: Home, waiting: q.Waiting[], forms: Asked[], done: Done) {
  const draft = await q.draft(home.id);
  let photos = [...(draft?.photos ?? [])];
  const mine = waiting.filter((x) => x.kind === "visit" && x.entry?.dwelling === home.id).length;

  const usage = make("select", {}, ...options(USAGES, "usage", draft?.says.usage ?? home.usage));
  const people = home.people.map((p) => personFields(p, draft?.says.people.find((s) => s.id === p.id)));
  const fold = make("details", { class: "card", open: draft !== undefined && any(draft.says) }, make("summary", {}, w("changed")),
    make("div", { class: "stack" }, make("p", { class: "mute" }, w("changed-hint")), field("usage", w("field.usage"), usage), ...people));
  const note = make("textarea", { rows: "3", maxlength: "500" });
  note.value = draft?.note ?? "";
  const camera = make("input", { type: "file", accept: "image/*", multiple: true });
  const list = make("ul", { class: "photos" });
  const face = make("span", { class: "face" }, icon("camera"), w("photos"));
  camera.id = "camera";
  const photoField = make("div", { class: "field" }, make("label", { for: "camera" }, w("photos")), make("p", { class: "hint" }, w("photos-hint")), make("div", { class: "file" }, camera, face), list);

  const primary = make("button", { type: "button", class: "btn primary full" });
  const nobody = make("button", { type: "button", class: "btn" }, w("nobody"));
  const only = make("button", { type: "button", class: "btn" }, w("only-note"));
  const form = make("div", { class: "stack" }, fold, field("note", w("note"), note, w("note-hint")), photoField);

  const label = () => primary.replaceChildren(icon("check"), w(any(says(form, home)) ? "save-changes" : "same"));
  // Written down as it is typed, one after the other: a phone that dies loses a letter at most.
  let writing: Promise<unknown> = Promise.resolve();
  let closed = false;
  const remember = () => {
    label();
    if (closed) return writing;
    const value: q.Draft = { says: says(form, home), note: note.value, photos, at: new Date().toISOString() };
    const blank = !any(value.says) && !value.note && photos.length === 0;
    writing = writing.then(() => (blank ? q.dropDraft(home.id) : q.keepDraft(home.id, value))).catch(() => toast(w("not-saved"), "bad"));
    return writing;
  };
  form.addEventListener("input", () => void remember());

  const thumbs = async () => {
    for (const img of all<HTMLImageElement>("img", list)) URL.revokeObjectURL(img.src);
    const items = await Promise.all(photos.map(async (id, n) => {
      const file = await q.photo(id);
      const img = make("img", { alt: w("photo-n", n + 1), src: file ? URL.createObjectURL(file) : undefined });
      const drop = make("button", { type: "button", class: "icon-btn", "aria-label": w("remove-n", n + 1) }, icon("close"));
      drop.addEventListener("click", () => {
        photos = photos.filter((x) => x !== id);
        void Promise.resolve(remember()).then(() => q.dropPhoto(id)).then(thumbs);
      });
      return make("li", {}, img, drop);
    }));
    list.replaceChildren(...items);
  };
  camera.addEventListener("change", () => {
    const picked = [...(camera.files ?? [])];
    const room = PHOTOS - photos.length;
    if (picked.length > room) toast(w("too-many"), "bad");
    void (async () => {
      for (const file of picked.slice(0, Math.max(0, room))) {
        const id = newKey();
        await q.keepPhoto(id, await shrink(file, 1600));
        photos.push(id);
        await remember();
      }
      camera.value = "";
      await thumbs();
    })().catch(() => toast(w("not-saved"), "bad"));
  });

  const save = async (act: Entry["act"]) => {
    const said = says(form, home);
    const bad = said.people.find((p) => p.name === "");
    if (act === "met" && bad) {
      fold.open = true;
      toast(w("name-first"), "bad");
      return one<HTMLInputElement>(`#n-${CSS.escape(bad.id)}`)?.focus();
    }
    if (act === "note" && !note.value.trim() && photos.length === 0) {
      toast(w("note-first"), "bad");
      return note.focus();
    }
    for (const b of [primary, nobody, only]) b.disabled = true;
    closed = true;
    await writing;
    const entry: Entry = { id: newKey(), dwelling: home.id, act, at: new Date().toISOString() };
    const before = q.last(waiting, home.id);
    if (before) entry.after = before;
    if (note.value.trim()) entry.note = note.value.trim();
    if (photos.length) entry.photos = photos;
    if (act === "met") {
      entry.saw = saw(home);
      entry.says = said;
    }
    try {
      await q.entry(entry, home);
    } catch {
      closed = false;
      for (const b of [primary, nobody, only]) b.disabled = false;
      return toast(w("not-saved"), "bad");
    }
    toast(w("saved"));
    done();
  };
  primary.addEventListener("click", () => void save("met"));
  nobody.addEventListener("click", () => void save("nobody"));
  only.addEventListener("click", () => void save("note"));

  const chips = [chip(w(`due-${home.due}`), { care: "bad", stale: "warn", fresh: "ok" }[home.due]), chip(w(`usage.${home.usage}`), "info")];
  const facts = [home.left > 1 ? w("visits-n", home.left) : "", home.confirmed_at ? w("confirmed-at", when(home.confirmed_at)) : w("never"), home.nobody_at ? w("nobody-at", when(home.nobody_at)) : ""];
  const head = make("div", { class: "stack tight" },
    make("a", { class: "btn quiet small", href: "#/" }, icon("back"), w("back")),
    make("h1", {}, home.address), make("p", { class: "row" }, ...chips), make("p", { class: "mute" }, facts.filter(Boolean).join(" · ")));
  const living = home.people.length ? make("ul", { class: "list card" }, ...home.people.map(known)) : make("p", { class: "card mute" }, w("no-people"));
  const told: Node[] = [];
  const asked = forms.map((f) => {
    const filled = waiting.filter((x) => x.form?.survey === f.survey && x.form.dwelling === home.id).length;
    return make("li", {}, make("a", { href: `#/form/${f.survey}/${home.id}` }, make("div", { class: "body" }, make("span", { class: "title" }, f.form.title)), ...(filled ? [chip(w("due-mine"), "info")] : [])));
  });
  const more = asked.length ? [make("section", {}, make("h2", {}, w("forms")), make("ul", { class: "list card" }, ...asked))] : [];
  if (mine) told.push(make("div", { class: "notice", "data-tone": "info" }, icon("upload"), make("p", {}, w("pending-here", mine))));
  if (draft) told.push(make("div", { class: "notice", "data-tone": "info", id: "draft" }, icon("edit"), make("p", {}, w("draft"))));
  main.replaceChildren(make("div", { class: "stack" }, head, ...told, living, ...more, form, make("div", { class: "thumb-actions" }, primary, nobody, only)));
  label();
  await thumbs();

  // The look is written down for the people in it, once a day.
  const today = new Date().toISOString().slice(0, 10);
  if (home.people.length > 0 && here.seen[home.id] !== today) {
    await q.entry({ id: newKey(), dwelling: home.id, act: "seen", at: new Date().toISOString() }, home);
    const now = (await q.stored()) ?? here;
    await q.keep({ ...now, seen: { ...now.seen, [home.id]: today } });
  }
}
