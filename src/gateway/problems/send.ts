import type { ServerResponse } from 'node:http';
import type { FieldError, Problem } from '../../http/problem.ts';
import type { Refusal } from '../../refusal.ts';
import { transportHeader } from '../edge/hsts.ts';
import { DENIALS, type Denial, type DenialReason } from './table.ts';

export type { DenialReason, FieldError };

export interface DenialExtras {
  retryAfterSeconds?: number;
  errors?: readonly FieldError[];
  /** For the routes of the OAuth standards: the `error` that they demand, in a body that is plain JSON. */
  oauthError?: string;
  strictTransport?: string | undefined;
}

export const statusOf = (reason: DenialReason): number => DENIALS[reason].status;

/**
 * Answers with a problem (RFC 9457) and, where it is about a credential, a challenge (RFC 6750, section 3).
 * Does nothing when an answer has already begun.
 */
export function deny(
  outgoing: ServerResponse,
  refusal: Refusal<DenialReason>,
  requestId: string,
  extras: DenialExtras = {},
): void {
  if (outgoing.headersSent || outgoing.destroyed) return;
  const denial = DENIALS[refusal.reason];
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
export function rawDenial(reason: DenialReason, requestId: string, strictTransport?: string): string {
  const denial = DENIALS[reason];
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
function problemBody(denial: Denial, requestId: string, { oauthError, errors }: DenialExtras): string {
  const { status, code, title } = denial;
  const type = `urn:portcullis:problem:${code}`;
  const problem: Problem = { type, title, status, code, request_id: requestId, errors };
  return JSON.stringify({ error: oauthError, ...problem });
}

function challengeHeader({ challenge, challengeScheme }: Denial): Record<string, string> {
  if (challenge === undefined) return {};
  const error = challenge === null ? '' : `, error="${challenge}"`;
  return { 'www-authenticate': `${challengeScheme ?? 'Bearer'} realm="portcullis"${error}` };
}

const retryHeader = (seconds: number | undefined): Record<string, string> =>
  seconds === undefined ? {} : { 'retry-after': String(seconds) };
