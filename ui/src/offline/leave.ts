// Log-out where there may be no signal: what lies on the phone is closed at once, and the session ends as soon as the
// server can be told. What waits to be sent stays, sealed, for the same account on this phone; that is asked about before.
import { ask } from "../small";
import { say } from "../words";
import { count } from "./queue";
import { lock } from "./vault";

const OWED = "linli-logout";

/** Whether the server has still to hear that somebody has logged out. */
export const owed = (): boolean => localStorage.getItem(OWED) === "1";

/** Tells the server; false where it cannot be reached. */
export async function tell(): Promise<boolean> {
  try {
    const answer = await fetch("/logout", { method: "POST", redirect: "manual" });
    if (answer.status >= 500) return false;
  } catch {
    return false;
  }
  localStorage.removeItem(OWED);
  return true;
}

/** Answers whether the server knows; nothing where the worker thought better of it. */
export async function logOut(): Promise<boolean | undefined> {
  const waiting = await count();
  if (waiting > 0 && !(await ask(say("unsent", { n: waiting })))) return undefined;
  // No round of sending is under way, and the next one tells the server before it asks for the key again.
  return navigator.locks.request("linli-offline", async () => {
    localStorage.setItem(OWED, "1");
    await lock();
    return tell();
  });
}
