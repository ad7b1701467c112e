import { createHash } from 'node:crypto';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
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
  body: Buffer;
  /** An entity tag (RFC 9110, section 8.8.3), in quotes. Each coding has its own. */
  etag: string;
  headers: Record<string, string>;
  /** Further headers of a response with the body. */
  contentHeaders: Record<string, string>;
}

/**
 * Makes a route of an asset. It sends the coding that the client prefers, or 304 if the client has that already (RFC
 * 9110, section 13.1.2).
 */
export function serveAsset(asset: StaticAsset): (c: GatewayContext) => Response {
  const representations = representationsOf(asset);
  return (c) => {
    const { incoming, outgoing } = c.env;
    const request = incoming.headers;
    const coding = preferredCoding(request['accept-encoding'], representations.keys());
    const { body, etag, headers, contentHeaders } = representations.get(coding) as Representation;
    if (matchesTag(request['if-none-match'], etag)) outgoing.writeHead(304, headers).end();
    // Every response sends the same buffer. A `Response` would have a copy of its own until its client has read it.
    else outgoing.writeHead(200, { ...headers, ...contentHeaders }).end(body);
    return RESPONSE_ALREADY_SENT;
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
    const contentHeaders = {
      ...(coding !== 'identity' && { 'content-encoding': coding }),
      'content-type': asset.mediaType,
      'content-length': String(body.length),
    };
    representations.set(coding, { body, etag, headers, contentHeaders });
  }
  return representations;
}

const matchesTag = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((tag) => ['*', etag].includes(tag.trim().replace(/^W\//, ''))) ?? false;
