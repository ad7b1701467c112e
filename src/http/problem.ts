import { type ServerResponse, STATUS_CODES } from 'node:http';
import { z } from 'zod';
import type { FieldError } from '../refusal.ts';

/** A `Content-Security-Policy` that lets a document run, load, send and be framed by nothing. */
export const DENY_ALL_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const fieldErrorSchema: z.ZodType<FieldError> = z.strictObject({
  field: z
    .string()
    .describe(
      'Member names joined by dots, or the name of a parameter or header. Empty for the whole input.',
    ),
  message: z.string(),
});

/** The body of every refusal of the gateway and the bank (RFC 9457). */
export const problemSchema = z.strictObject({
  type: z.string().describe('`urn:portcullis:problem:` followed by the code'),
  title: z.string().describe('For people. It may change.'),
  status: z.int().min(400).max(599),
  code: z.string().describe('For programs. It does not change.'),
  request_id: z.string().optional().describe('The id of the request in the logs'),
  errors: z.array(fieldErrorSchema).optional().describe('The fields that are wrong'),
});
export type Problem = Omit<z.output<typeof problemSchema>, 'errors'> & {
  errors?: readonly FieldError[] | undefined;
};

/** How one reason for a refusal is sent. It reveals nothing that helps an attacker to guess. */
export interface ProblemDefinition {
  status: number;
  code: string;
  title: string;
  /** The value of `WWW-Authenticate` (RFC 6750, section 3; RFC 7617). */
  challenge?: string;
  retryAfterSeconds?: number;
  /** On OAuth endpoints: the `error` of RFC 6749, section 5.2. The body is plain JSON then. */
  oauthError?: string;
}

/** What differs between two responses with the same definition. */
interface ProblemOptions {
  requestId?: string | undefined;
  errors?: readonly FieldError[] | undefined;
  /** In place of the definition's. */
  retryAfterSeconds?: number | undefined;
  /** The value of `Strict-Transport-Security`, if it is to be sent. */
  strictTransport?: string | undefined;
}

/** Shortens a table of definitions. */
export const problem = (
  status: number,
  code: string,
  title: string,
  more: Omit<ProblemDefinition, 'status' | 'code' | 'title'> = {},
): ProblemDefinition => ({ status, code, title, ...more });

/** Sends a problem. Does nothing if the response has begun already or the client has left. */
export function sendProblem(
  outgoing: ServerResponse,
  definition: ProblemDefinition,
  options: ProblemOptions = {},
): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const { headers, body } = encodeProblem(definition, options);
  outgoing.writeHead(definition.status, headers);
  outgoing.end(body);
}

/** The same as a `Response`, for Hono. */
export function problemResponse(definition: ProblemDefinition, options: ProblemOptions = {}): Response {
  const { headers, body } = encodeProblem(definition, options);
  return new Response(body, { status: definition.status, headers });
}

/** The same as the text of a last HTTP/1.1 response on its connection, for requests that Node could not parse. */
export function problemText(definition: ProblemDefinition, options: ProblemOptions = {}): string {
  const { headers, body } = encodeProblem(definition, options);
  return [
    `HTTP/1.1 ${definition.status} ${STATUS_CODES[definition.status]}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

/** The members of a problem (RFC 9457, section 3.1), to which others can be added (section 3.2). */
export const problemMembers = (
  { status, code, title }: ProblemDefinition,
  { requestId, errors }: ProblemOptions = {},
): Problem => ({
  type: `urn:portcullis:problem:${code}`,
  title,
  status,
  code,
  request_id: requestId,
  errors,
});

function encodeProblem(
  definition: ProblemDefinition,
  { strictTransport, ...options }: ProblemOptions,
): { headers: Record<string, string>; body: string } {
  const { challenge, oauthError } = definition;
  const body = JSON.stringify({ error: oauthError, ...problemMembers(definition, options) });
  const retryAfterSeconds = options.retryAfterSeconds ?? definition.retryAfterSeconds;
  const headers = {
    'content-type': oauthError === undefined ? 'application/problem+json' : 'application/json',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'content-security-policy': DENY_ALL_CSP,
    'x-content-type-options': 'nosniff',
    ...(challenge !== undefined && { 'www-authenticate': challenge }),
    ...(retryAfterSeconds !== undefined && { 'retry-after': String(retryAfterSeconds) }),
    ...(strictTransport !== undefined && { 'strict-transport-security': strictTransport }),
  };
  return { headers, body };
}
