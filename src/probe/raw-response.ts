/** One HTTP/1.1 response, parsed from its bytes. */
export interface RawResponse {
  status: number;
  /** The values of each header, by lower-case name. */
  headers: Record<string, string[]>;
  body: Buffer;
}

/** The received bytes are not a response as RFC 9112 defines it. */
export class NotHttp extends Error {
  readonly code = 'not_http';
  override readonly name = 'NotHttp';
}

interface ParseOptions {
  /** The connection is closed: no more bytes will come. */
  closed?: boolean;
  /** The request was a HEAD request, so the response has no body. */
  toHead?: boolean;
}

export interface ParsedResponse {
  response: RawResponse;
  /** The bytes after the response. */
  rest: Buffer;
}

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Parses the first response in `received`, which may be an interim one (RFC 9110, section 15.2).
 * @returns undefined while it is incomplete
 * @throws {NotHttp}
 */
export function parseResponse(received: Buffer, options: ParseOptions = {}): ParsedResponse | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) {
    if (options.closed && received.length > 0) throw new NotHttp('the response ends within its headers');
    return undefined;
  }
  const [statusLine = '', ...fieldLines] = received.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(STATUS_LINE.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new NotHttp('the response does not begin with a status line');
  const headers = parseFields(fieldLines);
  const after = received.subarray(headEnd + 4);
  const bodiless = options.toHead || status < 200 || status === 204 || status === 304;
  const parsed = bodiless ? { body: Buffer.alloc(0), rest: after } : parseBody(headers, after, options);
  return parsed && { response: { status, headers, body: parsed.body }, rest: parsed.rest };
}

/** The final response in `received`, after any interim ones. @returns and throws as `parseResponse` does. */
export function parseFinalResponse(received: Buffer, options: ParseOptions): RawResponse | undefined {
  let parsed = parseResponse(received, options);
  while (parsed !== undefined && parsed.response.status < 200) parsed = parseResponse(parsed.rest, options);
  return parsed?.response;
}

function parseFields(lines: readonly string[]): Record<string, string[]> {
  const headers: Record<string, string[]> = Object.create(null);
  for (const line of lines) {
    const [, name, value = ''] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined) throw new NotHttp('a header line of the response is malformed');
    headers[name.toLowerCase()] = [...(headers[name.toLowerCase()] ?? []), value];
  }
  return headers;
}

interface ParsedBody {
  body: Buffer;
  rest: Buffer;
}

/** The body (RFC 9112, section 6.3), or undefined while it is incomplete. */
function parseBody(
  headers: RawResponse['headers'],
  bytes: Buffer,
  { closed }: ParseOptions,
): ParsedBody | undefined {
  if (headers['transfer-encoding']?.join().toLowerCase() === 'chunked') return parseChunks(bytes);
  const length = headers['content-length']?.join();
  if (length === undefined) return closed ? { body: bytes, rest: Buffer.alloc(0) } : undefined;
  if (!/^\d{1,9}$/.test(length)) throw new NotHttp('the response has an invalid Content-Length');
  if (bytes.length < Number(length)) return undefined;
  return { body: bytes.subarray(0, Number(length)), rest: bytes.subarray(Number(length)) };
}

function parseChunks(bytes: Buffer): ParsedBody | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = /^([\dA-F]{1,7})(?:;.*)?$/i.exec(bytes.toString('latin1', at, lineEnd))?.[1];
    if (size === undefined) throw new NotHttp('a chunk of the response has an invalid size');
    const [start, end] = [lineEnd + 2, lineEnd + 2 + Number.parseInt(size, 16)];
    if (bytes.length < end + 2) return undefined;
    if (end === start) return { body: Buffer.concat(chunks), rest: bytes.subarray(end + 2) };
    chunks.push(bytes.subarray(start, end));
    at = end + 2;
  }
}
