import { findLoginClient } from '../../../clients/clients.ts';
import type { Confirmation } from '../../../jwt/confirmation.ts';
import type { VerifiedProof } from '../../../jwt/dpop/proof.ts';
import { OWN_CLIENT } from '../../../redis/session-record.ts';
import type { RedisStore } from '../../../redis/store.ts';
import { Refusal } from '../../../refusal.ts';
import { bindableThumbprint, type CertificateReason } from '../../pipeline/client-certificate.ts';
import { type PossessionDeps, takeProof } from '../../pipeline/possession.ts';
import type { RequestContext } from '../../request-context.ts';

/** The client of a login, and what the session will be bound to, if it is. */
export interface LoginClient {
  clientId: string;
  confirmation: Confirmation | undefined;
  /** The proof of the key, which is to be used up. */
  proof: VerifiedProof | undefined;
}

type LoginClientReason =
  | Exclude<ReturnType<typeof takeProof>, VerifiedProof | undefined>['reason']
  | CertificateReason
  | 'login_client_unknown'
  | 'login_binding_required';

interface PublicClientDeps {
  redis: RedisStore;
  possession: PossessionDeps;
}

/**
 * The client of a login: the web app or another of the gateway's own, unless the id of a registered app is given (RFC
 * 6749, section 2.2). It has no secret, so nobody is authenticated by this. A registered app can demand a binding, so
 * that there are no sessions of it that are not bound. It is refused before a password is looked at.
 * @throws {RedisUnavailable}
 */
export async function takeLoginClient(
  { redis, possession }: PublicClientDeps,
  context: RequestContext,
  clientId = OWN_CLIENT,
): Promise<LoginClient | Refusal<LoginClientReason>> {
  const proof = takeProof(possession, context);
  if (proof instanceof Refusal) return proof;
  const byKey = { clientId, proof, confirmation: proof && { jkt: proof.jkt } };
  if (clientId === OWN_CLIENT) return byKey;
  const client = await findLoginClient(redis, clientId);
  if (client === undefined) return new Refusal('login_client_unknown');
  if (client.boundTo === 'certificate') return withCertificate(possession, context, { clientId, proof });
  return client.boundTo === 'dpop' && proof === undefined ? new Refusal('login_binding_required') : byKey;
}

/** A session has one binding, so a proof beside the certificate is refused: the client would take it for bound to its key. */
function withCertificate(
  { certificates }: PossessionDeps,
  { incoming }: RequestContext,
  { clientId, proof }: Omit<LoginClient, 'confirmation'>,
): LoginClient | Refusal<LoginClientReason> {
  if (proof !== undefined) return new Refusal('proof_invalid', 'a certificate-bound client');
  const thumbprint = bindableThumbprint(incoming, certificates);
  if (thumbprint instanceof Refusal) return thumbprint;
  if (thumbprint === undefined) return new Refusal('login_binding_required', 'no certificate');
  return { clientId, proof: undefined, confirmation: { 'x5t#S256': thumbprint } };
}

/** Whether a client may have sessions: the gateway's own, or a registered app. @throws {RedisUnavailable} */
export const isLoginClient = async (redis: RedisStore, clientId: string): Promise<boolean> =>
  clientId === OWN_CLIENT || (await findLoginClient(redis, clientId)) !== undefined;
