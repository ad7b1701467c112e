import { generateKeyPair } from 'node:crypto';
import { promisify } from 'node:util';
import type { BoundSession, IssuedSession } from '../attack.ts';
import type { Target } from '../exchange.ts';
import { checkLogin, ProbeFailed, readTokens, send, sendLogin, type User } from '../gateway-api.ts';
import type { RawResponse } from '../raw-response.ts';
import { type ProofSource, proofFor } from './proof.ts';

const generate = promisify(generateKeyPair);

/**
 * Logs in with a new key. The `htu` of proofs begins with the issuer, or if the gateway refuses that, with the URL of the
 * target. @returns undefined if the gateway does not offer DPoP @throws {ProbeFailed}
 */
export async function openBoundSession(
  target: Target,
  user: User,
  issuer: string,
): Promise<BoundSession | undefined> {
  if (!(await offersDpop(target, issuer))) return undefined;
  const { privateKey: key } = await generate('ec', { namedCurve: 'P-256' });
  for (const publicUrl of new Set([issuer.replace(/\/$/, ''), target.origin.origin])) {
    const session = await tryLogin(target, user, { key, publicUrl, nonce: undefined });
    if (session !== undefined) return session;
  }
  throw new ProbeFailed(`the login accepts no DPoP proof for ${issuer} or ${target.origin.origin}`);
}

/** Ends a bound session. @throws {ProbeFailed} unless the gateway confirms it */
export async function logoutBound(target: Target, bound: BoundSession): Promise<void> {
  const request = { method: 'POST', path: '/auth/logout', token: bound.access };
  const { status } = await send(target, request.path, {
    method: request.method,
    lines: [...boundLines(bound, proofFor(bound, request)), 'Content-Length: 0'],
  });
  if (status !== 204) throw new ProbeFailed(`the logout of the bound session returned status ${status}`);
}

/** The header lines of a request with the access token and a proof (RFC 9449, section 7.1). */
export const boundLines = ({ access }: Pick<IssuedSession, 'access'>, proof: string): string[] => [
  `Authorization: DPoP ${access}`,
  `DPoP: ${proof}`,
];

/** Whether the metadata lists the algorithm of the probe's key (RFC 9449, section 5.1). */
async function offersDpop(target: Target, issuer: string): Promise<boolean> {
  const { pathname = '' } = URL.parse(issuer) ?? {};
  const path = `/.well-known/oauth-authorization-server${pathname.replace(/\/$/, '')}`;
  const { status, body } = await send(target, path);
  if (status !== 200) return false;
  try {
    const metadata = Object(JSON.parse(body.toString())) as { dpop_signing_alg_values_supported?: unknown };
    const algorithms = metadata.dpop_signing_alg_values_supported;
    return Array.isArray(algorithms) && algorithms.includes('ES256');
  } catch {
    return false;
  }
}

/** @returns undefined if the gateway refuses the proof @throws {ProbeFailed} if it refuses the login otherwise */
async function tryLogin(target: Target, user: User, source: ProofSource): Promise<BoundSession | undefined> {
  const response = await sendProvenLogin(target, user, source);
  const nonce = response.headers['dpop-nonce']?.[0];
  if (response.status === 401 && nonce !== undefined && source.nonce === undefined)
    return tryLogin(target, user, { ...source, nonce });
  if (response.status === 401 && isProofRefused(response)) return undefined;
  return { ...source, ...readTokens('login', checkLogin(response)) };
}

const sendProvenLogin = (target: Target, user: User, source: ProofSource): Promise<RawResponse> =>
  sendLogin(target, user, 'bearer', [`DPoP: ${proofFor(source, { method: 'POST', path: '/auth/login' })}`]);

const isProofRefused = ({ headers }: RawResponse): boolean =>
  headers['www-authenticate']?.some((challenge) => challenge.includes('invalid_dpop_proof')) === true;
