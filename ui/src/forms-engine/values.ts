// Values, and what is written for them: numbers, days, moments, patterns.
import { DAY, FIRST_DAY, LAST_DAY, type Value } from "./model";

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

export function parseDate(text: string): number | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text.trim());
  if (!parts) return undefined;
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  const right = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return right ? Math.round(date.getTime() / DAY) : undefined;
}

export function parseTime(text: string): { ms: number; offset: number | undefined } | undefined {
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

export function parseMoment(text: string, offset: number): { ms: number; offset: number } | undefined {
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

export const isDay = (v: Value): v is { day: number } => typeof v === "object" && "day" in v;

export function toNumber(v: Value): number {
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

export function toTruth(v: Value): boolean {
  if (typeof v === "number") return v !== 0 && !Number.isNaN(v);
  if (typeof v === "object") return true;
  return Boolean(v);
}

export const toAnswer = (v: Value) => (typeof v === "number" && Number.isNaN(v) ? "" : toText(v));

/** As a day, if it is one or reads like one. */
export function asDay(v: Value, offset: number): number {
  if (typeof v !== "string") return toNumber(v);
  const day = parseDate(v);
  if (day !== undefined) return day;
  const moment = parseMoment(v, offset);
  return moment ? moment.ms / DAY : NaN;
}

export function equal(a: Value, b: Value, offset: number): boolean {
  if (typeof a === "boolean" || typeof b === "boolean") return toTruth(a) === toTruth(b);
  if (typeof a === "number" || typeof b === "number") return toNumber(a) === toNumber(b);
  if (typeof a === "object" || typeof b === "object") return asDay(a, offset) === asDay(b, offset);
  return a === b;
}

export function typed(kind: string, text: string, offset: number): Value {
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
export function compile(pattern: string): RegExp | undefined {
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

export function format(ms: number, pattern: string): string {
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

export const words = (text: string) => text.split(/\s+/u).filter(Boolean);
export const index = (n: number) => (n >= 0 && n < 1e9 ? Math.trunc(n) : undefined);
export const key = (node: number, at: number[]) => `${node}:${at.join(".")}`;

export function fits(kind: string, text: string, offset: number): boolean {
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
