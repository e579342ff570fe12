// Expressions, evaluated for one question.
import { DAY, FIRST_DAY, LAST_DAY, type Choice, type Expr, type Place, type Value } from "./model";
import { asDay, compile, equal, format, index, isDay, parseDate, parseMoment, parseTime, toNumber, toText, toTruth, typed, words } from "./values";
import type { Instance } from "./instance";
import type { Engine } from "./engine";

/** Evaluates for one question. */
export class Scope {
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
