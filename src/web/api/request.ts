import { NotDone, readProblem, unreachable } from './api-error.ts';
import { dropRenewal, renewTokens } from './token-refresh.ts';

export interface Ask {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The page asks by itself while perhaps nobody is there: the session is not kept alive by it. */
  isBackground?: boolean;
  signal?: AbortSignal;
}

/** The access token is missing, expired or dead; the session may still be alive. */
const RENEWABLE = new Set(['credential_missing', 'token_expired', 'token_invalid', 'token_revoked']);

let sessionOver: () => void = () => {};

/** Says what happens when the server lets neither the token nor a refresh pass. */
export function whenSessionIsOver(handler: () => void): void {
  sessionOver = handler;
}

/** How often the user has changed: whoever asked before asked as somebody else. */
let changes = 0;

/**
 * Says that nobody is logged in any more, or somebody else. What was asked until now isn't asked again in the name of
 * whoever comes next, and a refusal of it says nothing of their session.
 */
export function changeUser(): void {
  changes += 1;
  dropRenewal();
}

/**
 * Asks as the user who is logged in and reads the JSON of the answer, undefined when it has none. An access token
 * that has expired is renewed once, unseen.
 * @throws {NotDone} and what `signal` aborts with
 */
export async function ask<Answer>(path: string, how: Ask = {}): Promise<Answer> {
  const changesBefore = changes;
  try {
    return await send<Answer>(path, how);
  } catch (fault) {
    if (!(fault instanceof NotDone) || fault.status !== 401 || !RENEWABLE.has(fault.code)) throw fault;
    if (changes !== changesBefore) throw fault;
  }
  await renewOrLeave();
  return send<Answer>(path, how);
}

/** Renews the tokens. @throws {NotDone} */
export async function renewOrLeave(): Promise<number> {
  const changesBefore = changes;
  try {
    return await renewTokens();
  } catch (fault) {
    const isRefused = fault instanceof NotDone && (fault.status === 401 || fault.status === 403);
    if (isRefused && changes === changesBefore) sessionOver();
    throw fault;
  }
}

/** Asks once, with whatever cookies there are. @throws {NotDone} and what `signal` aborts with */
export async function send<Answer>(path: string, how: Ask = {}): Promise<Answer> {
  try {
    const answer = await fetch(path, requestOf(how));
    if (!answer.ok) throw await readProblem(answer);
    const text = await answer.text();
    return text === '' ? (undefined as Answer) : (JSON.parse(text) as Answer);
  } catch (fault) {
    throw fault instanceof NotDone || how.signal?.aborted ? fault : unreachable();
  }
}

function requestOf({ method = 'GET', body, headers, isBackground = false, signal }: Ask): RequestInit {
  return {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(isBackground ? { 'x-background': '1' } : {}),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
    cache: 'no-store',
    credentials: 'same-origin',
    redirect: 'error',
    signal: signal ?? null,
  };
}
