import { createHash } from 'node:crypto';
import { readBytes } from '../http/input.ts';
import { type AssertionClaims, contentDigest, isReusable } from '../jwt/assertion.ts';
import { usedAssertionKey } from '../redis/keys.ts';
import type { RedisStore } from '../redis/store.ts';
import { Refusal } from '../refusal.ts';
import type { BankContext, BankRefusal } from './problems.ts';

/**
 * How long the use of an assertion is remembered: longer than the 15 s for which it is valid, so that a process whose
 * clock is slow does not accept it again.
 */
const USE_REMEMBERED_SECONDS = 60;

export interface AssertedRequestDeps {
  link: RedisStore;
  bodyMaxBytes: number;
}

/**
 * Checks that the request is the one that the caller's assertion is for. If it can change something, its body is read
 * and compared too, and the assertion is used up for all processes of the bank. Returns why not, if so.
 * @throws {RedisUnavailable}
 */
export async function checkAssertedRequest(
  c: BankContext,
  { link, bodyMaxBytes }: AssertedRequestDeps,
): Promise<BankRefusal | undefined> {
  const claims = c.get('caller');
  const { method, url = '' } = c.env.incoming;
  if (claims.htm !== method) return new Refusal('assertion_mismatch', 'method');
  if (claims.path !== url.split('?', 1)[0]) return new Refusal('assertion_mismatch', 'path');
  if (isReusable(claims)) return undefined;
  const body = await readBody(c, bodyMaxBytes);
  if (body instanceof Refusal) return body;
  if (!isAssertedBody(claims, body)) return new Refusal('assertion_mismatch', 'body');
  c.set('body', body);
  return (await isFirstUse(link, claims)) ? undefined : new Refusal('assertion_replayed');
}

async function readBody(c: BankContext, maxBytes: number): Promise<Buffer | BankRefusal> {
  const { incoming, outgoing } = c.env;
  try {
    return await readBytes(incoming, outgoing, maxBytes);
  } catch (fault) {
    if (incoming.complete) throw fault;
    return new Refusal('body_incomplete');
  }
}

/** The gateway knows the digest of a body that it held; it streams a larger one. */
const isAssertedBody = ({ content_digest: digest }: AssertionClaims, body: Buffer): boolean =>
  digest === undefined || digest === contentDigest(createHash('sha256').update(body).digest());

async function isFirstUse(link: RedisStore, { jti }: AssertionClaims): Promise<boolean> {
  const options = { condition: 'NX', expiration: { type: 'EX', value: USE_REMEMBERED_SECONDS } } as const;
  const key = usedAssertionKey(jti);
  return (await link.runFor(key, (client) => client.set(key, '1', options))) === 'OK';
}
