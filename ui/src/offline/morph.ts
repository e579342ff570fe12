// Draws a list anew under the fingers: elements stay, what is said in them changes, so that a tap which ends a field and
// hits the next one is not lost, and nothing loses the cursor or what is being typed.

type Field = HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement;
const isField = (el: Element): el is Field => el.matches("input:not([type=file]), textarea, select");
const key = (el: Element): string => el.id || el.querySelector("[id]")?.id || el.outerHTML;

/** What is typed is no attribute: it is brought over where it is not being typed just now. */
function bring(field: Field, fresh: Field): void {
  if (field instanceof HTMLInputElement && fresh instanceof HTMLInputElement && /^(checkbox|radio)$/.test(field.type)) {
    if (field.checked !== fresh.checked) field.checked = fresh.checked;
  } else if (field !== document.activeElement && field.value !== fresh.value) field.value = fresh.value;
}

function attributes(el: Element, fresh: Element): void {
  for (const { name } of [...el.attributes]) if (!fresh.hasAttribute(name)) el.removeAttribute(name);
  for (const { name, value } of [...fresh.attributes]) if (el.getAttribute(name) !== value) el.setAttribute(name, value);
}

/** The old element as the fresh one is, or the fresh one where they are not of a kind. */
function same(old: Element, fresh: Element): Element {
  if (old.tagName !== fresh.tagName || old.getAttribute("type") !== fresh.getAttribute("type")) return fresh;
  attributes(old, fresh);
  if (!old.isEqualNode(fresh)) morph(old, [...fresh.childNodes]);
  const [before, after] = [old, fresh].map((el) => [el, ...el.querySelectorAll("*")].filter(isField)) as [Field[], Field[]];
  before.forEach((field, n) => after[n] && bring(field, after[n]));
  return old;
}

/** Makes `children` the children of `parent`. */
export function morph(parent: Element, children: Node[]): void {
  const known = new Map([...parent.children].map((el) => [key(el), el]));
  const wanted = children.map((fresh) => {
    const old = fresh instanceof Element ? known.get(key(fresh)) : undefined;
    if (!old) return fresh;
    known.delete(key(old));
    return same(old, fresh as Element);
  });
  for (const node of [...parent.childNodes]) if (!wanted.includes(node as ChildNode)) node.remove();
  // Whoever stands in its place is not touched: an element that moves loses the cursor.
  let here: Node | null = parent.firstChild;
  for (const node of wanted) {
    if (node === here) here = here.nextSibling;
    else parent.insertBefore(node, here);
  }
}
