import type { IncomingMessage } from 'node:http';
import {
  type Device,
  deviceAfterLogin,
  deviceOfUser,
  mintDeviceToken,
  readDeviceToken,
} from '../../../users/logins/device-token.ts';
import type { User } from '../../../users/users.ts';
import { cookieValues } from '../../pipeline/credential.ts';
import type { GatewayContext } from '../../pipeline/guards.ts';
import type { Site } from '../../site.ts';

export interface DeviceDeps {
  site: Site;
  deviceKey: Uint8Array;
  deviceTokenTtlSeconds: number;
}

/** The device token of a login. */
export interface IssuedDevice {
  token: string;
  maxAgeSeconds: number;
}

/** The device whose token the client presents, in the body or in its cookie; undefined if it has no valid one. */
export function presentedDevice(
  { deviceKey, site }: Pick<DeviceDeps, 'deviceKey' | 'site'>,
  { env }: GatewayContext,
  inBody: string | undefined,
): Device | undefined {
  const token = inBody ?? cookieOf(env.incoming, site);
  return readDeviceToken(deviceKey, token, env.nowMs);
}

/** A cookie that is there twice may have been planted. */
function cookieOf(incoming: IncomingMessage, { deviceCookieName }: Site): string | undefined {
  const [cookie, ...others] = cookieValues(incoming, deviceCookieName);
  return others.length === 0 ? cookie : undefined;
}

/** The token that makes the device known after a login. It replaces the one that the client has presented. */
export function issueDevice(
  { deviceKey, deviceTokenTtlSeconds: maxAgeSeconds }: DeviceDeps,
  presented: Device | undefined,
  user: User,
  nowMs: number,
): IssuedDevice {
  const device = deviceAfterLogin(deviceOfUser(presented, user), user);
  const token = mintDeviceToken(deviceKey, device, Math.floor(nowMs / 1000) + maxAgeSeconds);
  return { token, maxAgeSeconds };
}
