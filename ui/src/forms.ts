// Forms keep what was typed, are sent once, and put the cursor where something is wrong.
import { all, make, newKey, on, one, whenHere } from "./dom";
import { shrinking } from "./photos";
import { ask, toast } from "./small";
import { say } from "./words";

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
const fieldsOf = (form: HTMLFormElement) =>
  ([...form.elements] as Field[]).filter((f) => f.name && !f.matches("[type=hidden], [type=password], [type=file], button, fieldset, [data-no-draft]"));

// — drafts ————————————————————————————————————————————————————————————————
const key = (name: string) => `draft:${name}`;
const SENT = "draft-sent";
type Draft = Record<string, string[]>;
const onceOf = (form: HTMLFormElement) => one<HTMLInputElement>("input[type=hidden][data-once]", form);

/* What nobody types is part of a draft as well: the place that was pointed at, and that there were photos. These
   cannot be kept; so it is said that they are to be added again. */
const PLACE = "@place";
const PHOTOS = "@photos";

function placeOf(form: HTMLFormElement) {
  const box = one("[data-place]", form);
  if (!box) return null;
  const inputs = ["lat", "lng", "grid"].map((name) => one<HTMLInputElement>(`input[type=hidden][name=${name}]`, box));
  const name = one("[data-place-name]", box);
  return inputs[0] && inputs[1] && name ? { inputs, name } : null;
}

const photosOf = (form: HTMLFormElement) =>
  all<HTMLInputElement>("input[type=file]", form).reduce((n, f) => n + (f.files?.length ?? 0), all("input[name=kept]", form).length);

/** Puts a kept place back; answers how to undo that. */
function replace(form: HTMLFormElement, kept: string[] | undefined): (() => void) | null {
  const place = placeOf(form);
  if (!place || !kept?.[0]) return null;
  const before = place.inputs.map((i) => i?.value ?? "");
  const words = [...place.name.childNodes];
  const put = (values: string[]) => place.inputs.forEach((i, n) => i && (i.value = values[n] ?? ""));
  put(kept);
  place.name.replaceChildren(kept[3] || say("located"));
  return () => {
    put(before);
    place.name.replaceChildren(...words);
  };
}

function save(form: HTMLFormElement) {
  const draft: Draft = {};
  // The key of the sending stays with the words: whoever sends the same again, because the answer got lost, sends once.
  const once = onceOf(form);
  if (once?.name) draft[once.name] = [once.value];
  for (const f of fieldsOf(form)) {
    const values = (draft[f.name] ??= []);
    if (f instanceof HTMLInputElement && /^(radio|checkbox)$/.test(f.type)) {
      if (f.checked) values.push(f.value);
    } else values.push(f.value);
  }
  const place = placeOf(form);
  if (place?.inputs[0]?.value) draft[PLACE] = [...place.inputs.map((i) => i?.value ?? ""), place.name.textContent ?? ""];
  const photos = photosOf(form);
  if (photos > 0) draft[PHOTOS] = [String(photos)];
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
  const back = replace(form, draft[PLACE]);
  const photos = draft[PHOTOS] && photosOf(form) === 0 ? say("draftPhotos") : "";
  if (!changed && !back && !photos) return;
  form.dataset.dirty = "";
  const once = onceOf(form);
  if (once) once.value = draft[once.name]?.[0] || once.value;
  const drop = make("button", { type: "button", class: "btn quiet small" }, say("draftDrop"));
  const note = make("p", { class: "saved-note row", role: "status" }, `${say("draft")} ${photos}`.trim(), drop);
  drop.addEventListener("click", () => {
    forget(name);
    form.reset();
    back?.();
    if (once) once.value = newKey();
    delete form.dataset.dirty;
    note.remove();
    form.dispatchEvent(new Event("input", { bubbles: true }));
    sessionStorage.removeItem(key(name));
  });
  form.prepend(note);
}

function forget(name: string) {
  sessionStorage.removeItem(key(name));
}

/* A draft is given up only when the server has taken it, and of that there is one sign: a form that was accepted is
   answered by leading on to another page. So a draft that was sent waits for the page that comes of the sending —
   reached over a redirect (`redirectCount`), from the page with the form (`referrer`), and not a refusal or the log-in.
   Whatever else comes (the browser's own page without signal, a 413, 429 or 503 with or without our script, the form
   with errors, an address typed or a code scanned afterwards) leaves it where it is. Nothing is lost if this errs: a
   draft too many is offered once more, and with its key the same words are not taken twice. */
type Sent = { name: string; from: string };
const bare = (url: string) => url.split("#", 1)[0]!;

function settle() {
  const text = sessionStorage.getItem(SENT);
  sessionStorage.removeItem(SENT);
  if (!text) return;
  const sent = JSON.parse(text) as Sent;
  const come = performance.getEntriesByType("navigation")[0] as (PerformanceNavigationTiming & { responseStatus?: number }) | undefined;
  const ledOn = come !== undefined && come.type !== "back_forward" && come.redirectCount > 0 && bare(document.referrer) === sent.from;
  if (!ledOn || (come.responseStatus || 200) >= 400 || location.pathname === "/login") return;
  const form = one<HTMLFormElement>(`form[data-draft="${CSS.escape(sent.name)}"]`);
  if (!form || !one("[aria-invalid=true], .errors", form.parentElement ?? form)) forget(sent.name);
}
settle();
// Whoever goes elsewhere while a form is on its way does not see its answer.
const elsewhere = () => sessionStorage.removeItem(SENT);
on("click", "a[href]:not([target], [download])", elsewhere);

/** Whether there is a way to the server. Browsers say "offline" of a computer that serves itself, so they are not believed. */
async function reachable(): Promise<boolean> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), 5000);
  try {
    return (await fetch("/healthz", { cache: "no-store", signal: late.signal })).ok;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}

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
    const photos = shrinking(form);
    if (photos) {
      e.preventDefault();
      e.stopImmediatePropagation();
      void photos.then(() => form.requestSubmit(button as HTMLButtonElement | null));
      return;
    }
    // Without signal the browser would put its own page in the place of ours, and the photos would be gone with it.
    if (form.dataset.draft && !navigator.onLine && !("reached" in form.dataset)) {
      e.preventDefault();
      e.stopImmediatePropagation();
      save(form);
      void reachable().then((yes) => {
        if (!yes) return toast(say("failed"), "bad");
        form.dataset.reached = "";
        form.requestSubmit(button as HTMLButtonElement | null);
      });
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
    delete form.dataset.reached;
    elsewhere();
    if (form.method === "get" || e.defaultPrevented) return;
    if (form.dataset.draft) {
      clearTimeout(waiting);
      save(form);
      try {
        sessionStorage.setItem(SENT, JSON.stringify({ name: form.dataset.draft, from: bare(location.href) } satisfies Sent));
      } catch {
        /* no storage, no draft to give up */
      }
    }
    // After this turn, so that the pressed button's own name and value are still sent.
    setTimeout(() => busy(form, button));
  },
  true,
);
window.addEventListener("pageshow", (e) => {
  if (!e.persisted) return;
  elsewhere();
  for (const form of all<HTMLFormElement>("form[data-busy]")) ready(form);
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

// — what is asked only while another answer is empty ——————————————————————
// An identity number says sex and birth. What is hidden is not sent; a mistake stays in sight.
function unless(part: HTMLElement) {
  const other = document.getElementById(part.dataset.unless!) as HTMLInputElement | null;
  const said = !!other?.value.trim() && !one("[aria-invalid], .error", part);
  part.hidden = said;
  for (const f of all<HTMLInputElement>("input, select, textarea", part)) f.disabled = said;
}
whenHere((root) => {
  for (const part of all("[data-unless]", root)) unless(part);
});
on("input", "input[id]", (el) => {
  for (const part of all("[data-unless]")) if (part.dataset.unless === el.id) unless(part);
});
