// A form at work: what is asked, what is worked out, what is wrong.
import { DAY, MOST_REPEATS, SECTIONS, UNASKED, type Choice, type Expr, type Fault, type Form, type FormNode, type Json, type Now, type Place, type Text, type Value } from "./model";
import { fits, key, toAnswer, toNumber, toText, toTruth, words } from "./values";
import { Instance } from "./instance";
import { Scope } from "./scope";

export class Engine {
  constructor(
    readonly form: Form,
    readonly now: Now,
    readonly language: number,
  ) {}

  node(id: number): FormNode {
    const node = this.form.nodes[id];
    if (!node) throw new Error(`no node ${id}`);
    return node;
  }

  private repeats(id: number): number[] {
    return this.node(id).repeats ?? [];
  }

  /** How many repeat numbers say which one is meant; a repeat is meant as a whole. */
  depth(id: number): number {
    return this.repeats(id).length - (this.node(id).kind === "repeat" ? 1 : 0);
  }

  isShown(id: number): boolean {
    const node = this.node(id);
    if (SECTIONS.has(node.kind) || node.kind === "note") return true;
    return !UNASKED.has(node.kind) && !(node.calculation && !node.label && !node.hint);
  }

  // Places

  expand(instance: Instance, id: number, start: number[], depth: number): number[][] {
    let places = [start];
    for (const repeat of this.repeats(id).slice(Math.min(start.length, depth), depth)) {
      places = places.flatMap((at) => {
        const count = instance.isRelevant(repeat, at) ? instance.count(repeat, at) : 0;
        return Array.from({ length: count }, (_, n) => [...at, n]);
      });
    }
    return places;
  }

  places(instance: Instance, id: number): number[][] {
    return this.expand(instance, id, [], this.depth(id));
  }

  // A form's life

  start(): Instance {
    const instance = new Instance();
    this.defaults(instance, () => true, []);
    this.recompute(instance);
    return instance;
  }

  /** Notes when filling in ended. */
  finish(instance: Instance): void {
    this.form.nodes.forEach((node, id) => {
      if (node.kind === "end" && !node.repeats?.length) instance.set(id, [], toAnswer({ ms: this.now.local_ms, offset: this.now.offset }));
    });
    this.recompute(instance);
  }

  addInstance(instance: Instance, repeat: number, at: number[]): boolean {
    const count = instance.count(repeat, at);
    if (count >= MOST_REPEATS) return false;
    instance.setCount(repeat, at, count + 1);
    this.fill(instance, repeat, at, count);
    this.recompute(instance);
    return true;
  }

  removeInstance(instance: Instance, repeat: number, at: number[], number: number): void {
    const count = instance.count(repeat, at);
    if (number >= count) return;
    const depth = at.length;
    const moved = <T>(old: Map<string, T>): Map<string, T> => {
      const result = new Map<string, T>();
      for (const [name, value] of old) {
        const [id = "0", numbers = ""] = name.split(":");
        const place = numbers === "" ? [] : numbers.split(".").map(Number);
        const here = place[depth];
        const inside =
          this.repeats(Number(id)).includes(repeat) && here !== undefined && at.every((n, i) => place[i] === n);
        if (inside && here === number) continue;
        if (inside && here > number) place[depth] = here - 1;
        result.set(key(Number(id), place), value);
      }
      return result;
    };
    instance.values = moved(instance.values);
    instance.counts = moved(instance.counts);
    instance.setCount(repeat, at, count - 1);
    this.recompute(instance);
  }

  private fill(instance: Instance, repeat: number, at: number[], number: number): void {
    this.defaults(instance, (node) => node.repeats?.at(-1) === repeat, [...at, number]);
  }

  private defaults(instance: Instance, of: (node: FormNode) => boolean, at: number[]): void {
    this.form.nodes.forEach((node, id) => {
      if ((node.repeats?.length ?? 0) !== at.length || !of(node) || instance.value(id, at)) return;
      let value: Value | undefined;
      if (node.kind === "start") value = { ms: this.now.local_ms, offset: this.now.offset };
      else if (node.kind === "today") value = { day: Math.floor(this.now.local_ms / DAY) };
      else if (node.default) value = this.evaluate(instance, node.default, id, at);
      if (value !== undefined) instance.set(id, at, toAnswer(value));
    });
  }

  recompute(instance: Instance): void {
    instance.hidden = new Set();
    for (const id of this.form.order) {
      if (id === 0) continue;
      const node = this.node(id);
      const above = this.depth(node.parent);
      for (const at of this.places(instance, id)) {
        const shown =
          instance.isRelevant(node.parent, at.slice(0, above)) &&
          (!node.relevant || toTruth(this.evaluate(instance, node.relevant, id, at)));
        if (!shown) {
          instance.hidden.add(key(id, at));
          continue;
        }
        if (node.count) this.resize(instance, id, at, node.count);
        if (node.calculation) instance.set(id, at, toAnswer(this.evaluate(instance, node.calculation, id, at)));
      }
    }
  }

  private resize(instance: Instance, repeat: number, at: number[], expr: Expr): void {
    const n = toNumber(this.evaluate(instance, expr, repeat, at));
    const wanted = Number.isNaN(n) ? 0 : Math.trunc(Math.min(Math.max(n, 0), MOST_REPEATS));
    const before = instance.count(repeat, at);
    instance.setCount(repeat, at, wanted);
    for (let number = before; number < wanted; number += 1) this.fill(instance, repeat, at, number);
  }

  // What a page asks

  choices(instance: Instance, id: number, at: number[]): Choice[] {
    const node = this.node(id);
    const all = node.list === undefined ? [] : (this.form.lists[node.list]?.choices ?? []);
    const filter = node.choice_filter;
    return filter ? all.filter((choice) => toTruth(this.evaluate(instance, filter, id, at, choice))) : all;
  }

  isRequired(instance: Instance, id: number, at: number[]): boolean {
    const expr = this.node(id).required;
    return expr !== undefined && toTruth(this.evaluate(instance, expr, id, at));
  }

  isReadOnly(instance: Instance, id: number, at: number[]): boolean {
    const { calculation, read_only: expr } = this.node(id);
    return calculation !== undefined || (expr !== undefined && toTruth(this.evaluate(instance, expr, id, at)));
  }

  private pieces(text: Text | undefined): (string | Expr)[] {
    if (!text) return [];
    return text[this.language] ?? text[this.form.default_language] ?? Object.values(text)[0] ?? [];
  }

  private plainWords(text: Text | undefined): string {
    return this.pieces(text)
      .filter((piece) => typeof piece === "string")
      .join("");
  }

  words(instance: Instance, text: Text | undefined, id: number, at: number[]): string {
    return this.pieces(text)
      .map((piece) => {
        if (typeof piece === "string") return piece;
        const value = toText(this.evaluate(instance, piece, id, at));
        if (!("r" in piece) || this.node(piece.r[0]).list === undefined) return value;
        const asked = piece.r[0];
        return words(value).map((choice) => this.choiceWords(asked, choice) || choice).join("、");
      })
      .join("");
  }

  private choiceWords(id: number, value: string): string {
    const list = this.node(id).list;
    const choice = list === undefined ? undefined : this.form.lists[list]?.choices.find((c) => c.name === value);
    return choice ? this.plainWords(choice.label) : "";
  }

  instanceName(instance: Instance): string {
    const expr = this.form.instance_name;
    return expr ? toText(this.evaluate(instance, expr, 0, [])) : "";
  }

  faults(instance: Instance): Fault[] {
    const faults: Fault[] = [];
    this.form.nodes.forEach((node, id) => {
      if (SECTIONS.has(node.kind) || node.kind === "note") return;
      for (const at of this.places(instance, id)) {
        if (!instance.isRelevant(id, at)) continue;
        const kind = this.fault(instance, id, at);
        if (!kind) continue;
        const text = kind === "required" ? node.required_message : node.constraint_message;
        faults.push({ node: id, at, kind, message: this.words(instance, text, id, at) });
      }
    });
    return faults;
  }

  private fault(instance: Instance, id: number, at: number[]): Fault["kind"] | undefined {
    const node = this.node(id);
    const value = instance.value(id, at);
    if (!value) return this.isShown(id) && this.isRequired(instance, id, at) ? "required" : undefined;
    if (!fits(node.kind, value, this.now.offset)) return "type";
    if (node.list !== undefined) {
      const offered = new Set(this.choices(instance, id, at).map((choice) => choice.name));
      const chosen = node.kind === "select-multiple" ? words(value) : [value];
      if (!chosen.every((choice) => offered.has(choice))) return "choice";
    }
    const kept = !node.constraint || toTruth(this.evaluate(instance, node.constraint, id, at));
    return kept ? undefined : "constraint";
  }

  // JSON and names of fields

  fromJson(json: Json): Instance {
    const instance = new Instance();
    this.read(instance, 0, [], json);
    return instance;
  }

  private read(instance: Instance, section: number, at: number[], json: Json | undefined): void {
    if (typeof json !== "object" || json === null || Array.isArray(json)) return;
    for (const id of this.node(section).children ?? []) {
      const { name, kind } = this.node(id);
      const value = json[name];
      if (kind === "repeat") {
        if (!Array.isArray(value)) continue;
        instance.setCount(id, at, value.length);
        value.slice(0, MOST_REPEATS).forEach((item, n) => this.read(instance, id, [...at, n], item));
      } else if (kind === "group") this.read(instance, id, at, value);
      else if (kind !== "note" && (typeof value === "string" || typeof value === "number")) {
        instance.set(id, at, String(value));
      }
    }
  }

  toJson(instance: Instance): Json {
    return this.write(instance, 0, []);
  }

  private write(instance: Instance, section: number, at: number[]): { [name: string]: Json } {
    const fields: { [name: string]: Json } = {};
    for (const id of this.node(section).children ?? []) {
      const { name, kind } = this.node(id);
      if (kind === "note" || !instance.isRelevant(id, at)) continue;
      let value: Json;
      if (kind === "group") value = this.write(instance, id, at);
      else if (kind === "repeat") {
        value = Array.from({ length: instance.count(id, at) }, (_, n) => this.write(instance, id, [...at, n]));
      } else value = instance.value(id, at);
      const empty = Array.isArray(value) ? value.length === 0 : typeof value === "object" ? Object.keys(value ?? {}).length === 0 : !value;
      if (!empty) fields[name] = value;
    }
    return fields;
  }

  /** The name of a field on the page: `people/0/age`. */
  field(id: number, at: number[]): string {
    const parts: string[] = [];
    for (let node = id; node !== 0; node = this.node(node).parent) {
      const number = this.node(node).kind === "repeat" ? at[this.depth(node)] : undefined;
      if (number !== undefined) parts.push(String(number));
      parts.push(this.node(node).name);
    }
    return parts.reverse().join("/");
  }

  findField(field: string): Place | undefined {
    const parts = field.split("/");
    let id = 0;
    const at: number[] = [];
    for (let n = 0; n < parts.length; n += 1) {
      const child = (this.node(id).children ?? []).find((c) => this.node(c).name === parts[n]);
      if (child === undefined) return undefined;
      id = child;
      if (this.node(id).kind === "repeat" && n + 1 < parts.length) {
        n += 1;
        const number = Number(parts[n]);
        if (!/^\d+$/.test(parts[n] ?? "") || number >= MOST_REPEATS) return undefined;
        at.push(number);
      }
    }
    return [id, at];
  }

  // Expressions

  evaluate(instance: Instance, expr: Expr, node: number, at: number[], choice?: Choice): Value {
    return new Scope(this, instance, node, at, choice).eval(expr);
  }

  labelOf(choice: Choice): string {
    return this.plainWords(choice.label);
  }

  choiceName(id: number, value: string): string {
    return this.choiceWords(id, value);
  }
}
