import { findKey } from './key-store.ts';
import type { LoginKey } from './login-key.ts';
import { isOtherLogin, type Presence, readPresence } from './presence.ts';
import { createProof, type ProvenRequest } from './proof.ts';

/** `fetch` for a path of the page's own origin. */
export type Fetch = (path: string, init: RequestInit) => Promise<Response>;

export interface ProofFetchDeps {
  /** Such as `https://bank.example`. */
  origin(): string;
  presence(): Presence | undefined;
  /** The key with this thumbprint, if the browser has it. */
  findKey(jkt: string): Promise<LoginKey | undefined>;
  fetch: Fetch;
  nowMs(): number;
}

/** Sends requests with a DPoP proof (RFC 9449). Requests of a session that is not bound to a key have none. */
export interface ProofFetch {
  /** With the key of the current session, and for its access token. */
  inSession: Fetch;
  /** With the key of the current session, and for its refresh token. */
  withRefreshToken: Fetch;
  /** With a key that has no session yet. */
  withKey(key: LoginKey): Fetch;
}

/** What a request is sent with. */
interface Attempt {
  presence: Presence | undefined;
  nonce: string | undefined;
}

/** Codes of a 401 for a proof that does not match the cookies of its request. */
const MISMATCH = new Set(['dpop_proof_invalid', 'token_binding_wrong']);

/**
 * A refused request is repeated with a new proof, once for each of these causes:
 * - the server requires a nonce, for example because the clock of this computer is wrong (RFC 9449, section 8);
 * - another tab has refreshed the tokens between the proof and the request, so that the proof was not for its cookies;
 * - the browser itself had repeated a GET whose connection was lost, with a proof that the server had already seen.
 */
export function createProofFetch(deps: ProofFetchDeps): ProofFetch {
  let latestNonce: string | undefined;

  async function send(
    path: string,
    init: RequestInit,
    { key, ...claims }: { key: LoginKey | undefined } & Pick<ProvenRequest, 'nonce' | 'accessTokenHash'>,
  ): Promise<Response> {
    const headers = new Headers(init.headers);
    if (key !== undefined) {
      const request = { method: init.method ?? 'GET', url: new URL(path, deps.origin()), ...claims };
      headers.set('dpop', await createProof(key, request, deps.nowMs()));
    }
    const response = await deps.fetch(path, { ...init, headers });
    latestNonce = response.headers.get('dpop-nonce') ?? latestNonce;
    return response;
  }

  /** `sendOnce` is called again for each cause to repeat the request. */
  async function untilAccepted(
    method: string | undefined,
    presence: () => Presence | undefined,
    sendOnce: (attempt: Attempt) => Promise<Response>,
  ): Promise<Response> {
    const causes = new Set<string>();
    let attempt: Attempt = { presence: presence(), nonce: latestNonce };
    for (;;) {
      const response = await sendOnce(attempt);
      const next = { presence: presence(), nonce: latestNonce };
      const cause = response.status === 401 && causeToRepeat(await codeOf(response), method, attempt, next);
      if (!cause || causes.has(cause)) return response;
      causes.add(cause);
      attempt = next;
    }
  }

  const inSession =
    (hasAccessToken: boolean): Fetch =>
    (path, init) =>
      untilAccepted(init.method, deps.presence, async ({ presence, nonce }) => {
        const key = presence?.jkt === undefined ? undefined : await deps.findKey(presence.jkt);
        return send(path, init, {
          key,
          nonce,
          accessTokenHash: hasAccessToken ? presence?.accessTokenHash : undefined,
        });
      });

  return {
    inSession: inSession(true),
    withRefreshToken: inSession(false),
    withKey: (key) => (path, init) =>
      untilAccepted(
        init.method,
        () => undefined,
        ({ nonce }) => send(path, init, { key, nonce }),
      ),
  };
}

/** The page's requests with proofs. They share the latest nonce. */
export const sessionFetch = createProofFetch({
  origin: () => location.origin,
  presence: readPresence,
  findKey,
  fetch: (path, init) => fetch(path, init),
  nowMs: () => Date.now(),
});

/** Why a refused request should be sent again. Never with the key of another login. */
function causeToRepeat(
  code: string,
  method: string | undefined,
  refused: Attempt,
  next: Attempt,
): string | undefined {
  if (isOtherLogin(refused.presence, next.presence)) return undefined;
  if (code === 'dpop_nonce_required') return next.nonce === refused.nonce ? undefined : code;
  if (code === 'dpop_proof_replayed') return method === undefined || method === 'GET' ? code : undefined;
  const isRefreshed = refused.presence?.value !== next.presence?.value;
  return MISMATCH.has(code) && isRefreshed ? 'refreshed' : undefined;
}

/** The problem's code. The body of `response` can still be read. */
async function codeOf(response: Response): Promise<string> {
  const body: { code?: string } = await response
    .clone()
    .json()
    .catch(() => ({}));
  return body.code ?? '';
}
