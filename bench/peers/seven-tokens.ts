import { randomBytes } from 'node:crypto';
import { fillSessions, fillUsers } from '../../src/dev/fill.ts';
import { whitelistKey } from '../../src/redis/keys.ts';
import type { Contestant, RunningServer, SharedSetup } from '../contestant.ts';
import { cookieSession } from '../sessions/cookie-session.ts';
import { through } from '../sessions/fill.ts';
import { statusOf } from './request-status.ts';
import { type ClaimsOfToken, signToken, unsignedToken, withSignatureOf } from './wrong-tokens.ts';

/** One credential that a contestant was asked with. */
export interface TokenCheck {
  /** Such as `expired` or `logged out`. */
  readonly token: string;
  readonly expected: number;
  readonly status: number;
}

const LIFETIME_SECONDS = 3600;
/** A number that the sessions of the load do not reach. */
const CHECKED_COOKIE = 1_000_000_007;

/**
 * Asks a contestant with seven credentials: good, expired, wrong signature, wrong audience, wrong issuer, `none` and
 * logged out. The first must get 200, and each other exactly 401. Sessions that it needs it writes to and removes from the
 * shared Redis itself. A contestant with cookies is asked with the three that a cookie can be: good, wrong signature
 * and logged out. For `limit` it returns an empty list.
 */
export async function checkSevenTokens(
  contestant: Contestant,
  server: RunningServer,
  shared: SharedSetup,
): Promise<readonly TokenCheck[]> {
  if (contestant.kind === 'limit') return [];
  return contestant.credential === 'session-cookie'
    ? checkCookies(server, shared)
    : checkTokens(server, shared);
}

/** One session: all tokens are of it, so that only the fault of each can be why it is refused. */
async function checkTokens(server: RunningServer, shared: SharedSetup): Promise<TokenCheck[]> {
  const { token: good, claims } = await sessionToken(shared, Date.now());
  const expired = signToken(shared, {
    ...claims,
    iat: claims.iat - 7200,
    auth_time: claims.iat - 7200,
    exp: claims.iat - 1,
  });
  const wrong: Record<string, string> = {
    expired,
    'wrong signature': withSignatureOf(good, expired),
    'wrong audience': signToken(shared, { ...claims, aud: 'another-api' }),
    'wrong issuer': signToken(shared, { ...claims, iss: 'https://another.example' }),
    none: unsignedToken(shared, claims),
  };
  const ask = (token: string) => statusOf(server.url, { authorization: `Bearer ${token}` });
  const checks: TokenCheck[] = [{ token: 'good', expected: 200, status: await ask(good) }];
  for (const [token, text] of Object.entries(wrong))
    checks.push({ token, expected: 401, status: await ask(text) });
  await remove(shared, whitelistKey(claims.sub, claims.jti));
  return [...checks, { token: 'logged out', expected: 401, status: await ask(good) }];
}

/** A good token of a new session of a new user. */
export async function sessionToken(
  shared: SharedSetup,
  nowMs: number,
): Promise<{ token: string; claims: ClaimsOfToken }> {
  const claims = goodClaims(shared, nowMs);
  await writeSession(shared, claims, nowMs);
  return { token: signToken(shared, claims), claims };
}

function goodClaims({ issuer, audience }: SharedSetup, nowMs: number): ClaimsOfToken {
  const iat = Math.floor(nowMs / 1000);
  const id = (): string => randomBytes(16).toString('base64url');
  return {
    ...{ iss: issuer, aud: audience, sub: id(), client_id: 'portcullis-web', sid: id(), jti: id() },
    ...{ auth_time: iat, iat, exp: iat + LIFETIME_SECONDS },
  };
}

const writeSession = (
  { redis }: SharedSetup,
  { sub, sid, jti, exp }: ClaimsOfToken,
  nowMs: number,
): Promise<void> =>
  through(redis.socketPath, async (client) => {
    const session = { sub, sid, jti, nowMs, exp, endsAt: exp, idleMs: LIFETIME_SECONDS * 1000 };
    await fillUsers(client, [{ id: sub, username: `checked-${sub}`, passwordHash: '-' }]);
    await fillSessions(client, [{ ...session, device: 'the benchmark', address: '127.0.0.1' }]);
  });

async function checkCookies(server: RunningServer, shared: SharedSetup): Promise<TokenCheck[]> {
  const { key, value, cookie } = cookieSession(CHECKED_COOKIE, shared.sessionSecret);
  const forged = cookieSession(CHECKED_COOKIE, 'another secret').cookie;
  const ask = (sent: string) => statusOf(server.url, { cookie: sent });
  await through(shared.redis.socketPath, (client) =>
    client.sendCommand(['SET', key, value, 'EX', `${LIFETIME_SECONDS}`]),
  );
  const good = await ask(cookie);
  const wrong = await ask(forged);
  await remove(shared, key);
  return [
    { token: 'good', expected: 200, status: good },
    { token: 'wrong signature', expected: 401, status: wrong },
    { token: 'logged out', expected: 401, status: await ask(cookie) },
  ];
}

const remove = ({ redis }: SharedSetup, key: string): Promise<void> =>
  through(redis.socketPath, (client) => client.sendCommand(['DEL', key]));
