import type { GatewayContext } from '../admission.ts';

/** A text that is the same for everybody. It is made once, when the process starts. */
export interface PublishedText {
  body: string;
  mediaType: string;
  /** An entity tag (RFC 9110, section 8.8.3), quotes included. */
  etag: string;
  /** What a browser may do with it. */
  contentSecurityPolicy: string;
}

/** The description of the API, for programs and for people. */
export interface ApiDescription {
  openapi: PublishedText;
  docs: PublishedText;
}

/** May be kept for a while; then the client asks whether it is still the newest. */
const CACHING = 'public, max-age=300';

/** Answers with a published text, or that the client has it already (RFC 9110, section 13.1.2). */
export const publish =
  ({ body, mediaType, etag, contentSecurityPolicy }: PublishedText) =>
  (c: GatewayContext): Response => {
    const headers = {
      'cache-control': CACHING,
      etag,
      'content-security-policy': contentSecurityPolicy,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
    };
    return hasIt(c.env.incoming.headers['if-none-match'], etag)
      ? c.body(null, 304, headers)
      : c.body(body, 200, { ...headers, 'content-type': mediaType });
  };

const hasIt = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch?.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag) ?? false;
