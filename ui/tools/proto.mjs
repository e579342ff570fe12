// Serves the prototypes with the same content policy that the real server sends.
//   node tools/proto.mjs [port]   →  http://127.0.0.1:8123/
import { createServer } from "node:http";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { areas, points } from "./sample-map.mjs";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "..");
const proto = path.join(root, "prototypes");
const CSP =
  "default-src 'self'; img-src 'self' data: blob:; worker-src 'self' blob:; style-src 'self' 'nonce-sample'; script-src 'self' 'nonce-sample'; " +
  "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".html": "text/html; charset=utf-8", ".json": "application/json" };

export async function pages() {
  return (await readdir(proto)).filter((f) => f.endsWith(".html")).map((f) => f.slice(0, -5)).sort();
}

/** A page is a comment of `key: value` lines, then the inside of its shell. `{{i name}}` draws an icon. */
export async function render(name, wish = {}) {
  const source = await readFile(path.join(proto, `${name}.html`), "utf8");
  const [, head = "", body = source] = /^<!--\n(.*?)-->\n(.*)$/s.exec(source) ?? [];
  const meta = Object.fromEntries(head.split("\n").filter(Boolean).map((l) => [l.slice(0, l.indexOf(":")).trim(), l.slice(l.indexOf(":") + 1).trim()]));
  const shell = await readFile(path.join(proto, "shells", `${meta.shell ?? "desk"}.html`), "utf8");
  const frame = await readFile(path.join(proto, "shells", "frame.html"), "utf8");
  const alert = wish.alert ?? meta.alert;
  const theme = wish.theme ?? meta.theme;
  const attrs = [
    `lang="${meta.lang ?? "zh-CN"}"`,
    alert && `data-alert="${alert}"`,
    theme && `data-theme="${theme}"`,
    wish.type && `data-type="${wish.type}"`,
    wish.scale && `data-scale="${wish.scale}"`,
  ];
  const slots = {
    attrs: attrs.filter(Boolean).join(" "),
    title: meta.title ?? name,
    class: meta.class ?? meta.shell ?? "desk",
    now: new Date().toISOString(),
    scripts: (meta.islands ?? "").split(" ").filter(Boolean).map((s) => `<script type="module" src="/assets/${s}.js"></script>`).join("\n"),
    styles: (meta.islands ?? "").includes("map") ? '<link rel="stylesheet" href="/assets/map.css">' : "",
    alertword: { red: "红色预警", orange: "橙色预警", yellow: "黄色预警", blue: "蓝色预警" }[alert] ?? "",
  };
  const inside = shell.replace("{{main}}", () => body);
  return frame
    .replace("{{shell}}", () => inside)
    .replace(/\{\{nav ([\w-]+)\}\}/g, (_, id) => (id === meta.nav ? 'aria-current="page"' : ""))
    .replace(/\{\{i ([\w-]+)\}\}/g, '<svg class="icon" aria-hidden="true"><use href="/assets/icons.svg#$1"/></svg>')
    .replace(/\{\{in ([+-]?\d+)\}\}/g, (_, minutes) => new Date(Date.now() + Number(minutes) * 60_000).toISOString())
    .replace(/\{\{(\w+)\}\}/g, (all, key) => slots[key] ?? all);
}

async function answer(req, res) {
  const url = new URL(req.url, "http://x");
  const send = (code, type, body) => {
    res.writeHead(code, { "Content-Type": type, "Content-Security-Policy": CSP });
    res.end(body);
  };
  const p = url.pathname;
  try {
    if (p === "/") return send(200, TYPES[".html"], (await pages()).map((n) => `<p><a href="/${n}">${n}</a></p>`).join(""));
    if (p === "/api/v1/grids.geojson") return send(200, TYPES[".json"], JSON.stringify(areas()));
    if (p === "/api/v1/cases.geojson") return send(200, TYPES[".json"], JSON.stringify(points(240)));
    if (p === "/api/v1/grids/at") return send(200, TYPES[".json"], '{"code":"371002001003007","name":"望海社区第七网格"}');
    if (p === "/live") return res.writeHead(200, { "Content-Type": "text/event-stream" }).write(": hello\n\n");
    if (p.startsWith("/assets/")) return send(200, TYPES[path.extname(p)] ?? "application/octet-stream", await readFile(path.join(root, "dist", path.basename(p))));
    if (p.startsWith("/sample/")) return send(200, TYPES[".svg"], await readFile(path.join(proto, "sample", path.basename(p))));
    return send(200, TYPES[".html"], await render(path.basename(p), Object.fromEntries(url.searchParams)));
  } catch (e) {
    return send(404, "text/plain; charset=utf-8", String(e));
  }
}

export function serve(port = 0) {
  return new Promise((done) => {
    const server = createServer((q, s) => void answer(q, s));
    server.listen(port, "127.0.0.1", () => done({ port: server.address().port, close: () => server.closeAllConnections() || server.close() }));
  });
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const { port } = await serve(Number(process.argv[2] ?? 8123));
  console.log(`http://127.0.0.1:${port}/`);
}
