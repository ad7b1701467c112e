import { describe, expect } from 'vitest';
import type { RedisLink } from '../../src/redis/connection.ts';
import { usedProofKey } from '../../src/redis/keys.ts';
import { auditRecords } from '../audit/audit-records.ts';
import { BoundSession, logInBound, sendBoundLogin } from '../support/bound-session.ts';
import { DpopClient } from '../support/dpop.ts';
import { gatewayTest } from '../support/fixtures.ts';
import { problemOf } from '../support/gateway.ts';
import { startGatewayProcess } from '../support/gateway-process.ts';
import { startAnotherGateway, type Tokens } from '../support/sessions.ts';

const test = gatewayTest();

const REPLAYED = { status: 401, code: 'dpop_proof_replayed' };
const RACES = 1000;
const RACES_AT_ONCE = 20;

const keysOf = (link: RedisLink, sub: string): Promise<string[]> =>
  link.run((client) => client.keys(usedProofKey(sub, '*')));

/** The remaining lifetimes of the remembered proofs of a user, in milliseconds. */
const remembered = async ({ claims }: BoundSession, link: RedisLink): Promise<number[]> =>
  Promise.all((await keysOf(link, claims.sub)).map((key) => link.run((client) => client.pTTL(key))));

describe('a proof is accepted once', () => {
  test('by a proxied request, and the replay does not reach the upstream', async ({ gateway, upstream }) => {
    const bound = await logInBound(gateway);
    const headers = { dpop: bound.proof('GET', '/bank/accounts') };
    expect((await bound.request('/bank/accounts', { headers })).status).toBe(200);
    const before = upstream.count;
    expect(await problemOf(await bound.request('/bank/accounts', { headers }))).toEqual(REPLAYED);
    expect(upstream.count).toBe(before);
  });

  test('by an own route', async ({ gateway }) => {
    const bound = await logInBound(gateway);
    const headers = { dpop: bound.proof('GET', '/auth/session') };
    expect((await bound.request('/auth/session', { headers })).status).toBe(200);
    expect(await problemOf(await bound.request('/auth/session', { headers }))).toEqual(REPLAYED);
  });

  test('by the other gateway as well', async ({ gateway }) => {
    const bound = await logInBound(gateway);
    const other = await startAnotherGateway(gateway);
    try {
      const elsewhere = new BoundSession({ ...gateway, url: other.url }, bound.client, bound.tokens);
      const headers = { dpop: bound.proof('GET', '/bank/accounts') };
      expect((await bound.request('/bank/accounts', { headers })).status).toBe(200);
      expect(await problemOf(await elsewhere.request('/bank/accounts', { headers }))).toEqual(REPLAYED);
    } finally {
      await other.close();
    }
  });

  test('by a login, whose replay starts no session and is recorded', async ({ gateway }) => {
    const client = new DpopClient();
    const claims = { jti: 'of a login' };
    expect((await sendBoundLogin(gateway, client, 'bob', { claims })).status).toBe(200);
    expect(await problemOf(await sendBoundLogin(gateway, client, 'bob', { claims }))).toEqual(REPLAYED);
    const last = (await auditRecords(gateway.link)).at(-1);
    expect(last).toMatchObject({ action: 'login', result: 'refused', detail: 'proof_replayed' });
  });

  test('by a refresh, whose replay does not move the session', async ({ gateway }) => {
    const bound = await logInBound(gateway);
    const claims = { jti: 'the same' };
    const first = (await (await bound.refresh(undefined, { claims })).json()) as Tokens;
    bound.tokens = first;
    expect(await problemOf(await bound.refresh(undefined, { claims }))).toEqual(REPLAYED);
    expect((await bound.refresh()).status).toBe(200);
  });

  test('by a logout, whose replay does not end the next session', async ({ gateway }) => {
    const bound = await logInBound(gateway);
    const claims = { jti: 'of a logout' };
    expect((await bound.request('/auth/logout', { method: 'POST', claims })).status).toBe(204);
    const next = await logInBound(gateway, 'bob', bound.client);
    const replay = await next.request('/auth/logout', { method: 'POST', claims });
    expect(await problemOf(replay)).toEqual(REPLAYED);
    expect((await next.request('/auth/session')).status).toBe(200);
  });
});

test('two processes that get one proof at the same time accept it once, in each of 1,000 races', async ({
  gateway,
  upstream,
}) => {
  const bound = await logInBound(gateway);
  const { redis, signingKeyPem, settings } = gateway;
  const other = await startGatewayProcess({
    ...{ REDIS_URL: redis.url, SIGNING_KEY: signingKeyPem, DATA_DIR: settings.dataDir },
    ...{ ISSUER: settings.issuer, BANK_URL: upstream.url, HEALTH_PORT: '0', LOG_LEVEL: 'info' },
  });
  try {
    const elsewhere = new BoundSession({ ...gateway, url: other.url }, bound.client, bound.tokens);
    const race = async (): Promise<string> => {
      const headers = { dpop: bound.proof('GET', '/bank/accounts') };
      const responses = await Promise.all(
        [bound, elsewhere].map((session) => session.request('/bank/accounts', { headers })),
      );
      return responses
        .map(({ status }) => status)
        .sort()
        .join(' ');
    };
    const outcomes: string[] = [];
    for (let done = 0; done < RACES; done += RACES_AT_ONCE)
      outcomes.push(...(await Promise.all(Array.from({ length: RACES_AT_ONCE }, race))));
    expect(outcomes).toHaveLength(RACES);
    expect(new Set(outcomes)).toEqual(new Set(['200 401']));
  } finally {
    await other.stop();
  }
});

describe('Redis remembers a proof', () => {
  test('until 20 s after a copy of it would be too old, because clocks differ', async ({ gateway }) => {
    const bound = await logInBound(gateway, 'alice');
    const [left = 0, ...more] = await remembered(bound, gateway.link);
    expect(more).toEqual([]);
    expect(left).toBeGreaterThan(70_000);
    expect(left).toBeLessThanOrEqual(81_000);
  });

  test('of a token that is alive only', async ({ gateway }) => {
    const bound = await logInBound(gateway, 'alice');
    await bound.request('/auth/logout', { method: 'POST' });
    const before = await keysOf(gateway.link, bound.claims.sub);
    expect(await problemOf(await bound.request('/bank/accounts'))).toEqual({
      status: 401,
      code: 'token_revoked',
    });
    expect(await keysOf(gateway.link, bound.claims.sub)).toEqual(before);
  });

  test('and neither the proof nor its jti', async ({ gateway }) => {
    const bound = await logInBound(gateway, 'alice');
    await bound.request('/bank/accounts', { claims: { jti: 'a-unique-identifier' } });
    expect(JSON.stringify([...(await gateway.redis.dump())])).not.toContain('a-unique-identifier');
  });
});

test('a request with a proof sends Redis one command, a script', async ({ gateway }) => {
  const bound = await logInBound(gateway);
  await bound.request('/bank/accounts');
  const request = async (): Promise<void> => void (await bound.request('/bank/accounts'));
  expect(await gateway.redis.commandsDuring(request)).toEqual(['evalsha', 'mget', 'exists', 'del', 'set']);
});
