// axe on every prototype, phone and desk, light, dark and large: any violation fails.
import { chromium } from "playwright-core";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { pages, serve } from "./proto.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const views = [
  [390, 844, ""],
  [1440, 900, ""],
  [390, 844, "type=large&scale=30"],
  [1440, 900, "theme=dark"],
  [390, 844, "theme=contrast&alert=yellow"],
];
const { port, close } = await serve();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-background-networking", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"],
});
let bad = 0;
for (const [width, height, query] of views) {
  const context = await browser.newContext({ viewport: { width, height }, bypassCSP: true });
  const page = await context.newPage();
  for (const name of process.argv.length > 2 ? process.argv.slice(2) : await pages()) {
    await page.goto(`http://127.0.0.1:${port}/${name}?${query}`);
    await page.waitForTimeout((await page.$("[data-map], [data-chart]")) ? 1500 : 100);
    await page.evaluate(axe);
    const found = await page.evaluate(() => window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] }));
    for (const v of found.violations) {
      bad++;
      console.log(`${name} ${width} ${query}: ${v.id} — ${v.help}`);
      for (const n of v.nodes.slice(0, 3)) console.log(`    ${n.target.join(" ")}  ${n.any.map((a) => a.message).slice(0, 1).join("")}`);
    }
  }
  await context.close();
}
await browser.close();
close();
console.log(bad ? `${bad} violations` : "axe found nothing");
process.exit(bad ? 1 : 0);
