// The words of the shell, in the language in which it was fetched.
const told = document.getElementById("visit-words");
const words = JSON.parse(told?.textContent ?? "{}") as Record<string, string>;

/** The district's clock, in minutes east of Greenwich: a phone may be set to another zone. */
export const OFFSET = Number(told?.dataset.offset ?? 0);
/** The instant with the district's hours where `Date` has those of UTC. */
const there = (iso: string) => new Date(Date.parse(iso) + OFFSET * 60_000);

/** The word of `key`; `%n` and `%t` stand for what is put in. */
export function w(key: string, value?: string | number): string {
  return (words[key] ?? key).replace(/%[nt]/g, String(value ?? ""));
}

/** `11-23 09:05`: a visit is days old at most. */
export const when = (iso: string | null): string => (iso ? there(iso).toISOString().slice(5, 16).replace("T", " ") : "");

/** `2026-11-23`. */
export const day = (iso: string): string => there(iso).toISOString().slice(0, 10);
