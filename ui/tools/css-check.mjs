// Small rules that keep the styles one family: no gradients, no raw colours outside the tokens, no fallen-behind file sizes.
import { readdir, readFile } from "node:fs/promises";

const dir = new URL("../styles/", import.meta.url);
const tokens = new Set(["tokens.css", "dark.css", "contrast.css", "print.css"]);
const complaints = [];
for (const file of await readdir(dir)) {
  const lines = (await readFile(new URL(file, dir), "utf8")).split("\n");
  if (lines.length > 400) complaints.push(`${file}: ${lines.length} lines`);
  lines.forEach((line, i) => {
    const at = `${file}:${i + 1}`;
    if (/gradient\(/.test(line)) complaints.push(`${at}: a gradient`);
    if (!tokens.has(file) && /#[0-9a-f]{3,8}\b(?!fff)/i.test(line) && !/#fff\b/.test(line)) complaints.push(`${at}: a colour that has no name`);
    if (/url\(\s*["']?(https?:)?\/\//.test(line)) complaints.push(`${at}: another host`);
    if (/outline:\s*(0|none)/.test(line)) complaints.push(`${at}: removes the focus ring`);
  });
}
for (const c of complaints) console.error(c);
process.exit(complaints.length ? 1 : 0);
