// The forms that a community asks at its homes (走访表), whole, so that they are asked without signal too.
import type { Form } from "../forms-engine";
import { get, write, type OwnedRow } from "./db";
import type { Home } from "./model";
import { open, owner, seal } from "./vault";

export interface Asked {
  survey: string;
  /** Where it is asked. */
  area: string;
  version: string;
  form: Form;
}
interface Stored {
  forms: Asked[];
  etag: string;
}

export async function stored(): Promise<Stored> {
  const row = await get<OwnedRow>("sealed", "forms");
  return row && row.owner === owner() ? open<Stored>(row) : { forms: [], etag: "" };
}

export async function keep(value: Stored): Promise<void> {
  const row: OwnedRow = { id: "forms", owner: owner(), ...(await seal(value)) };
  await write(["sealed"], (of) => of("sealed").put(row));
}

export const at = (forms: Asked[], home: Home): Asked[] => forms.filter((x) => home.area.startsWith(x.area));

/** Which of the form's languages the page speaks; the server chooses by the same rule. */
export function language(form: Form): number {
  const wanted = document.documentElement.lang.toLowerCase();
  const primary = wanted.split(/[-_]/)[0] ?? "";
  const codes = form.languages.map((name) => (/\(([^)]*)\)?\s*$/.exec(name)?.[1] ?? name).trim().toLowerCase());
  const close = (code: string) =>
    code.split(/[-_]/)[0] === primary || (primary === "en" && code.startsWith("english")) || (primary === "zh" && /^chinese|中/.test(code));
  const exact = codes.indexOf(wanted);
  const found = exact >= 0 ? exact : codes.findIndex(close);
  return found >= 0 ? found : form.default_language;
}
