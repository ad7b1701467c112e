import type { KeyObject } from 'node:crypto';
import type { StagedRequest } from './exchange.ts';

/**
 * The stage of the gateway that must refuse a request, in the order of its stages. Up to `possession` no Redis
 * command is allowed, at `whitelist` and `policy` one. An attack at `late` changes a session itself, or only Redis can
 * detect it, so its commands are not counted. No attack may reach the upstream.
 */
type Stage = 'edge' | 'credential' | 'signature' | 'possession' | 'whitelist' | 'policy' | 'late';

/** The response that the gateway must give to an attack. */
export interface ExpectedRefusal {
  stage: Stage;
  /** The exact response of the gateway itself: HTTP status and problem code (RFC 9457). */
  status: number;
  code: string;
  /** Further statuses to accept from a proxy in front of the gateway; 400 and 401 are always accepted. */
  alsoStatuses?: readonly number[];
  /** Whether closing the connection without a response is accepted too. */
  mayCloseConnection?: true;
}

/** One attack: what is sent, the reason for it, and the expected response. */
export interface Attack {
  id: string;
  /** What is wrong with the request, as a phrase: "a token …", "a request …". */
  title: string;
  /** The source: a section of an RFC, a CVE, or a JWT criticism from chapter 3 of the Redis e-book. */
  why: string;
  /**
   * At least one request, each sent on its own connection: the bytes of a whole HTTP/1.1 message, or two parts of one
   * with something that happens in between.
   */
  build(context: AttackContext): AttackRequest[] | Promise<AttackRequest[]>;
  expect: ExpectedRefusal;
  /** Whether the attack needs a session that is bound to a key (RFC 9449). */
  needsBoundSession?: true;
}

export type AttackRequest = Buffer | StagedRequest;

/** The tokens of a session, as text. */
export interface IssuedSession {
  access: string;
  refresh: string;
}

/** A session whose tokens are bound to a key (RFC 9449). */
export interface BoundSession extends IssuedSession {
  /** The private key of the client, on P-256. */
  key: KeyObject;
  /** What precedes the path in the `htu` of its proofs. */
  publicUrl: string;
  /** A nonce of the gateway, if it requires nonces. */
  nonce: string | undefined;
}

/** An access token issued by the gateway, as text and in its parts. */
export interface IssuedToken {
  text: string;
  header: string;
  payload: string;
  signature: string;
  kid: string;
  claims: Readonly<Record<string, unknown>>;
}

/** Private keys of the attacker, unknown to the gateway. */
export type AttackerKeys = Record<'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519', KeyObject>;

/** Everything that the attacks are built from. */
export interface AttackContext {
  /** The value of the `Host` header. */
  host: string;
  /** The attacked path, such as `/bank/accounts`: it responds with 200 to the live token. */
  path: string;
  cookieName: string;
  refreshCookieName: string;
  /** The refresh tokens of the live session and of the logged-out session. */
  refreshTokens: { live: string; loggedOut: string };
  /** Signed and on the whitelist. */
  live: IssuedToken;
  /** Signed, but logged out. */
  loggedOut: IssuedToken;
  /** Sessions that attacks may use up. */
  spareSessions: Record<'proxied' | 'own' | 'superseded', IssuedSession>;
  /** Undefined if the gateway does not offer DPoP. */
  bound: BoundSession | undefined;
  /** The public key that verifies the live token, and the published key set as text. */
  publicKey: KeyObject;
  keySetText: string;
  /**
   * Signs tokens that are valid except for one detail. Against a remote gateway this is an attacker's key, so such
   * tokens fail at the signature. The tests pass the gateway's own key, so that only that detail can fail.
   */
  signingKey: KeyObject;
  /**
   * The published key that verifies assertions: its id, or that of the live token's key if there is none, and the
   * private key, likewise an attacker's key against a remote gateway.
   */
  assertionKid: string;
  assertionKey: KeyObject;
  attackerKeys: AttackerKeys;
  /** From where a gateway that follows `jku` or `x5u` would fetch the attacker's key. */
  attackerUrl: string;
}

type Leniency = Pick<ExpectedRefusal, 'alsoStatuses' | 'mayCloseConnection'>;

const refusal = (stage: Stage, status: number, code: string, leniency: Leniency = {}): ExpectedRefusal => ({
  stage,
  status,
  code,
  ...leniency,
});

export const MALFORMED = refusal('edge', 400, 'request_malformed');
export const PATH_INVALID = refusal('edge', 400, 'path_invalid', { alsoStatuses: [403, 404] });
export const NOT_FOUND = refusal('edge', 404, 'not_found', { alsoStatuses: [403, 404] });
export const HEADERS_TOO_LARGE = refusal('edge', 431, 'headers_too_large', {
  alsoStatuses: [413, 414, 431],
  mayCloseConnection: true,
});
export const NO_CREDENTIAL = refusal('credential', 401, 'credential_missing');
export const CREDENTIAL_INVALID = refusal('credential', 400, 'credential_invalid');
export const BODY_INVALID = refusal('credential', 400, 'body_invalid');
export const CROSS_SITE = refusal('credential', 403, 'origin_refused', { alsoStatuses: [403] });
export const TOKEN_INVALID = refusal('signature', 401, 'token_invalid');
export const TOKEN_EXPIRED = refusal('signature', 401, 'token_expired');
export const REFRESH_INVALID = refusal('signature', 401, 'refresh_token_invalid');
export const PROOF_INVALID = refusal('possession', 401, 'dpop_proof_invalid');
export const NONCE_REQUIRED = refusal('possession', 401, 'dpop_nonce_required');
export const BINDING_WRONG = refusal('possession', 401, 'token_binding_wrong');
export const TOKEN_REVOKED = refusal('whitelist', 401, 'token_revoked');
export const REVOKED_LATE = refusal('late', 401, 'token_revoked', { mayCloseConnection: true });
export const REPLAYED_LATE = refusal('late', 401, 'dpop_proof_replayed');
export const BINDING_LATE = refusal('late', 401, 'token_binding_wrong');
export const GRANT_LATE = refusal('late', 400, 'refresh_token_invalid');
export const REFRESH_LATE = refusal('late', 401, 'refresh_token_invalid');
export const FORBIDDEN = refusal('policy', 403, 'forbidden', { alsoStatuses: [403, 404] });
