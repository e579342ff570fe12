// htmx, with nothing that needs eval or inline styles, and with care for half-written text.
import htmx from "htmx.org/dist/htmx.esm.js";
import { prepare, one } from "./dom";
import { say } from "./words";
import { toast } from "./small";

type Htmx = {
  config: Record<string, unknown>;
  registerExtension(name: string, ext: Record<string, unknown>): void;
  process(el: Element): void;
};
const h = htmx as unknown as Htmx;
(window as unknown as { htmx: Htmx }).htmx = h;
h.config.includeIndicatorCSS = false;
h.config.defaultTimeout = 30_000;
h.config.transitions = false;

function isBeingWritten(node: unknown): boolean {
  if (!(node instanceof Element)) return false;
  if (node.matches("[data-keep], form[data-dirty]")) return true;
  const active = document.activeElement;
  return node === active && node.matches("input, textarea, select, [contenteditable]");
}

h.registerExtension("linli", {
  // A live update never replaces the field that has the cursor, nor a form someone has begun.
  htmx_before_morph_node: (_el: Element, d: { oldNode: unknown }) => !isBeingWritten(d.oldNode),
  htmx_before_morph_attr: (el: Element, d: { attrName: string }) => !(el instanceof HTMLDetailsElement && d.attrName === "open"),
});

document.addEventListener("htmx:after:swap", (e) => {
  const detail = (e as CustomEvent<{ ctx?: { target?: Element | string } }>).detail;
  const target = detail?.ctx?.target;
  prepare(target instanceof Element && target.isConnected ? target : document);
});
document.addEventListener("htmx:error", () => toast(say("failed"), "bad"));

/** The page's own announcer for screen readers. */
export function announce(text: string) {
  const place = one("#announce");
  if (place) place.textContent = text;
}
