import type { GatewaySettings } from '../../config/load.ts';

/** The header field that makes browsers come by https only (RFC 6797, section 6.1). */
export const STRICT_TRANSPORT = 'strict-transport-security';

/**
 * Its value for every answer of the site, or undefined for none: over plain http it may not be sent (section 7.2).
 * Whether subdomains come by https too is not the gateway's to decide.
 */
export const strictTransportOf = ({
  issuer,
  hstsMaxAgeSeconds,
}: Pick<GatewaySettings, 'issuer' | 'hstsMaxAgeSeconds'>): string | undefined =>
  new URL(issuer).protocol === 'https:' && hstsMaxAgeSeconds > 0 ? `max-age=${hstsMaxAgeSeconds}` : undefined;

/** The field with its value, or no field. */
export const transportHeader = (strictTransport: string | undefined): Record<string, string> =>
  strictTransport === undefined ? {} : { [STRICT_TRANSPORT]: strictTransport };
