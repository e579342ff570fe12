// A form at a home, without signal: what is asked follows from what was answered, every answer is kept at once.
import { icon, make, newKey, one } from "../dom";
import { deviceNow, Engine, type Fault } from "../forms-engine";
import { shrink } from "../photos";
import { toast } from "../small";
import { language, type Asked } from "./forms";
import type { FilledIn, Home } from "./model";
import { morph } from "./morph";
import { idOf, lines, sentence, type Acts } from "./question";
import * as q from "./queue";
import { OFFSET, w } from "./words";

/** A photo's answer is its name on the phone. */
const photoOf = (value: string) => value.replace(/\.jpg$/, "");

export async function show(main: HTMLElement, asked: Asked, home: Home, waiting: q.Waiting[], done: () => void) {
  const { survey, version, form } = asked;
  const key = q.formKey(survey, home.id);
  const draft = await q.formDraft(survey, home.id);
  const engine = new Engine(form, deviceNow(new Date(), OFFSET), language(form));
  const instance = draft ? engine.fromJson(draft.answers as never) : engine.start();
  engine.recompute(instance);
  let photos = [...(draft?.photos ?? [])];
  let faults: Fault[] = [];

  const summary = make("div");
  const body = make("div", { class: "stack" });
  // Written down one after the other: a phone that dies loses one answer at most.
  let writing: Promise<unknown> = Promise.resolve();
  // What is saved has become an entry: no draft of it may come after.
  let closed = false;
  const remember = () => {
    if (closed) return writing;
    const value: q.FormDraft = { version, answers: engine.toJson(instance), photos };
    writing = writing.then(() => q.keepDraft(key, value)).catch(() => toast(w("not-saved"), "bad"));
    return writing;
  };

  const draw = () => {
    // A fault goes when its answer is mended, others stay in sight.
    const now = engine.faults(instance);
    const same = (a: Fault, b: Fault) => a.node === b.node && a.at.join() === b.at.join();
    faults = now.filter((f) => faults.some((old) => same(old, f)));
    const focused = document.activeElement instanceof HTMLElement && body.contains(document.activeElement) ? document.activeElement.id : "";
    morph(body, lines({ engine, instance, faults }, acts));
    if (focused && document.activeElement?.id !== focused) one(`#${CSS.escape(focused)}`, body)?.focus({ preventScroll: true });
    const told = faults.map((f) => {
      const label = engine.words(instance, engine.node(f.node).label, f.node, f.at);
      const link = make("a", { href: `#${idOf(engine, f.node, f.at)}` }, `${label}：${sentence(f, engine.node(f.node).kind)}`);
      link.addEventListener("click", (e) => {
        // The page's own address says which form is open.
        e.preventDefault();
        const to = one(`#${CSS.escape(idOf(engine, f.node, f.at))}`, body);
        (to?.matches("input, select, textarea") ? to : to && one("input", to))?.focus();
      });
      return make("li", {}, link);
    });
    summary.replaceChildren(...(told.length ? [make("div", { class: "errors", role: "alert", tabindex: "-1" }, make("h2", {}, w("form-faults", told.length)), make("ul", {}, ...told))] : []));
  };
  const changed = () => {
    engine.recompute(instance);
    draw();
    return remember();
  };
  // Browsers give an instant without its seconds.
  const whole = (node: number, value: string) => (engine.node(node).kind === "date-time" && value.length === 16 ? `${value}:00.000` : value);
  let taking: Promise<unknown> = Promise.resolve();
  const acts: Acts = {
    set(node, at, value) {
      instance.set(node, at, whole(node, value));
      void changed();
    },
    typed(node, at, value) {
      instance.set(node, at, whole(node, value));
      void remember();
    },
    add(node, at) {
      engine.addInstance(instance, node, at);
      void changed();
    },
    remove(node, at, number) {
      engine.removeInstance(instance, node, at, number);
      void changed();
    },
    photo(node, at, file) {
      const id = newKey();
      const before = photoOf(instance.value(node, at));
      taking = (async () => {
        await q.keepPhoto(id, await shrink(file, 1600));
        photos = [...photos.filter((x) => x !== before), id];
        instance.set(node, at, `${id}.jpg`);
        await changed();
        if (before) await q.dropPhoto(before);
      })().catch(() => toast(w("not-saved"), "bad"));
    },
  };

  const save = make("button", { type: "button", class: "btn primary full" }, icon("check"), w("form-save"));
  const keep = async () => {
    save.disabled = true;
    // A photo that is still being made small belongs to it.
    await taking;
    engine.finish(instance);
    faults = engine.faults(instance);
    if (faults.length > 0) {
      save.disabled = false;
      draw();
      return one(".errors", summary)?.focus();
    }
    closed = true;
    const filled: FilledIn = {
      id: newKey(), survey, version, title: form.title, dwelling: home.id, at: new Date().toISOString(), answers: engine.toJson(instance),
      // Of photos whose question is no longer asked nothing goes up.
      photos: photos.filter((id) => JSON.stringify(engine.toJson(instance)).includes(`${id}.jpg`)),
    };
    const visit = q.last(waiting, home.id);
    if (visit) filled.visit = visit;
    try {
      await writing;
      await q.filledIn(filled, home);
    } catch {
      closed = save.disabled = false;
      return toast(w("not-saved"), "bad");
    }
    toast(w("saved"));
    done();
  };
  save.addEventListener("click", () => void keep());

  const told: Node[] = [];
  const notice = (name: string, words: string) => make("div", { class: "notice", "data-tone": "info" }, icon(name), make("p", {}, words));
  if (waiting.some((x) => x.form?.survey === survey && x.form.dwelling === home.id)) told.push(notice("upload", w("form-again")));
  if (draft) told.push(notice("edit", w(draft.version === version ? "draft" : "form-old")));
  const head = make("div", { class: "stack tight" }, make("a", { class: "btn quiet small", href: `#/home/${home.id}` }, icon("back"), home.address), make("h1", {}, form.title));
  main.replaceChildren(make("div", { class: "stack" }, head, ...told, summary, body, make("div", { class: "thumb-actions" }, save)));
  draw();
}
