import type { IncomingMessage } from 'node:http';
import type { GatewaySettings } from '../../config/load.ts';
import type { Confirmation } from '../../jwt/confirmation.ts';
import { Nonces } from '../../jwt/dpop/nonces.ts';
import {
  createProofVerifier,
  type ProofReason,
  type ProofVerifier,
  type VerifiedProof,
} from '../../jwt/dpop/proof.ts';
import { ProofKeyCache } from '../../jwt/dpop/proof-key-cache.ts';
import { Refusal } from '../../refusal.ts';
import type { Role } from '../../users/roles.ts';
import type { RequestContext } from '../request-context.ts';
import type { Site } from '../site.ts';
import { type CertificateSettings, presentedThumbprint } from './client-certificate.ts';
import { type Credential, countHeader } from './credential.ts';

/** What judges whether a client holds the key that its token is bound to. */
export interface PossessionDeps {
  site: Site;
  verifyProof: ProofVerifier;
  nonces: Nonces;
  /** From where, and how, client certificates are trusted. */
  certificates: CertificateSettings;
  areNoncesRequired: boolean;
  /** The roles whose tokens have to be bound to a key or a certificate. */
  bindingRequiredFor: ReadonlySet<Role>;
}

export type PossessionReason = ProofReason | 'binding_wrong';

export function possessionDeps(
  settings: GatewaySettings,
  site: Site,
  refreshKey: Uint8Array,
): PossessionDeps {
  const { dpopProofMaxAgeSeconds: maxAgeSeconds, dpopNonces: noncePolicy } = settings;
  const nonces = new Nonces(refreshKey, settings.dpopNonceLifetimeSeconds);
  const keys = new ProofKeyCache(settings.dpopKeyCacheMaxBytes);
  return {
    site,
    verifyProof: createProofVerifier({ maxAgeSeconds, noncePolicy, nonces, keys }),
    nonces,
    certificates: settings,
    areNoncesRequired: noncePolicy === 'required',
    bindingRequiredFor: new Set(settings.dpopRequiredRoles),
  };
}

/**
 * The DPoP proof of a request, which is genuine, fresh and for this request (RFC 9449, section 4.3); undefined if it has
 * none. Whether the proof has been used before is not known yet.
 * @param bound the access token that the request presents, if it presents one, and the key that it is bound to
 */
export function takeProof(
  { site, verifyProof, nonces, areNoncesRequired }: PossessionDeps,
  { incoming, outgoing, path, nowMs }: RequestContext,
  bound?: { accessToken: string; jkt: string },
): VerifiedProof | undefined | Refusal<ProofReason> {
  const count = countHeader(incoming, 'dpop');
  if (count === 0) return undefined;
  if (count > 1) return new Refusal('proof_invalid', 'several');
  const urls = site.publicUrls.map((url) => url + path);
  const { method = '' } = incoming;
  const proof = verifyProof(`${incoming.headers.dpop}`, { method, urls, ...bound }, nowMs);
  const needsNonce =
    proof instanceof Refusal
      ? proof.reason === 'nonce_required'
      : areNoncesRequired && !nonces.isNewest(proof.nonce ?? '', nowMs);
  if (needsNonce) outgoing.setHeader('dpop-nonce', nonces.at(nowMs));
  return proof;
}

/**
 * Stage 3: whether the client holds the key or the certificate that its token is bound to (RFC 9449, section 7; RFC 8705,
 * section 3). Returns the proof, which has to be used up. It is undefined for a token that is not bound to a key, and for
 * a request that has used up its proof before. A proof for a token that is not bound is refused, because the client takes
 * the token for bound.
 */
export function checkPossession(
  deps: PossessionDeps,
  context: RequestContext,
  { token, scheme }: Credential,
  cnf: Confirmation | undefined,
): VerifiedProof | undefined | Refusal<PossessionReason> {
  const jkt = cnf !== undefined && 'jkt' in cnf ? cnf.jkt : undefined;
  const schemeOfToken = jkt === undefined ? 'Bearer' : 'DPoP';
  if (scheme !== 'cookie' && scheme !== schemeOfToken) return new Refusal('binding_wrong', 'scheme');
  if (jkt === undefined) return refusalWithoutKey(deps, context, cnf);
  if (context.possession.isProven) return undefined;
  const proof = takeProof(deps, context, { accessToken: token, jkt });
  if (proof === undefined) return new Refusal('binding_wrong', 'no proof');
  return proof instanceof Refusal || proof.jkt === jkt ? proof : new Refusal('binding_wrong', 'another key');
}

/** Whether a role requires tokens that are bound, and this one is not. */
export const lacksRequiredBinding = (
  { bindingRequiredFor }: Pick<PossessionDeps, 'bindingRequiredFor'>,
  cnf: Confirmation | undefined,
  role: Role,
): boolean => cnf === undefined && bindingRequiredFor.has(role);

/** The certificate that a request presents, for the comparison with that of a session. One that is malformed is none. */
export function presentedCertificate(
  { certificates }: PossessionDeps,
  incoming: IncomingMessage,
): Confirmation | undefined {
  const thumbprint = presentedThumbprint(incoming, certificates);
  return typeof thumbprint === 'string' ? { 'x5t#S256': thumbprint } : undefined;
}

function refusalWithoutKey(
  { certificates }: PossessionDeps,
  { incoming }: RequestContext,
  cnf: Confirmation | undefined,
): Refusal<'binding_wrong'> | undefined {
  if (countHeader(incoming, 'dpop') > 0)
    return new Refusal('binding_wrong', 'the token is not bound to a key');
  if (cnf === undefined || !('x5t#S256' in cnf)) return undefined;
  const presented = presentedThumbprint(incoming, certificates);
  if (presented === cnf['x5t#S256']) return undefined;
  if (presented instanceof Refusal) return new Refusal('binding_wrong', presented.detail);
  return new Refusal('binding_wrong', presented === undefined ? 'no certificate' : 'another certificate');
}
