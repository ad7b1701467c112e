import { hashSync, verifySync } from '@node-rs/argon2';
import { type HashCost, type HashSettings, missingCost, readStoredHash } from './stored-hash.ts';
import { lowerOwnPriority } from './thread-priority.ts';

const ARGON2ID = 2;
const LANES = 1;

export type PasswordJob = { password: string; cost: HashCost } & (
  | /** A PHC string with a fresh salt, of this cost. */
  { kind: 'hash' }
  /** The PHC string for these settings. The whole job takes at least the work of `cost`. */
  | { kind: 'repeat'; settings: HashSettings }
  /** Whether the password matches. The whole job takes at least the work of `cost`. */
  | { kind: 'verify'; hash: string }
);

lowerOwnPriority();

/** Runs in a password thread. The synchronous calls block only this thread; libuv's pool stays free for signatures. */
export default (job: PasswordJob): string | boolean => {
  const { password, cost } = job;
  if (job.kind === 'hash') return compute(password, { ...cost, lanes: LANES });
  const settings = job.kind === 'repeat' ? job.settings : readStoredHash(job.hash).settings;
  const missing = missingCost(settings, cost);
  if (missing !== undefined) compute(password, { ...missing, lanes: LANES });
  return job.kind === 'repeat' ? compute(password, settings) : verifySync(job.hash, password);
};

function compute(
  password: string,
  { memoryKib, passes, lanes, salt }: HashCost & { lanes: number; salt?: Uint8Array },
): string {
  const cost = { memoryCost: memoryKib, timeCost: passes, parallelism: lanes };
  return hashSync(password, { algorithm: ARGON2ID, ...cost, ...(salt && { salt }) });
}
