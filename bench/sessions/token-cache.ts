import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { type AccessClaims, signAccessToken } from '../../src/jwt/access-token.ts';
import { type KeyRing, keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { boundClaims, sessionClaims, type TokenBatch } from './identity.ts';

/** The longest lifetime that the gateway accepts. */
const TTL_SECONDS = 30 * 86_400;
/** Tokens that expire sooner are minted again. */
const MIN_LEFT_SECONDS = 6 * 3600;
const FILE = 'tokens';
const BOUND_FILE = 'bound-tokens';
const CHUNK = 2000;
/** More than libuv's threads, so that all of them sign. */
const CONCURRENT = 32;

const batchSchema = z.strictObject({
  kid: z.string(),
  issuer: z.string(),
  audience: z.string(),
  iat: z.int(),
  exp: z.int(),
});

/** Minted access tokens in a file, one after the other without separators. */
export interface Tokens {
  readonly keyPem: string;
  readonly batch: TokenBatch;
  readonly file: string;
  /** The length of each token. */
  readonly tokenBytes: number;
  readonly count: number;
}

export interface TokenCacheOptions {
  directory: string;
  issuer: string;
  audience: string;
  /** The least number of tokens. */
  count: number;
  /** Whether each is bound to a key of its own. */
  areBound?: boolean;
  /** Called now and then while tokens are signed. */
  onProgress?: (minted: number) => void;
  nowMs: number;
}

/**
 * Tokens with the key that signed them. Signing takes 260 µs of CPU each, so they are kept in a directory and used until
 * shortly before they expire; only those that are missing are signed, on all cores.
 */
export async function cachedTokens(options: TokenCacheOptions): Promise<Tokens> {
  await mkdir(options.directory, { recursive: true, mode: 0o700 });
  const cached = (await openBatch(options)) ?? (await newBatch(options));
  const ring = await keyRingFromPem(cached.keyPem);
  const file = join(options.directory, options.areBound ? BOUND_FILE : FILE);
  const claimsOf: ClaimsOf = (n) => (options.areBound ? boundClaims : sessionClaims)(cached.batch, n);
  const tokenBytes = (await signAccessToken(ring, claimsOf(0))).length;
  await mintMissing(ring, claimsOf, { ...options, file, tokenBytes });
  return { ...cached, file, tokenBytes, count: options.count };
}

type ClaimsOf = (n: number) => AccessClaims;

type Batch = Pick<Tokens, 'keyPem' | 'batch'>;

async function openBatch(options: TokenCacheOptions): Promise<Batch | undefined> {
  const { directory, issuer, audience, nowMs } = options;
  try {
    const batch = batchSchema.parse(JSON.parse(await readFile(join(directory, 'batch.json'), 'utf8')));
    const keyPem = await readFile(join(directory, 'key.pem'), 'utf8');
    const isCurrent = batch.exp - nowMs / 1000 > MIN_LEFT_SECONDS;
    return isCurrent && batch.issuer === issuer && batch.audience === audience
      ? { keyPem, batch }
      : undefined;
  } catch {
    return undefined;
  }
}

async function newBatch({ directory, issuer, audience, nowMs }: TokenCacheOptions): Promise<Batch> {
  for (const file of [FILE, BOUND_FILE]) await rm(join(directory, file), { force: true });
  const keyPem = await makeKeyPem();
  const { kid } = (await keyRingFromPem(keyPem)).signing;
  // A minute ago, so that it is not in the future of another clock.
  const iat = Math.floor(nowMs / 1000) - 60;
  const batch = { kid, issuer, audience, iat, exp: iat + TTL_SECONDS };
  await writeFile(join(directory, 'key.pem'), keyPem, { mode: 0o600 });
  await writeFile(join(directory, 'batch.json'), `${JSON.stringify(batch)}\n`);
  return { keyPem, batch };
}

async function mintMissing(
  ring: KeyRing,
  claimsOf: ClaimsOf,
  { file, tokenBytes, count, onProgress }: TokenCacheOptions & { file: string; tokenBytes: number },
): Promise<void> {
  await using handle = await open(file, 'a', 0o600);
  const { size } = await handle.stat();
  let minted = Math.floor(size / tokenBytes);
  // A run that was interrupted may have written a part of a token.
  if (size % tokenBytes !== 0) await handle.truncate(minted * tokenBytes);
  while (minted < count) {
    const until = Math.min(minted - (minted % CHUNK) + CHUNK, count);
    await handle.appendFile(await mint(ring, claimsOf, minted, until));
    minted = until;
    onProgress?.(minted);
  }
}

/** Signs tokens `from` to `until` on libuv's threads. */
async function mint(ring: KeyRing, claimsOf: ClaimsOf, from: number, until: number): Promise<string> {
  const tokens: string[] = [];
  let next = from;
  const sign = async (): Promise<void> => {
    for (let n = next++; n < until; n = next++) tokens[n - from] = await signAccessToken(ring, claimsOf(n));
  };
  await Promise.all(Array.from({ length: CONCURRENT }, sign));
  return tokens.join('');
}
