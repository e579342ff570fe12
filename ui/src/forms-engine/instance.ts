// The answers to a form.
import { MOST_REPEATS } from "./model";
import { key } from "./values";

/** The answers, and what the last evaluation found irrelevant. */
export class Instance {
  values = new Map<string, string>();
  counts = new Map<string, number>();
  hidden = new Set<string>();

  value(node: number, at: number[]): string {
    return this.values.get(key(node, at)) ?? "";
  }
  set(node: number, at: number[], text: string): void {
    if (text) this.values.set(key(node, at), text);
    else this.values.delete(key(node, at));
  }
  count(repeat: number, at: number[]): number {
    return this.counts.get(key(repeat, at)) ?? 0;
  }
  setCount(repeat: number, at: number[], count: number): void {
    this.counts.set(key(repeat, at), Math.min(count, MOST_REPEATS));
  }
  isRelevant(node: number, at: number[]): boolean {
    return !this.hidden.has(key(node, at));
  }
}
