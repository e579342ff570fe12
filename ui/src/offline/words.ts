// The words of the shell, in the language in which it was fetched.
const words = JSON.parse(document.getElementById("visit-words")?.textContent ?? "{}") as Record<string, string>;

/** The word of `key`; `%n` and `%t` stand for what is put in. */
export function w(key: string, value?: string | number): string {
  return (words[key] ?? key).replace(/%[nt]/g, String(value ?? ""));
}

/** `11-23 09:05`: a visit is days old at most. */
export function when(iso: string | null): string {
  if (!iso) return "";
  const at = new Date(iso);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

/** `2026-11-23`. */
export const day = (iso: string): string => {
  const at = new Date(iso);
  return `${at.getFullYear()}-${String(at.getMonth() + 1).padStart(2, "0")}-${String(at.getDate()).padStart(2, "0")}`;
};
