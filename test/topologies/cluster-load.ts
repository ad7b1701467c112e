import { appendFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { runBeside } from '../support/beside.ts';
import { bearer } from '../support/gateway.ts';
import { watchStalls } from '../support/stalls.ts';

const PAUSE_MS = 20;

/** `REDIS_CLUSTER_LEASE_MS` of the gateways. */
export const LEASE_MS = 2000;

interface Outcome {
  user: string;
  url: string;
  status: number;
  sentMs: number;
  doneMs: number;
}

export interface ClusterLoad {
  outcomes: readonly Outcome[];
  /** The statuses of all responses to a user, each once. */
  statusesOf(user: string): Set<number>;
  /**
   * The same without responses that the machine was too slow for: a process that has not run for a lease must not use any
   * node, because it cannot know what has happened meanwhile.
   */
  statusesInTime(user: string): Set<number>;
  /** When the first request of the user that was sent after `sinceMs` was granted at every gateway, or undefined. */
  grantedAt(user: string, sinceMs: number): number | undefined;
  stop(): Promise<void>;
}

/** Sends requests of each user to each path of each gateway beside a test, with pauses of 20 ms. */
export function startClusterLoad(
  urls: readonly string[],
  tokens: Readonly<Record<string, string>>,
  paths: readonly string[],
): ClusterLoad {
  const outcomes: Outcome[] = [];
  const stalls = watchStalls();
  const send = async (user: string, token: string, url: string, path: string): Promise<void> => {
    const sentMs = performance.now();
    const status = await statusAt(url + path, token);
    outcomes.push({ user, url, status, sentMs, doneMs: performance.now() });
    await delay(PAUSE_MS);
  };
  const { stop } = runBeside(
    Object.entries(tokens).flatMap(([user, token]) =>
      urls.flatMap((url) => paths.map((path) => () => send(user, token, url, path))),
    ),
  );
  const statusesOf = (user: string, counts: (one: Outcome) => boolean): Set<number> =>
    new Set(outcomes.filter((one) => one.user === user && counts(one)).map(({ status }) => status));
  return {
    outcomes,
    statusesOf: (user) => statusesOf(user, () => true),
    statusesInTime: (user) =>
      statusesOf(user, ({ sentMs, doneMs }) => !stalls.anyBetween(sentMs - LEASE_MS, doneMs)),
    grantedAt: (user, sinceMs) => {
      const granted = urls.map((url) =>
        outcomes.find(
          (one) => one.user === user && one.url === url && one.status === 200 && one.sentMs > sinceMs,
        ),
      );
      return granted.includes(undefined) ? undefined : Math.max(...granted.map((one) => one?.doneMs ?? 0));
    },
    stop,
  };
}

/** Repeats the logout until it is acknowledged. @throws if it is rejected for another reason than an outage */
export async function logOutFinally(url: string, token: string): Promise<void> {
  for (;;) {
    const status = await statusAt(`${url}/auth/logout`, token, 'POST');
    if (status === 204 || status === 401) return;
    if (status !== 503) throw new Error(`the logout failed with ${status}`);
    await delay(PAUSE_MS);
  }
}

/** The statuses of requests with tokens, one after the other at each gateway, while `isGoingOn`. Each token is used. */
export async function useAll(
  urls: readonly string[],
  tokens: readonly string[],
  isGoingOn: () => boolean,
): Promise<Set<number>> {
  const statuses = new Set<number>();
  const use = async (url: string, token: string): Promise<void> => {
    do {
      statuses.add(await statusAt(`${url}/auth/session`, token));
      await delay(PAUSE_MS);
    } while (isGoingOn());
  };
  await Promise.all(urls.flatMap((url) => tokens.map((token) => use(url, token))));
  return statuses;
}

async function statusAt(url: string, token: string, method = 'GET'): Promise<number> {
  const response = await fetch(url, { method, headers: bearer(token) });
  await response.arrayBuffer();
  return response.status;
}

/** Appends the figures of a failure to the file of `TOPOLOGY_FIGURES`, if it is set. */
export async function report(name: string, times: Record<string, number>, load: ClusterLoad): Promise<void> {
  const file = process.env.TOPOLOGY_FIGURES;
  if (file === undefined) return;
  const slowestMs = Math.max(...load.outcomes.map(({ sentMs, doneMs }) => doneMs - sentMs));
  const failures = load.outcomes.filter(({ status }) => status !== 200);
  const counts = { requests: load.outcomes.length, failures: failures.length };
  const lastFailureMs = Math.max(0, ...failures.map(({ doneMs }) => doneMs));
  await appendFile(file, `${JSON.stringify({ name, ...times, lastFailureMs, slowestMs, ...counts })}\n`);
}
