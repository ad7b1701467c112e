import type { z } from 'zod';
import { addressRanges, oneOf } from './fields.ts';

/** What the gateway believes of the proxies in front of it. */
export const proxiesShape = {
  TRUSTED_PROXIES: addressRanges()
    .default([])
    .describe(
      'addresses and CIDR ranges of proxies whose `X-Forwarded-For` is trusted, and `Client-Cert` if `CLIENT_CERT_HEADER` says so',
    ),
  CLIENT_CERT_HEADER: oneOf('off', 'rfc9440', 'pem-escaped')
    .default('off')
    .describe(
      'format of the client certificate in `Client-Cert` from `TRUSTED_PROXIES`, which must replace what clients send: `off` ignores it, `rfc9440`, or `pem-escaped`, a percent-encoded PEM as nginx sends it (docs/operations.md)',
    ),
} satisfies z.ZodRawShape;

/** The values of the settings that are set, by name, not yet validated. */
type Given = Readonly<Record<string, string>>;

/**
 * Settings with which client certificates would never be accepted, or those of everyone. Anybody can send the header
 * `Client-Cert`, and a certificate is no secret, so the trusted peers must be known. No message repeats a value.
 */
export function clientCertificateFaults({
  CLIENT_CERT_HEADER = 'off',
  TRUSTED_PROXIES = '',
}: Given): string[] {
  if (CLIENT_CERT_HEADER === 'off') return [];
  const ranges = TRUSTED_PROXIES.split(',')
    .map((range) => range.trim())
    .filter((range) => range !== '');
  if (ranges.length === 0) return ['CLIENT_CERT_HEADER: must be off unless TRUSTED_PROXIES is set'];
  return ranges.some(isEveryAddress)
    ? ['TRUSTED_PROXIES: must not contain every address unless CLIENT_CERT_HEADER is off']
    : [];
}

/** A range of all IPv4 or all IPv6 addresses. */
const isEveryAddress = (range: string): boolean => /\/0+$/.test(range);
