import { networkOf } from '../../../http/addresses.ts';
import { type RateLimiter, takeAll } from '../../../redis/rate-limiter.ts';
import { Refusal } from '../../../refusal.ts';
import { foldUsername } from '../../../users/fields.ts';
import { type Device, deviceOfUser } from '../../../users/logins/device-token.ts';
import type { User } from '../../../users/users.ts';

/** How old a reset token has to be before another request replaces it. */
export const RESET_TOKEN_MIN_AGE_SECONDS = 60;

export interface ResetLimiters {
  /** The id of the user with this username. */
  idOf: (username: string) => Promise<string | null>;
  /** By client address. */
  address: RateLimiter;
  /** By username and network. */
  username: RateLimiter;
  /** By known device. */
  device: RateLimiter;
  /** By user id: emails that unknown devices have requested. */
  mail: RateLimiter;
}

/**
 * Counts a request for a reset and returns 0 or the seconds to wait. What strangers request for a username is counted
 * for their networks, and what a device of this user requests for that device only, so that nobody can use up the
 * requests of the owner. A device of anybody else is a stranger's: it takes the same Redis commands whether the username
 * exists or not. @throws {RedisUnavailable}
 */
export async function takeResetRequest(
  { idOf, address, username, device: byDevice }: ResetLimiters,
  request: { username: string; address: string; device: Device | undefined },
  nowMs: number,
): Promise<number> {
  const { device } = request;
  if (device !== undefined && device.sub === (await idOf(request.username)))
    return byDevice.take(device.id, nowMs);
  const nameInNetwork = `${networkOf(request.address)} ${foldUsername(request.username)}`;
  return takeAll(
    [
      [address, request.address],
      [username, nameInNetwork],
    ],
    nowMs,
  );
}

/**
 * Issues a reset token if another email may be sent to the user. Those that strangers request have a limit of their own,
 * which counts only emails. Returns undefined if none is to be sent: the limit is reached, or the token of the previous
 * email is too recent to be replaced. @throws {RedisUnavailable}
 */
export async function withinMailLimit<Reason extends string>(
  { mail }: ResetLimiters,
  { user, device, nowMs }: { user: User; device: Device | undefined; nowMs: number },
  issue: () => Promise<string | Refusal<Reason | 'reset_recent'>>,
): Promise<string | Refusal<Reason> | undefined> {
  const isKnown = deviceOfUser(device, user) !== undefined;
  if (!isKnown && (await mail.take(user.id, nowMs)) > 0) return undefined;
  const token = await issue();
  if (!(token instanceof Refusal)) return token;
  if (!isKnown) await mail.refund(user.id, nowMs);
  return token.reason === 'reset_recent' ? undefined : (token as Refusal<Reason>);
}
