import { createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { User } from '../users.ts';

/**
 * A device that a user has logged in from before (OWASP, "Device Cookies"). It is no credential: it only says that
 * failures of this device are counted apart from those of strangers.
 */
export interface Device {
  /** User id. */
  sub: string;
  /** 128 random bits, base64url. It stays the same when the token is replaced. */
  id: string;
  /** The user's generation when the token was issued: a password change or reset ends it. */
  generation: number;
}

/** `d1.<sub>.<id>.<generation>.<exp>.<mac>`, each part in its canonical form. */
const DEVICE_TOKEN =
  /^(d1\.([\w-]{22})\.([\w-]{22})\.(0|[1-9]\d{0,8})\.([1-9]\d{0,11}))\.([\w-]{42}[AEIMQUYcgkosw048])$/;

export const MAX_DEVICE_TOKEN_CHARACTERS = 160;

/** The key of device tokens, derived from the refresh key (HKDF, RFC 5869), so that neither token is the other. */
export const deviceKeyFrom = (refreshKey: Uint8Array): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', refreshKey, '', 'portcullis device token', 32));

/** Issues a device token. Redis stores nothing of it. */
export function mintDeviceToken(key: Uint8Array, device: Device, expSeconds: number): string {
  const { sub, id, generation } = device;
  const identity = `d1.${sub}.${id}.${generation}.${expSeconds}`;
  return `${identity}.${macOf(key, identity).toString('base64url')}`;
}

/** The device of a token; undefined if its MAC is not valid or it has expired. */
export function readDeviceToken(
  key: Uint8Array,
  token: string | undefined,
  nowMs: number,
): Device | undefined {
  const match = DEVICE_TOKEN.exec(token ?? '');
  if (match === null) return undefined;
  const [, identity = '', sub = '', id = '', generation = '', exp = '', mac = ''] = match;
  const isGenuine = timingSafeEqual(macOf(key, identity), Buffer.from(mac, 'base64url'));
  return isGenuine && Number(exp) * 1000 > nowMs ? { sub, id, generation: Number(generation) } : undefined;
}

/** The device, if it is one of this user and no password change has ended it. */
export const deviceOfUser = (device: Device | undefined, user: User | undefined): Device | undefined =>
  device !== undefined && device.sub === user?.id && device.generation === user.generation
    ? device
    : undefined;

/** The device of a user after a login: the one that they have logged in from before, or a new one. */
export const deviceAfterLogin = (known: Device | undefined, user: User): Device => ({
  sub: user.id,
  id: known?.id ?? randomBytes(16).toString('base64url'),
  generation: user.generation,
});

const macOf = (key: Uint8Array, identity: string): Buffer =>
  createHmac('sha256', key).update(identity).digest();
