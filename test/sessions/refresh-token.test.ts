import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readRefreshKey } from '../../src/keys/refresh-key.ts';
import { InvalidKeyError } from '../../src/keys/ring.ts';
import { Refusal } from '../../src/refusal.ts';
import { mintRefreshToken, readRefreshToken } from '../../src/sessions/refresh-token.ts';

const key = randomBytes(32);
const identity = { sub: 'a'.repeat(22), sid: 'b'.repeat(22), refreshCount: 7 };
const token = mintRefreshToken(key, identity);

const id = fc
  .uint8Array({ minLength: 16, maxLength: 16 })
  .map((bytes) => Buffer.from(bytes).toString('base64url'));

test('a refresh token identifies a state of a session, and only its key reads it', () => {
  fc.assert(
    fc.property(id, id, fc.nat(999_999_999), (sub, sid, refreshCount) => {
      const minted = mintRefreshToken(key, { sub, sid, refreshCount });
      expect(readRefreshToken(key, minted)).toEqual({ sub, sid, refreshCount });
      expect(readRefreshToken(randomBytes(32), minted)).toMatchObject({
        reason: 'refresh_invalid',
        detail: 'mac',
      });
    }),
  );
});

test('a token with any one character changed is rejected', () => {
  const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \t\n%\0é';
  for (let at = 0; at < token.length; at += 1) {
    for (const character of characters) {
      if (token[at] === character) continue;
      const other = token.slice(0, at) + character + token.slice(at + 1);
      expect(readRefreshToken(key, other), JSON.stringify(other)).toBeInstanceOf(Refusal);
    }
  }
});

test.each([
  ['no characters', ''],
  ['a missing last character', token.slice(0, -1)],
  ['a missing first character', token.slice(1)],
  ['no MAC', token.slice(0, token.lastIndexOf('.'))],
  ['an empty MAC', token.slice(0, token.lastIndexOf('.') + 1)],
  ['padding', `${token}=`],
  ['a line break after it', `${token}\n`],
  ['white space before it', ` ${token}`],
  ['an additional part', `${token}.x`],
  ['another version', token.replace('v1', 'v2')],
  ['an upper-case version', token.replace('v1', 'V1')],
  ['a leading zero', token.replace('.7.', '.07.')],
  ['a sign', token.replace('.7.', '.+7.')],
  ['a fraction', token.replace('.7.', '.7.0.')],
  ['another number', token.replace('.7.', '.8.')],
  ['a full-width digit', token.replace('.7.', '.７.')],
])('a token with %s is rejected', (_what, text) => {
  expect(readRefreshToken(key, text)).toMatchObject({ reason: 'refresh_invalid' });
});

test('a MAC is valid only for its own session and user', () => {
  const mac = token.slice(token.lastIndexOf('.'));
  for (const other of [
    { ...identity, sub: 'c'.repeat(22) },
    { ...identity, sid: 'c'.repeat(22) },
    { sub: identity.sid, sid: identity.sub, refreshCount: 7 },
  ]) {
    const mixed = `v1.${other.sub}.${other.sid}.${other.refreshCount}${mac}`;
    expect(readRefreshToken(key, mixed)).toMatchObject({ reason: 'refresh_invalid', detail: 'mac' });
  }
});

describe('the refresh key', () => {
  test('is at least 32 random bytes', () => {
    expect(readRefreshKey(key.toString('base64url'))).toEqual(key);
    expect(readRefreshKey(randomBytes(64).toString('base64url'))).toHaveLength(64);
  });

  test.each([
    ['31 bytes', randomBytes(31).toString('base64url')],
    ['an empty text', ''],
    ['one repeated letter', 'a'.repeat(43)],
    ['a repeated word', Buffer.from('password'.repeat(4)).toString('base64url')],
  ])('%s is rejected with the name of the setting and without its value', (_what, text) => {
    const read = () => readRefreshKey(text);
    expect(read).toThrow(InvalidKeyError);
    expect(read).toThrow(/^REFRESH_KEY: must be at least 32 random bytes in base64url$/);
  });
});
