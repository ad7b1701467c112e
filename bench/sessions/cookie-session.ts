import { createHash, createHmac } from 'node:crypto';

/** The prefix of the keys under which `session-cookie` contestants keep their sessions in Redis. */
export const COOKIE_SESSION_PREFIX = 'cookie-session:';

export interface CookieSession {
  /** The key in Redis. */
  readonly key: string;
  /** The value in Redis: what express-session stores, with `user: { id, role }`. */
  readonly value: string;
  /** `connect.sid=…`, the value of the `cookie` header. */
  readonly cookie: string;
}

/** The session number `n` of express-session: its id is signed with HMAC-SHA256, as by the package cookie-signature. */
export function cookieSession(n: number, secret: string): CookieSession {
  const id = createHash('sha256').update(`cookie-session ${n}`).digest('base64url').slice(0, 32);
  const signature = createHmac('sha256', secret).update(id).digest('base64').replace(/=+$/, '');
  const session = {
    cookie: { originalMaxAge: null, expires: null, httpOnly: true, path: '/', sameSite: 'strict' },
    user: { id: `bench-${n}`, role: 'user' },
  };
  return {
    key: `${COOKIE_SESSION_PREFIX}${id}`,
    value: JSON.stringify(session),
    cookie: `connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`,
  };
}
