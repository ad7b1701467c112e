import type { GatewaySettings } from '../config/load.ts';
import { RESET_TTL_SECONDS } from '../jwt/reset-token.ts';
import { countersByNetwork, RateLimiter } from '../redis/rate-limiter.ts';
import type { RedisStore } from '../redis/store.ts';
import { deviceKeyFrom } from '../users/logins/device-token.ts';
import { FailureLimiter } from '../users/logins/failure-limiter.ts';
import { LoginLimiter } from '../users/logins/login-limiter.ts';
import { PasswordQueue } from '../users/logins/password-queue.ts';
import { findUserId } from '../users/users.ts';
import type { RouteDeps } from './app.ts';

/** How often a password reset token can be tried with passwords that are rejected. */
const MAX_TRIES_PER_RESET_TOKEN = 10;

/** What logins need to know known devices and to limit failures. */
export function loginDeps(
  settings: GatewaySettings,
  redis: RedisStore,
  refreshKey: Uint8Array,
  queue: PasswordQueue,
): Pick<
  RouteDeps['auth'],
  'loginLimiter' | 'loginRate' | 'deviceKey' | 'deviceTokenTtlSeconds' | 'passwordChangeLimiter'
> {
  const { loginFailuresPerUsername: failuresPerUsername, loginFailureWindowSeconds: windowSeconds } =
    settings;
  const limits = {
    failuresPerUsername,
    failuresPerDevice: settings.loginFailuresPerDevice,
    failuresPerAddress: settings.loginFailuresPerAddress,
    windowSeconds,
  };
  const perSession = { name: 'password-change', max: failuresPerUsername, windowSeconds };
  // In the slot of the user's other keys, so that the start of a session counts itself.
  const countersOf = (userId: string) => ({ subject: userId, steps: ['1'] });
  const perMinute = {
    name: 'logins',
    max: settings.loginsPerUserPerMinute,
    windowSeconds: 60,
    countersOf,
  };
  return {
    loginLimiter: new LoginLimiter(redis, limits, queue),
    loginRate: new RateLimiter(redis, perMinute),
    deviceKey: deviceKeyFrom(refreshKey),
    deviceTokenTtlSeconds: settings.deviceTokenTtlSeconds,
    passwordChangeLimiter: new FailureLimiter(new RateLimiter(redis, perSession)),
  };
}

/**
 * The queue in front of the password threads. One more than there are threads runs at a time, so that no thread waits
 * for Redis.
 */
export const passwordQueue = (settings: GatewaySettings): PasswordQueue =>
  new PasswordQueue({
    concurrency: settings.passwordWorkers + 1,
    max: settings.passwordQueueMax,
    maxPerNetwork: settings.passwordQueuePerNetworkMax,
    timeoutMs: settings.passwordQueueTimeoutMs,
  });

export const clientLimiters = (
  settings: GatewaySettings,
  redis: RedisStore,
): RouteDeps['oauth']['clientLimiters'] => {
  const { loginFailuresPerUsername, loginFailuresPerAddress, loginFailureWindowSeconds } = settings;
  const windowSeconds = loginFailureWindowSeconds;
  const byNetwork = { max: loginFailuresPerAddress, windowSeconds, countersOf: countersByNetwork };
  return {
    client: new RateLimiter(redis, { name: 'client', max: loginFailuresPerUsername, windowSeconds }),
    address: new RateLimiter(redis, { name: 'client-address', ...byNetwork }),
  };
};

export function registrationDeps(
  { registration, registrationsPerAddress: max, registrationWindowSeconds: windowSeconds }: GatewaySettings,
  redis: RedisStore,
): Pick<RouteDeps['auth'], 'registration' | 'registrationLimiter'> {
  const options = { name: 'register', max, windowSeconds, countersOf: countersByNetwork };
  return { registration, registrationLimiter: new RateLimiter(redis, options) };
}

export function resetDeps(
  settings: GatewaySettings,
  redis: RedisStore,
): Pick<RouteDeps['auth'], 'resetUrl' | 'resetLimiters' | 'resetTokenLimiter'> {
  const { resetsPerUsername, resetsPerAddress, resetMailsPerUsername } = settings;
  const windowSeconds = settings.resetWindowSeconds;
  const byNetwork = { max: resetsPerAddress, windowSeconds, countersOf: countersByNetwork };
  return {
    resetTokenLimiter: new RateLimiter(redis, {
      name: 'reset-token',
      max: MAX_TRIES_PER_RESET_TOKEN,
      windowSeconds: RESET_TTL_SECONDS,
    }),
    resetUrl: settings.resetUrl ?? `${settings.issuer}/#reset={token}`,
    resetLimiters: {
      idOf: (username) => findUserId(redis, username),
      address: new RateLimiter(redis, { name: 'reset-address', ...byNetwork }),
      username: new RateLimiter(redis, { name: 'reset-username', max: resetsPerUsername, windowSeconds }),
      device: new RateLimiter(redis, { name: 'reset-device', max: resetsPerUsername, windowSeconds }),
      mail: new RateLimiter(redis, { name: 'reset-mail', max: resetMailsPerUsername, windowSeconds }),
    },
  };
}
