// Draws a list anew under the fingers: what has not changed stays as it is, so that a tap which ends a field and hits
// the next one is not lost, and nothing loses the cursor.

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
const isField = (el: Element): el is Field => el.matches("input:not([type=file]), textarea, select");
const key = (el: Element): string => el.id || el.querySelector("[id]")?.id || el.outerHTML;

/** What is typed is no attribute: it is brought over where it is not being typed just now. */
function bring(old: Element, fresh: Element): void {
  const [before, after] = [old, fresh].map((el) => [el, ...el.querySelectorAll("*")].filter(isField)) as [Field[], Field[]];
  before.forEach((field, n) => {
    const value = after[n]?.value;
    if (value !== undefined && field !== document.activeElement && field.value !== value) field.value = value;
  });
}

function same(old: Element, fresh: Element): Element {
  if (old.isEqualNode(fresh)) {
    bring(old, fresh);
    return old;
  }
  const frame = old.tagName === fresh.tagName && old.tagName === "FIELDSET" && old.className === fresh.className && old.classList.contains("card");
  if (!frame) return fresh;
  morph(old, [...fresh.children]);
  return old;
}

/** Makes `children` the children of `parent`. */
export function morph(parent: Element, children: Element[]): void {
  const known = new Map([...parent.children].map((el) => [key(el), el]));
  const wanted = children.map((fresh) => {
    const old = known.get(key(fresh));
    return old ? same(old, fresh) : fresh;
  });
  for (const el of [...parent.children]) if (!wanted.includes(el)) el.remove();
  wanted.forEach((el, n) => {
    if (parent.children[n] !== el) parent.insertBefore(el, parent.children[n] ?? null);
  });
}
