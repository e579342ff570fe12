// Photos are made small on the phone before they travel; the hidden location data is lost on the way.
import { all, icon, make, on, one } from "./dom";
import { toast } from "./small";
import { say } from "./words";

export async function shrink(file: File, edge: number): Promise<File> {
  if (!/^image\/(jpeg|png|webp|heic|heif)$/.test(file.type)) return file;
  try {
    const image = await createImageBitmap(file, { imageOrientation: "from-image" });
    const ratio = Math.min(1, edge / Math.max(image.width, image.height));
    const canvas = make("canvas");
    canvas.width = Math.round(image.width * ratio);
    canvas.height = Math.round(image.height * ratio);
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    image.close();
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/jpeg", 0.82));
    if (!blob) return file;
    return new File([blob], file.name.replace(/\.\w+$/, "") + ".jpg", { type: "image/jpeg" });
  } catch {
    return file; // what this phone cannot read the server still can
  }
}

const kept = new WeakMap<HTMLInputElement, File[]>();

function show(input: HTMLInputElement) {
  const files = kept.get(input) ?? [];
  const transfer = new DataTransfer();
  for (const f of files) transfer.items.add(f);
  input.files = transfer.files;
  const list = one(`#${CSS.escape(input.id)}-preview`);
  if (!list) return;
  for (const img of all<HTMLImageElement>("img", list)) URL.revokeObjectURL(img.src);
  list.replaceChildren(
    ...files.map((f, i) => {
      const img = make("img", { src: URL.createObjectURL(f), alt: say("photo", { n: i + 1 }) });
      const drop = make("button", { type: "button", class: "icon-btn", "aria-label": say("remove", { n: i + 1 }) }, icon("close"));
      drop.addEventListener("click", () => {
        kept.set(input, (kept.get(input) ?? []).filter((x) => x !== f));
        show(input);
        input.dispatchEvent(new Event("input", { bubbles: true }));
        input.focus();
      });
      return make("li", {}, img, drop);
    }),
  );
}

// What is picked while the photos before are still made small waits its turn, so that none is lost.
const turns = new WeakMap<HTMLInputElement, Promise<void>>();

async function add(input: HTMLInputElement, picked: File[]) {
  const small = await Promise.all(picked.map((f) => shrink(f, Number(input.dataset.shrink) || 1600)));
  const files = [...(input.multiple ? (kept.get(input) ?? []) : []), ...small];
  const max = Number(input.dataset.max ?? 6);
  if (files.length > max) toast(say("tooMany", { n: max }), "bad");
  kept.set(input, files.slice(0, max));
}

on("change", "input[type=file][data-shrink]", (el) => {
  const input = el as HTMLInputElement;
  const picked = [...(input.files ?? [])];
  one(`#${CSS.escape(input.id)}-preview`)?.append(make("li", { class: "wait" }, say("shrinking")));
  const turn = (turns.get(input) ?? Promise.resolve()).then(() => add(input, picked));
  // The last of them puts what is kept into the field.
  const shown = turn.then(() => {
    if (turns.get(input) !== shown) return;
    turns.delete(input);
    show(input);
  });
  turns.set(input, shown);
});

/** What a form that is sent now still has to wait for; nothing when its photos are there. */
export function shrinking(form: HTMLFormElement): Promise<unknown> | undefined {
  const waiting = all<HTMLInputElement>("input[type=file][data-shrink]", form).flatMap((input) => turns.get(input) ?? []);
  return waiting.length ? Promise.all(waiting) : undefined;
}
