// The main navigation stays one line: what does not fit waits in a menu "More" at its end, in its order. The page one
// is on is never put away, and numbers in the menu are summed on its button. Links are moved, not copied, so that each
// is there once for the keyboard and keeps what htmx loads into it. Without script the line simply wraps.
import { all, icon, make, one } from "./dom";
import { say } from "./words";

function fitted(nav: HTMLElement) {
  const links = [...nav.children] as HTMLElement[];
  if (links.length < 2) return;
  const sum = make("span", { class: "badge", hidden: true });
  const sheet = make("div", { class: "sheet", id: "nav-more", hidden: true });
  const button = make("button", { type: "button", "aria-expanded": "false", "aria-controls": "nav-more" }, say("more"), sum, icon("chevron-down"));
  const more = make("div", { class: "menu more", hidden: true }, button, sheet);
  nav.append(more);

  const open = (yes: boolean) => {
    sheet.hidden = !yes;
    button.setAttribute("aria-expanded", String(yes));
  };

  /** What the hidden numbers come to; with "99+" among them it is at least that. */
  const add = () => {
    const counts = all(".count", sheet).filter((c) => c.textContent?.trim());
    const texts = counts.map((c) => (one('[aria-hidden="true"]', c) ?? c).textContent ?? "");
    const total = texts.reduce((n, text) => n + (Number.parseInt(text, 10) || 0), 0);
    const words = counts.map((c) => `${c.closest("a")?.firstChild?.textContent?.trim()} ${(one(".sr", c) ?? c).textContent}`);
    sum.hidden = total === 0;
    sum.replaceChildren(
      make("span", { "aria-hidden": "true" }, `${total}${texts.some((text) => text.includes("+")) ? "+" : ""}`),
      make("span", { class: "sr" }, words.join(", ")),
    );
  };

  const arrange = () => {
    const held = document.activeElement;
    nav.classList.remove("fitted", "tight");
    more.hidden = false;
    for (const link of links) nav.insertBefore(link, more);
    const style = getComputedStyle(nav);
    const room = nav.clientWidth - Number.parseFloat(style.paddingLeft) - Number.parseFloat(style.paddingRight);
    const wide = (el: Element) => el.getBoundingClientRect().width;
    const widths = links.map(wide);
    if (widths.reduce((a, b) => a + b, 0) <= room) more.hidden = true;
    else {
      const here = links.findIndex((link) => link.hasAttribute("aria-current"));
      // The button with a number on it, so that a number that comes later moves nothing.
      sum.hidden = false;
      if (!sum.textContent) sum.textContent = "0";
      let used = wide(button) + (widths[here] ?? 0);
      let n = 0;
      for (; n < links.length; n++) {
        const width = n === here ? 0 : widths[n]!;
        if (used + width > room) break;
        used += width;
      }
      links.forEach((link, i) => i >= n && i !== here && sheet.append(link));
      // Very large letters on a small screen: rather two lines than something out of sight.
      nav.classList.toggle("tight", used > room);
    }
    add();
    if (more.hidden) open(false);
    nav.classList.add("fitted");
    if (held instanceof HTMLElement && nav.contains(held) && held !== document.activeElement) {
      const seen = held.getClientRects().length > 0;
      (seen ? held : button).focus({ preventScroll: true });
    }
  };

  button.addEventListener("click", () => open(Boolean(sheet.hidden)));
  document.addEventListener("click", (e) => {
    if (!more.contains(e.target as Node)) open(false);
  });
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape" || sheet.hidden) return;
    open(false);
    button.focus();
  });
  more.addEventListener("focusout", (e) => {
    if (e.relatedTarget instanceof Node && !more.contains(e.relatedTarget)) open(false);
  });
  window.addEventListener("pageshow", () => open(false));

  const numbers = new MutationObserver(arrange);
  for (const count of all(".count", nav)) numbers.observe(count, { childList: true, characterData: true, subtree: true });
  // Letters that grow change no bar, but every link.
  const sizes = new ResizeObserver(arrange);
  for (const el of [nav, ...links]) sizes.observe(el);
  document.addEventListener("linli:prefs", arrange);
  arrange();
}

for (const nav of all(".topbar > .nav")) fitted(nav);
