// Pictures of every prototype into $OUT (or the temporary folder), and a list of what the browser complained about.
//   node tools/shots.mjs [name…]      SHOTS=phone,desk,large,dark,alert chooses the views
import { chromium } from "playwright-core";
import { mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pages, serve } from "./proto.mjs";

const out = process.env.OUT ?? path.join(tmpdir(), "linli-ui-shots");
const views = {
  phone: { size: [390, 844], query: "" },
  desk: { size: [1440, 900], query: "" },
  large: { size: [390, 844], query: "type=large&scale=26" },
  dark: { size: [1440, 900], query: "theme=dark" },
  alert: { size: [1440, 900], query: "alert=orange" },
  contrast: { size: [390, 844], query: "theme=contrast" },
};
const wanted = (process.env.SHOTS ?? "phone,desk").split(",");
const names = process.argv.length > 2 ? process.argv.slice(2) : await pages();
await mkdir(out, { recursive: true });
const { port, close } = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
});
let problems = 0;
for (const view of wanted) {
  const { size, query } = views[view];
  const page = await browser.newPage({ viewport: { width: size[0], height: size[1] } });
  const complaints = [];
  page.on("console", (m) => ["error", "warning"].includes(m.type()) && !/GPU stall|WebGL/.test(m.text()) && complaints.push(m.text()));
  page.on("pageerror", (e) => complaints.push(String(e)));
  for (const name of names) {
    complaints.length = 0;
    await page.goto(`http://127.0.0.1:${port}/${name}?${query}`);
    await page.waitForTimeout((await page.$("[data-map], [data-chart]")) ? 2500 : 150);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (over > 0) complaints.push(`wider than the screen by ${over}px`);
    await page.screenshot({ path: path.join(out, `${name}-${view}.png`), fullPage: !process.env.FOLD });
    for (const c of new Set(complaints)) console.log(`${view} ${name}: ${c}`);
    problems += complaints.length;
  }
  await page.close();
}
await browser.close();
close();
console.log(`${names.length} pages × ${wanted.length} views, ${problems} complaints`);
process.exit(0);
