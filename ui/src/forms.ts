// Forms keep what was typed, are sent once, and put the cursor where something is wrong.
import { all, make, newKey, on, one, whenHere } from "./dom";
import { ask, toast } from "./small";
import { say } from "./words";

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
const fieldsOf = (form: HTMLFormElement) =>
  ([...form.elements] as Field[]).filter((f) => f.name && !f.matches("[type=hidden], [type=password], [type=file], button, fieldset, [data-no-draft]"));

// — drafts ————————————————————————————————————————————————————————————————
const key = (name: string) => `draft:${name}`;
const SENT = "drafts-sent";
type Draft = Record<string, string[]>;

function save(form: HTMLFormElement) {
  const draft: Draft = {};
  for (const f of fieldsOf(form)) {
    const values = (draft[f.name] ??= []);
    if (f instanceof HTMLInputElement && /^(radio|checkbox)$/.test(f.type)) {
      if (f.checked) values.push(f.value);
    } else values.push(f.value);
  }
  try {
    sessionStorage.setItem(key(form.dataset.draft!), JSON.stringify(draft));
  } catch {
    /* full or forbidden storage: the form works without */
  }
}

const untouched = (f: Field) =>
  f instanceof HTMLSelectElement ? [...f.options].every((o) => o.selected === o.defaultSelected) || f.selectedIndex <= 0 : f.value === f.defaultValue;

// What was typed into a fold is seen again.
function unfold(f: Field) {
  for (let fold = f.closest("details"); fold; fold = fold.parentElement?.closest("details") ?? null) fold.open = true;
}

function restore(form: HTMLFormElement) {
  const name = form.dataset.draft!;
  const text = sessionStorage.getItem(key(name));
  if (!text || one("[aria-invalid=true]", form)) return;
  const draft = JSON.parse(text) as Draft;
  const seen = new Map<string, number>();
  let changed = false;
  for (const f of fieldsOf(form)) {
    const values = draft[f.name];
    if (!values) continue;
    if (f instanceof HTMLInputElement && /^(radio|checkbox)$/.test(f.type)) {
      const want = values.includes(f.value);
      changed ||= want !== f.checked;
      if (want && !f.defaultChecked) unfold(f);
      f.checked = want;
      continue;
    }
    const n = seen.get(f.name) ?? 0;
    seen.set(f.name, n + 1);
    const value = values[n];
    if (value && value !== f.value && untouched(f)) {
      f.value = value;
      changed = true;
      unfold(f);
    }
  }
  if (!changed) return;
  form.dataset.dirty = "";
  const drop = make("button", { type: "button", class: "btn quiet small" }, say("draftDrop"));
  const note = make("p", { class: "saved-note row", role: "status" }, say("draft"), drop);
  drop.addEventListener("click", () => {
    forget(name);
    form.reset();
    delete form.dataset.dirty;
    note.remove();
    form.dispatchEvent(new Event("input", { bubbles: true }));
    sessionStorage.removeItem(key(name));
  });
  form.prepend(note);
}

export function forget(name: string) {
  sessionStorage.removeItem(key(name));
}

function dropSent() {
  const sent = JSON.parse(sessionStorage.getItem(SENT) ?? "[]") as string[];
  for (const name of sent) {
    const form = one<HTMLFormElement>(`form[data-draft="${CSS.escape(name)}"]`);
    if (!form || !one("[aria-invalid=true], .errors", form.parentElement ?? form)) forget(name);
  }
  sessionStorage.removeItem(SENT);
}
dropSent();

let waiting = 0;
on("input", "form", (el) => {
  const form = el as HTMLFormElement;
  if (form.method !== "get") form.dataset.dirty = "";
  if (form.dataset.draft) {
    clearTimeout(waiting);
    waiting = window.setTimeout(() => save(form), 300);
  }
});

// — once, with words —————————————————————————————————————————————————————————
const timers = new WeakMap<HTMLFormElement, number>();

function busy(form: HTMLFormElement, button: HTMLElement | null) {
  form.dataset.busy = "";
  form.setAttribute("aria-busy", "true");
  const b = button ?? one("button[type=submit], button:not([type])", form);
  if (b) {
    b.dataset.was = b.innerHTML;
    b.textContent = b.dataset.busy || say("busy");
    b.setAttribute("aria-disabled", "true");
  }
  timers.set(form, window.setTimeout(() => toast(say("slow")), 8000));
}
export function ready(form: HTMLFormElement) {
  delete form.dataset.busy;
  form.removeAttribute("aria-busy");
  clearTimeout(timers.get(form));
  for (const b of all("[data-was]", form)) {
    b.innerHTML = b.dataset.was ?? "";
    delete b.dataset.was;
    b.removeAttribute("aria-disabled");
  }
}

document.addEventListener(
  "submit",
  (e) => {
    const form = e.target as HTMLFormElement;
    const button = (e as SubmitEvent).submitter;
    if (form.method === "dialog") return;
    if ("busy" in form.dataset) {
      e.preventDefault();
      e.stopImmediatePropagation();
      return;
    }
    const question = button?.dataset.confirm ?? form.dataset.confirm;
    if (question && !("agreed" in form.dataset)) {
      e.preventDefault();
      e.stopImmediatePropagation();
      void ask(question).then((yes) => {
        if (!yes) return;
        form.dataset.agreed = "";
        form.requestSubmit(button as HTMLButtonElement | null);
      });
      return;
    }
    delete form.dataset.agreed;
    if (form.method === "get" || e.defaultPrevented) return;
    if (form.dataset.draft) {
      save(form);
      sessionStorage.setItem(SENT, JSON.stringify([form.dataset.draft]));
    }
    // After this turn, so that the pressed button's own name and value are still sent.
    setTimeout(() => busy(form, button));
  },
  true,
);
window.addEventListener("pageshow", (e) => {
  if (e.persisted) for (const form of all<HTMLFormElement>("form[data-busy]")) ready(form);
});
type Finished = CustomEvent<{ ctx?: { sourceElement?: Element; response?: { status?: number } } }>;
document.addEventListener("htmx:finally:request", (e) => {
  const { ctx } = (e as Finished).detail ?? {};
  const form = ctx?.sourceElement?.closest("form");
  if (!form) return;
  setTimeout(() => ready(form));
  const status = ctx?.response?.status ?? 0;
  if (status < 200 || status >= 400 || form.method === "get") return;
  delete form.dataset.dirty;
  if (form.dataset.draft) forget(form.dataset.draft);
  for (const k of all<HTMLInputElement>("input[data-once]", form)) k.value = newKey();
});
window.addEventListener("beforeunload", (e) => {
  const open = all<HTMLFormElement>("form[data-dirty][data-guard]").some((f) => !("busy" in f.dataset));
  if (open) e.preventDefault();
});

// — small helps ——————————————————————————————————————————————————————————————
function count(f: HTMLTextAreaElement | HTMLInputElement) {
  const limit = Number(f.dataset.count);
  const place = one(`#${CSS.escape(f.id)}-count`);
  if (!place || !limit) return;
  const left = limit - [...f.value].length;
  place.textContent = left >= 0 ? say("chars", { n: left }) : say("charsOver", { n: -left });
  place.dataset.tone = left < 0 ? "bad" : "";
}
on("input", "[data-count]", (el) => count(el as HTMLTextAreaElement));
on("change", "form[data-auto] select, form[data-auto] input:not([type=text]):not([type=search])", (el) => el.closest("form")!.requestSubmit());
on("click", "[data-fill]", (el) => {
  const target = one<HTMLTextAreaElement>(el.dataset.fill ?? "");
  if (!target) return;
  target.value = el.dataset.text ?? el.textContent?.trim() ?? "";
  target.dispatchEvent(new Event("input", { bubbles: true }));
  target.focus();
});

whenHere((root) => {
  for (const f of all<HTMLInputElement>("input[data-once]", root)) if (!f.value) f.value = newKey();
  for (const form of all<HTMLFormElement>("form[data-draft]", root)) {
    if (form.dataset.draftSeen === undefined) {
      form.dataset.draftSeen = "";
      restore(form);
    }
  }
  for (const f of all<HTMLTextAreaElement>("[data-count]", root)) count(f);
  const wrong = one(".errors", root) ?? one("[aria-invalid=true]", root);
  if (wrong) {
    const first = one("[aria-invalid=true]", root) ?? wrong;
    first.focus();
  }
});
