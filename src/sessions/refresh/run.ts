import { createHash } from 'node:crypto';
import { z } from 'zod';
import { findLoginClient } from '../../clients/clients.ts';
import { networkOf } from '../../http/addresses.ts';
import { bindingOf, type Confirmation } from '../../jwt/confirmation.ts';
import { RedisUnavailable } from '../../redis/connection.ts';
import { runRevocation } from '../../redis/revocations/script.ts';
import { checkReply } from '../../redis/scripts.ts';
import { OWN_CLIENT } from '../../redis/session-record.ts';
import { isAddressAllowed, readAuthorization } from '../../users/authorization.ts';
import type { SessionDeps } from '../options.ts';
import { accessTokenId, type RefreshIdentity } from '../refresh-token.ts';
import { type UsableProof, useOf } from '../used-proofs.ts';
import { REFRESH_ARGUMENTS, REFRESH_SESSION, refreshKeys } from './script.ts';

/** A refresh token, and where it comes from. */
export interface RefreshRequest {
  token: string;
  address: string;
  /** The `User-Agent` header. */
  userAgent: string | undefined;
  /** From the user agent, for people to recognize the session. */
  device: string;
  /** The key that the client has proved to hold. */
  confirmation?: Confirmation | undefined;
  proof?: UsableProof | undefined;
  /** The certificate that the client has presented. A session that is not bound to one ignores it. */
  certificate?: Confirmation | undefined;
  /** The client that refreshes, if it has said so and is registered. Otherwise the session's client is looked up. */
  clientId?: string | undefined;
}

/** As `REFRESH_SESSION` returns it. */
const refreshReply = z.union([
  z.tuple([z.enum(['gone', 'unknown', 'binding', 'unbound', 'replayed'])]),
  z.tuple([z.enum(['judge', 'client']), z.string()]),
  z.tuple([z.literal('reuse'), z.string(), z.array(z.string())]),
  z.tuple([z.enum(['advanced', 'again']), z.string()]),
]);
export type RefreshReply = z.output<typeof refreshReply>;

/** How often the address ranges of a user may change during one refresh; once more, the client is looked up. */
const MAX_JUDGEMENTS = 4;

/**
 * Runs the script, and again for a user with address ranges once they have been judged, and for the session of a
 * registered client once that has been found. `judge` means that they do not allow the address, `client` that the session
 * is of another client or of one that has been removed.
 */
export async function advance(
  deps: SessionDeps,
  identity: RefreshIdentity,
  request: RefreshRequest,
  nowMs: number,
): Promise<RefreshReply> {
  let judged = '';
  let clientId = request.clientId ?? OWN_CLIENT;
  for (let judgements = 0; judgements <= MAX_JUDGEMENTS; judgements += 1) {
    const reply = await runRefresh(deps, identity, { ...request, judged, clientId }, nowMs);
    if (reply[0] === 'judge') {
      judged = reply[1];
      if (!isAddressAllowed(readAuthorization(judged), request.address)) return reply;
    } else if (reply[0] === 'client' && request.clientId === undefined) {
      clientId = reply[1];
      if ((await findLoginClient(deps.redis, clientId)) === undefined) return reply;
    } else return reply;
  }
  throw new RedisUnavailable('the address ranges of a user keep changing');
}

/** What the caller has checked so far: an authorization, and a registered client. */
interface Checked {
  judged: string;
  clientId: string;
}

async function runRefresh(
  { redis, refreshKey, options }: SessionDeps,
  { sub, sid, refreshCount }: RefreshIdentity,
  {
    address,
    device,
    userAgent,
    confirmation,
    certificate,
    proof,
    judged,
    clientId,
  }: RefreshRequest & Checked,
  nowMs: number,
): Promise<RefreshReply> {
  const jti = accessTokenId(refreshKey, { sub, sid, refreshCount: refreshCount + 1 });
  const iat = Math.floor(nowMs / 1000);
  const use = useOf(sub, proof, nowMs);
  const args = REFRESH_ARGUMENTS.list({
    sid,
    refreshCount,
    nowMs,
    graceMs: options.refreshGraceSeconds * 1000,
    iat,
    exp: iat + options.accessTokenTtlSeconds,
    user: sub,
    address,
    device,
    client: clientOf(address, userAgent),
    judged,
    clientId,
    binding: bindingOf(confirmation),
    certificate: bindingOf(certificate),
    proofMs: use.ttlMs,
    boundRoles: ` ${options.dpopRequiredRoles.join(' ')} `,
  });
  const keys = refreshKeys({ sub, sid, jti }, use.key);
  const reply = await runRevocation(redis, REFRESH_SESSION, keys, args);
  return checkReply(refreshReply, reply);
}

/** The bytes that are kept of a client's digest. Nobody finds another client with the same 96 bits. */
const CLIENT_DIGEST_BYTES = 12;

/** Equal for requests from one network with one user agent. A user agent may have any length, so it is hashed. */
const clientOf = (address: string, userAgent = ''): string =>
  createHash('sha256')
    .update(JSON.stringify([networkOf(address), userAgent]))
    .digest()
    .subarray(0, CLIENT_DIGEST_BYTES)
    .toString('base64url');
