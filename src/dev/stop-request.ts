/** npm forwards a Ctrl-C that the process has already received from the terminal. */
const DUPLICATE_MS = 500;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export interface StopRequest {
  /** Resolves at the first Ctrl-C, SIGTERM or SIGHUP. */
  first: Promise<void>;
  /** Resolves at the next one, more than half a second later. */
  second: Promise<void>;
}

/** Listens for stop signals until the process ends. */
export function stopRequest(nowMs: () => number = () => performance.now()): StopRequest {
  const [first, second] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let firstMs: number | undefined;
  const onSignal = (): void => {
    firstMs ??= nowMs();
    first.resolve();
    if (nowMs() - firstMs > DUPLICATE_MS) second.resolve();
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  return { first: first.promise, second: second.promise };
}
