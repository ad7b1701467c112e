import type { AuditLog } from '../audit/event.ts';
import type { GatewaySettings } from '../config/load.ts';
import type { RingSource } from '../keys/ring.ts';
import { AccountMail } from '../mail/account-mail.ts';
import type { Mailer } from '../mail/mailer.ts';
import type { Outbox } from '../mail/outbox.ts';
import { RateLimiter } from '../redis/rate-limiter.ts';
import type { RedisStore } from '../redis/store.ts';
import type { PasswordRules } from '../users/password-rules.ts';
import type { PasswordHasher } from '../users/passwords.ts';
import type { RouteDeps } from './app.ts';
import { resetDeps } from './rate-limits.ts';

interface AccountResources {
  redis: RedisStore;
  audit: AuditLog;
  ring: RingSource;
  hasher: PasswordHasher;
  passwordRules: PasswordRules;
  mailer: Mailer | undefined;
  outbox: Outbox | undefined;
}

/** What routes need to set passwords, to reset them and to send emails, for users and for staff. */
export const accountDeps = (
  settings: GatewaySettings,
  { redis, audit, ring, hasher, passwordRules, mailer, outbox }: AccountResources,
) => ({
  redis,
  ring,
  issuer: settings.issuer,
  hasher,
  passwordRules,
  audit,
  mailer,
  outbox,
  showsResetTokens: settings.nodeEnv !== 'production',
  ...resetDeps(settings, redis),
  ...emailDeps(settings, redis, outbox),
});

function emailDeps(
  { emailConfirmationSeconds, emailUrl, issuer, ...settings }: GatewaySettings,
  redis: RedisStore,
  outbox: Outbox | undefined,
): Pick<RouteDeps['auth'], 'accountMail' | 'emailLimiter' | 'emailConfirmationSeconds'> {
  const { emailChangesPerUser: max, emailChangeWindowSeconds: windowSeconds } = settings;
  const options = {
    emailUrl: emailUrl ?? `${issuer}/#email={token}`,
    confirmationSeconds: emailConfirmationSeconds,
  };
  return {
    accountMail: outbox === undefined ? undefined : new AccountMail({ outbox, ...options }),
    emailLimiter: new RateLimiter(redis, { name: 'email-change', max, windowSeconds }),
    emailConfirmationSeconds,
  };
}
