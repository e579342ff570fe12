// The worker's pages without signal: the walk, a home, the cases, what waits. One page, told by its hash.
import { all, icon, make, on, one } from "../dom";
import { toast } from "../small";
import { cases, empty, walk } from "./list";
import * as ask from "./ask";
import * as forms from "./forms";
import * as home from "./home";
import { logOut } from "./leave";
import * as q from "./queue";
import * as sync from "./sync";
import { owner, usable } from "./vault";
import * as waiting from "./waiting";
import { w } from "./words";

document.documentElement.classList.add("js");
const main = one("#main")!;
const bar = one("#link")!;

let turn = 0;
async function draw(focus = false): Promise<void> {
  const mine = ++turn;
  const route = location.hash.replace(/^#\/?/, "");
  for (const tab of all(".tabbar a")) {
    const here = tab.getAttribute("href") === `#/${route}` || (/^(home|form)\//.test(route) && tab.getAttribute("href") === "#/");
    if (here) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  }
  const link = (href: string, words: string) => make("a", { class: "btn primary", href }, words);
  const shut = !usable() ? empty("lock", w("no-crypto"), w("no-crypto-hint"), "", link("/work", w("to-work")))
    : !owner() ? empty("lock", w("no-key"), w("no-key-hint"), "", link("/login?next=/offline", w("log-in")))
    : undefined;
  if (shut) {
    main.replaceChildren(shut);
    return status();
  }
  const [here, queue, { forms: asked }] = await Promise.all([q.stored(), q.queue(), forms.stored()]);
  // Asked for once more meanwhile.
  if (mine !== turn) return;
  const again = () => void draw();
  const sent = () => {
    void draw();
    void sync.sync();
  };
  if (route === "queue") waiting.show(main, queue, () => void sync.sync(), sent);
  else if (!here) main.replaceChildren(empty("offline", w("no-pack"), w("no-pack-hint")));
  else if (route === "cases") cases(main, here, sync.state() !== "offline", sent);
  else {
    const homes = q.overlaid(here.pack, queue);
    const [kind = "", first = "", second = ""] = route.split("/");
    const one = homes.get(kind === "form" ? second : first);
    const form = kind === "form" ? asked.find((f) => f.survey === first) : undefined;
    const leave = (to = "#/") => {
      location.hash = to;
      void sync.sync();
    };
    if (one && form) await ask.show(main, form, one, queue, () => leave(`#/home/${one.id}`));
    else if (one && kind === "home") await home.show(main, here, one, queue, forms.at(asked, one), () => leave());
    else walk(main, here, homes, queue, again);
  }
  main.dataset.route = route;
  if (focus) {
    scrollTo(0, 0);
    main.focus({ preventScroll: true });
  }
  await status();
}

/** Always in sight: whether there is signal, and how much waits. */
async function status(): Promise<void> {
  const link = sync.state();
  const items = owner() ? await q.queue() : [];
  const shown = items.filter((x) => x.kind !== "seen");
  const look = shown.filter((x) => x.state !== "waiting").length;
  const off = link === "offline";
  one("#out")!.hidden = !owner();
  bar.setAttribute("aria-busy", String(link === "sending"));
  bar.dataset.state = off ? "offline" : look ? "conflict" : "online";
  const words = link === "locked" ? w("no-key") : link === "sending" ? w(shown.length ? "sending" : "fetching") : w(off ? "offline" : "online");
  const rest = look ? w("queue-look", look) : shown.length ? w("queue", shown.length) : owner() && link !== "locked" && link !== "sending" ? w("queue-none") : "";
  const text = rest ? `${words} · ${rest}` : words;
  if (one("[data-words]", bar)?.textContent !== text) bar.replaceChildren(icon(off ? "offline" : "online"), make("span", { "data-words": true }, text));
  const count = one("#count")!;
  count.hidden = shown.length === 0;
  count.textContent = shown.length ? String(shown.length) : "";
  count.dataset.tone = look ? "bad" : "";
}

// A page with a form in work is not drawn anew under the fingers.
const busy = () => /^#\/(home|form)\//.test(location.hash) || main.contains(document.activeElement) && document.activeElement !== main && /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement!.tagName);
sync.onChange((_link, changed) => void (changed && !(busy() && owner()) ? draw() : status()));
addEventListener("hashchange", () => void draw(true));

on<SubmitEvent>("submit", "form[action='/logout']", (_form, e) => {
  e.preventDefault();
  void (async () => {
    const told = await logOut();
    if (told === undefined) return;
    if (told) return location.assign("/login");
    location.hash = "#/";
    toast(w("out-owed"));
    await draw();
  })();
});

addEventListener("beforeinstallprompt", (e) => {
  e.preventDefault();
  const button = one<HTMLButtonElement>("#install")!;
  button.hidden = false;
  button.addEventListener("click", () => {
    button.hidden = true;
    void (e as Event & { prompt(): Promise<void> }).prompt();
  }, { once: true });
});

async function start(): Promise<void> {
  if (!usable()) return draw();
  // Tells the other pages that there is something to close at log-out.
  localStorage.setItem("linli-offline", "1");
  await sync.begin();
  await draw();
  if ("serviceWorker" in navigator) void navigator.serviceWorker.register("/sw.js");
  // What lies here must not be thrown away when the phone is short of space.
  void navigator.storage?.persist?.();
  await sync.sync();
  if (!(busy() && owner())) await draw();
}
void start();
