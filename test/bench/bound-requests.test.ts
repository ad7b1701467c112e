import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { GATEWAYS } from '../../bench/gateway/contestants.ts';
import { BoundRequests } from '../../bench/load/bound-requests.ts';
import { LoadConnection } from '../../bench/load/connection.ts';
import type { PlannedRequest } from '../../bench/load/requests.ts';
import { SMALL_GET } from '../../bench/measure/run-context.ts';
import { fillBoundSessions, usedProofBytes } from '../../bench/sessions/fill.ts';
import { cachedTokens } from '../../bench/sessions/token-cache.ts';
import { setUp } from '../../bench/setup/shared-setup.ts';
import { startHere, whyNotHere } from './bench-setup.ts';

const TIMEOUT_MS = 60_000;
const SESSIONS = 3;

/** Two requests of each session. */
const requestsOf = (source: () => PlannedRequest): PlannedRequest[] =>
  Array.from({ length: 2 * SESSIONS }, source);

/** Resolves if the response is the expected one. */
const send = (url: string, request: PlannedRequest): Promise<void> =>
  new Promise((resolve, reject) => {
    const connection = new LoadConnection(url, reject);
    connection.send(request, () => {
      connection.close();
      resolve();
    });
  });

test.skipIf(whyNotHere() !== undefined)(
  'the gateway accepts each request of a bound session once',
  { timeout: TIMEOUT_MS },
  async (context) => {
    await using resources = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-test-'));
    resources.defer(() => rm(directory, { recursive: true, force: true }));
    const tokens = await cachedTokens({
      ...{ directory, issuer: 'https://bank.example', audience: 'portcullis-api' },
      ...{ count: SESSIONS, areBound: true, nowMs: Date.now() },
    });
    const shared = await setUp(tokens, resources);
    await fillBoundSessions(shared.redis.socketPath, tokens.batch, SESSIONS, Date.now());
    const contestant = GATEWAYS.find(({ credential }) => credential === 'bound-token');
    if (contestant === undefined) throw new Error('no contestant has bound tokens');
    await using server = await startHere(contestant, shared, context);

    const source = new BoundRequests(tokens, SMALL_GET).rotation(SESSIONS, { status: 200, body: undefined });
    const requests = requestsOf(source);
    for (const request of requests) await send(server.url, request);
    for (const request of requests) await send(server.url, { ...request, status: 401 });
  },
);

test.skipIf(whyNotHere() !== undefined)(
  'a used proof takes less than 200 bytes of Redis, which is empty after it was measured',
  { timeout: TIMEOUT_MS },
  async () => {
    await using resources = new AsyncDisposableStack();
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-bench-test-'));
    resources.defer(() => rm(directory, { recursive: true, force: true }));
    const options = { directory, issuer: 'https://bank.example', audience: 'portcullis-api' };
    const tokens = await cachedTokens({ ...options, count: 1, nowMs: Date.now() });
    const { redis } = await setUp(tokens, resources);
    const bytes = await usedProofBytes(redis.socketPath);
    expect(bytes).toBeGreaterThan(64);
    expect(bytes).toBeLessThan(200);
    expect(await usedProofBytes(redis.socketPath)).toBeCloseTo(bytes, -1);
  },
);
