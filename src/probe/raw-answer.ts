/** One HTTP/1.1 response, as it was on the wire. */
export interface RawAnswer {
  status: number;
  /** By lower-case name; a repeated header's values are joined with `, `. */
  headers: ReadonlyMap<string, string>;
  body: string;
}

/** What came back is not a response in the form of RFC 9112. */
export class NotHttp extends Error {
  readonly code = 'not_http';
  override readonly name = 'NotHttp';
}

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const FIELD_LINE = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):[ \t]*(.*?)[ \t]*$/;

/**
 * Reads the final response from what has arrived so far, past interim ones (RFC 9110, section 15.2).
 * @returns undefined while more is needed; `closed` says that no more will come.
 * @throws {NotHttp}
 */
export function parseAnswer(received: Buffer, closed: boolean): RawAnswer | undefined {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd === -1) {
    if (closed && received.length > 0) throw new NotHttp('the answer ends before its headers do');
    return undefined;
  }
  const [statusLine = '', ...fieldLines] = received.toString('latin1', 0, headEnd).split('\r\n');
  const status = Number(STATUS_LINE.exec(statusLine)?.[1] ?? Number.NaN);
  if (Number.isNaN(status)) throw new NotHttp('the answer does not begin with a status line');
  const rest = received.subarray(headEnd + 4);
  if (status < 200) return parseAnswer(rest, closed);
  const headers = parseFields(fieldLines);
  const body = readBody(status, headers, rest, closed);
  return body === undefined ? undefined : { status, headers, body: body.toString('utf8') };
}

function parseFields(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const [, name, value = ''] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined) throw new NotHttp('a header line of the answer is malformed');
    const present = headers.get(name.toLowerCase());
    headers.set(name.toLowerCase(), present === undefined ? value : `${present}, ${value}`);
  }
  return headers;
}

/** The body by RFC 9112, section 6.3, or undefined while it isn't complete. */
function readBody(
  status: number,
  headers: ReadonlyMap<string, string>,
  rest: Buffer,
  closed: boolean,
): Buffer | undefined {
  if (status === 204 || status === 304) return Buffer.alloc(0);
  if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') return readChunks(rest);
  const length = headers.get('content-length');
  if (length === undefined) return closed ? rest : undefined;
  if (!/^\d{1,9}$/.test(length)) throw new NotHttp('the answer has no sound length');
  return rest.length < Number(length) ? undefined : rest.subarray(0, Number(length));
}

function readChunks(rest: Buffer): Buffer | undefined {
  const chunks: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = rest.indexOf('\r\n', at);
    if (lineEnd === -1) return undefined;
    const size = /^([\dA-F]{1,7})(?:;.*)?$/i.exec(rest.toString('latin1', at, lineEnd))?.[1];
    if (size === undefined) throw new NotHttp('a chunk of the answer has no sound size');
    const [start, end] = [lineEnd + 2, lineEnd + 2 + Number.parseInt(size, 16)];
    if (rest.length < end + 2) return undefined;
    if (end === start) return Buffer.concat(chunks);
    chunks.push(rest.subarray(start, end));
    at = end + 2;
  }
}
