// A community's own form at work in the browser: what is asked, what is worked out, what is wrong.
// The same evaluator stands in Rust (crates/forms: eval.rs, functions.rs, engine.rs). One table of cases,
// crates/forms/tests/golden/engine.json, is run by both, so that they cannot drift.

/** An expression as the server parsed it. */
export type Expr =
  | { n: number }
  | { s: string }
  | { r: [node: number, keep: number] }
  | { c: string }
  | { m: Expr }
  | { o: [operator: string, left: Expr, right: Expr] }
  | { f: [name: string, args: Expr[]] };

export type Text = Record<string, (string | Expr)[]>;

export interface Choice {
  name: string;
  label?: Text;
  extra?: Record<string, string>;
}

export interface FormNode {
  name: string;
  kind: string;
  parent: number;
  children?: number[];
  repeats?: number[];
  label?: Text;
  hint?: Text;
  relevant?: Expr;
  required?: Expr;
  required_message?: Text;
  constraint?: Expr;
  constraint_message?: Text;
  calculation?: Expr;
  read_only?: Expr;
  default?: Expr;
  list?: number;
  choice_filter?: Expr;
  count?: Expr;
  appearance?: string;
  parameters?: Record<string, string>;
  row: number;
}

export interface Form {
  id: string;
  title: string;
  version?: string;
  languages: string[];
  default_language: number;
  instance_name?: Expr;
  nodes: FormNode[];
  lists: { name: string; choices: Choice[] }[];
  order: number[];
}

/** The instant: milliseconds since 1970 of the clock on the wall, minutes east. */
export interface Now {
  local_ms: number;
  offset: number;
}

export interface Fault {
  node: number;
  at: number[];
  kind: "required" | "type" | "choice" | "constraint";
  message: string;
}

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Value = number | string | boolean | { day: number } | { ms: number; offset: number };
type Place = [node: number, at: number[]];

const DAY = 86_400_000;
const FIRST_DAY = -719_528;
const LAST_DAY = 2_932_896;
const MOST_REPEATS = 200;
const SECTIONS = new Set(["form", "group", "repeat"]);
const UNASKED = new Set(["calculate", "hidden", "start", "end", "today"]);

/** The instant of this device. */
export function deviceNow(date = new Date()): Now {
  const offset = -date.getTimezoneOffset();
  return { local_ms: date.getTime() + offset * 60_000, offset };
}

// ---- Values ----

const pad = (n: number, width = 2) => String(n).padStart(width, "0");
const floorMod = (a: number, b: number) => ((a % b) + b) % b;

export function parseNumber(text: string): number {
  const bare = text.replace(/^[ \t\n\r]+|[ \t\n\r]+$/g, "");
  return /^-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)$/.test(bare) ? Number(bare) : NaN;
}

/** Whole numbers without a point, never an exponent. */
export function numberText(n: number): string {
  if (n === 0) return "0";
  const text = String(n);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (!parts) return text;
  const digits = parts[2] + (parts[3] ?? "");
  const shift = Number(parts[4]);
  return shift < 0 ? `${parts[1]}0.${"0".repeat(-shift - 1)}${digits}` : parts[1] + digits.padEnd(shift + 1, "0");
}

function parseDate(text: string): number | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim());
  if (!parts) return undefined;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const right = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return right ? Math.round(date.getTime() / DAY) : undefined;
}

function parseTime(text: string): { ms: number; offset: number | undefined } | undefined {
  const parts = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(Z|[+-]\d{2}(?::\d{2})?)?$/.exec(text.trim());
  if (!parts) return undefined;
  const [hour, minute, second] = [Number(parts[1]), Number(parts[2]), Number(parts[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  let offset: number | undefined;
  const zone = parts[5];
  if (zone === "Z") offset = 0;
  else if (zone) {
    const [hours, minutes] = zone.slice(1).split(":");
    offset = Number(hours) * 60 + Number(minutes ?? 0);
    if (offset > 840) return undefined;
    if (zone.startsWith("-")) offset = -offset;
  }
  const milli = Number((parts[4] ?? "0").padEnd(3, "0"));
  return { ms: ((hour * 60 + minute) * 60 + second) * 1000 + milli, offset };
}

function parseMoment(text: string, offset: number): { ms: number; offset: number } | undefined {
  const bare = text.trim();
  const at = bare.indexOf("T");
  if (at < 0) return undefined;
  const day = parseDate(bare.slice(0, at));
  const time = parseTime(bare.slice(at + 1));
  if (day === undefined || !time) return undefined;
  return { ms: day * DAY + time.ms, offset: time.offset ?? offset };
}

function civil(day: number): [year: number, month: number, date: number] | undefined {
  if (day < FIRST_DAY || day > LAST_DAY) return undefined;
  const date = new Date(day * DAY);
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
}

function dateText(day: number): string {
  const parts = civil(day);
  return parts ? `${pad(parts[0], 4)}-${pad(parts[1])}-${pad(parts[2])}` : "";
}

function momentText(ms: number, offset: number): string {
  const date = dateText(Math.floor(ms / DAY));
  if (!date) return "";
  const part = floorMod(ms, DAY);
  const clock = [part / 3_600_000, (part / 60_000) % 60, (part / 1000) % 60].map((n) => pad(Math.floor(n))).join(":");
  const east = Math.abs(offset);
  return `${date}T${clock}.${pad(part % 1000, 3)}${offset < 0 ? "-" : "+"}${pad(Math.floor(east / 60))}:${pad(east % 60)}`;
}

const isDay = (v: Value): v is { day: number } => typeof v === "object" && "day" in v;

function toNumber(v: Value): number {
  if (typeof v === "number") return v;
  if (typeof v === "string") return parseNumber(v);
  if (typeof v === "boolean") return v ? 1 : 0;
  return isDay(v) ? v.day : v.ms / DAY;
}

export function toText(v: Value): string {
  if (typeof v === "string") return v;
  if (typeof v === "number") return numberText(v);
  if (typeof v === "boolean") return String(v);
  return isDay(v) ? dateText(v.day) : momentText(v.ms, v.offset);
}

function toTruth(v: Value): boolean {
  if (typeof v === "number") return v !== 0 && !Number.isNaN(v);
  if (typeof v === "object") return true;
  return Boolean(v);
}

const toAnswer = (v: Value) => (typeof v === "number" && Number.isNaN(v) ? "" : toText(v));

/** As a day, if it is one or reads like one. */
function asDay(v: Value, offset: number): number {
  if (typeof v !== "string") return toNumber(v);
  const day = parseDate(v);
  if (day !== undefined) return day;
  const moment = parseMoment(v, offset);
  return moment ? moment.ms / DAY : NaN;
}

function equal(a: Value, b: Value, offset: number): boolean {
  if (typeof a === "boolean" || typeof b === "boolean") return toTruth(a) === toTruth(b);
  if (typeof a === "number" || typeof b === "number") return toNumber(a) === toNumber(b);
  if (typeof a === "object" || typeof b === "object") return asDay(a, offset) === asDay(b, offset);
  return a === b;
}

function typed(kind: string, text: string, offset: number): Value {
  if (kind === "integer" || kind === "decimal") {
    const n = parseNumber(text);
    return Number.isFinite(n) ? n : text;
  }
  if (kind === "date" || kind === "today") {
    const day = parseDate(text);
    return day === undefined ? text : { day };
  }
  if (kind === "date-time" || kind === "start" || kind === "end") return parseMoment(text, offset) ?? text;
  return text;
}

/** The plain part of regular expressions; none where the server refuses the pattern too. */
function compile(pattern: string): RegExp | undefined {
  if (["&&", "--", "~~", "[[", "[:"].some((s) => pattern.includes(s)) || /\(\?(?!:)/.test(pattern)) return undefined;
  let inside = false;
  let foreign = false;
  // The strict mode counts characters as people do, but refuses a backslash before what needs none.
  const strict = pattern.replace(/\\[\s\S]|[[\]]/gu, (token) => {
    if (token === "[" || token === "]") {
      inside = token === "[";
      return token;
    }
    const c = token.slice(1);
    if (c === "s") return inside ? "\\t\\n\\v\\f\\r " : "[\\t\\n\\v\\f\\r ]";
    if (/[\p{L}\p{N}]/u.test(c)) {
      foreign ||= !"dDwWSbBtnrfv".includes(c);
      return token;
    }
    return /[\^$\\.*+?()[\]{}|/]/.test(c) || (inside && c === "-") ? token : c;
  });
  try {
    return foreign ? undefined : new RegExp(`^(?:${strict})$`, "u");
  } catch {
    return undefined;
  }
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

function format(ms: number, pattern: string): string {
  const day = Math.floor(ms / DAY);
  const parts = civil(day);
  if (!parts) return "";
  const [year, month, date] = parts;
  const part = floorMod(ms, DAY);
  return pattern.replace(/%([\s\S]?)/gu, (whole, letter: string) => {
    switch (letter) {
      case "Y": return pad(year, 4);
      case "y": return pad(floorMod(year, 100));
      case "m": return pad(month);
      case "n": return String(month);
      case "b": return MONTHS[month - 1] ?? "";
      case "d": return pad(date);
      case "e": return String(date);
      case "a": return DAYS[floorMod(day, 7)] ?? "";
      case "H": return pad(Math.floor(part / 3_600_000));
      case "h": return String(Math.floor(part / 3_600_000));
      case "M": return pad(Math.floor(part / 60_000) % 60);
      case "S": return pad(Math.floor(part / 1000) % 60);
      case "3": return pad(part % 1000, 3);
      case "%": return "%";
      default: return whole;
    }
  });
}

const words = (text: string) => text.split(/\s+/u).filter(Boolean);
const index = (n: number) => (n >= 0 && n < 1e9 ? Math.trunc(n) : undefined);
const key = (node: number, at: number[]) => `${node}:${at.join(".")}`;

// ---- Answers ----

/** The answers, and what the last evaluation found irrelevant. */
export class Instance {
  values = new Map<string, string>();
  counts = new Map<string, number>();
  hidden = new Set<string>();

  value(node: number, at: number[]): string {
    return this.values.get(key(node, at)) ?? "";
  }
  set(node: number, at: number[], text: string): void {
    if (text) this.values.set(key(node, at), text);
    else this.values.delete(key(node, at));
  }
  count(repeat: number, at: number[]): number {
    return this.counts.get(key(repeat, at)) ?? 0;
  }
  setCount(repeat: number, at: number[], count: number): void {
    this.counts.set(key(repeat, at), Math.min(count, MOST_REPEATS));
  }
  isRelevant(node: number, at: number[]): boolean {
    return !this.hidden.has(key(node, at));
  }
}

// ---- The engine ----

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

function fits(kind: string, text: string, offset: number): boolean {
  switch (kind) {
    case "integer": return /^-?\d{1,9}$/.test(text);
    case "decimal": return Number.isFinite(parseNumber(text)) && text.length <= 30;
    case "time": return parseTime(text) !== undefined;
    case "date": case "today": case "date-time": case "start": case "end":
      return typeof typed(kind, text, offset) !== "string";
    case "geopoint": {
      const numbers = words(text).map(parseNumber);
      const [latitude = NaN, longitude = NaN] = numbers;
      return numbers.length >= 2 && numbers.length <= 4 && numbers.every(Number.isFinite) &&
        Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180;
    }
    case "acknowledge": return text === "OK";
    case "image": return new TextEncoder().encode(text).length <= 255 && !/[/\\\0]/.test(text) && text !== "." && text !== "..";
    default: return true;
  }
}

/** Evaluates for one question. */
class Scope {
  constructor(
    private readonly engine: Engine,
    private readonly instance: Instance,
    private readonly node: number,
    private readonly at: number[],
    private readonly choice: Choice | undefined,
  ) {}

  eval(expr: Expr): Value {
    if ("n" in expr) return expr.n;
    if ("s" in expr) return expr.s;
    if ("r" in expr) {
      const place = this.places(expr.r)[0];
      return place ? this.value(place) : "";
    }
    if ("c" in expr) return this.column(expr.c);
    if ("m" in expr) return -toNumber(this.eval(expr.m));
    if ("o" in expr) return this.operate(...expr.o);
    return this.call(...expr.f);
  }

  private column(name: string): string {
    if (!this.choice) return "";
    if (name === "name") return this.choice.name;
    if (name === "label") return this.engine.labelOf(this.choice);
    return this.choice.extra?.[name] ?? "";
  }

  private operate(operator: string, left: Expr, right: Expr): Value {
    if (operator === "and") return toTruth(this.eval(left)) && toTruth(this.eval(right));
    if (operator === "or") return toTruth(this.eval(left)) || toTruth(this.eval(right));
    const [a, b] = [this.eval(left), this.eval(right)];
    const offset = this.engine.now.offset;
    if (operator === "=") return equal(a, b, offset);
    if (operator === "!=") return !equal(a, b, offset);
    if (operator.startsWith("<") || operator.startsWith(">")) {
      const days = typeof a === "object" || typeof b === "object";
      const [x, y] = days ? [asDay(a, offset), asDay(b, offset)] : [toNumber(a), toNumber(b)];
      if (operator === "<") return x < y;
      if (operator === "<=") return x <= y;
      return operator === ">" ? x > y : x >= y;
    }
    const [x, y] = [toNumber(a), toNumber(b)];
    switch (operator) {
      case "+": return x + y;
      case "-": return x - y;
      case "*": return x * y;
      case "div": return x / y;
      default: return x % y;
    }
  }

  private places([id, keep]: [number, number]): Place[] {
    const { engine, instance } = this;
    const depth = engine.depth(id);
    return engine
      .expand(instance, id, this.at.slice(0, keep), engine.node(id).repeats?.length ?? 0)
      .filter((at) => instance.isRelevant(id, at.slice(0, depth)))
      .map((at) => [id, at]);
  }

  private value([id, at]: Place): Value {
    return typed(this.engine.node(id).kind, this.instance.value(id, at), this.engine.now.offset);
  }

  private values(expr: Expr): Value[] {
    return "r" in expr ? this.places(expr.r).map((place) => this.value(place)) : [this.eval(expr)];
  }

  private text(args: Expr[], n: number): string {
    const arg = args[n];
    return arg ? toText(this.eval(arg)) : "";
  }

  private number(args: Expr[], n: number): number {
    const arg = args[n];
    return arg ? toNumber(this.eval(arg)) : NaN;
  }

  private first(args: Expr[]): Value {
    return args[0] ? this.eval(args[0]) : "";
  }

  private own(args: Expr[]): string {
    return args.length === 0 ? this.instance.value(this.node, this.at) : this.text(args, 0);
  }

  private call(name: string, args: Expr[]): Value {
    const each = () => args.flatMap((arg) => this.values(arg));
    const part = () => this.text(args, 1);
    const place = args[0] && "r" in args[0] ? args[0].r : undefined;
    switch (name) {
      case "true": return true;
      case "false": return false;
      case "boolean": return toTruth(this.first(args));
      case "boolean-from-string": return ["1", "true"].includes(this.text(args, 0));
      case "not": return !toTruth(this.first(args));
      case "if": return this.eval((toTruth(this.first(args)) ? args[1] : args[2]) ?? { s: "" });
      case "coalesce": return args.map((arg) => this.eval(arg)).find((value) => value !== "") ?? "";
      case "selected": return words(this.text(args, 0)).includes(part().trim());
      case "selected-at": {
        const n = index(this.number(args, 1));
        return (n === undefined ? undefined : words(this.text(args, 0))[n]) ?? "";
      }
      case "count-selected": return words(this.text(args, 0)).length;
      case "jr:choice-name":
        return args[1] && "r" in args[1] ? this.engine.choiceName(args[1].r[0], this.text(args, 0)) : "";
      case "string": return this.text(args, 0);
      case "concat": return each().map(toText).join("");
      case "join": return args.slice(1).flatMap((arg) => this.values(arg)).map(toText).join(this.text(args, 0));
      case "string-length": return [...this.own(args)].length;
      case "normalize-space": return words(this.own(args)).join(" ");
      case "substr": return this.substr(args);
      case "contains": return this.text(args, 0).includes(part());
      case "starts-with": return this.text(args, 0).startsWith(part());
      case "ends-with": return this.text(args, 0).endsWith(part());
      case "substring-before": case "substring-after": {
        const [text, wanted] = [this.text(args, 0), part()];
        const at = text.indexOf(wanted);
        if (at < 0) return "";
        return name === "substring-before" ? text.slice(0, at) : text.slice(at + wanted.length);
      }
      case "translate": {
        const [from, to] = [[...part()], [...this.text(args, 2)]];
        return [...this.text(args, 0)].map((c) => (from.includes(c) ? (to[from.indexOf(c)] ?? "") : c)).join("");
      }
      case "regex": return compile(part())?.test(this.text(args, 0)) ?? false;
      case "number": return this.number(args, 0);
      case "int": return Math.trunc(this.number(args, 0));
      case "round": return this.round(args);
      case "abs": return Math.abs(this.number(args, 0));
      case "floor": return Math.floor(this.number(args, 0));
      case "ceiling": return Math.ceil(this.number(args, 0));
      case "pow": return Math.pow(this.number(args, 0), this.number(args, 1));
      case "sqrt": return Math.sqrt(this.number(args, 0));
      case "sum": return each().reduce<number>((sum, value) => sum + toNumber(value), 0);
      case "min": return extreme(each(), (a, b) => a < b);
      case "max": return extreme(each(), (a, b) => a > b);
      case "count": return place ? this.places(place).length : NaN;
      case "count-non-empty": return each().filter((value) => toText(value) !== "").length;
      case "position": return place ? this.position(place) : NaN;
      case "indexed-repeat": return this.indexed(args);
      case "today": return { day: Math.floor(this.engine.now.local_ms / DAY) };
      case "now": return { ms: this.engine.now.local_ms, offset: this.engine.now.offset };
      default: return this.clock(name, args);
    }
  }

  private substr(args: Expr[]): string {
    const chars = [...this.text(args, 0)];
    const bound = (n: number) => {
      const whole = Math.trunc(n) < 0 ? Math.trunc(n) + chars.length : Math.trunc(n);
      return Math.min(index(Math.max(Number.isNaN(whole) ? 0 : whole, 0)) ?? 0, chars.length);
    };
    const from = bound(this.number(args, 1));
    const to = args.length > 2 ? bound(this.number(args, 2)) : chars.length;
    return chars.slice(from, Math.max(to, from)).join("");
  }

  private round(args: Expr[]): number {
    const x = this.number(args, 0);
    let places = args.length > 1 ? Math.min(Math.max(Math.trunc(this.number(args, 1)), -15), 15) : 0;
    const up = places < 0;
    let factor = 1;
    for (places = Math.abs(places); places > 0; places -= 1) factor *= 10;
    return up ? Math.floor(x / factor + 0.5) * factor : Math.floor(x * factor + 0.5) / factor;
  }

  private position([id, keep]: [number, number]): number {
    if (this.engine.node(id).kind !== "repeat") return 1;
    const last = this.places([id, keep])[0]?.[1].at(-1);
    return last === undefined ? NaN : last + 1;
  }

  private indexed(args: Expr[]): Value {
    const [first] = args;
    if (!first || !("r" in first)) return "";
    const id = first.r[0];
    const at: number[] = [];
    for (const [level, repeat] of (this.engine.node(id).repeats ?? []).entries()) {
      let number: number | undefined = this.at[level] ?? 0;
      for (let n = 1; n + 1 < args.length; n += 2) {
        const named = args[n];
        if (named && "r" in named && named.r[0] === repeat) number = index(this.number(args, n + 1) - 1);
      }
      if (number === undefined || number >= this.instance.count(repeat, at)) return "";
      at.push(number);
    }
    return this.instance.isRelevant(id, at) ? this.value([id, at]) : "";
  }

  private moment(value: Value): { ms: number; offset: number } | undefined {
    const offset = this.engine.now.offset;
    if (typeof value === "boolean") return undefined;
    if (typeof value === "number") {
      const day = Math.floor(value);
      if (!(day >= FIRST_DAY && day <= LAST_DAY)) return undefined;
      return { ms: day * DAY + roundAway((value - day) * DAY), offset };
    }
    if (typeof value === "string") {
      const day = parseDate(value);
      return day === undefined ? parseMoment(value, offset) : { ms: day * DAY, offset };
    }
    return isDay(value) ? { ms: value.day * DAY, offset } : value;
  }

  private clock(name: string, args: Expr[]): Value {
    if (name === "decimal-time") {
      const time = parseTime(this.text(args, 0));
      return time ? time.ms / DAY : NaN;
    }
    const moment = this.moment(this.first(args));
    switch (name) {
      case "date": return moment ? { day: Math.floor(moment.ms / DAY) } : "";
      case "date-time": return moment ?? "";
      case "decimal-date-time": return moment ? (moment.ms - moment.offset * 60_000) / DAY : NaN;
      case "format-date": case "format-date-time": return moment ? format(moment.ms, this.text(args, 1)) : "";
      default: throw new Error(`no function ${name}`);
    }
  }
}

/** The least or greatest; not-a-number stays. */
function extreme(values: Value[], better: (a: number, b: number) => boolean): number {
  const numbers = values.map(toNumber);
  if (numbers.length === 0) return NaN;
  return numbers.reduce((a, b) => (Number.isNaN(a) || better(a, b) ? a : b));
}

/** The server rounds halves away from zero; parts of a day are never negative. */
const roundAway = (x: number) => Math.floor(x + 0.5);

