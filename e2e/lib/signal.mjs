// The way to the server through something that can be cut. What the browser offers for it reaches pages but, by version,
// not what a service worker asks for; where nothing answers, nobody has signal.
import net from "node:net";
import { once } from "node:events";

export async function signal(origin) {
  const to = new URL(origin);
  const open = new Set();
  let on = true;
  const way = net.createServer((near) => {
    if (!on) return near.destroy();
    const far = net.connect(Number(to.port), to.hostname);
    for (const [one, other] of [[near, far], [far, near]]) {
      open.add(one);
      one.pipe(other);
      one.on("error", () => other.destroy());
      one.on("close", () => { open.delete(one); other.destroy(); });
    }
  });
  await once(way.listen(0, "127.0.0.1"), "listening");
  return {
    origin: `http://127.0.0.1:${way.address().port}`,
    /** No signal: the browser is told so, and nothing comes through. */
    async cut(context) {
      on = false;
      for (const socket of open) socket.destroy();
      await context.setOffline(true);
    },
    async back(context) {
      on = true;
      await context.setOffline(false);
    },
    stop() {
      way.close();
      for (const socket of open) socket.destroy();
    },
  };
}
