import { z } from 'zod';
import type { AccessClaims } from '../../jwt/access-token.ts';
import { bindingOf } from '../../jwt/confirmation.ts';
import { sessionDataKey, sessionKey } from '../../redis/keys.ts';
import { runRevocation } from '../../redis/revocations/script.ts';
import { checkReply } from '../../redis/scripts.ts';
import { writeAuthorization } from '../../users/authorization.ts';
import type { SessionDeps, SessionOpener } from '../options.ts';
import { useOf } from '../used-proofs.ts';
import { START_ARGUMENTS, START_SESSION, startKeys } from './script.ts';

const ids = z.array(z.string());
/** As `START_SESSION` returns it. */
const startReply = z.union([
  z.tuple([z.enum(['inactive', 'outdated', 'replayed', 'too_many'])]),
  z.tuple([z.literal('judge'), z.string()]),
  z.tuple([z.literal('surplus'), z.int()]),
  z.tuple([z.literal('started'), ids, ids]),
]);
export type StartReply = z.output<typeof startReply>;

/** Runs the script that starts a session. @throws {RedisUnavailable} */
export async function runStart(
  { redis, options }: SessionDeps,
  { limit, ...opener }: SessionOpener,
  { claims, sessionEndsAt, remember }: { claims: AccessClaims; sessionEndsAt: number; remember: boolean },
  nowMs: number,
): Promise<StartReply> {
  const { sub, sid, iat, exp } = claims;
  const { clientId, device, address, role, verifiedGeneration, ranges } = opener;
  const proof = useOf(sub, opener.proof, nowMs);
  const args = START_ARGUMENTS.list({
    sid,
    nowMs,
    iat,
    exp,
    endsAt: sessionEndsAt,
    idleMs: Math.min(options.sessionIdleSeconds * 1000, sessionEndsAt * 1000 - nowMs),
    maxSessions: options.sessionsPerUserMax,
    policy: options.sessionsPerUserPolicy,
    sessionPrefix: sessionKey(sub, ''),
    dataPrefix: sessionDataKey(sub, ''),
    user: sub,
    clientId,
    device,
    address,
    remember: remember ? '1' : '0',
    verifiedGeneration,
    verified: writeAuthorization({ role, generation: verifiedGeneration, ranges }),
    loginsMax: limit?.max ?? '',
    loginsWindowMs: limit?.windowMs ?? '',
    binding: bindingOf(opener.confirmation),
    proofMs: proof.ttlMs,
  });
  const keys = startKeys(claims, proof.key, limit);
  return checkReply(startReply, await runRevocation(redis, START_SESSION, keys, args));
}
