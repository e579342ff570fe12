// Builds everything the server embeds from ui/ into ui/dist. `--watch` rebuilds on change.
import { build, context } from "esbuild";
import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = path.dirname(fileURLToPath(import.meta.url));
const at = (...p) => path.join(root, ...p);
const watch = process.argv.includes("--watch");

// One list of dark (and high-contrast) values serves both the explicit choice and the system preference.
const preferred = {
  name: "preferred-theme",
  setup(b) {
    b.onResolve({ filter: /^auto:/ }, (a) => ({ path: a.path.slice(5), namespace: "auto" }));
    b.onLoad({ filter: /.*/, namespace: "auto" }, async (a) => {
      const file = at("styles", `${a.path}.css`);
      const text = await readFile(file, "utf8");
      const query = a.path === "dark" ? "(prefers-color-scheme: dark)" : "(prefers-contrast: more)";
      const contents = text.replace(/html\[data-theme="?\w+"?\]/, 'html[data-theme="auto"]');
      return { contents: `@media screen and ${query} {${contents}}`, loader: "css", watchFiles: [file] };
    });
  },
};

const options = {
  absWorkingDir: root,
  entryPoints: {
    app: "src/app.ts",
    "app-style": "styles/app.css",
    map: "src/map.ts",
    "map-style": "styles/map.css",
    "map-worker": "node_modules/maplibre-gl/dist/maplibre-gl-worker.mjs",
    chart: "src/chart.ts",
    offline: "src/offline/main.ts",
    sw: "src/offline/sw.ts",
  },
  outdir: at("dist"),
  bundle: true,
  minify: true,
  format: "esm",
  charset: "utf8",
  legalComments: "eof",
  target: ["es2022", "chrome100", "safari15.4", "firefox110"],
  plugins: [preferred],
  logLevel: "warning",
};

async function finish() {
  for (const name of ["app", "map"]) {
    await copyFile(at("dist", `${name}-style.css`), at("dist", `${name}.css`));
    await rm(at("dist", `${name}-style.css`));
  }
  const sprite = await readFile(at("icons.svg"), "utf8");
  await writeFile(at("dist", "icons.svg"), sprite.replace(/>\s+</g, "><").replace(/<!--.*?-->/gs, ""));
  for (const name of ["favicon.svg", "linli.webmanifest", "icon-192.png", "icon-512.png"]) await copyFile(at(name), at("dist", name));
}

async function report() {
  const kb = (n) => `${(n / 1024).toFixed(1).padStart(7)} kB`;
  for (const name of ["app.css", "app.js", "icons.svg", "map.css", "map.js", "map-worker.js", "chart.js", "offline.js", "sw.js"]) {
    const bytes = await readFile(at("dist", name));
    const gz = gzipSync(bytes, { level: 9 }).length;
    const br = brotliCompressSync(bytes).length;
    console.log(`${name.padEnd(14)} ${kb(bytes.length)}  gzip ${kb(gz)}  brotli ${kb(br)}`);
    if (name === "app.js" && gz > 60 * 1024) throw new Error("app.js is over its budget of 60 kB gzip");
  }
}

await rm(at("dist"), { recursive: true, force: true });
await mkdir(at("dist"), { recursive: true });
if (watch) {
  const again = { name: "finish", setup: (b) => b.onEnd(finish) };
  await (await context({ ...options, plugins: [preferred, again] })).watch();
} else {
  await build(options);
  await finish();
  await report();
}
