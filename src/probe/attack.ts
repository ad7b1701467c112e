import type { Material } from './material.ts';

/**
 * Where on its way a request has to be stopped, in the order of the gateway's stages. Up to `signature` nothing
 * may be asked of Redis; `whitelist` and `policy` may ask once; nothing at all may reach the bank.
 */
export type Stage = 'listen' | 'credential' | 'signature' | 'whitelist' | 'policy';

/** The answer that the gateway owes to an attack. */
export interface Refused {
  stage: Stage;
  /** The exact answer of the gateway itself: HTTP status and problem code (RFC 9457). */
  status: number;
  code: string;
  /** Statuses that are as good when something in front of the gateway answers; 400 and 401 always are. */
  alsoStatuses?: readonly number[];
  /** A connection that is closed without an answer is good enough: nobody got in. */
  mayGoUnanswered?: true;
}

/** One attack: what is sent, why somebody would, and what has to come back. */
export interface Attack {
  id: string;
  /** What is wrong with the request, as a phrase: "a token …", "a request …". */
  title: string;
  /** Where it comes from: a section of an RFC, a CVE, or a complaint of the e-book's chapter 3. */
  why: string;
  /** At least one request, each the bytes of a whole HTTP/1.1 message, sent on a connection of its own. */
  build(material: Material): Buffer[] | Promise<Buffer[]>;
  expect: Refused;
}

export const MALFORMED: Refused = { stage: 'listen', status: 400, code: 'request_malformed' };
export const PATH_INVALID: Refused = {
  stage: 'listen',
  status: 400,
  code: 'path_invalid',
  alsoStatuses: [403, 404],
};
export const NOT_FOUND: Refused = {
  stage: 'listen',
  status: 404,
  code: 'not_found',
  alsoStatuses: [403, 404],
};
export const HEADERS_TOO_LARGE: Refused = {
  stage: 'listen',
  status: 431,
  code: 'headers_too_large',
  alsoStatuses: [413, 414, 431],
  mayGoUnanswered: true,
};
export const NO_CREDENTIAL: Refused = { stage: 'credential', status: 401, code: 'credential_missing' };
export const CREDENTIAL_INVALID: Refused = { stage: 'credential', status: 400, code: 'credential_invalid' };
export const TOKEN_INVALID: Refused = { stage: 'signature', status: 401, code: 'token_invalid' };
export const TOKEN_EXPIRED: Refused = { stage: 'signature', status: 401, code: 'token_expired' };
export const TOKEN_REVOKED: Refused = { stage: 'whitelist', status: 401, code: 'token_revoked' };
export const REFRESH_INVALID: Refused = { stage: 'signature', status: 401, code: 'refresh_token_invalid' };
export const BODY_INVALID: Refused = { stage: 'credential', status: 400, code: 'body_invalid' };
export const FOREIGN_SITE: Refused = {
  stage: 'credential',
  status: 403,
  code: 'origin_refused',
  alsoStatuses: [403],
};
export const FORBIDDEN: Refused = {
  stage: 'policy',
  status: 403,
  code: 'forbidden',
  alsoStatuses: [403, 404],
};
