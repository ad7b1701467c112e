import { setTimeout as delay } from 'node:timers/promises';

/** A second signal this soon is a copy of the first: npm forwards a Ctrl-C that the process has already received. */
const DUPLICATE_SIGNAL_MS = 500;

/** The exit code after a second signal. */
export const EXIT_STOPPED_AT_ONCE = 130;

/** Whether a server is about to stop. It still serves requests then, but is not ready for more. */
export class Stopping {
  #hasBegun = false;

  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /**
   * From now on the server is not ready. Resolves after `settleMs`, in which load balancers notice and send their
   * requests elsewhere, so that none arrives when the server no longer listens.
   */
  async begin(settleMs: number): Promise<void> {
    this.#hasBegun = true;
    if (settleMs > 0) await delay(settleMs);
  }
}

export interface StopRequest {
  /** Resolves at the first signal. */
  first: Promise<void>;
  /** Resolves at the next one, more than half a second later. */
  second: Promise<void>;
}

/** Listens for stop signals until the process ends. */
export function stopRequest(signals: readonly NodeJS.Signals[]): StopRequest {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let firstMs: number | undefined;
  const onSignal = (): void => {
    firstMs ??= performance.now();
    first.resolve();
    if (performance.now() - firstMs > DUPLICATE_SIGNAL_MS) second.resolve();
  };
  for (const signal of signals) process.on(signal, onSignal);
  return { first: first.promise, second: second.promise };
}
