import { createHmac, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../refusal.ts';

export interface RefreshIdentity {
  /** User id and session id. */
  sub: string;
  sid: string;
  /** How often the session had been refreshed when this token was given out; counts from 0. */
  n: number;
}

/** `v1.<sub>.<sid>.<n>.<mac>`, each part in its one spelling. */
const REFRESH_TOKEN = /^(v1\.([\w-]{22})\.([\w-]{22})\.(0|[1-9]\d{0,8}))\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/**
 * Makes a refresh token (RFC 6749, section 1.5). It says which state of which session it belongs to and proves
 * that the gateway said so; Redis keeps only the state, so nothing in Redis can be replayed.
 */
export function mintRefreshToken(key: Uint8Array, { sub, sid, n }: RefreshIdentity): string {
  const identity = `v1.${sub}.${sid}.${n}`;
  return `${identity}.${macOf(key, identity).toString('base64url')}`;
}

/** What a refresh token says, if the gateway made it. */
export function readRefreshToken(
  key: Uint8Array,
  token: string,
): RefreshIdentity | Refusal<'refresh_invalid'> {
  const match = REFRESH_TOKEN.exec(token);
  if (match === null) return new Refusal('refresh_invalid', 'spelling');
  const [, identity = '', sub = '', sid = '', n = '', mac = ''] = match;
  const isGenuine = timingSafeEqual(macOf(key, identity), Buffer.from(mac, 'base64url'));
  return isGenuine ? { sub, sid, n: Number(n) } : new Refusal('refresh_invalid', 'mac');
}

const macOf = (key: Uint8Array, identity: string): Buffer =>
  createHmac('sha256', key).update(identity).digest();
