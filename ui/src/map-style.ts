// How areas and cases are drawn. Every colour comes from the page's own tokens.
import type { LayerSpecification } from "maplibre-gl";

type Colour = (token: string) => string;
const kind = (...names: string[]) => ["in", ["get", "kind"], ["literal", names]] as never;
const FONT = ["Noto Sans CJK SC"];

export function areaLayers(colour: Colour): LayerSpecification[] {
  return [
    { id: "district-fill", type: "fill", source: "areas", filter: kind("district"), paint: { "fill-color": colour("--surface") } },
    {
      id: "grid-fill",
      type: "fill",
      source: "areas",
      filter: kind("grid", "community", "street"),
      paint: {
        "fill-color": [
          "match",
          ["coalesce", ["get", "tone"], ""],
          "bad",
          colour("--bad"),
          "warn",
          colour("--warn"),
          "ok",
          colour("--ok"),
          colour("--brand"),
        ],
        "fill-opacity": ["case", ["has", "tone"], 0.28, 0.08],
      },
    },
    {
      id: "grid-line",
      type: "line",
      source: "areas",
      filter: kind("grid"),
      minzoom: 10,
      paint: { "line-color": colour("--line-2"), "line-width": ["interpolate", ["linear"], ["zoom"], 11, 0.4, 16, 1.5] },
    },
    { id: "community-line", type: "line", source: "areas", filter: kind("community"), paint: { "line-color": colour("--line-2"), "line-width": 1.2 } },
    { id: "street-line", type: "line", source: "areas", filter: kind("street"), paint: { "line-color": colour("--brand"), "line-width": 1.8, "line-opacity": 0.7 } },
    { id: "district-line", type: "line", source: "areas", filter: kind("district"), paint: { "line-color": colour("--brand"), "line-width": 3 } },
    {
      id: "street-name",
      type: "symbol",
      source: "names",
      filter: kind("street"),
      maxzoom: 14,
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 14 },
      paint: { "text-color": colour("--ink"), "text-halo-color": colour("--surface"), "text-halo-width": 2 },
    },
    {
      id: "grid-name",
      type: "symbol",
      source: "names",
      filter: kind("grid", "community"),
      minzoom: 13.5,
      layout: { "text-field": ["get", "name"], "text-font": FONT, "text-size": 12 },
      paint: { "text-color": colour("--ink-2"), "text-halo-color": colour("--surface"), "text-halo-width": 1.5 },
    },
  ];
}

export function heatLayer(colour: Colour, visible: boolean): LayerSpecification {
  return {
    id: "heat",
    type: "heatmap",
    source: "spots",
    layout: { visibility: visible ? "visible" : "none" },
    paint: {
      "heatmap-radius": ["interpolate", ["linear"], ["zoom"], 10, 22, 16, 48],
      "heatmap-intensity": ["interpolate", ["linear"], ["zoom"], 10, 0.35, 16, 1.2],
      "heatmap-opacity": 0.85,
      "heatmap-color": ["interpolate", ["linear"], ["heatmap-density"], 0, "rgba(0,0,0,0)", 0.25, "rgba(240,190,80,0.55)", 0.6, "rgba(230,120,30,0.8)", 1, colour("--bad")],
    },
  };
}

export const CASE_LAYERS = ["clusters", "cluster-count", "points", "point-mark"];

export function caseLayers(colour: Colour): LayerSpecification[] {
  return [
    {
      id: "clusters",
      type: "circle",
      source: "cases",
      filter: ["has", "point_count"],
      paint: {
        "circle-color": colour("--brand"),
        "circle-radius": ["step", ["get", "point_count"], 14, 10, 18, 50, 24, 200, 32],
        "circle-stroke-color": colour("--surface"),
        "circle-stroke-width": 2,
      },
    },
    {
      id: "cluster-count",
      type: "symbol",
      source: "cases",
      filter: ["has", "point_count"],
      layout: { "text-field": ["to-string", ["get", "point_count"]], "text-font": FONT, "text-size": 13, "text-allow-overlap": true },
      paint: { "text-color": colour("--brand-ink") },
    },
    {
      id: "points",
      type: "circle",
      source: "cases",
      filter: ["!", ["has", "point_count"]],
      paint: {
        "circle-color": ["match", ["coalesce", ["get", "tone"], ""], "bad", colour("--bad"), "warn", colour("--warn"), "ok", colour("--ok"), colour("--info")],
        "circle-radius": ["match", ["coalesce", ["get", "tone"], ""], "bad", 9, 7],
        "circle-stroke-color": colour("--surface"),
        "circle-stroke-width": 2,
      },
    },
    {
      id: "point-mark",
      type: "symbol",
      source: "cases",
      filter: ["all", ["!", ["has", "point_count"]], ["==", ["get", "tone"], "bad"]],
      layout: { "text-field": "!", "text-font": FONT, "text-size": 13, "text-allow-overlap": true },
      paint: { "text-color": colour("--surface") },
    },
  ];
}
