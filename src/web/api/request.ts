import { KeyStorageError } from '../dpop/key-store.ts';
import { isOtherLogin, readPresence } from '../dpop/presence.ts';
import { type Fetch, sessionFetch } from '../dpop/proof-fetch.ts';
import { ApiError, readApiError, unreachableError } from './api-error.ts';

interface RequestOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Sent as JSON. */
  body?: unknown;
  headers?: Record<string, string>;
  /** The request is not made by the user: it does not count as activity for the idle timeout. */
  isBackground?: boolean;
  signal?: AbortSignal;
}

/** Codes of a 401 after which a token refresh may help. */
const REFRESHABLE = new Set(['credential_missing', 'token_expired', 'token_invalid', 'token_revoked']);

let sessionOverHandler: () => void = () => {};
let identity = new AbortController();
let refresh: Promise<void> | undefined;

/** Sets what happens when the server accepts neither the access token nor a refresh. */
export function onSessionOver(handler: () => void): void {
  sessionOverHandler = handler;
}

/** Aborted when the current user has left or another one has logged in. */
export const identitySignal = (): AbortSignal => identity.signal;

/**
 * The user has left, or another one has logged in. Requests of the user before are not retried as the next user, and
 * their refusal does not end the next session. A refresh in progress is aborted: it would replace the new cookies.
 */
export function changeIdentity(): void {
  identity.abort();
  identity = new AbortController();
  refresh = undefined;
}

/**
 * Sends a request as the current user and reads the JSON of the response, undefined if it has none. After an expired
 * access token, the tokens are refreshed and the request is sent once more, unless another user has logged in.
 * @throws {ApiError} or the reason with which `signal` was aborted
 */
export async function request<Result>(path: string, options: RequestOptions = {}): Promise<Result> {
  const sender = identity.signal;
  const login = readPresence();
  const isReplaced = (): boolean => sender.aborted || isOtherLogin(login, readPresence());
  try {
    return await requestInSession<Result>(path, options);
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 401) || isReplaced()) throw error;
    if (error.isKeyMissing) sessionOverHandler();
    if (!REFRESHABLE.has(error.code)) throw error;
    await refreshTokens();
    if (isReplaced()) throw error;
  }
  return requestInSession<Result>(path, options);
}

/** Sends a request as the current user once. @throws as `requestOnce` */
export const requestInSession = <Result>(path: string, options?: RequestOptions): Promise<Result> =>
  requestOnce<Result>(path, options, sessionFetch.inSession);

/** Exchanges the refresh token's cookie for new cookies, once for all concurrent callers. @throws {ApiError} */
export async function refreshTokens(): Promise<void> {
  const { signal } = identity;
  const login = readPresence();
  const options = { method: 'POST', signal } as const;
  refresh ??= requestOnce<void>('/auth/refresh', options, sessionFetch.withRefreshToken).finally(() => {
    if (!signal.aborted) refresh = undefined;
  });
  try {
    await refresh;
  } catch (error) {
    const isRefused = error instanceof ApiError && [401, 403].includes(error.status) && !error.isProofRefused;
    if (isRefused && !signal.aborted && !isOtherLogin(login, readPresence())) sessionOverHandler();
    throw error;
  }
}

/**
 * Sends a request once, with the cookies that there are. Only requests of a session need `send`, which adds a proof.
 * @throws {ApiError | KeyStorageError} or the reason with which `signal` was aborted
 */
export async function requestOnce<Result>(
  path: string,
  options: RequestOptions = {},
  send: Fetch = fetch,
): Promise<Result> {
  try {
    const response = await send(path, fetchOptions(options));
    if (!response.ok) throw await readApiError(response);
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as Result;
  } catch (error) {
    const isKnown = error instanceof ApiError || error instanceof KeyStorageError;
    throw isKnown || options.signal?.aborted ? error : unreachableError();
  }
}

function fetchOptions({ method = 'GET', body, headers, isBackground, signal }: RequestOptions): RequestInit {
  return {
    method,
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(isBackground && { 'x-background': '1' }),
      ...headers,
    },
    body: body === undefined ? null : JSON.stringify(body),
    cache: 'no-store',
    credentials: 'same-origin',
    redirect: 'error',
    signal: signal ?? null,
  };
}
