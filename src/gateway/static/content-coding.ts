import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { parseAccept } from 'hono/utils/accept';

/** The supported content codings (RFC 9110, section 8.4.1), the best first. */
export type ContentCoding = 'br' | 'gzip' | 'identity';

/** Level 9 takes ten times as long for 2 % less. */
const BROTLI_QUALITY = 6;

const TEXT_TYPE = /^text\/|^application\/json|^image\/svg\+xml/;

/** A body in every coding that makes it smaller, the best first, and uncoded last. */
export function codingsOf(body: Buffer, mediaType: string): Map<ContentCoding, Buffer> {
  const codings = new Map<ContentCoding, Buffer>();
  if (TEXT_TYPE.test(mediaType)) {
    const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
    const gzip = gzipSync(body);
    if (brotli.length < body.length) codings.set('br', brotli);
    if (gzip.length < body.length) codings.set('gzip', gzip);
  }
  return codings.set('identity', body);
}

/** The weight of `identity` if the client names none: less than any that it can send, but more than 0. */
const IDENTITY_WEIGHT = 0.0001;

/**
 * The coding in `available` (the best first) that the client prefers, by its `Accept-Encoding` (RFC 9110, section
 * 12.5.3). If it accepts none of them, the header is ignored and the body is sent uncoded (section 12.4.1).
 */
export function preferredCoding(
  acceptEncoding: string | undefined,
  available: Iterable<ContentCoding>,
): ContentCoding {
  const weights = new Map(parseAccept(acceptEncoding ?? '').map(({ type, q }) => [type.toLowerCase(), q]));
  const weightOf = (coding: ContentCoding): number =>
    weights.get(coding) ?? weights.get('*') ?? (coding === 'identity' ? IDENTITY_WEIGHT : 0);
  let [preferred, weight]: [ContentCoding, number] = ['identity', 0];
  for (const coding of available)
    if (weightOf(coding) > weight) [preferred, weight] = [coding, weightOf(coding)];
  return preferred;
}
