import { randomFillSync } from 'node:crypto';

const BLOCK_BYTES = 4096;

/** Random bytes. Those before `used` have been given out. */
const block = Buffer.alloc(BLOCK_BYTES);
let used = BLOCK_BYTES;

/**
 * A few random bytes as text, from the generator of `node:crypto`. They are drawn in blocks, because a request needs
 * several ids and a call for each costs more than everything else about it. No byte is given out twice.
 * @param bytes at most 64
 */
export function randomText(bytes: number, encoding: 'hex' | 'base64url'): string {
  if (used + bytes > BLOCK_BYTES) {
    randomFillSync(block);
    used = 0;
  }
  const start = used;
  used += bytes;
  const text = block.toString(encoding, start, used);
  // What has been given out is not kept in memory.
  block.fill(0, start, used);
  return text;
}
