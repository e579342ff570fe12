// Where is it: the phone's position, the grid it falls in, and the same place on the map.
import { make, on, one } from "./dom";
import { say } from "./words";

export type Place = { lat: number; lng: number };

function write(box: Element, text: string) {
  const place = one("[data-place-name]", box);
  if (place) place.textContent = text;
}

/** The last move wins: what is still on its way for the one before is given up. */
const moves = new WeakMap<HTMLElement, AbortController>();
function move(box: HTMLElement): AbortSignal {
  moves.get(box)?.abort();
  const now = new AbortController();
  moves.set(box, now);
  return now.signal;
}
/** A draft of the form keeps the place too. */
const changed = (box: HTMLElement) => box.dispatchEvent(new Event("input", { bubbles: true }));

export async function setPlace(box: HTMLElement, p: Place, tell = true, last = move(box)) {
  const lat = one<HTMLInputElement>('input[name="lat"]', box);
  const lng = one<HTMLInputElement>('input[name="lng"]', box);
  if (lat) lat.value = p.lat.toFixed(6);
  if (lng) lng.value = p.lng.toFixed(6);
  if (tell) box.dispatchEvent(new CustomEvent("place:set", { detail: p }));
  // The grid of the place before is not that of this one; until it is known the point alone counts.
  const code = one<HTMLInputElement>('input[name="grid"]', box);
  if (code) code.value = "";
  changed(box);
  const guess = box.dataset.guess;
  if (!guess) return write(box, say("located"));
  try {
    const url = new URL(guess, location.href);
    url.searchParams.set("lat", String(p.lat));
    url.searchParams.set("lng", String(p.lng));
    const answer = await fetch(url, { headers: { Accept: "application/json" }, signal: last });
    if (answer.status === 404) return write(box, say("outside"));
    if (!answer.ok) throw new Error(String(answer.status));
    const found = (await answer.json()) as { name?: string; code?: string };
    if (last.aborted) return;
    if (code) code.value = found.code ?? "";
    box.dispatchEvent(new Event("place:grid"));
    if (found.code && box.matches("form[data-go]")) return (box as HTMLFormElement).submit();
    write(box, found.name ? `${found.name} · ${say("located")}` : say("outside"));
    changed(box);
  } catch {
    if (!last.aborted) write(box, say("located"));
  }
}

on("place:moved", "[data-place]", (el, e: CustomEvent<Place>) => void setPlace(el, e.detail, false));
on("click", "[data-locate]", (button) => {
  const box = button.closest<HTMLElement>("[data-place]");
  if (!box) return;
  if (!navigator.geolocation) return write(box, say("noPlace"));
  write(box, say("locating"));
  // Who points at the map while the phone still looks means the map.
  const last = move(box);
  navigator.geolocation.getCurrentPosition(
    (at) => last.aborted || void setPlace(box, { lat: at.coords.latitude, lng: at.coords.longitude }, true, last),
    () => last.aborted || write(box, say("noPlace")),
    { enableHighAccuracy: true, timeout: 12_000, maximumAge: 30_000 },
  );
});

// The map is large; it comes when somebody asks for it.
on("click", "[data-open-map]", (button) => {
  const box = button.closest("[data-place]") ?? document;
  const map = one<HTMLElement>("[data-map][hidden]", box);
  if (!map) return;
  map.hidden = false;
  button.hidden = true;
  document.head.append(
    make("link", { rel: "stylesheet", href: button.dataset.style }),
    make("script", { type: "module", src: button.dataset.script }),
  );
});
