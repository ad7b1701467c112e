/**
 * Settings for tests that send as one user, from one address, what many would, that do not wait when a gateway stops, and
 * that run beside others. Each limit has tests of its own.
 */
export const LIMITS_OFF = {
  HEALTH_PORT: '0',
  SHUTDOWN_GRACE_MS: '500',
  SHUTDOWN_SETTLE_MS: '0',
  BANK_REQUESTS_PER_USER_MAX: '10000',
  LOGINS_PER_USER_PER_MINUTE: '10000',
  CONNECTIONS_PER_NETWORK_MAX: '10000',
  REQUESTS_PER_NETWORK_PER_SECOND: '0',
  REQUESTS_PER_USER_PER_SECOND: '0',
  TRANSFERS_PER_USER_PER_MINUTE: '0',
  SESSION_CHANGES_PER_MINUTE: '0',
  SEARCHES_PER_USER_MAX: '10000',
} as const;
