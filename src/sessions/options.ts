import type { Role } from '../users/roles.ts';

/** How long sessions and their tokens live, and how many a user may have. Seconds unless the name says otherwise. */
export interface SessionOptions {
  issuer: string;
  audience: string;
  accessTokenTtlSeconds: number;
  /** Without real activity for so long, a session ends (PSD2 RTS, article 4(3)(d), asks for 5 minutes). */
  sessionIdleSeconds: number;
  /** A session ends so long after its log-in, whatever happens. */
  sessionAbsoluteSeconds: number;
  /** The same for a log-in with `remember`. */
  sessionRememberSeconds: number;
  /** How long a refresh token that was just used may be used again, by requests that crossed. */
  refreshGraceSeconds: number;
  sessionsPerUserMax: number;
  sessionsPerUserPolicy: 'evict-oldest' | 'refuse';
}

/** Staff are never remembered. */
export const mayBeRemembered = (role: Role): boolean => role === 'user';
