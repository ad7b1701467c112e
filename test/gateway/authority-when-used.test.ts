import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { test as base, describe, expect } from 'vitest';
import { handOver, retireKey } from '../../src/keys/rotation.ts';
import { readRing } from '../../src/keys/store.ts';
import { announceRing } from '../../src/keys/sync.ts';
import { bearer, startTestGateway, type TestGateway } from '../support/gateway.ts';
import { type GatewayProcess, startGatewayProcess } from '../support/gateway-process.ts';
import { until } from '../support/until.ts';
import { startUpstream } from '../support/upstream.ts';
import { HELD_KINDS, type HeldKind, HeldRequest } from './held-requests.ts';

const REQUESTS_PER_KIND = 50;
const RULES = [
  { methods: ['POST'], path: '/staff/*', scope: 'accounts:read-any' },
  { methods: ['POST'], path: '/accounts/*', scope: 'transfers:write' },
];

/** Two gateway processes over one Redis and key ring, and an upstream that counts what it receives completely. */
const test = base
  .extend('directory', { scope: 'file' }, async ({}, { onCleanup }): Promise<string> => {
    const directory = await mkdtemp(join(tmpdir(), 'portcullis-authority-'));
    onCleanup(() => rm(directory, { recursive: true }));
    await writeFile(join(directory, 'policy.json'), JSON.stringify(RULES));
    return directory;
  })
  .extend('upstream', { scope: 'file' }, async ({}, { onCleanup }) => {
    const received = { begun: 0, complete: 0 };
    const upstream = await startUpstream((incoming, outgoing) => {
      received.begun += 1;
      incoming.on('error', () => {});
      incoming.on('end', () => {
        received.complete += 1;
        outgoing.end('{}');
      });
      incoming.resume();
    });
    onCleanup(() => upstream.close());
    return { received, url: upstream.url };
  })
  .extend('seed', { scope: 'file' }, async ({ directory, upstream }, { onCleanup }): Promise<TestGateway> => {
    const keys = { SIGNING_KEY: '', KEYS_DIR: join(directory, 'keys') };
    const seed = await startTestGateway({ ...keys, BANK_URL: upstream.url, SESSIONS_PER_USER_MAX: '100' });
    onCleanup(() => seed.close());
    return seed;
  })
  .extend('gateways', { scope: 'file' }, async ({ directory, upstream, seed }, { onCleanup }) => {
    const start = (): Promise<GatewayProcess> =>
      startGatewayProcess({
        REDIS_URL: seed.redis.url,
        KEYS_DIR: join(directory, 'keys'),
        DATA_DIR: seed.settings.dataDir,
        ISSUER: seed.settings.issuer,
        BANK_URL: upstream.url,
        POLICY_FILE: join(directory, 'policy.json'),
        HELD_BODIES_PER_USER_MAX_BYTES: '67108864',
        LOG_LEVEL: 'info',
      });
    const gateways = await Promise.all([start(), start()]);
    onCleanup(async () => void (await Promise.all(gateways.map((gateway) => gateway.stop()))));
    return gateways;
  })
  .extend(
    'call',
    ({ seed }) =>
      async (token: string, method: string, path: string, body?: unknown): Promise<void> => {
        const headers = { ...bearer(token), 'content-type': 'application/json' };
        const response = await fetch(seed.url + path, {
          method,
          headers,
          body: JSON.stringify(body) ?? null,
        });
        expect(response.ok, `${method} ${path}: ${response.status}`).toBe(true);
      },
  )
  /** Begins requests of every kind at both gateways, and waits until the gateways have judged their heads. */
  .extend('hold', ({ seed, gateways, upstream, onTestFinished }) => async (token: string, path: string) => {
    const lookups = async (): Promise<number> => {
      const stats = await seed.link.run((client) => client.info('commandstats'));
      return Number(/^cmdstat_mget:calls=(\d+)/m.exec(stats)?.[1] ?? 0);
    };
    const begin = (kinds: readonly HeldKind[]): { kind: HeldKind; request: HeldRequest }[] =>
      kinds.flatMap((kind) =>
        Array.from({ length: REQUESTS_PER_KIND }, (_, i) => {
          const request = new HeldRequest(
            gateways[i % 2]?.url ?? '',
            `/bank${path}`,
            `Bearer ${token}`,
            kind,
          );
          return { kind, request };
        }),
      );
    const before = await lookups();
    const held = begin(HELD_KINDS.filter(({ isStreamed }) => isStreamed !== true));
    await until(async () => (await lookups()) - before >= held.length);
    const begunBefore = upstream.received.begun;
    const streamed = begin(HELD_KINDS.filter(({ isStreamed }) => isStreamed === true));
    await until(() => upstream.received.begun - begunBefore === streamed.length);
    const all = [...held, ...streamed];
    await Promise.all(all.map(({ request }) => request.begun()));
    onTestFinished(() => {
      for (const { request } of all) request.destroy();
    });
    return all;
  });

test('many requests that their clients complete late all take effect while nothing is revoked', async ({
  seed,
  upstream,
  hold,
}) => {
  const before = upstream.received.complete;
  const held = await hold(await seed.login('bob'), '/accounts/1');
  const responses = await Promise.all(held.map(({ request }) => request.complete()));
  expect(new Set(responses.map((response) => JSON.stringify(response)))).toEqual(new Set(['{"status":200}']));
  expect(upstream.received.complete - before).toBe(held.length);
});

interface Revocation {
  what: string;
  username: string;
  path?: string;
  refusal: { status: number; code: string };
}

const REVOKED = { status: 401, code: 'token_revoked' };

describe('no request that its client completes after the response to', () => {
  type Call = (token: string, method: string, path: string, body?: unknown) => Promise<void>;
  interface Scene {
    seed: TestGateway;
    directory: string;
    token: string;
    /** The path of the user's account for staff. */
    user: string;
    call: Call;
  }

  const asRoot = async ({ seed, call }: Scene, method: string, path: string, body?: unknown): Promise<void> =>
    call(await seed.login('root'), method, path, body);

  const REVOCATIONS: readonly (Revocation & { revoke: (scene: Scene) => Promise<void> })[] = [
    {
      what: 'a logout',
      username: 'bob',
      refusal: REVOKED,
      revoke: ({ token, call }) => call(token, 'POST', '/auth/logout'),
    },
    {
      what: 'the end of its session by another one',
      username: 'bob',
      refusal: REVOKED,
      revoke: async ({ seed, token, call }) =>
        call(await seed.login('bob'), 'DELETE', `/auth/sessions/${decodeJwt<{ sid: string }>(token).sid}`),
    },
    {
      what: 'the end of all sessions of its user by staff',
      username: 'bob',
      refusal: REVOKED,
      revoke: (scene) => asRoot(scene, 'POST', `${scene.user}/logout`),
    },
    {
      what: 'a block of its user',
      username: 'alice',
      refusal: REVOKED,
      revoke: (scene) => asRoot(scene, 'POST', `${scene.user}/block`),
    },
    {
      what: 'a change of the address ranges of its user',
      username: 'ada',
      refusal: { status: 403, code: 'address_refused' },
      revoke: (scene) => asRoot(scene, 'PUT', `${scene.user}/ranges`, { ranges: ['198.51.100.7'] }),
    },
    {
      what: 'a demotion of its user',
      username: 'sam',
      path: '/staff/1',
      refusal: { status: 403, code: 'insufficient_scope' },
      revoke: (scene) => asRoot(scene, 'PUT', `${scene.user}/role`, { role: 'user' }),
    },
    {
      what: 'the retirement of the key of its token',
      username: 'bob',
      refusal: { status: 401, code: 'token_invalid' },
      revoke: async ({ seed, directory, token }) => {
        const keys = join(directory, 'keys');
        await handOver(keys, 600, Date.now() - 500);
        await retireKey(keys, decodeProtectedHeader(token).kid ?? '', Date.now());
        const record = await readRing(keys);
        if (record === undefined) throw new Error('there is no key ring');
        const rollout = await announceRing(seed.link, record, 5000);
        expect(rollout).toEqual({ listening: 3, acknowledged: 3 });
      },
    },
  ];

  test.for(REVOCATIONS)(
    '$what has an effect at the upstream, of many at two gateways',
    async ({ username, path = '/accounts/1', refusal, revoke }, {
      seed,
      directory,
      upstream,
      call,
      hold,
    }) => {
      const token = await seed.login(username);
      const user = `/admin/users/${decodeJwt(token).sub}`;
      const before = upstream.received.complete;
      const held = await hold(token, path);
      await revoke({ seed, directory, token, user, call });
      const responses = await Promise.all(
        held.map(async ({ kind, request }) => ({ kind, response: await request.complete() })),
      );
      for (const { kind, response } of responses)
        expect(response, kind.name).toEqual(kind.isStreamed && response === 'closed' ? 'closed' : refusal);
      expect(upstream.received.complete - before).toBe(0);
    },
  );
});
