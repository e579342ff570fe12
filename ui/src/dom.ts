export type Root = Document | Element;

export function all<T extends Element = HTMLElement>(selector: string, root: Root = document): T[] {
  const found = [...root.querySelectorAll<T>(selector)];
  if (root instanceof Element && root.matches(selector)) found.unshift(root as unknown as T);
  return found;
}

export function one<T extends Element = HTMLElement>(selector: string, root: Root = document): T | null {
  return root.querySelector<T>(selector);
}

type Props = Record<string, string | boolean | undefined>;
export function make<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props = {}, ...children: (Node | string)[]) {
  const el = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === true) el.setAttribute(name, "");
    else if (typeof value === "string") el.setAttribute(name, value);
  }
  el.append(...children);
  return el;
}

/** Listens once for every element that matches now or will ever be swapped in. */
export function on<E extends Event>(type: string, selector: string, act: (el: HTMLElement, e: E) => void, capture = false) {
  document.addEventListener(
    type,
    (e) => {
      const el = e.target instanceof Element ? e.target.closest<HTMLElement>(selector) : null;
      if (el) act(el, e as E);
    },
    capture,
  );
}

const setups: ((root: Root) => void)[] = [];
/** Runs for the page and again for every piece that htmx brings in. Must be safe to run twice. */
export function whenHere(setup: (root: Root) => void) {
  setups.push(setup);
}
export function prepare(root: Root) {
  for (const setup of setups) setup(root);
}

/** crypto.randomUUID exists only on https; a district's intranet may be plain http. */
export function newKey(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  const b = crypto.getRandomValues(new Uint8Array(16));
  b[6] = (b[6]! & 0x0f) | 0x40;
  b[8] = (b[8]! & 0x3f) | 0x80;
  const hex = [...b].map((x) => x.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

export function icon(name: string): SVGSVGElement {
  const sprite = document.documentElement.dataset.icons ?? "/assets/icons.svg";
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${sprite}#${name}`);
  svg.append(use);
  return svg;
}
