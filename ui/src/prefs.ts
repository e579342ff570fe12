// Large type, theme, single-key shortcuts: the same small form works by itself; with script it is instant.
import { all, on } from "./dom";

const live = ["type", "scale", "theme", "keys"] as const;

on<SubmitEvent>("submit", "form[data-prefs]", (el, e) => {
  const form = el as HTMLFormElement;
  const data = new FormData(form, e.submitter as HTMLButtonElement | null);
  const changes = live.filter((name) => data.has(name));
  if (changes.length === 0) return; // language: the server answers with the page in that language
  e.preventDefault();
  e.stopPropagation();
  for (const name of changes) {
    const value = String(data.get(name));
    document.cookie = `ui_${name}=${encodeURIComponent(value)}; Path=/; Max-Age=31536000; SameSite=Lax`;
    if (value) document.documentElement.dataset[name] = value;
    else delete document.documentElement.dataset[name];
    for (const b of all(`form[data-prefs] button[name="${name}"]`)) b.setAttribute("aria-pressed", String((b as HTMLButtonElement).value === value));
  }
  window.dispatchEvent(new Event("resize"));
  document.dispatchEvent(new Event("linli:prefs"));
}, true);
on("change", "form[data-prefs] input, form[data-prefs] select", (el) => el.closest("form")!.requestSubmit());
