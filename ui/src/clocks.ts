// Clocks tick by themselves: <time class="clock" data-due="…" data-amber="…" data-state="green">
import { all, one, whenHere } from "./dom";
import { say } from "./words";

const server = one<HTMLMetaElement>('meta[name="server-now"]')?.content;
// A phone's own clock may be wrong by minutes; count by the server's.
const skew = server ? Date.parse(server) - Date.now() : 0;

export function span(ms: number): string {
  const minutes = Math.floor(Math.abs(ms) / 60_000);
  if (minutes < 1) return say("now");
  const d = Math.floor(minutes / 1440);
  const h = Math.floor((minutes % 1440) / 60);
  const m = minutes % 60;
  if (d > 0) return say("d", { n: d }) + (h ? ` ${say("h", { n: h })}` : "");
  if (h > 0) return say("h", { n: h }) + (m ? ` ${say("m", { n: m })}` : "");
  return say("m", { n: m });
}

function tick(root: Document | Element = document) {
  const now = Date.now() + skew;
  for (const el of all<HTMLTimeElement>("[data-due]", root)) {
    if (el.dataset.state === "paused" || el.dataset.state === "done") continue;
    const due = Date.parse(el.dataset.due ?? "");
    if (Number.isNaN(due)) continue;
    const left = due - now;
    const amber = Date.parse(el.dataset.amber ?? "");
    const state = left < 0 ? "red" : !Number.isNaN(amber) && now >= amber ? "amber" : "green";
    if (el.dataset.state !== state) el.dataset.state = state;
    const text = say(left < 0 ? "over" : "left", { t: span(left) });
    if (el.textContent !== text) el.textContent = text;
  }
}
whenHere((root) => tick(root));
setInterval(() => tick(), 15_000);
