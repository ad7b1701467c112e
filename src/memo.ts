/**
 * A bounded memory of what was computed for a text, in two generations: when the young one is full it becomes
 * the old one and the old one is forgotten. What is asked for again is kept; nothing is moved on a young hit.
 */
export class Memo<Value> {
  readonly #generationSize: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** `size` is the most entries that are ever held; 0 holds none. */
  constructor(size: number) {
    this.#generationSize = Math.ceil(size / 2);
  }

  get(text: string): Value | undefined {
    const young = this.#young.get(text);
    if (young !== undefined) return young;
    const old = this.#old.get(text);
    if (old !== undefined) this.set(text, old);
    return old;
  }

  /** Whether the text is held, without counting as being asked for. */
  has(text: string): boolean {
    return this.#young.has(text) || this.#old.has(text);
  }

  set(text: string, value: Value): void {
    if (this.#generationSize === 0) return;
    if (this.#young.size >= this.#generationSize) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }

  delete(text: string): void {
    this.#young.delete(text);
    this.#old.delete(text);
  }
}
