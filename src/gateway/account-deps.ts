import type { GatewaySettings } from '../config/load.ts';
import type { Logger } from '../log.ts';
import { logMailer, type Mailer, smtpMailer } from '../mail/mailer.ts';
import type { RedisLink } from '../redis/connection.ts';
import { RateLimiter } from '../redis/rate-limiter.ts';

/** The mailer that the settings ask for. Without an SMTP server it is the log, and in production there is none. */
export function openMailer(settings: GatewaySettings, log: Logger): Mailer | undefined {
  const { smtpUrl: url, mailFrom: from, nodeEnv } = settings;
  if (url !== undefined) return smtpMailer({ url, from });
  return nodeEnv === 'production' ? undefined : logMailer(log);
}

/** What registration and password resets need besides the mailer. */
export function accountDeps(settings: GatewaySettings, redis: RedisLink) {
  const throttle = (act: string, times: number, windowSeconds: number): RateLimiter =>
    new RateLimiter(redis, { name: act, times, windowSeconds });
  const { registration, registrationsPerAddress, registrationWindowSeconds, issuer } = settings;
  const { resetsPerUsername, resetsPerAddress, resetWindowSeconds } = settings;
  return {
    registration,
    registrationThrottle: throttle('register', registrationsPerAddress, registrationWindowSeconds),
    issuer,
    resetUrl: settings.resetUrl ?? `${issuer}/#reset={token}`,
    resetThrottle: {
      username: throttle('reset-username', resetsPerUsername, resetWindowSeconds),
      address: throttle('reset-address', resetsPerAddress, resetWindowSeconds),
    },
  };
}
