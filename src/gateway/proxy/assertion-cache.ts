/** What an entry takes besides its texts, in bytes: the headers of two strings, an object, and its place in a map. */
const ENTRY_BYTES = 160;

interface Entry {
  token: string;
  useUntilMs: number;
}

/**
 * Signed assertions by what they assert. Its size is limited in bytes, not in entries, because assertions contain paths.
 * New entries go into one half; when that is full, it replaces the other half. So an entry that is not found costs two
 * lookups, and nothing is moved or removed one by one.
 */
export class AssertionCache {
  readonly #halfBytes: number;
  #newer = new Map<string, Entry>();
  #older = new Map<string, Entry>();
  #newerBytes = 0;

  constructor(maxBytes: number) {
    this.#halfBytes = Math.floor(maxBytes / 2);
  }

  /** The assertion of that name, if it can still be used. */
  get(name: string, nowMs: number): string | undefined {
    const entry = this.#newer.get(name) ?? this.#older.get(name);
    return entry !== undefined && nowMs < entry.useUntilMs ? entry.token : undefined;
  }

  set(name: string, token: string, useUntilMs: number): void {
    const bytes = ENTRY_BYTES + name.length + token.length;
    if (bytes > this.#halfBytes) return;
    if (this.#newerBytes + bytes > this.#halfBytes) {
      this.#older = this.#newer;
      this.#newer = new Map();
      this.#newerBytes = 0;
    }
    this.#newer.set(name, { token, useUntilMs });
    this.#newerBytes += bytes;
  }
}
