import type { GatewaySettings } from '../../config/load.ts';
import { keysDirectory } from '../../keys/open.ts';
import { openPeppers } from '../../keys/pepper.ts';
import { loadOrCreateRefreshKey, readRefreshKey } from '../../keys/refresh-key.ts';
import type { Logger } from '../../log.ts';
import { logMailer, type Mailer, smtpMailer } from '../../mail/mailer.ts';
import { PasswordRules } from '../../users/password-rules.ts';
import { PasswordHasher } from '../../users/passwords.ts';

/** Threads that hash and compare passwords. @throws {InvalidKeyError} if the pepper is unusable */
export const openHasher = async (settings: GatewaySettings, log: Logger): Promise<PasswordHasher> =>
  new PasswordHasher({
    workers: settings.passwordWorkers,
    queueMax: settings.passwordQueueMax,
    peppers: await openPeppers(settings),
    cost: { memoryKib: settings.passwordMemoryKib, passes: settings.passwordPasses },
    log,
  });

/** What new passwords are checked against. */
export const openPasswordRules = (settings: GatewaySettings): PasswordRules =>
  new PasswordRules({
    minCharacters: settings.passwordMinCharacters,
    minScore: settings.passwordMinScore,
    issuer: settings.issuer,
    queueMax: settings.passwordQueueMax,
  });

/** The SMTP server of the settings. Without one, emails go to the log if the settings say so, or nowhere. */
export function openMailer(settings: GatewaySettings, log: Logger): Mailer | undefined {
  const { smtpUrl: url, mailFrom: from, mailToLog } = settings;
  if (url !== undefined) return smtpMailer({ url, from });
  return mailToLog === 'on' ? logMailer(log) : undefined;
}

/** The key that authenticates refresh tokens. @throws {InvalidKeyError} */
export const loadRefreshKey = async (settings: GatewaySettings): Promise<Uint8Array> =>
  settings.refreshKey === undefined
    ? loadOrCreateRefreshKey(keysDirectory(settings))
    : readRefreshKey(settings.refreshKey);
