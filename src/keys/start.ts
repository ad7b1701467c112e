import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { changeRing, type NamedKey } from './change.ts';
import { readIfPresent, readRing, SINGLE_KEY_FILE } from './directory.ts';
import { InvalidKeyError, makeKeyPem, ringKeyFromPem } from './ring.ts';
import type { RingRecord } from './schedule.ts';

/** A new private key. Its kid never begins with a hyphen, because it is typed on command lines. */
export async function makeNamedKey(): Promise<NamedKey> {
  for (;;) {
    const pem = await makeKeyPem();
    const { kid } = await ringKeyFromPem(pem);
    if (!kid.startsWith('-')) return { kid, pem };
  }
}

/**
 * Makes a ring of one key that signs at once, unless there is a ring by now. The key that was kept here before
 * there were rings becomes that key, so that its tokens stay good.
 */
export async function makeRing(
  directory: string,
  tokensLiveSeconds: number,
  nowMs: number,
): Promise<RingRecord> {
  const pem = await readIfPresent(join(directory, SINGLE_KEY_FILE));
  const newKey = pem === undefined ? await makeNamedKey() : { kid: (await ringKeyFromPem(pem)).kid, pem };
  return changeRing(directory, (present) => {
    if (present !== undefined) return { record: present };
    const keys = [{ kid: newKey.kid, createdMs: nowMs, signsFromMs: nowMs }];
    const id = randomBytes(16).toString('base64url');
    return { record: { id, tokensLiveSeconds, keys }, newKey };
  });
}

export interface RingStart {
  directory: string;
  /** Whether a ring may be made where there is none. */
  mayMake: boolean;
  /** The longest life that this process gives to a token. It is written down before the first one is signed. */
  tokensLiveSeconds: number;
}

/**
 * The ring of a process that starts, made if need be.
 * @throws {InvalidKeyError} when there is none and none may be made, or when it can't be used.
 */
export async function openRing(
  { directory, mayMake, tokensLiveSeconds }: RingStart,
  nowMs: number,
): Promise<RingRecord> {
  const record = await readRing(directory);
  if (record === undefined && !mayMake)
    throw new InvalidKeyError('KEYS_DIR: holds no key ring; `portcullis keys rotate` makes one');
  if (record === undefined) return makeRing(directory, tokensLiveSeconds, nowMs);
  if (record.tokensLiveSeconds >= tokensLiveSeconds) return record;
  return changeRing(directory, (present = record) => ({
    record: { ...present, tokensLiveSeconds: Math.max(present.tokensLiveSeconds, tokensLiveSeconds) },
  }));
}
