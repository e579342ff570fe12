// On the ordinary pages: how much waits on this phone, and closing what lies on it at log-out. The offline pages
// say in localStorage that there is something; without that nothing is opened here.
import { all, one, on } from "./dom";
import { ask } from "./small";
import { say } from "./words";

const here = () => localStorage.getItem("linli-offline") === "1" && "indexedDB" in window;

async function offline() {
  const [queue, vault] = await Promise.all([import("./offline/queue"), import("./offline/vault")]);
  return { ...queue, ...vault };
}

on<SubmitEvent>("submit", "form[action='/logout']", (form, e) => {
  if (!here()) return;
  e.preventDefault();
  void (async () => {
    const o = await offline();
    await o.unlock();
    const waiting = await o.count();
    if (waiting > 0 && !(await ask(say("unsent", { n: waiting })))) return;
    // Held until this page is gone, so that another tab does not fetch the key again before the session has ended.
    await navigator.locks.request("linli-offline", async () => {
      await o.lock();
      (form as HTMLFormElement).submit();
      await new Promise(() => undefined);
    });
  })();
});

if (here()) {
  void (async () => {
    const o = await offline();
    // Logged out on the offline pages while the server could not be told: now it can.
    const { owed, tell } = await import("./offline/leave");
    if (owed() && (await tell()) && location.pathname !== "/login") return location.assign("/login");
    // Nobody is logged in any more, however that came about.
    if (location.pathname === "/login") return o.lock();
    const links = all<HTMLAnchorElement>("a[href='/offline']");
    if (links.length === 0 || !(await o.unlock())) return;
    const n = await o.count();
    for (const link of links) {
      const count = one(".count", link) ?? link.appendChild(Object.assign(document.createElement("span"), { className: "count" }));
      count.hidden = n === 0;
      count.textContent = String(n);
    }
  })();
}
