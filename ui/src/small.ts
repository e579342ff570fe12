// Toasts, dialogs, menus, copying, choosing many rows.
import { all, icon, make, on, one, whenHere } from "./dom";
import { say } from "./words";

export function toast(text: string, tone: "ok" | "bad" = "ok") {
  const box = one(".toasts") ?? document.body.appendChild(make("div", { class: "toasts", role: "status" }));
  const close = make("button", { type: "button", "aria-label": say("close") }, icon("close"));
  const item = make("div", { class: "toast", "data-tone": tone }, make("span", {}, text), close);
  box.append(item);
  close.addEventListener("click", () => item.remove());
  if (tone !== "bad") {
    let timer = 0;
    const start = () => (timer = window.setTimeout(() => item.remove(), 8000));
    item.addEventListener("pointerenter", () => clearTimeout(timer));
    item.addEventListener("focusin", () => clearTimeout(timer));
    item.addEventListener("pointerleave", start);
    start();
  }
}

// The server says it with a response header: HX-Trigger: {"toast":{"text":"…","tone":"ok"}}
document.addEventListener("toast", (e) => {
  const d = (e as CustomEvent<{ text?: string; tone?: "ok" | "bad" }>).detail;
  if (d?.text) toast(d.text, d.tone);
});

on("click", "[data-dialog]", (el, e) => {
  const dialog = one<HTMLDialogElement>(`#${CSS.escape(el.dataset.dialog ?? "")}`);
  if (!dialog) return;
  e.preventDefault();
  dialog.showModal();
});
on("click", "[data-close]", (el, e) => {
  const dialog = el.closest("dialog");
  if (!dialog) return;
  e.preventDefault();
  dialog.close();
});

document.addEventListener("click", (e) => {
  for (const menu of all<HTMLDetailsElement>("details.menu[open]")) if (!menu.contains(e.target as Node)) menu.open = false;
});
document.addEventListener("keydown", (e) => {
  if (e.key !== "Escape") return;
  for (const menu of all<HTMLDetailsElement>("details.menu[open]")) {
    menu.open = false;
    one("summary", menu)?.focus();
  }
});

on("click", "[data-copy]", (el, e) => {
  e.preventDefault();
  const what = el.dataset.copy ?? "";
  const source = what.startsWith("#") ? one(what) : null;
  const text = source instanceof HTMLInputElement ? source.value : (source?.textContent ?? what).trim();
  copy(text).then(
    () => toast(say("copied")),
    () => toast(say("copyFailed"), "bad"),
  );
});
async function copy(text: string) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const area = make("textarea", { class: "sr", "aria-hidden": "true" });
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("copy");
}

on("click", "[data-print]", () => window.print());

/** A question before something that cannot be taken back lightly. Without script the server asks on its own page. */
export function ask(text: string): Promise<boolean> {
  return new Promise((resolve) => {
    const yes = make("button", { class: "btn primary", value: "yes" }, say("yes"));
    const no = make("button", { class: "btn", value: "", autofocus: true }, say("no"));
    const head = make("div", { class: "dialog-head" }, make("h2", { id: "ask-title" }, say("sure")));
    const form = make("form", { method: "dialog" }, head, make("p", { class: "dialog-body" }, text), make("div", { class: "dialog-foot" }, no, yes));
    const dialog = make("dialog", { "aria-labelledby": "ask-title" }, form);
    document.body.append(dialog);
    dialog.addEventListener("close", () => {
      resolve(dialog.returnValue === "yes");
      dialog.remove();
    });
    dialog.showModal();
  });
}

whenHere((root) => {
  for (const area of all("[data-bulk]", root)) countPicked(area);
});
on("change", "[data-bulk] input[type=checkbox]", (el) => {
  const area = el.closest<HTMLElement>("[data-bulk]")!;
  const boxes = all<HTMLInputElement>("tbody input[type=checkbox]", area);
  if (el.matches("[data-all]")) for (const b of boxes) b.checked = (el as HTMLInputElement).checked;
  countPicked(area);
});
function countPicked(area: HTMLElement) {
  const boxes = all<HTMLInputElement>("tbody input[type=checkbox]", area);
  const picked = boxes.filter((b) => b.checked);
  for (const b of boxes) b.closest("tr")?.classList.toggle("picked", b.checked);
  const head = one<HTMLInputElement>("[data-all]", area);
  if (head) {
    head.checked = picked.length > 0 && picked.length === boxes.length;
    head.indeterminate = picked.length > 0 && picked.length < boxes.length;
  }
  for (const place of all("[data-picked]", area)) place.textContent = say("picked", { n: picked.length });
  for (const b of all<HTMLButtonElement>("[data-needs-picked]", area)) b.setAttribute("aria-disabled", String(picked.length === 0));
}
on("click", '[aria-disabled="true"]', (_el, e) => e.preventDefault(), true);
