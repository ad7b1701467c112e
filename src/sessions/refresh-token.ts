import { createHmac, timingSafeEqual } from 'node:crypto';
import { Refusal } from '../refusal.ts';

/** What a refresh token identifies. */
export interface RefreshIdentity {
  /** User id. */
  sub: string;
  /** Session id. */
  sid: string;
  /** How often the session had been refreshed when this token was issued. Starts at 0. */
  refreshCount: number;
}

/** `v1.<sub>.<sid>.<refreshCount>.<mac>`, each part in its canonical form. */
const REFRESH_TOKEN = /^(v1\.([\w-]{22})\.([\w-]{22})\.(0|[1-9]\d{0,8}))\.([\w-]{42}[AEIMQUYcgkosw048])$/;

/**
 * Issues a refresh token (RFC 6749, section 1.5). The MAC proves that the gateway issued it for this state of the
 * session. Redis stores only the state, so an attacker who reads Redis cannot build a token from it.
 */
export function mintRefreshToken(key: Uint8Array, { sub, sid, refreshCount }: RefreshIdentity): string {
  const identity = `v1.${sub}.${sid}.${refreshCount}`;
  return `${identity}.${macOf(key, identity).toString('base64url')}`;
}

/** What a refresh token identifies, if its MAC is valid. */
export function readRefreshToken(
  key: Uint8Array,
  token: string,
): RefreshIdentity | Refusal<'refresh_invalid'> {
  const match = REFRESH_TOKEN.exec(token);
  if (match === null) return new Refusal('refresh_invalid', 'malformed');
  const [, identity = '', sub = '', sid = '', refreshCount = '', mac = ''] = match;
  const isGenuine = timingSafeEqual(macOf(key, identity), Buffer.from(mac, 'base64url'));
  if (!isGenuine) return new Refusal('refresh_invalid', 'mac');
  return { sub, sid, refreshCount: Number(refreshCount) };
}

/**
 * The `jti` of the access token that belongs to this state of the session: 128 bits of a MAC, so nobody else can tell it,
 * and Redis need not store it. Refresh tokens begin with another text, so neither MAC is the other.
 */
export const accessTokenId = (key: Uint8Array, { sub, sid, refreshCount }: RefreshIdentity): string =>
  macOf(key, `jti.${sub}.${sid}.${refreshCount}`).subarray(0, 16).toString('base64url');

const macOf = (key: Uint8Array, identity: string): Buffer =>
  createHmac('sha256', key).update(identity).digest();
