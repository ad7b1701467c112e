import { type ProblemDefinition, problem } from '../../http/problem.ts';
import type { TokenReason } from '../../jwt/access-token.ts';
import type { ProofReason } from '../../jwt/dpop/proof.ts';
import { DPOP_ALGORITHMS } from '../../jwt/dpop/public-key.ts';
import type { RefreshReason } from '../../sessions/refresh.ts';
import type { WhitelistReason } from '../../sessions/whitelist.ts';

export const BEARER = 'Bearer realm="portcullis"';

/** The challenge of RFC 9449, section 7.1. */
export const dpopChallenge = (error?: string): string =>
  [
    'DPoP realm="portcullis"',
    ...(error === undefined ? [] : [`error="${error}"`]),
    `algs="${DPOP_ALGORITHMS.join(' ')}"`,
  ].join(', ');

/** Of both schemes: a token that is not valid does not say how it was to be used. */
const INVALID_TOKEN = `${BEARER}, error="invalid_token", ${dpopChallenge('invalid_token')}`;

const tokenProblem = (code: string, title: string) => problem(401, code, title, { challenge: INVALID_TOKEN });

const tokenInvalid = tokenProblem('token_invalid', 'The access token is not valid.');
const tokenRevoked = tokenProblem('token_revoked', 'The access token has been revoked. Log in again.');
const refreshInvalid = tokenProblem('refresh_token_invalid', 'The refresh token is not valid. Log in again.');

/** The three problems with a proof that also exist for OAuth endpoints, which send 400 (RFC 9449, section 5). */
export const proofInvalid = (status: number): ProblemDefinition =>
  problem(status, 'dpop_proof_invalid', 'The DPoP proof is not valid for this request.', {
    challenge: dpopChallenge('invalid_dpop_proof'),
  });

export const nonceRequired = (status: number): ProblemDefinition =>
  problem(status, 'dpop_nonce_required', 'The DPoP proof must contain the nonce of the DPoP-Nonce header.', {
    challenge: dpopChallenge('use_dpop_nonce'),
  });

/** Of a login, which has no token yet, or of a token. */
export const bindingRequired = (status: 401 | 403): ProblemDefinition =>
  problem(
    status,
    'binding_required',
    'Tokens for this role or client must be bound. Log in with a DPoP proof or with the client certificate.',
    status === 401 ? { challenge: dpopChallenge('invalid_token') } : {},
  );

/** What the verification of a token, a proof of possession, the whitelist and a refresh can refuse. */
export const TOKEN_PROBLEMS = {
  token_spelling: tokenInvalid,
  token_header: tokenInvalid,
  token_signature: tokenInvalid,
  token_claims: tokenInvalid,
  token_expired: tokenProblem('token_expired', 'The access token has expired.'),
  token_not_alive: tokenRevoked,
  user_not_active: tokenRevoked,
  session_over: tokenRevoked,
  address_refused: problem(403, 'address_refused', 'Requests from this address are not allowed.'),
  refresh_invalid: refreshInvalid,
  refresh_over: refreshInvalid,
  refresh_reused: refreshInvalid,
  client_not_of_session: refreshInvalid,
  binding_required: bindingRequired(401),
  proof_invalid: proofInvalid(401),
  nonce_required: nonceRequired(401),
  proof_replayed: problem(401, 'dpop_proof_replayed', 'The DPoP proof has been used before.', {
    challenge: dpopChallenge('invalid_dpop_proof'),
  }),
  binding_wrong: problem(
    401,
    'token_binding_wrong',
    'A bound token needs a proof with its key, or its certificate, and a token that is not bound to a key must not have a proof.',
    { challenge: INVALID_TOKEN },
  ),
} satisfies Record<TokenReason | ProofReason | WhitelistReason | RefreshReason, unknown>;
