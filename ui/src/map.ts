// The map island: our own polygons and points, nothing from any other host.
import { Map as GlMap, Marker, Popup, setWorkerUrl, type GeoJSONSource } from "maplibre-gl";
import type { Feature, FeatureCollection, Position } from "geojson";
import { all, icon, make, one } from "./dom";
import { areaLayers, CASE_LAYERS, caseLayers, heatLayer } from "./map-style";
import type { Place } from "./place";
import { say } from "./words";

const EMPTY: FeatureCollection = { type: "FeatureCollection", features: [] };
const DISTRICT: [number, number] = [122.12, 37.48];
/** Close enough to tell one house from the next. */
const CLOSE = 16;

async function load(url: string | undefined): Promise<FeatureCollection> {
  if (!url) return EMPTY;
  const answer = await fetch(url, { headers: { Accept: "application/geo+json, application/json" } });
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return (await answer.json()) as FeatureCollection;
}

/** The place that the form beside the map already holds: found by the phone, sent before, or put by hand. */
function held(box: HTMLElement): Place | null {
  const form = box.closest<HTMLElement>("[data-place]");
  const read = (name: string) => Number.parseFloat((form && one<HTMLInputElement>(`input[name="${name}"]`, form)?.value) || "");
  const at = { lat: read("lat"), lng: read("lng") };
  return Number.isFinite(at.lat) && Number.isFinite(at.lng) ? at : null;
}

/** The outlines to draw: those around the grid that the form names, where the page did not yet know it. */
function sourceOf(box: HTMLElement): string | undefined {
  const form = box.closest<HTMLElement>("[data-place]");
  const grid = form && one<HTMLInputElement>('input[name="grid"]', form)?.value;
  if (!box.dataset.source || !grid) return box.dataset.source;
  const url = new URL(box.dataset.source, location.href);
  // Nine digits are the street: all its grids are drawn, so another of them changes nothing.
  if (url.searchParams.has("near")) url.searchParams.set("near", grid.slice(0, 9));
  return url.href;
}

type Box = [number, number, number, number];
function boundsOf(data: FeatureCollection): Box | null {
  const box: Box = [180, 90, -180, -90];
  const walk = (c: unknown): void => {
    if (!Array.isArray(c)) return;
    if (typeof c[0] === "number") {
      const [x, y] = c as Position as [number, number];
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    } else c.forEach(walk);
  };
  for (const f of data.features) if ("coordinates" in f.geometry) walk(f.geometry.coordinates);
  return box[0] > box[2] ? null : box;
}

/** One name per area, at the middle of its box: a polygon would be named once per tile. */
function namesOf(areas: FeatureCollection): FeatureCollection {
  const features = areas.features.flatMap((f): Feature[] => {
    const b = boundsOf({ type: "FeatureCollection", features: [f] });
    return b ? [{ type: "Feature", geometry: { type: "Point", coordinates: [(b[0] + b[2]) / 2, (b[1] + b[3]) / 2] }, properties: f.properties }] : [];
  });
  return { type: "FeatureCollection", features };
}

function fit(map: GlMap, box: Box | null) {
  if (!box) return;
  const camera = map.cameraForBounds(box, { padding: 24, maxZoom: 17 });
  if (camera) map.jumpTo({ center: camera.center, zoom: camera.zoom });
}

/** The same things as a list of links, for those who cannot use the picture. */
function listOf(data: FeatureCollection): HTMLElement {
  const items = data.features.slice(0, 200).map((f) => {
    const p = f.properties ?? {};
    const text = String(p.title ?? p.name ?? p.code ?? "");
    return make("li", {}, p.url ? make("a", { href: String(p.url) }, text) : text);
  });
  return make("div", { class: "map-list" }, make("p", { class: "hint" }, say("noMap")), make("ul", { class: "list" }, ...items));
}

function popup(map: GlMap, f: Feature, at: { lng: number; lat: number }) {
  const p = f.properties ?? {};
  const title = String(p.title ?? p.name ?? "");
  const body = make("div", {}, p.url ? make("a", { href: String(p.url) }, title) : make("strong", {}, title));
  const note = p.note ?? p.no;
  if (note) body.append(make("p", { class: "mute small" }, String(note)));
  new Popup({ closeButton: false, maxWidth: "18rem", focusAfterOpen: true }).setLngLat(at).setDOMContent(body).addTo(map);
}

function tools(box: HTMLElement, map: GlMap, whole: Box | null, showHeat?: (on: boolean) => void) {
  const button = (label: string, face: string | Node, act: (b: HTMLButtonElement) => void) => {
    const b = make("button", { type: "button", "aria-label": label, title: label }, face);
    b.addEventListener("click", () => act(b));
    return b;
  };
  const bar = make("div", { class: "map-tools" });
  bar.append(
    button(say("zoomIn"), icon("plus"), () => map.zoomIn({ duration: 150 })),
    button(say("zoomOut"), icon("minus"), () => map.zoomOut({ duration: 150 })),
    button(say("whole"), icon("map"), () => fit(map, whole)),
  );
  if (showHeat) {
    const b = button(say("heat"), icon("flame"), (me) => {
      const on = me.getAttribute("aria-pressed") !== "true";
      me.setAttribute("aria-pressed", String(on));
      showHeat(on);
    });
    b.setAttribute("aria-pressed", String(box.dataset.mode === "heat"));
    bar.append(b);
  }
  box.append(bar);
}

/** Where the picker begins: at the form's place, else around the page's area, else with everything in view. */
function begin(box: HTMLElement, map: GlMap, whole: Box | null, areas: FeatureCollection) {
  const at = box.dataset.mode === "pick" ? held(box) : null;
  const given = box.dataset.lat && box.dataset.lng ? { lat: Number(box.dataset.lat), lng: Number(box.dataset.lng) } : null;
  // Between streets nobody finds a door: the middle of a district close up is an empty picture.
  const coarse = box.dataset.mode === "pick" && !box.dataset.zoom && areas.features.length > 0 && !areas.features.some((f) => f.properties?.kind === "grid");
  if (at) map.jumpTo({ center: at, zoom: Math.max(Number(box.dataset.zoom ?? 0), CLOSE) });
  else if (given && !coarse) map.jumpTo({ center: given, zoom: Number(box.dataset.zoom ?? 15) });
  else fit(map, whole);
}

/** The marker of a form. It says where it stands only once a place is known: the middle of the map is none. */
function pin(box: HTMLElement, map: GlMap) {
  const place = box.closest<HTMLElement>("[data-place]");
  const face = make("button", { type: "button", class: "map-pin", "aria-label": say("pin") }, icon("map-pin"));
  const at = held(box);
  const marker = new Marker({ element: face, draggable: true, anchor: "bottom" }).setLngLat(at ?? map.getCenter()).addTo(map);
  face.setAttribute("aria-label", say("pin"));
  const words = make("p", { class: "map-say", role: "status" }, say("pinHint"));
  box.append(words);
  const moved = (tell = true) => {
    const to = marker.getLngLat();
    words.textContent = say("pinAt", { a: to.lat.toFixed(4), b: to.lng.toFixed(4) });
    if (tell) box.dispatchEvent(new CustomEvent<Place>("place:moved", { bubbles: true, detail: { lat: to.lat, lng: to.lng } }));
  };
  marker.on("dragend", () => moved());
  map.on("click", (e) => {
    marker.setLngLat(e.lngLat);
    moved();
  });
  const steps: Record<string, [number, number]> = { ArrowUp: [0, -8], ArrowDown: [0, 8], ArrowLeft: [-8, 0], ArrowRight: [8, 0] };
  let later = 0;
  face.addEventListener("keydown", (e) => {
    const by = steps[e.key];
    if (!by) return;
    e.preventDefault();
    e.stopPropagation();
    const k = e.shiftKey ? 5 : 1;
    const p = map.project(marker.getLngLat());
    marker.setLngLat(map.unproject([p.x + by[0] * k, p.y + by[1] * k]));
    map.panTo(marker.getLngLat(), { duration: 0 });
    clearTimeout(later);
    later = window.setTimeout(() => moved(), 350);
  });
  face.addEventListener("click", (e) => {
    e.preventDefault();
    e.stopPropagation();
    // Enter means here; a finger on the marker only takes it up, it does not choose the place below.
    if (e.detail === 0) moved();
  });
  place?.addEventListener("place:set", (e) => {
    const to = (e as CustomEvent<Place>).detail;
    marker.setLngLat(to);
    map.jumpTo({ center: to, zoom: Math.max(map.getZoom(), CLOSE) });
    moved(false);
  });
  let drawn = sourceOf(box);
  const draw = async () => {
    const source = sourceOf(box);
    if (source === drawn) return;
    const areas = await load(source);
    drawn = source;
    map.getSource<GeoJSONSource>("areas")?.setData(areas);
    map.getSource<GeoJSONSource>("names")?.setData(namesOf(areas));
  };
  place?.addEventListener("place:grid", () => void draw().catch((problem: unknown) => console.warn(problem)));
  if (at) moved(false);
}

/** The drawing gets its own element, so that the box keeps its place in the page. */
function canvasIn(box: HTMLElement): HTMLElement {
  const inner = make("div");
  box.append(inner);
  return inner;
}

/** The one place a page is about. */
function stand(box: HTMLElement, map: GlMap) {
  const face = make("span", { class: "map-pin", role: "img", "aria-label": box.dataset.label ?? "" }, icon("map-pin"));
  new Marker({ element: face, anchor: "bottom" }).setLngLat({ lat: Number(box.dataset.lat), lng: Number(box.dataset.lng) }).addTo(map);
}

/** Waits between two looks: many changes at once are one reason to draw anew. */
const PAUSE = 3_000;

/** Draws anew when the server says that what the map shows has changed (`data-on` names the events). */
function follow(box: HTMLElement, map: GlMap) {
  let due = 0;
  const look = async () => {
    due = 0;
    const [areas, cases] = await Promise.all([load(box.dataset.source), load(box.dataset.cases)]);
    map.getSource<GeoJSONSource>("areas")?.setData(areas);
    for (const id of ["cases", "spots"]) map.getSource<GeoJSONSource>(id)?.setData(cases);
  };
  for (const name of (box.dataset.on ?? "").split(" ").filter(Boolean))
    document.body.addEventListener(name, () => {
      due ||= window.setTimeout(() => void look().catch((problem: unknown) => console.warn(problem)), PAUSE);
    });
}

async function start(box: HTMLElement) {
  const mode = box.dataset.mode ?? "view";
  setWorkerUrl(box.dataset.worker ?? new URL("map-worker.js", import.meta.url).href);
  let areas = EMPTY;
  let cases = EMPTY;
  try {
    [areas, cases] = await Promise.all([load(sourceOf(box)), load(box.dataset.cases)]);
    const map = new GlMap({
      container: canvasIn(box),
      style: { version: 8, sources: {}, layers: [{ id: "paper", type: "background", paint: { "background-color": "#eef2f1" } }] },
      center: DISTRICT,
      zoom: 11,
      attributionControl: false,
      localIdeographFontFamily: getComputedStyle(document.body).fontFamily,
      dragRotate: false,
      pitchWithRotate: false,
      cooperativeGestures: false,
      fadeDuration: 0,
    });
    map.touchZoomRotate.disableRotation();
    map.getCanvas().setAttribute("aria-label", box.dataset.label ?? "");
    map.on("load", () => {
      one(".wait", box)?.remove();
      map.addSource("areas", { type: "geojson", data: areas });
      map.addSource("cases", { type: "geojson", data: cases, cluster: true, clusterRadius: 40, clusterMaxZoom: 16 });
      map.addSource("names", { type: "geojson", data: namesOf(areas) });
      map.addSource("spots", { type: "geojson", data: cases });
      let heat = mode === "heat";
      const showHeat = (on: boolean) => {
        heat = on;
        map.setLayoutProperty("heat", "visibility", on ? "visible" : "none");
        for (const id of CASE_LAYERS) map.setLayoutProperty(id, "visibility", on ? "none" : "visible");
      };
      const paint = () => {
        for (const id of (map.getStyle().layers ?? []).map((l) => l.id)) if (id !== "paper") map.removeLayer(id);
        const css = getComputedStyle(box);
        const colour = (name: string) => css.getPropertyValue(name).trim();
        map.setPaintProperty("paper", "background-color", colour("--sunken"));
        for (const layer of [...areaLayers(colour), heatLayer(colour, heat), ...caseLayers(colour)]) map.addLayer(layer);
        showHeat(heat);
      };
      paint();
      document.addEventListener("linli:prefs", paint);
      const whole = boundsOf(areas) ?? boundsOf(cases);
      begin(box, map, whole, areas);
      tools(box, map, whole, box.dataset.cases ? showHeat : undefined);
      if (mode === "pick") pin(box, map);
      else {
        clicks(map);
        if (box.dataset.lat && box.dataset.lng) stand(box, map);
      }
      box.dataset.ready = "";
    });
    follow(box, map);
  } catch (problem) {
    console.warn(problem);
    box.replaceChildren(listOf(cases.features.length ? cases : areas));
  }
}

function clicks(map: GlMap) {
  map.on("click", (e) => {
    const [hit] = map.queryRenderedFeatures(e.point, { layers: ["clusters", "points", "grid-fill"] });
    if (!hit) return;
    if (hit.layer.id === "clusters") {
      const source = map.getSource<GeoJSONSource>("cases")!;
      void source.getClusterExpansionZoom(hit.properties.cluster_id as number).then((zoom) => map.jumpTo({ center: e.lngLat, zoom }));
    } else popup(map, hit, e.lngLat);
  });
  for (const layer of ["clusters", "points"]) {
    map.on("mouseenter", layer, () => (map.getCanvas().style.cursor = "pointer"));
    map.on("mouseleave", layer, () => (map.getCanvas().style.cursor = ""));
  }
}

for (const box of all("[data-map]")) void start(box);
