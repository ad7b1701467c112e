import { hashSync, verifySync } from '@node-rs/argon2';

/**
 * argon2id with the smallest of the parameters that OWASP recommends: 19 MiB, two passes, one lane (RFC 9106).
 * Each hash contains its parameters, so they can be raised without touching stored hashes.
 */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export type PasswordJob =
  | { kind: 'hash'; password: string }
  | { kind: 'verify'; password: string; hash: string };

/** Runs in a password thread. The synchronous calls block only this thread; libuv's pool stays free for signatures. */
export default (job: PasswordJob): string | boolean =>
  job.kind === 'hash' ? hashSync(job.password, ARGON2ID) : verifySync(job.hash, job.password);
