import { pino } from 'pino';
import { type BankServerSettings, type RunningBank, startBank } from '../../src/bank/server.ts';
import { bankSettings } from '../../src/config/load.ts';
import { type AssertionClaims, signAssertion } from '../../src/jwt/assertion.ts';
import { type KeyRing, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import type { RedisLink } from '../../src/redis/connection.ts';
import { type Role, scopesOf } from '../../src/users/roles.ts';
import { startTestRedis, type TestRedis } from '../support/redis.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';
import { testLink } from './postings.ts';

export interface BankUnderTest {
  url: string;
  redis: TestRedis;
  /** A connection of the test's own. */
  link: RedisLink;
  settings: BankServerSettings;
  ring: KeyRing;
  /** Stands for the gateway: it serves the public keys. */
  gateway: Upstream;
  bank: RunningBank;
  /** The bank's log lines, as text. */
  log: string[];
  /** A genuine assertion about a caller, with whatever the test changes. */
  assertion(sub: string, changes?: Partial<AssertionClaims>): Promise<string>;
  /** Asks the bank as the gateway would for `sub`, a `user` unless told otherwise. */
  ask(sub: string, path: string, options?: AskOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface AskOptions extends RequestInit {
  role?: Role;
}

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
}

/** The real bank over a real, private Redis, with a stand-in for the gateway's key set. A Redis given is stopped too. */
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
    ...env,
  });
  const log: string[] = [];
  const bank = await startBank({
    settings,
    log: pino({ level: 'info' }, { write: (line) => log.push(line) }),
  });
  const link = await testLink(redis);
  const assertion = (sub: string, changes: Partial<AssertionClaims> = {}): Promise<string> =>
    signAssertion(ring, claimsOf(settings, sub, changes));
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
      const token = await assertion(sub, { role, scope: [...scopesOf(role)] });
      return answerOf(
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
    scope: [...scopesOf('user')],
    iat,
    exp: iat + 60,
    ...changes,
  };
}

export async function answerOf(answer: Response): Promise<Answer> {
  const text = await answer.text();
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
  return { status: answer.status, headers: answer.headers, body: isJson ? JSON.parse(text) : {} };
}
