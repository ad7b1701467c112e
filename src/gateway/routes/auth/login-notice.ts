import type { AccountMail } from '../../../mail/account-mail.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { noteDevice } from '../../../sessions/known-devices.ts';
import type { Device } from '../../../users/logins/device-token.ts';
import type { User } from '../../../users/users.ts';
import type { RequestContext } from '../../request-context.ts';
import { deviceNameOf } from './device-name.ts';

interface NoticeDeps {
  redis: RedisStore;
  accountMail: AccountMail | undefined;
}

/**
 * Tells a user with a confirmed address about a login from a device or network that they have not used lately. A known
 * device, which presents the token of an earlier login, is not new in any network. This works in the background: the login
 * neither waits for it nor fails with it.
 */
export function announceLogin(
  { redis, accountMail }: NoticeDeps,
  { incoming, clientAddress: address, nowMs, log, requestId }: RequestContext,
  { id, email }: User,
  known: Device | undefined,
): void {
  if (accountMail === undefined || email === undefined) return;
  const device = deviceNameOf(incoming.headers['user-agent']);
  noteDevice(redis, id, { device, address }, nowMs)
    .then((isNew) => isNew && known === undefined && accountMail.loggedIn(email, { device, address, nowMs }))
    .catch((err: unknown) => log.error({ err, requestId }, 'a login could not be announced'));
}
