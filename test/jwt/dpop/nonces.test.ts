import { describe, expect, test } from 'vitest';
import { type NoncePolicy, Nonces } from '../../../src/jwt/dpop/nonces.ts';
import { DpopClient, type ProofChanges } from '../../support/dpop.ts';
import { NONCES, NOW_MS, URL, verdictOf, verifierWith } from './proof-verifier.ts';

const LIFETIME_MS = 300_000;
const HOUR_MS = 3_600_000;
const client = new DpopClient();

const judge = (noncePolicy: NoncePolicy, changes: ProofChanges = {}): string =>
  verdictOf(
    verifierWith({ noncePolicy })(
      client.proof('POST', URL, undefined, { nowMs: NOW_MS, ...changes }),
      { method: 'POST', urls: [URL] },
      NOW_MS,
    ),
  );

describe('a nonce', () => {
  test('is accepted while it is the newest and while the next one is, and not after that', () => {
    const nonce = NONCES.at(NOW_MS);
    expect(NONCES.isAccepted(nonce, NOW_MS)).toBe(true);
    expect(NONCES.isAccepted(nonce, NOW_MS + LIFETIME_MS)).toBe(true);
    expect(NONCES.isAccepted(nonce, NOW_MS + 2 * LIFETIME_MS)).toBe(false);
  });

  test('is refused from the moment on that is named when it is accepted', () => {
    const nonce = NONCES.at(NOW_MS + LIFETIME_MS);
    expect(NONCES.isAccepted(nonce, NOW_MS)).toBe(true);
    const refusedFromMs = NONCES.refusedFromMs(NOW_MS);
    expect(NONCES.isAccepted(nonce, refusedFromMs - 1)).toBe(true);
    expect(NONCES.isAccepted(nonce, refusedFromMs)).toBe(false);
  });

  test('is the same in every process with the same key, and in no other', () => {
    expect(new Nonces(Buffer.alloc(32, 7), 300).at(NOW_MS)).toBe(NONCES.at(NOW_MS));
    expect(new Nonces(Buffer.alloc(32, 8), 300).isAccepted(NONCES.at(NOW_MS), NOW_MS)).toBe(false);
  });
});

describe('with nonces on demand', () => {
  test('a proof with an accepted time needs none', () => {
    expect(judge('on-demand')).toBe('accepted');
  });

  test.for([-HOUR_MS, HOUR_MS])('a client whose clock is wrong by %d ms is asked for one', (byMs) => {
    expect(judge('on-demand', { nowMs: NOW_MS + byMs })).toBe('nonce_required: iat');
  });

  test.for([-HOUR_MS, HOUR_MS])('that client is accepted with one (%d ms)', (byMs) => {
    expect(judge('on-demand', { nowMs: NOW_MS + byMs, nonce: NONCES.at(NOW_MS) })).toBe('accepted');
  });

  test('a nonce that was not issued is refused, even with an accepted time', () => {
    expect(judge('on-demand', { nonce: 'n'.repeat(22) })).toBe('nonce_required: nonce');
  });
});

describe('with required nonces', () => {
  test('a proof without one is refused', () => {
    expect(judge('required')).toBe('nonce_required');
  });

  test('a proof with one is accepted', () => {
    expect(judge('required', { nonce: NONCES.at(NOW_MS) })).toBe('accepted');
  });
});

test('without nonces, a client whose clock is wrong is refused, whatever its nonce is', () => {
  const changes = { nowMs: NOW_MS - HOUR_MS, nonce: NONCES.at(NOW_MS) };
  expect(judge('off', changes)).toBe('proof_invalid: iat');
});
