import type { GatewaySettings } from '../config/load.ts';

/** The header that makes browsers use HTTPS only (RFC 6797, section 6.1). */
export const STRICT_TRANSPORT = 'strict-transport-security';

/**
 * The value of `Strict-Transport-Security`, or undefined if it is not sent: over plain HTTP it must not be (section
 * 7.2). `includeSubDomains` is not the gateway's decision.
 */
export const strictTransportOf = ({
  issuer,
  hstsMaxAgeSeconds,
}: Pick<GatewaySettings, 'issuer' | 'hstsMaxAgeSeconds'>): string | undefined =>
  new URL(issuer).protocol === 'https:' && hstsMaxAgeSeconds > 0 ? `max-age=${hstsMaxAgeSeconds}` : undefined;

/** Browser features that no page of the gateway uses, so that injected code cannot use them either. */
const DENIED_FEATURES = [
  'accelerometer',
  'camera',
  'clipboard-read',
  'display-capture',
  'geolocation',
  'gyroscope',
  'hid',
  'magnetometer',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
  'xr-spatial-tracking',
];

/** The headers of every page and asset: no other site may frame, embed or keep a reference to it, or see its URL. */
export const PAGE_HEADERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': DENIED_FEATURES.map((feature) => `${feature}=()`).join(', '),
  'x-frame-options': 'DENY',
};
