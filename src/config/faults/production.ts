import type { z } from 'zod';
import { sentinelProductionFaults } from './topology.ts';

/** The values of the settings that are set, by name, not yet validated. */
type Given = Readonly<Record<string, string>>;

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** What is fine in development and would be dangerous in production. No message repeats a value. */
export const productionFaults = (shape: z.ZodRawShape, given: Given): string[] => [
  ...keyFaults(shape, given),
  ...issuerFaults(given),
  ...plainHttpFaults(given),
  ...redisFaults(given),
  ...sentinelProductionFaults(given),
  ...(given.MAIL_TO_LOG === 'on' ? ['MAIL_TO_LOG: must be off in production'] : []),
];

function keyFaults(shape: z.ZodRawShape, given: Given): string[] {
  const faults: string[] = [];
  if ('SIGNING_KEY' in shape && given.SIGNING_KEY === undefined && given.KEYS_DIR === undefined) {
    faults.push(
      'SIGNING_KEY: must be an RSA and an EC private key (PEM, PKCS #8) in production; set it, SIGNING_KEY_FILE or KEYS_DIR',
    );
  }
  if ('REFRESH_KEY' in shape && given.REFRESH_KEY === undefined) {
    faults.push(
      'REFRESH_KEY: must be at least 32 random bytes in base64url in production; set it or REFRESH_KEY_FILE',
    );
  }
  if ('PASSWORD_PEPPER' in shape && given.PASSWORD_PEPPER === undefined) {
    faults.push(
      'PASSWORD_PEPPER: must be at least 32 random bytes in base64url in production; set it or PASSWORD_PEPPER_FILE',
    );
  }
  return faults;
}

function issuerFaults({ ISSUER = '' }: Given): string[] {
  const url = URL.parse(ISSUER);
  if (url?.protocol !== 'https:') return ['ISSUER: must be an https:// URL in production'];
  return url.pathname === '/' ? [] : ['ISSUER: must be an https:// URL without a path in production'];
}

/**
 * Whoever can answer for a name on the network could receive what is sent to it by http, or give the bank keys of their
 * own. The links in emails are followed by anyone, so no host is an exception.
 */
function plainHttpFaults(given: Given): string[] {
  const hosts = (given.PLAIN_HTTP_HOSTS ?? '').split(',').map((host) => host.trim().toLowerCase());
  const isPlain = (name: string): boolean => URL.parse(given[name] ?? '')?.protocol === 'http:';
  const isAllowed = (name: string): boolean => {
    const hostname = URL.parse(given[name] ?? '')?.hostname ?? '';
    return LOOPBACK.test(hostname) || hosts.includes(hostname);
  };
  const faults = ['BANK_URL', 'JWKS_URL', 'OTEL_EXPORTER_OTLP_ENDPOINT']
    .filter((name) => isPlain(name) && !isAllowed(name))
    .map(
      (name) =>
        `${name}: must be an https:// URL in production, unless its host is loopback or in PLAIN_HTTP_HOSTS`,
    );
  const links = ['RESET_URL', 'EMAIL_URL'].filter(isPlain);
  return [...faults, ...links.map((name) => `${name}: must be an https:// URL in production`)];
}

/** Without a password, everyone on the network of Redis can change roles. File permissions protect a socket. */
function redisFaults({ REDIS_URL = '' }: Given): string[] {
  if (REDIS_URL.startsWith('unix:') || URL.parse(REDIS_URL)?.password) return [];
  return ['REDIS_URL: must contain a password in production, or be a unix:// URL'];
}
