// A form as it stands on the page: groups, repeats and questions, from the engine's present answers.
import { icon, make } from "../dom";
import type { Engine, Fault, FormNode, Instance } from "../forms-engine";
import { w } from "./words";

export interface Page {
  engine: Engine;
  instance: Instance;
  faults: Fault[];
}
/** What the parts of the page ask for; whoever holds the answers does it and draws anew. */
export interface Acts {
  /** Answered: what follows from it is worked out. */
  set(node: number, at: number[], value: string): void;
  /** Still being typed: kept, and nothing else. */
  typed(node: number, at: number[], value: string): void;
  add(node: number, at: number[]): void;
  remove(node: number, at: number[], number: number): void;
  photo(node: number, at: number[], file: File): void;
}

export const idOf = (engine: Engine, node: number, at: number[]) => `q-${engine.field(node, at).replaceAll("/", "-")}`;

/** What is wrong, in the author's words if there are any. */
export function sentence(fault: Fault, kind: string): string {
  if (fault.message && fault.kind !== "type") return fault.message;
  const typed: Record<string, string> = { integer: "fault-integer", decimal: "fault-decimal", geopoint: "fault-place", image: "fault-photo" };
  return w(fault.kind === "type" ? (typed[kind] ?? "fault-type") : `fault-${fault.kind}`);
}

const LINES: Record<string, Record<string, string>> = {
  integer: { type: "text", inputmode: "numeric" },
  decimal: { type: "text", inputmode: "decimal" },
  date: { type: "date" },
  time: { type: "time" },
  "date-time": { type: "datetime-local" },
};
/** Browsers want instants and hours without seconds and zone. */
const shown = (kind: string, value: string) => (kind === "date-time" ? value.slice(0, 16) : kind === "time" ? value.slice(0, 5) : value);
const rows = (node: FormNode): number => Number(node.parameters?.rows ?? (node.appearance?.includes("multiline") ? 4 : 1)) || 1;

export function lines(page: Page, acts: Acts, section = 0, at: number[] = []): HTMLElement[] {
  const { engine, instance } = page;
  return (engine.node(section).children ?? [])
    .filter((id) => engine.isShown(id) && instance.isRelevant(id, at))
    .flatMap((id) => {
      const node = engine.node(id);
      if (node.kind === "repeat") return repeat(page, acts, id, at);
      return node.kind === "group" ? [frame(engine.words(instance, node.label, id, at), lines(page, acts, id, at))] : [question(page, acts, id, at)];
    });
}

function frame(label: string, inner: HTMLElement[], ...head: HTMLElement[]): HTMLElement {
  return make("fieldset", { class: "field stack card" }, ...(label ? [make("legend", {}, label)] : []), ...head, ...inner);
}

function repeat(page: Page, acts: Acts, id: number, at: number[]): HTMLElement[] {
  const { engine, instance } = page;
  const node = engine.node(id);
  const label = engine.words(instance, node.label, id, at);
  const free = node.count === undefined;
  const frames = Array.from({ length: instance.count(id, at) }, (_, n) => {
    const name = `${label} ${n + 1}`.trim();
    const drop = make("button", { type: "button", class: "btn quiet small" }, w("form-remove", name));
    drop.addEventListener("click", () => acts.remove(id, at, n));
    return frame(name, lines(page, acts, id, [...at, n]), ...(free ? [make("div", { class: "row end" }, drop)] : []));
  });
  if (!free) return frames;
  const more = make("button", { type: "button", class: "btn wide", id: `${idOf(engine, id, at)}-add` }, icon("plus"), w("form-add", label));
  more.addEventListener("click", () => acts.add(id, at));
  return [...frames, more];
}

function question(page: Page, acts: Acts, id: number, at: number[]): HTMLElement {
  const { engine, instance } = page;
  const node = engine.node(id);
  const name = idOf(engine, id, at);
  const label = engine.words(instance, node.label, id, at);
  if (node.kind === "note") return make("p", { class: "notice", "data-tone": "info", id: name }, label);
  const value = instance.value(id, at);
  const hint = engine.words(instance, node.hint, id, at);
  const fault = page.faults.find((f) => f.node === id && f.at.join() === at.join());
  const locked = engine.isReadOnly(instance, id, at);
  const must = engine.isRequired(instance, id, at) ? [" ", make("span", { class: "mute" }, w("form-must"))] : [];
  const hints = hint ? [make("p", { class: "hint", id: `${name}-hint` }, hint)] : [];
  const errors = fault ? [make("p", { class: "error", id: `${name}-err` }, sentence(fault, node.kind))] : [];
  const told = { "aria-invalid": fault ? "true" : undefined, "aria-describedby": fault ? `${name}-err` : hint ? `${name}-hint` : undefined };
  const choices = node.list === undefined ? [] : engine.choices(instance, id, at).map((c) => ({ name: c.name, label: engine.words(instance, c.label, id, at) || c.name }));

  const listens = <T extends HTMLInputElement | HTMLTextAreaElement | HTMLSelectElement>(field: T): T => {
    field.addEventListener("input", () => acts.typed(id, at, field.value));
    field.addEventListener("change", () => acts.set(id, at, field.value.trim()));
    return field;
  };
  if ((node.kind === "select-one" && !(choices.length > 12 || node.appearance?.includes("minimal"))) || node.kind === "select-multiple") {
    const several = node.kind === "select-multiple";
    const picked = several ? value.split(/\s+/).filter(Boolean) : [value];
    const boxes = choices.map((c, n) => {
      const box = make("input", { type: several ? "checkbox" : "radio", name, id: `${name}-${n}`, value: c.name, checked: picked.includes(c.name), disabled: locked });
      box.addEventListener("change", () => {
        // The box stays while the form is drawn anew: what else is chosen is asked now.
        const chosen = several ? instance.value(id, at).split(/\s+/) : [];
        const now = several ? engine.choices(instance, id, at).map((x) => x.name).filter((x) => (x === c.name ? box.checked : chosen.includes(x))) : [c.name];
        acts.set(id, at, now.join(" "));
      });
      return make("label", {}, box, make("span", {}, c.label));
    });
    return make("fieldset", { class: "field", id: name }, make("legend", {}, label, ...must), ...hints, make("div", { class: "choice" }, ...boxes), ...errors);
  }
  if (node.kind === "acknowledge") {
    const box = make("input", { type: "checkbox", id: name, checked: value === "OK", disabled: locked, ...told });
    box.addEventListener("change", () => acts.set(id, at, box.checked ? "OK" : ""));
    return make("div", { class: "field" }, make("label", { class: "check" }, box, make("span", {}, label, ...must)), ...hints, ...errors);
  }
  const head = make("label", { for: name }, label, ...must);
  if (node.kind === "image") {
    const camera = make("input", { type: "file", id: name, accept: "image/*", capture: "environment", ...told });
    camera.addEventListener("change", () => camera.files?.[0] && acts.photo(id, at, camera.files[0]));
    const face = make("span", { class: "face" }, icon("camera"), w(value ? "form-photo-other" : "form-photo"));
    const kept = value ? [make("p", { class: "chip", "data-tone": "ok" }, icon("check"), w("form-photo-kept"))] : [];
    return make("div", { class: "field" }, head, ...hints, ...kept, make("div", { class: "file" }, camera, face), ...errors);
  }
  if (node.kind === "select-one") {
    const options = choices.map((c) => make("option", { value: c.name, selected: c.name === value }, c.label));
    return make("div", { class: "field" }, head, ...hints, listens(make("select", { id: name, disabled: locked, ...told }, make("option", { value: "" }), ...options)), ...errors);
  }
  if (rows(node) > 1) {
    const area = listens(make("textarea", { id: name, rows: String(rows(node)), maxlength: "5000", readonly: locked, ...told }));
    area.value = value;
    return make("div", { class: "field" }, head, ...hints, area, ...errors);
  }
  const line = listens(make("input", { ...(LINES[node.kind] ?? { type: "text" }), id: name, maxlength: "1000", autocomplete: "off", readonly: locked, ...told }));
  line.value = shown(node.kind, value);
  return make("div", { class: "field" }, head, ...hints, line, ...errors);
}
