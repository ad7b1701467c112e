import type { FilledSession, FilledUser } from '../../src/dev/fill.ts';
import { sessionIdentity, type TokenBatch } from './identity.ts';

/** The idle timeout of the sessions: the longest that the gateway accepts. */
export const IDLE_SECONDS = 86_400;

/** Has the length of a stored password hash. Nobody logs in as these users. */
const NO_PASSWORD = `$argon2id$${'-'.repeat(86)}`;

/** Users 0 to `count` − 1. */
export function* filledUsers(count: number): Generator<FilledUser> {
  for (let n = 0; n < count; n += 1)
    yield { id: sessionIdentity(n).sub, username: `bench-${n}`, passwordHash: NO_PASSWORD };
}

/** Sessions 0 to `count` − 1, each just after a login at `nowMs`. */
export function* filledSessions({ exp }: TokenBatch, count: number, nowMs: number): Generator<FilledSession> {
  const shared = {
    nowMs,
    exp,
    endsAt: exp,
    idleMs: IDLE_SECONDS * 1000,
    device: 'Chrome on Windows',
    address: '203.0.113.77',
  };
  for (let n = 0; n < count; n += 1) yield { ...sessionIdentity(n), ...shared };
}
