import type { ServerResponse } from 'node:http';
import type { FieldError, Problem } from '../../http/problem.ts';
import type { Refusal } from '../../refusal.ts';
import { transportHeader } from '../edge/hsts.ts';
import { GATEWAY_PROBLEMS, type ProblemDefinition, type RefusalReason } from './table.ts';

export type { FieldError, RefusalReason as DenialReason };

export interface ProblemOptions {
  retryAfterSeconds?: number;
  errors?: readonly FieldError[];
  /** For the routes of the OAuth standards: the `error` that they demand, in a body that is plain JSON. */
  oauthError?: string;
  strictTransport?: string | undefined;
}

export const statusOf = (reason: RefusalReason): number => GATEWAY_PROBLEMS[reason].status;

/**
 * Answers with a problem (RFC 9457) and, where it is about a credential, a challenge (RFC 6750, section 3).
 * Does nothing when an answer has already begun.
 */
export function sendProblem(
  outgoing: ServerResponse,
  refusal: Refusal<RefusalReason>,
  requestId: string,
  extras: ProblemOptions = {},
): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const denial = GATEWAY_PROBLEMS[refusal.reason];
  const body = problemBody(denial, requestId, extras);
  outgoing.writeHead(denial.status, {
    'content-type': extras.oauthError === undefined ? 'application/problem+json' : 'application/json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...challengeHeader(denial),
    ...retryHeader(extras.retryAfterSeconds ?? denial.retryAfterSeconds),
    ...transportHeader(extras.strictTransport),
  });
  outgoing.end(body);
}

/** The same answer as text on the wire, for a request so broken that there is no response object for it. */
export function rawProblem(reason: RefusalReason, requestId: string, strictTransport?: string): string {
  const denial = GATEWAY_PROBLEMS[reason];
  const body = problemBody(denial, requestId, {});
  return [
    `HTTP/1.1 ${denial.status} Refused`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    ...Object.entries(transportHeader(strictTransport)).map(([name, value]) => `${name}: ${value}`),
    'cache-control: no-store',
    'connection: close',
    '',
    body,
  ].join('\r\n');
}

/** An absent member is undefined, which JSON leaves out. */
function problemBody(
  denial: ProblemDefinition,
  requestId: string,
  { oauthError, errors }: ProblemOptions,
): string {
  const { status, code, title } = denial;
  const type = `urn:portcullis:problem:${code}`;
  const problem: Problem = { type, title, status, code, request_id: requestId, errors };
  return JSON.stringify({ error: oauthError, ...problem });
}

function challengeHeader({ challenge, challengeScheme }: ProblemDefinition): Record<string, string> {
  if (challenge === undefined) return {};
  const error = challenge === null ? '' : `, error="${challenge}"`;
  return { 'www-authenticate': `${challengeScheme ?? 'Bearer'} realm="portcullis"${error}` };
}

const retryHeader = (seconds: number | undefined): Record<string, string> =>
  seconds === undefined ? {} : { 'retry-after': String(seconds) };
