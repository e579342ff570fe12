// Walks a site as one person: every page that is linked from a page, one of each kind.
const SKIP = /^\/admin\/import\/now\/|\.(xlsx|csv|json|geojson|xml|svg|zip)$|^\/(assets|open311|metrics|healthz|readyz|live)\b|\/photos\//;

// The same for every case, account or grid: what stands for one of many is left out of the address.
export function kind(address) {
  const url = new URL(address, "http://x");
  const path = url.pathname
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "{id}")
    .replace(/^\/t\/[^/]+/, "/t/{token}")
    .replace(/\/\d{6,}(?=\/|$)/g, "/{code}")
    .replace(/^(\/admin\/(?:categories|duties|orgs)\/)(?!new\b)[^/]+$/, "$1{code}");
  return path + (url.searchParams.has("case") ? "?case" : "");
}

const wanted = (href, origin) => {
  const url = new URL(href, origin);
  return url.origin === origin && !SKIP.test(url.pathname);
};

// Calls `look(page, kind)` on each page that this person can reach from `starts`.
export async function walk({ page, context }, origin, starts, look, { most = 80, expected = [] } = {}) {
  const seen = new Map();
  const pages = new Map();
  const todo = starts.map((href) => new URL(href, origin).href);
  while (todo.length > 0) {
    const href = todo.shift();
    const what = kind(href);
    if (seen.has(what)) continue;
    seen.set(what, href);
    if (seen.size > most) throw new Error(`more than ${most} kinds of pages: ${[...seen.keys()]}`);
    const answer = await page.goto(href, { waitUntil: "load" });
    if (!(answer.headers()["content-type"] ?? "").startsWith("text/html")) continue;
    if (answer.status() >= 400 && !expected.includes(new URL(href).pathname)) throw new Error(`${href} answers ${answer.status()}, but a page leads there`);
    // What was asked for may lead elsewhere, for example home.
    const here = kind(page.url());
    if (here !== what && seen.has(here)) continue;
    seen.set(here, page.url());
    pages.set(here, page.url());
    const links = await page.$$eval("a[href]", (all) => all.map((a) => a.href));
    todo.push(...links.filter((l) => wanted(l, origin)));
    await look(page, here, context);
  }
  return pages;
}
