import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';

const SAMPLE_MS = 5000;
/** Memory is compared by its floor in such a window, because garbage is collected in between. */
const WINDOW_MS = 60_000;
const FIRST_WINDOW_FROM_MS = 4.5 * 60_000;
const GROWTH_MAX = 1.1;
const MIB = 1024 * 1024;

interface Watched {
  name: string;
  pid: number;
}

interface Sample extends Watched {
  atMs: number;
  bytes: number;
}

/** Samples the resident memory of processes until it is stopped. */
export class MemoryWatch {
  readonly #samples: Sample[] = [];
  readonly #startMs = performance.now();
  readonly #stopped = new AbortController();

  constructor(processes: () => Watched[]) {
    void this.#run(processes);
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** Lines of text, and what has grown by more than a tenth since the fifth minute, as sentences. */
  report(): { lines: string[]; faults: string[] } {
    const faults: string[] = [];
    const lines = [...Map.groupBy(this.#samples, ({ name }) => name)].map(([name, samples]) => {
      const isSame = new Set(samples.map(({ pid }) => pid)).size === 1;
      const endMs = samples.at(-1)?.atMs ?? 0;
      const early = floor(samples, this.#startMs + FIRST_WINDOW_FROM_MS);
      const late = floor(samples, endMs - WINDOW_MS);
      const isComparable = isSame && early !== undefined && endMs > this.#startMs + 2 * FIRST_WINDOW_FROM_MS;
      if (isComparable && late !== undefined && late > GROWTH_MAX * early && name.startsWith('gateway'))
        faults.push(`${name} had ${mib(early)} MiB after 5 minutes and has ${mib(late)} MiB at the end`);
      const peak = Math.max(...samples.map(({ bytes }) => bytes));
      return `${name}: ${mib(early)} MiB after 5 minutes, ${mib(late)} MiB at the end, ${mib(peak)} MiB at most${isSame ? '' : '; was restarted'}`;
    });
    return { lines, faults };
  }

  async #run(processes: () => Watched[]): Promise<void> {
    while (!this.#stopped.signal.aborted) {
      for (const { name, pid } of processes()) {
        const bytes = await residentBytes(pid);
        if (bytes !== undefined) this.#samples.push({ name, pid, bytes, atMs: performance.now() });
      }
      await delay(SAMPLE_MS, undefined, { signal: this.#stopped.signal }).catch(() => {});
    }
  }
}

/** The least memory in the window from `fromMs` on. */
function floor(samples: readonly Sample[], fromMs: number): number | undefined {
  const inside = samples.filter(({ atMs }) => atMs >= fromMs && atMs <= fromMs + WINDOW_MS);
  return inside.length === 0 ? undefined : Math.min(...inside.map(({ bytes }) => bytes));
}

const mib = (bytes: number | undefined): string => (bytes === undefined ? '-' : (bytes / MIB).toFixed(0));

/** `VmRSS`, or undefined if the process has ended. */
export async function residentBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1];
  return kib === undefined ? undefined : Number(kib) * 1024;
}
