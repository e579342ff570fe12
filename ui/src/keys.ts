// One-key commands of the desks. They never fire while someone writes, and can be switched off (WCAG 2.1.4).
import { all, one } from "./dom";

const writing = "input:not([type=radio]):not([type=checkbox]):not([type=button]):not([type=submit]), textarea, select, [contenteditable]";
const seen = (el: HTMLElement) => el.getClientRects().length > 0;

function move(step: number) {
  const links = all<HTMLElement>("[data-queue] > li > a, [data-queue] tr[data-href] a").filter(seen);
  if (links.length === 0) return;
  const active = document.activeElement as HTMLElement | null;
  let at = active ? links.indexOf(active) : -1;
  if (at < 0) {
    at = links.findIndex((a) => a.closest('[aria-current="true"]'));
    if (at < 0 && step < 0) at = links.length;
  }
  const next = links[Math.max(0, Math.min(links.length - 1, at + step))];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

function press(el: HTMLElement) {
  if (el.getAttribute("aria-disabled") === "true") return;
  if (el instanceof HTMLInputElement && /^(radio|checkbox)$/.test(el.type)) {
    el.focus();
    el.click();
  } else if (el.matches(writing)) el.focus();
  else el.click();
}

document.addEventListener("keydown", (e) => {
  if (e.defaultPrevented || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
  const board = one("[data-keys]");
  if (!board || document.documentElement.dataset.keys === "off") return;
  const target = e.target as HTMLElement;
  if (target.closest(writing)) {
    if (e.key === "Escape") target.blur();
    return;
  }
  if (one("dialog[open]")) return;
  if (e.key === "j" || e.key === "k") {
    e.preventDefault();
    move(e.key === "j" ? 1 : -1);
    return;
  }
  if (e.key === "?") {
    e.preventDefault();
    one<HTMLDialogElement>("dialog#keys")?.showModal();
    return;
  }
  if (e.key.length !== 1) return;
  const el = all<HTMLElement>(`[data-key="${CSS.escape(e.key)}"]`).find((x) => seen(x.matches("input") ? (x.parentElement ?? x) : x));
  if (!el) return;
  e.preventDefault();
  press(el);
});
