import type { Confirmation } from '../jwt/confirmation.ts';
import type { RingSource } from '../keys/ring.ts';
import type { Counter } from '../redis/rate-limiter.ts';
import type { RedisStore } from '../redis/store.ts';
import type { Role } from '../users/roles.ts';
import type { UsableProof } from './used-proofs.ts';

/** The lifetimes of sessions and tokens, and the number of sessions per user. */
export interface SessionOptions {
  issuer: string;
  audience: string;
  accessTokenTtlSeconds: number;
  /** A session ends after this time without user activity (PSD2 RTS, article 4(3)(d), requires 5 minutes). */
  sessionIdleSeconds: number;
  /** The absolute lifetime of a session. */
  sessionAbsoluteSeconds: number;
  /** The absolute lifetime of a session that was started with `remember`. */
  sessionRememberSeconds: number;
  /** How long a rotated refresh token is still accepted, for concurrent requests. */
  refreshGraceSeconds: number;
  sessionsPerUserMax: number;
  sessionsPerUserPolicy: 'evict-oldest' | 'refuse';
  /** The roles whose sessions have to be bound to a key or a certificate. */
  dpopRequiredRoles: readonly Role[];
}

export interface SessionDeps {
  redis: RedisStore;
  ring: RingSource;
  refreshKey: Uint8Array;
  options: SessionOptions;
}

/** An authenticated user, and the client and device that they use. */
export interface SessionOpener {
  userId: string;
  role: Role;
  /** The user's generation when the password was verified. No session starts if all sessions were ended since. */
  verifiedGeneration: number;
  /** The address ranges that allow the address; undefined if the user may connect from any. */
  ranges?: string[] | undefined;
  clientId: string;
  /** From the user agent, for people to recognize the session. */
  device: string;
  address: string;
  /** What the tokens of the session are bound to, if they are. */
  confirmation?: Confirmation | undefined;
  /** The proof that the client holds that key. It is used up by the start of the session. */
  proof?: UsableProof | undefined;
  /** Whether a long session was requested. Only the role `user` gets one. */
  remember: boolean;
  /** Counts the login, and refuses it if there were too many. */
  limit?: Counter | undefined;
}
