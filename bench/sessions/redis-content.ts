import type { FilledSession, FilledUser } from '../../src/dev/fill.ts';
import { usedProofKey } from '../../src/redis/keys.ts';
import type { TokenIdentity } from '../../src/sessions/whitelist.ts';
import { clientKey } from './client-key.ts';
import { boundIdentity, sessionIdentity, type TokenBatch } from './identity.ts';
import type { Command } from './redis-pipe.ts';

/** The idle timeout of the sessions: the longest that the gateway accepts. */
export const IDLE_SECONDS = 86_400;

/** Has the length of a stored password hash. Nobody logs in as these users. */
const NO_PASSWORD = `$argon2id$${'-'.repeat(86)}`;

/** The users of tokens 0 to `count` − 1. */
export function* filledUsers(count: number, identityOf = sessionIdentity): Generator<FilledUser> {
  for (let n = 0; n < count; n += 1) {
    const { sub } = identityOf(n);
    yield { id: sub, username: `bench-${sub}`, passwordHash: NO_PASSWORD };
  }
}

/** Sessions 0 to `count` − 1, each just after a login at `nowMs`. */
export function* filledSessions(batch: TokenBatch, count: number, nowMs: number): Generator<FilledSession> {
  for (let n = 0; n < count; n += 1) yield { ...sessionIdentity(n), ...sharedBy(batch, nowMs) };
}

/** The same sessions, each bound to a key of its own. */
export function* boundSessions(batch: TokenBatch, count: number, nowMs: number): Generator<FilledSession> {
  for (let n = 0; n < count; n += 1)
    yield { ...boundIdentity(n), ...sharedBy(batch, nowMs), binding: `jkt=${clientKey(n).jkt}` };
}

function sharedBy({ exp }: TokenBatch, nowMs: number): Omit<FilledSession, keyof TokenIdentity> {
  return {
    nowMs,
    exp,
    endsAt: exp,
    idleMs: IDLE_SECONDS * 1000,
    device: 'Chrome on Windows',
    address: '203.0.113.77',
  };
}

/** Records of used proofs, as the script of the gateway writes them, of one user each. */
export function* usedProofs(count: number, ttlMs: number): Generator<Command> {
  for (let n = 0; n < count; n += 1) {
    const { sub, jti: proof } = boundIdentity(n);
    yield ['SET', usedProofKey(sub, proof), '1', 'PX', `${ttlMs}`];
  }
}
