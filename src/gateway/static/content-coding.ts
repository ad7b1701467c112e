import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { parseAccept } from 'hono/utils/accept';

/** The content codings (RFC 9110, section 8.4.1) that there may be of a body, the best first. */
export type ContentCoding = 'br' | 'gzip' | 'identity';

/** Level 9 takes ten times as long and saves a fiftieth. */
const BROTLI_QUALITY = 6;

const MADE_OF_TEXT = /^text\/|^application\/json|^image\/svg\+xml/;

/** A body in every coding that makes it smaller, the best first, and as it is last. */
export function codingsOf(body: Buffer, mediaType: string): Map<ContentCoding, Buffer> {
  const codings = new Map<ContentCoding, Buffer>();
  if (MADE_OF_TEXT.test(mediaType)) {
    const brotli = brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY } });
    const gzip = gzipSync(body);
    if (brotli.length < body.length) codings.set('br', brotli);
    if (gzip.length < body.length) codings.set('gzip', gzip);
  }
  return codings.set('identity', body);
}

/** Less than any weight that a client can give, and more than "not acceptable". */
const LEAST_WEIGHT = 0.0001;

/**
 * Which of `available` (the best first) the client likes most, by its `Accept-Encoding` (RFC 9110, section 12.5.3).
 * Where it accepts none of them its wish is disregarded (section 12.4.1): no coding is what everybody can read.
 */
export function preferredCoding(
  acceptEncoding: string | undefined,
  available: Iterable<ContentCoding>,
): ContentCoding {
  const weights = new Map(parseAccept(acceptEncoding ?? '').map(({ type, q }) => [type.toLowerCase(), q]));
  const weightOf = (coding: ContentCoding): number =>
    weights.get(coding) ?? weights.get('*') ?? (coding === 'identity' ? LEAST_WEIGHT : 0);
  let [preferred, weight]: [ContentCoding, number] = ['identity', 0];
  for (const coding of available)
    if (weightOf(coding) > weight) [preferred, weight] = [coding, weightOf(coding)];
  return preferred;
}
