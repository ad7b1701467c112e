import { hashSync, verifySync } from '@node-rs/argon2';
import type { HashCost, HashSettings } from './stored-hash.ts';

const ARGON2ID = 2;
const LANES = 1;

export type PasswordJob =
  /** A PHC string with a fresh salt. */
  | { kind: 'hash'; password: string; cost: HashCost }
  /** The PHC string for these settings. */
  | { kind: 'repeat'; password: string; settings: HashSettings }
  /** Whether the password matches. */
  | { kind: 'verify'; password: string; hash: string };

/** Runs in a password thread. The synchronous calls block only this thread; libuv's pool stays free for signatures. */
export default (job: PasswordJob): string | boolean => {
  if (job.kind === 'verify') return verifySync(job.hash, job.password);
  const { memoryKib, passes, lanes, salt } =
    job.kind === 'repeat' ? job.settings : { ...job.cost, lanes: LANES, salt: undefined };
  const cost = { memoryCost: memoryKib, timeCost: passes, parallelism: lanes };
  return hashSync(job.password, { algorithm: ARGON2ID, ...cost, ...(salt && { salt }) });
};
