// Starts the built binary on a fresh demo district and stops it again.
import { spawn, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

const bin = process.env.LINLI_BIN ?? path.join(process.env.HOME, ".cache/linli/target/debug/linli");

function environment(folder) {
  return {
    ...process.env,
    LINLI_DATA: folder,
    LINLI_DEVELOPMENT: "true",
    LINLI_SECOND_FACTOR: "false",
    RUST_LOG: process.env.RUST_LOG ?? "warn",
  };
}

// One demo district is made per run; each server gets a copy of its own.
let template;
export function demo(scale = "0.005") {
  if (!template) {
    template = mkdtempSync(path.join(tmpdir(), "linli-e2e-demo-"));
    const made = spawnSync(bin, ["demo", "--scale", scale], { env: environment(template), encoding: "utf8" });
    if (made.status !== 0) throw new Error(`linli demo failed: ${made.stderr}`);
    process.on("exit", () => rmSync(template, { recursive: true, force: true }));
  }
  return template;
}

export function run(args, folder, env = {}) {
  const done = spawnSync(bin, args, { env: { ...environment(folder), ...env }, encoding: "utf8" });
  if (done.status !== 0) throw new Error(`linli ${args.join(" ")}: ${done.stderr}`);
  return done.stdout;
}

export async function start({ folder, scale, env = {} } = {}) {
  if (!existsSync(bin)) throw new Error(`${bin} is not built; run make test, or set LINLI_BIN`);
  const own = !folder;
  folder ??= mkdtempSync(path.join(tmpdir(), "linli-e2e-"));
  if (own) cpSync(demo(scale), folder, { recursive: true });
  const child = spawn(bin, ["serve", "--listen", "127.0.0.1:0"], { env: { ...environment(folder), ...env } });
  let log = "";
  child.stderr.on("data", (text) => { log += text; });
  const origin = await new Promise((resolve, reject) => {
    let out = "";
    child.stdout.on("data", (text) => {
      out += text;
      const found = out.match(/serving on (http:\/\/[0-9.:]+)/);
      if (found) resolve(found[1]);
    });
    child.on("exit", (code) => reject(new Error(`linli ended with ${code}: ${log}`)));
  });
  const gone = new Promise((resolve) => child.on("exit", resolve));
  return {
    origin,
    folder,
    log: () => log,
    kill: async () => { child.kill("SIGKILL"); await gone; },
    stop: async () => {
      child.kill("SIGTERM");
      await gone;
      if (own) rmSync(folder, { recursive: true, force: true });
    },
  };
}
