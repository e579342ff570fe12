// Answers without signal: the shell and its assets, nothing of anybody. Everything else goes to the network.
declare const self: ServiceWorkerGlobalScope;
interface ServiceWorkerGlobalScope extends WorkerGlobalScope {
  skipWaiting(): Promise<void>;
  clients: { claim(): Promise<void> };
  addEventListener(type: "install" | "activate", act: (e: ExtendableEvent) => void): void;
  addEventListener(type: "fetch", act: (e: FetchEvent) => void): void;
}
interface WorkerGlobalScope {}
interface ExtendableEvent extends Event { waitUntil(work: Promise<unknown>): void }
interface FetchEvent extends ExtendableEvent { request: Request; respondWith(answer: Promise<Response>): void }

const CACHE = "linli-offline";
const SHELL = "/offline";

/** Keeps a shell together with every asset that it names, the shell last: there is never one without its assets. */
async function keep(answer: Response): Promise<void> {
  if (!answer.ok || answer.redirected) return;
  const text = await answer.clone().text();
  const assets = [...new Set(text.match(/\/assets\/[\w.-]+(\?v=\w+)?/g) ?? [])];
  const cache = await caches.open(CACHE);
  await Promise.all(assets.map(async (url) => {
    if (await cache.match(url)) return;
    const asset = await fetch(url);
    if (!asset.ok) throw new Error(url);
    await cache.put(url, asset);
  }));
  await cache.put(SHELL, answer);
  for (const old of await cache.keys()) {
    const { pathname, search } = new URL(old.url);
    if (pathname !== SHELL && !assets.includes(pathname + search)) await cache.delete(old);
  }
}

const soon = (ms: number) => new Promise<undefined>((done) => setTimeout(() => done(undefined), ms));
async function shell(e: FetchEvent): Promise<Response> {
  const kept = await caches.match(SHELL);
  const live = fetch(e.request).then((answer) => {
    e.waitUntil(keep(answer.clone()).catch(() => undefined));
    return answer;
  });
  live.catch(() => undefined);
  if (!kept) return live;
  // A bar of signal that carries nothing is no signal.
  return (await Promise.race([live.catch(() => undefined), soon(3000)])) ?? kept;
}

async function page(e: FetchEvent): Promise<Response> {
  try {
    return await fetch(e.request);
  } catch (error) {
    if (await caches.match(SHELL)) return Response.redirect(SHELL, 302);
    throw error;
  }
}

self.addEventListener("install", (e) => {
  e.waitUntil(fetch(SHELL, { redirect: "manual" }).then(keep).then(() => self.skipWaiting()));
});
self.addEventListener("activate", (e) => e.waitUntil(self.clients.claim()));
self.addEventListener("fetch", (e) => {
  const url = new URL(e.request.url);
  if (e.request.method !== "GET" || url.origin !== location.origin) return;
  if (e.request.mode === "navigate") e.respondWith(url.pathname === SHELL ? shell(e) : page(e));
  else if (url.pathname.startsWith("/assets/")) e.respondWith(caches.match(e.request).then((kept) => kept ?? fetch(e.request)));
});
export {};
