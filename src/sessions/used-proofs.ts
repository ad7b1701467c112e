import { z } from 'zod';
import { usedProofKey } from '../redis/keys.ts';
import { checkReply, defineScript, nameEntries, runScript } from '../redis/scripts.ts';
import type { RedisStore } from '../redis/store.ts';

/** A genuine proof of possession that may have been used before (jwt/dpop/proof.ts). */
export interface UsableProof {
  /** Identifies the proof: 128 bits in base64url. */
  id: string;
  /** From when on a copy of it is refused in any case, in milliseconds since the epoch. */
  refusedFromMs: number;
}

/** The key that remembers a proof, and for how long; no time without a proof. */
export const useOf = (
  sub: string,
  proof: UsableProof | undefined,
  nowMs: number,
): { key: string; ttlMs: number } => ({
  key: usedProofKey(sub, proof?.id ?? ''),
  ttlMs: proof === undefined ? 0 : Math.max(1, Math.ceil(proof.refusedFromMs - nowMs)),
});

/**
 * Lua: `isUsedProof(key, ttlMs)` returns whether the proof has been used before, and `useProof(key, ttlMs)` remembers it.
 * A script asks first and writes later. Without a proof, `ttlMs` is 0.
 */
export const USED_PROOFS_LUA = `
local function isUsedProof(key, ttlMs) return tonumber(ttlMs) > 0 and redis.call('EXISTS', key) == 1 end
local function useProof(key, ttlMs)
  if tonumber(ttlMs) > 0 then redis.call('SET', key, '1', 'PX', ttlMs) end
end`;

const KEYS = nameEntries('KEYS', ['proofKey']);
const ARGUMENTS = nameEntries('ARGV', ['proofMs']);

/** Returns 1 if the proof has not been used before. */
const USE_PROOF = defineScript(
  'proof-use',
  `${USED_PROOFS_LUA}
${KEYS.lua}
${ARGUMENTS.lua}
if isUsedProof(proofKey, proofMs) then return 0 end
useProof(proofKey, proofMs)
return 1
`,
);

/** Uses up a proof for a request that asks Redis nothing else. Returns whether it was unused. @throws {RedisUnavailable} */
export async function tryUseProof(
  redis: RedisStore,
  sub: string,
  proof: UsableProof,
  nowMs: number,
): Promise<boolean> {
  const { key, ttlMs } = useOf(sub, proof, nowMs);
  const keys = KEYS.list({ proofKey: key });
  const reply = await runScript(redis, USE_PROOF, keys, ARGUMENTS.list({ proofMs: ttlMs }));
  return checkReply(z.literal([0, 1]), reply) === 1;
}
