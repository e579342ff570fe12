// Shows whether the page still hears the server, and says aloud when the list has changed.
import { all } from "./dom";
import { announce } from "./htmx-setup";
import { say } from "./words";

function note(state: "on" | "lost") {
  for (const el of all("[data-live-note]")) {
    el.dataset.state = state;
    const now = new Date().toLocaleTimeString("zh-CN", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
    el.textContent = state === "lost" ? say("lost") : say("live", { t: now });
  }
}
// What happened while nobody heard is not told again: after a pause every piece looks for itself.
function lookAgain(live: Element, url: string) {
  const kinds = new URL(url, location.href).searchParams.get("kinds") ?? "";
  for (const kind of kinds.split(",").filter(Boolean)) {
    live.dispatchEvent(new CustomEvent(`${kind}-changed`, { bubbles: true, detail: { data: "" } }));
  }
}
document.addEventListener("htmx:sse:after:connection", (e) => {
  note("on");
  const { connection } = (e as CustomEvent<{ connection: { attempt: number; url: string } }>).detail;
  if (connection.attempt > 0 && e.target instanceof Element) lookAgain(e.target, connection.url);
});
document.addEventListener("htmx:sse:after:message", () => note("on"));
document.addEventListener("htmx:sse:error", () => note("lost"));
document.addEventListener("htmx:sse:close", () => note("lost"));
window.addEventListener("offline", () => note("lost"));

// <p class="sr" data-announce>队列有 3 件新案件</p> inside a swapped piece is read out once.
document.addEventListener("htmx:after:swap", () => {
  for (const el of all("[data-announce]:not([data-said])")) {
    el.dataset.said = "";
    announce(el.textContent ?? "");
  }
});

function online() {
  for (const el of all("[data-link-state]")) {
    const off = !navigator.onLine;
    el.dataset.state = off ? "offline" : "online";
    const words = off ? el.dataset.offline : el.dataset.online;
    const place = el.querySelector("[data-words]") ?? el;
    if (words) place.textContent = words;
  }
}
window.addEventListener("online", online);
window.addEventListener("offline", online);
online();
