// The words of a form and of its answers.

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

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
export type Value = number | string | boolean | { day: number } | { ms: number; offset: number };
export type Place = [node: number, at: number[]];

export const DAY = 86_400_000;
export const FIRST_DAY = -719_528;
export const LAST_DAY = 2_932_896;
export const MOST_REPEATS = 200;
export const SECTIONS = new Set(["form", "group", "repeat"]);
export const UNASKED = new Set(["calculate", "hidden", "start", "end", "today", "property"]);

/** The instant of this device, on its own clock or on one of so many minutes east of Greenwich. */
export function deviceNow(date = new Date(), offset = -date.getTimezoneOffset()): Now {
  return { local_ms: date.getTime() + offset * 60_000, offset };
}
