import { z } from 'zod';
import { sessionKey, usedProofKey } from '../redis/keys.ts';
import { checkReply, defineScript, nameEntries, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';

/** A genuine proof of possession that may have been used before (jwt/dpop/proof.ts). */
export interface UsableProof {
  /** Identifies the proof: 128 bits in base64url. */
  id: string;
  /** From when on a copy of it is refused in any case, in milliseconds since the epoch. */
  refusedFromMs: number;
}

/**
 * How much longer than by this process's clock a proof is remembered, because other processes may accept a copy of it until
 * later: two clocks that are 10 s off in opposite directions.
 */
const CLOCK_MARGIN_MS = 20_000;

/** The key that remembers a proof, and for how long; no time without a proof. */
export const useOf = (
  sub: string,
  proof: UsableProof | undefined,
  nowMs: number,
): { key: string; ttlMs: number } => ({
  key: usedProofKey(sub, proof?.id ?? ''),
  ttlMs: proof === undefined ? 0 : Math.max(0, Math.ceil(proof.refusedFromMs - nowMs)) + CLOCK_MARGIN_MS,
});

/**
 * Lua: `isUsedProof(key, ttlMs)` returns whether the proof has been used before, and `useProof(key, ttlMs)` remembers it.
 * A script asks first and writes later. Without a proof, `ttlMs` is 0.
 *
 * The deletion needs no memory, and a script that has begun to write may go on: so a proof can be remembered when Redis is
 * full, and nobody is kept from a logout then.
 */
export const USED_PROOFS_LUA = `
local function isUsedProof(key, ttlMs) return tonumber(ttlMs) > 0 and redis.call('EXISTS', key) == 1 end
local function useProof(key, ttlMs)
  if tonumber(ttlMs) == 0 then return end
  redis.call('DEL', key)
  redis.call('SET', key, '1', 'PX', ttlMs)
end`;

const KEYS = nameEntries('KEYS', ['sessionKey', 'proofKey']);
const ARGUMENTS = nameEntries('ARGV', ['proofMs']);

/** Returns 1 if the proof has not been used before, or if the session is over. Then nothing is remembered. */
const USE_PROOF = defineScript(
  'proof-use',
  `${USED_PROOFS_LUA}
${KEYS.lua}
${ARGUMENTS.lua}
if redis.call('EXISTS', sessionKey) == 0 then return 1 end
if isUsedProof(proofKey, proofMs) then return 0 end
useProof(proofKey, proofMs)
return 1
`,
);

/**
 * Uses up a proof for a request about a session. Returns whether it was unused. There is nothing to protect about a
 * session that is over. @throws {RedisUnavailable}
 */
export async function tryUseProof(
  redis: RedisStore,
  { sub, sid }: { sub: string; sid: string },
  proof: UsableProof,
  nowMs: number,
): Promise<boolean> {
  const { key, ttlMs } = useOf(sub, proof, nowMs);
  const keys = KEYS.list({ sessionKey: sessionKey(sub, sid), proofKey: key });
  const reply = await runScript(redis, USE_PROOF, keys, ARGUMENTS.list({ proofMs: ttlMs }));
  return checkReply(z.literal([0, 1]), reply) === 1;
}
