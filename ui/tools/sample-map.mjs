// A made-up district for the prototypes: four streets, sixty grids, some cases.
const CX = 122.1, CY = 37.47, W = 0.018, H = 0.012;
let seed = 7;
const random = () => ((seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648);
const bump = (i, j) => [CX + (i - 5) * W + Math.sin(i * 3.1 + j * 1.7) * W * 0.28, CY + (j - 3) * H + Math.cos(i * 2.3 + j * 2.9) * H * 0.28];
const ring = (...p) => ({ type: "Polygon", coordinates: [[...p, p[0]]] });
const streets = ["望海街道", "青松街道", "鲸湾街道", "石桥镇"];

function outline(i0, i1, j0, j1) {
  const p = [];
  for (let i = i0; i < i1; i++) p.push(bump(i, j0));
  for (let j = j0; j < j1; j++) p.push(bump(i1, j));
  for (let i = i1; i > i0; i--) p.push(bump(i, j1));
  for (let j = j1; j > j0; j--) p.push(bump(i0, j));
  return ring(...p);
}

export function areas() {
  const features = [{ type: "Feature", geometry: outline(0, 10, 0, 6), properties: { kind: "district", name: "示例区" } }];
  for (let i = 0; i < 10; i++)
    for (let j = 0; j < 6; j++) {
      const n = i * 6 + j;
      const tone = n % 17 === 0 ? "bad" : n % 7 === 0 ? "warn" : undefined;
      features.push({
        type: "Feature",
        geometry: ring(bump(i, j), bump(i + 1, j), bump(i + 1, j + 1), bump(i, j + 1)),
        properties: { kind: "grid", name: `第${n + 1}网格`, code: `37100200100${n}`, url: `/district?grid=${n}`, ...(tone && { tone }) },
      });
    }
  [[0, 5, 0, 3], [5, 10, 0, 3], [0, 5, 3, 6], [5, 10, 3, 6]].forEach((b, k) => features.push({ type: "Feature", geometry: outline(...b), properties: { kind: "street", name: streets[k] } }));
  return { type: "FeatureCollection", features };
}

export function points(n) {
  seed = 11;
  const tones = ["ok", "ok", "info", "warn", "bad"];
  const features = Array.from({ length: n }, (_, k) => ({
    type: "Feature",
    geometry: { type: "Point", coordinates: [CX + (random() + random() - 1) * W * 4.5, CY + (random() + random() - 1) * H * 2.6] },
    properties: { no: `HC20261123-${String(k + 1).padStart(6, "0")}`, title: "小区门口路灯不亮", tone: tones[k % 5], url: "/department-case" },
  }));
  return { type: "FeatureCollection", features };
}
