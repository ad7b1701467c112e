import { createHash } from 'node:crypto';
import type { GatewayContext } from '../pipeline/guards.ts';
import { PAGE_HEADERS } from '../security-headers.ts';
import { type ContentCoding, codingsOf, preferredCoding } from './content-coding.ts';

/** A response that is the same for all clients as long as the process runs. */
export interface StaticAsset {
  body: string | Buffer;
  mediaType: string;
  cacheControl: string;
  contentSecurityPolicy: string;
}

interface Representation {
  body: Buffer<ArrayBuffer>;
  /** An entity tag (RFC 9110, section 8.8.3), in quotes. Each coding has its own. */
  etag: string;
  headers: Record<string, string>;
}

/**
 * Makes a route of an asset. It sends the coding that the client prefers, or 304 if the client has that already (RFC
 * 9110, section 13.1.2).
 */
export function serveAsset(asset: StaticAsset): (c: GatewayContext) => Response {
  const representations = representationsOf(asset);
  const { mediaType } = asset;
  return (c) => {
    const request = c.env.incoming.headers;
    const coding = preferredCoding(request['accept-encoding'], representations.keys());
    const { body, etag, headers } = representations.get(coding) as Representation;
    if (matchesTag(request['if-none-match'], etag)) return c.body(null, 304, headers);
    return c.body(body, 200, {
      ...headers,
      ...(coding === 'identity' ? {} : { 'content-encoding': coding }),
      'content-type': mediaType,
      'content-length': String(body.length),
    });
  };
}

function representationsOf(asset: StaticAsset): Map<ContentCoding, Representation> {
  const bytes = Buffer.from(asset.body);
  const digest = createHash('sha256').update(bytes).digest('base64');
  const codings = codingsOf(bytes, asset.mediaType);
  const representations = new Map<ContentCoding, Representation>();
  for (const [coding, body] of codings) {
    const etag = coding === 'identity' ? `"${digest}"` : `"${digest}-${coding}"`;
    const headers = {
      ...PAGE_HEADERS,
      'cache-control': asset.cacheControl,
      'content-security-policy': asset.contentSecurityPolicy,
      etag,
      ...(codings.size === 1 ? {} : { vary: 'Accept-Encoding' }),
    };
    representations.set(coding, { body: Buffer.from(body), etag, headers });
  }
  return representations;
}

const matchesTag = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))) ?? false;
