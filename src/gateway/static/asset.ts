import { createHash } from 'node:crypto';
import type { GatewayContext } from '../pipeline/guards.ts';
import { type ContentCoding, codingsOf, preferredCoding } from './content-coding.ts';

/** Something that is the same for everybody and for as long as the process runs. */
export interface StaticAsset {
  body: string | Buffer;
  mediaType: string;
  cacheControl: string;
  /** What a browser may do with it. */
  contentSecurityPolicy: string;
}

/** A `Content-Security-Policy` under which nothing runs, is loaded, is sent or is framed. */
export const DENY_ALL_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** What none of the pages has a use for, and so nothing that got into one may use either. */
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

/** No other site may frame, embed or hold on to a page, nor learn from where somebody came. */
const FOR_BROWSERS = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': DENIED_FEATURES.map((feature) => `${feature}=()`).join(', '),
  'x-frame-options': 'DENY',
};

interface Representation {
  body: Buffer<ArrayBuffer>;
  /** An entity tag (RFC 9110, section 8.8.3), quotes included: each coding has its own. */
  etag: string;
  headers: Record<string, string>;
}

/**
 * Makes a route of a publication, in all its codings. It answers with the one that the client likes best, or that
 * the client has it already (RFC 9110, section 13.1.2).
 */
export function serveAsset(publication: StaticAsset): (c: GatewayContext) => Response {
  const representations = representationsOf(publication);
  const mediaType = publication.mediaType;
  return (c) => {
    const asked = c.env.incoming.headers;
    const coding = preferredCoding(asked['accept-encoding'], representations.keys());
    const { body, etag, headers } = representations.get(coding) as Representation;
    if (hasIt(asked['if-none-match'], etag)) return c.body(null, 304, headers);
    return c.body(body, 200, {
      ...headers,
      ...(coding === 'identity' ? {} : { 'content-encoding': coding }),
      'content-type': mediaType,
      'content-length': String(body.length),
    });
  };
}

function representationsOf(publication: StaticAsset): Map<ContentCoding, Representation> {
  const bytes = Buffer.from(publication.body);
  const digest = createHash('sha256').update(bytes).digest('base64');
  const codings = codingsOf(bytes, publication.mediaType);
  const representations = new Map<ContentCoding, Representation>();
  for (const [coding, body] of codings) {
    const etag = coding === 'identity' ? `"${digest}"` : `"${digest}-${coding}"`;
    const headers = {
      ...FOR_BROWSERS,
      'cache-control': publication.cacheControl,
      'content-security-policy': publication.contentSecurityPolicy,
      etag,
      ...(codings.size === 1 ? {} : { vary: 'Accept-Encoding' }),
    };
    representations.set(coding, { body: Buffer.from(body), etag, headers });
  }
  return representations;
}

const hasIt = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))) ?? false;
