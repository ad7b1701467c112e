import { setTimeout as delay } from 'node:timers/promises';
import { runBeside } from '../support/beside.ts';
import { bearer } from '../support/gateway.ts';

/** A request of a steady client. */
interface Outcome {
  url: string;
  status: number;
  sentMs: number;
  doneMs: number;
}

export interface SteadyLoad {
  outcomes: readonly Outcome[];
  /** The statuses of all responses, each once. */
  statuses(): Set<number>;
  /** How long the longest response took. */
  slowestMs(): number;
  /** When the first request that was sent after `sinceMs` was granted at `url`; undefined if none was. */
  grantedAt(url: string, sinceMs: number): number | undefined;
  stop(): Promise<void>;
}

const PAUSE_MS = 25;
const PATHS = ['/auth/session', '/bank/accounts'];

/** Sends requests with live tokens through all gateways beside a test, with pauses of 25 ms. */
export function startSteadyLoad(urls: readonly string[], tokens: readonly string[]): SteadyLoad {
  const outcomes: Outcome[] = [];
  const send = async (url: string, token: string, path: string): Promise<void> => {
    const sentMs = performance.now();
    const response = await fetch(url + path, { headers: bearer(token) });
    await response.arrayBuffer();
    outcomes.push({ url, status: response.status, sentMs, doneMs: performance.now() });
    await delay(PAUSE_MS);
  };
  const { stop } = runBeside(
    urls.flatMap((url) =>
      tokens.map((token, n) => () => send(url, token, PATHS[n % PATHS.length] ?? '/auth/session')),
    ),
  );
  return {
    outcomes,
    statuses: () => new Set(outcomes.map(({ status }) => status)),
    slowestMs: () => Math.max(...outcomes.map(({ sentMs, doneMs }) => doneMs - sentMs)),
    grantedAt: (url, sinceMs) =>
      outcomes.find((one) => one.url === url && one.status === 200 && one.sentMs > sinceMs)?.doneMs,
    stop,
  };
}
