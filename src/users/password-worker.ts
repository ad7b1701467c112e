import { parentPort } from 'node:worker_threads';
import { hashSync, verifySync } from '@node-rs/argon2';

/**
 * argon2id with the first of the RFC 9106 / OWASP settings that fit an interactive log-in: 19 MiB, two passes,
 * one lane. The numbers are part of each hash, so they can be raised without touching what is stored.
 */
const ARGON2ID = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export type PasswordJob =
  | { kind: 'hash'; password: string }
  | { kind: 'verify'; password: string; hash: string };

/** The synchronous calls block this thread only; libuv's pool stays free for signatures. */
parentPort?.on('message', (job: PasswordJob) => {
  parentPort?.postMessage(
    job.kind === 'hash' ? hashSync(job.password, ARGON2ID) : verifySync(job.hash, job.password),
  );
});
