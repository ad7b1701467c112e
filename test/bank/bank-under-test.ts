import { createHash, randomBytes } from 'node:crypto';
import { pino } from 'pino';
import { test as base } from 'vitest';
import type { Account } from '../../src/bank/schemas.ts';
import { type BankServerSettings, type RunningBank, startBank } from '../../src/bank/server.ts';
import { bankSettings } from '../../src/config/load.ts';
import { type AssertionClaims, contentDigest, isReusable, signAssertion } from '../../src/jwt/assertion.ts';
import { type KeyRing, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import type { RedisLink } from '../../src/redis/connection.ts';
import { type Role, withQualifiers } from '../../src/users/roles.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { openTestAccount, testLink } from './postings.ts';

export interface BankUnderTest {
  url: string;
  redis: TestRedis;
  /** A connection of the test's own. */
  link: RedisLink;
  settings: BankServerSettings;
  ring: KeyRing;
  /** In place of the gateway: it serves the public keys. */
  gateway: Upstream;
  bank: RunningBank;
  /** The bank's log lines, as text. */
  log: string[];
  /** A valid assertion for `GET` of a path by a caller, apart from the given changes. */
  assertion(sub: string, path: string, changes?: Partial<AssertionClaims>): string;
  /** Sends a request as the gateway does for `sub`, who has the role `user` by default. */
  ask(sub: string, path: string, options?: AskOptions): Promise<BankResponse>;
  close(): Promise<void>;
}

export interface AskOptions extends RequestInit {
  role?: Role;
}

export interface BankResponse {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** The real bank over a private Redis, with a stand-in for the gateway's key set. `close` also stops a given Redis. */
export async function startBankUnderTest(
  env: Record<string, string> = {},
  redisOptions: { persist?: boolean; started?: TestRedis } = {},
): Promise<BankUnderTest> {
  const redis = redisOptions.started ?? (await startTestRedis(redisOptions));
  const ring = await keyRingFromPem(await makeKeyPem());
  const gateway = await startUpstream((_incoming, outgoing) => {
    outgoing.setHeader('content-type', 'application/json');
    outgoing.end(JSON.stringify(ring.jwks));
  });
  const settings = bankSettings({
    REDIS_URL: redis.url,
    BANK_PORT: '0',
    JWKS_URL: `${gateway.url}/jwks`,
    BANK_TRANSACTION_INTERVAL_MS: '0',
    SHUTDOWN_GRACE_MS: '5000',
    SHUTDOWN_SETTLE_MS: '0',
    ...env,
  });
  const log: string[] = [];
  const bank = await startBank({
    settings,
    log: pino({ level: 'info' }, { write: (line) => log.push(line) }),
  });
  const link = await testLink(redis);
  const assertion = (sub: string, path: string, changes: Partial<AssertionClaims> = {}): string =>
    signAssertion(ring.signing.assertionKey, claimsOf(settings, sub, path, changes));
  return {
    url: bank.url,
    redis,
    link,
    settings,
    ring,
    gateway,
    bank,
    log,
    assertion,
    ask: async (sub, path, { role = 'user', ...init } = {}) => {
      const { method: htm = 'GET', body } = init;
      const scope = withQualifiers(isReusable({ htm }) ? 'accounts:read' : 'transfers:write', role);
      const content_digest =
        typeof body === 'string' ? contentDigest(createHash('sha256').update(body).digest()) : undefined;
      const [asserted = ''] = path.split('?', 1);
      const token = assertion(sub, asserted, { role, scope, htm, content_digest });
      return responseOf(
        await fetch(bank.url + path, {
          ...init,
          headers: { ...init.headers, authorization: `Bearer ${token}` },
        }),
      );
    },
    close: async () => {
      await bank.close();
      link.close();
      await gateway.close();
      await redis.stop();
    },
  };
}

export function claimsOf(
  settings: BankServerSettings,
  sub: string,
  path: string,
  changes: Partial<AssertionClaims>,
): AssertionClaims {
  const iat = Math.floor(Date.now() / 1000);
  const { issuer: iss, bankAudience: aud } = settings;
  return {
    iss,
    aud,
    sub,
    sid: 'session-1',
    role: 'user',
    scope: ['accounts:read'],
    jti: randomBytes(16).toString('base64url'),
    htm: 'GET',
    path,
    iat,
    exp: iat + 15,
    ...changes,
  };
}

export async function responseOf(response: Response): Promise<BankResponse> {
  const text = await response.text();
  const isJson = text !== '' && response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : {} };
}

/**
 * A `test` with a bank (`bank`), started once per file, and bob's account in an otherwise empty ledger (`account`, at
 * `path`), new for each test that uses it.
 */
export const bankTest = (env: Record<string, string> = {}, redisOptions: { persist?: boolean } = {}) =>
  base
    .extend('bank', { scope: 'file' }, async ({}, { onCleanup }): Promise<BankUnderTest> => {
      const bank = await startBankUnderTest(env, redisOptions);
      onCleanup(() => bank.close());
      return bank;
    })
    .extend('account', async ({ bank }): Promise<Account> => {
      await bank.redis.flush();
      return openTestAccount(bank.link, { ownerId: 'bob', name: 'Bob', balanceMinor: 10_000_000 });
    })
    .extend('path', ({ account }): string => `/accounts/${account.id}`);
