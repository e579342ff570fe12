// The browser's evaluator of forms against the cases that the server's evaluator is held to.
import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { createRequire } from "node:module";

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), "../..");
let dir, module, golden, engine;

before(async () => {
  // esbuild belongs to ui/; it has been installed when the server was built.
  const { build } = createRequire(path.join(root, "ui/package.json"))("esbuild");
  dir = await mkdtemp(path.join(os.tmpdir(), "linli-forms-"));
  const outfile = path.join(dir, "forms-engine.mjs");
  await build({ entryPoints: [path.join(root, "ui/src/forms-engine.ts")], outfile, bundle: true, format: "esm" });
  module = await import(pathToFileURL(outfile));
  golden = JSON.parse(await readFile(path.join(root, "crates/forms/tests/golden/engine.json"), "utf8"));
  engine = new module.Engine(golden.form, golden.now, 0);
});

after(() => rm(dir, { recursive: true, force: true }));

function answered() {
  const instance = engine.fromJson(golden.answers);
  engine.recompute(instance);
  return instance;
}

test("expressions are worth the same", () => {
  const instance = answered();
  assert.ok(golden.expressions.length > 130);
  for (const [text, node, at, expr, value] of golden.expressions) {
    const found = module.toText(engine.evaluate(instance, expr, node, at));
    assert.equal(found, value, `${text} at ${engine.field(node, at)}`);
  }
});

test("expressions that nobody would write are worth the same", () => {
  const instance = answered();
  assert.equal(golden.random.length, 600);
  for (const [node, at, expr, value] of golden.random) {
    const found = module.toText(engine.evaluate(instance, expr, node, at));
    assert.equal(found, value, JSON.stringify(expr));
  }
});

test("forms work the same", () => {
  const languages = { en: 1 };
  for (const state of golden.states) {
    const reader = new module.Engine(golden.form, golden.now, languages[state.language] ?? 0);
    const instance = state.fresh ? reader.start() : reader.fromJson(state.answers);
    reader.recompute(instance);
    assert.deepEqual(reader.toJson(instance), state.result, state.name);
    const faults = reader
      .faults(instance)
      .map((fault) => `${reader.field(fault.node, fault.at)} ${fault.kind} ${fault.message}`.trim());
    assert.deepEqual(faults, state.faults, state.name);
  }
});

test("an instance is added with its defaults and taken out again", () => {
  const instance = answered();
  const [pills] = engine.findField("people/1/pills");
  assert.ok(engine.addInstance(instance, pills, [1]));
  assert.equal(engine.toJson(instance).people[1].pills[0].dose, "1.5");
  engine.removeInstance(instance, pills, [0], 0);
  assert.deepEqual(engine.toJson(instance).people[0].pills, [{ pill: "B", dose: "0.5", which: "1-1" }]);
  assert.equal(engine.toJson(instance).people[1].pills.length, 1);
});
