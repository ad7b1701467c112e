import type { Logger } from '../../log.ts';
import { userKey } from '../../redis/keys.ts';
import { defineScript, runScript } from '../../redis/scripts.ts';
import type { RedisStore } from '../../redis/store.ts';
import { type PasswordHasher, PasswordQueueFull } from '../passwords.ts';
import type { User } from '../users.ts';

/**
 * Replaces a stored hash, unless it has been changed since it was read. Neither the user's version nor their generation
 * changes: it is the same password, so all sessions continue. KEYS: user. ARGV: old hash, new hash. Returns 1 or 0.
 */
const REPLACE_HASH = defineScript(
  'user-rehash',
  `
if redis.call('HGET', KEYS[1], 'passwordHash') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'passwordHash', ARGV[2])
return 1
`,
);

interface UpgradeDeps {
  redis: RedisStore;
  hasher: Pick<PasswordHasher, 'isOutdated' | 'hash'>;
}

/**
 * Hashes a password that has just been verified again, if its hash has no pepper, an old one, or a lower cost. Returns
 * whether it was replaced. @throws {RedisUnavailable} {@link PasswordQueueFull}
 */
export async function upgradeHash(
  { redis, hasher }: UpgradeDeps,
  { id, passwordHash }: Pick<User, 'id' | 'passwordHash'>,
  password: string,
): Promise<boolean> {
  if (!hasher.isOutdated(passwordHash)) return false;
  const next = await hasher.hash(password);
  return (await runScript(redis, REPLACE_HASH, [userKey(id)], [passwordHash, next])) === 1;
}

/** The same in the background: a login neither waits for it nor fails with it. The next login tries again. */
export function upgradeHashLater(
  deps: UpgradeDeps,
  log: Logger,
  user: Pick<User, 'id' | 'passwordHash'>,
  password: string,
): void {
  upgradeHash(deps, user, password).catch((err: unknown) => {
    if (err instanceof PasswordQueueFull) return;
    log.warn({ event: 'password_hash_not_upgraded', sub: user.id, err }, 'a password hash was not upgraded');
  });
}
