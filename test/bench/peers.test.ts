import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GATEWAYS } from '../../bench/gateway/contestants.ts';
import { createPeers } from '../../bench/peers/list.ts';
import { checkSevenTokens } from '../../bench/peers/seven-tokens.ts';
import type { Setup } from '../../bench/setup/shared-setup.ts';
import { sharedSetup, startHere, whyNotHere } from './bench-setup.ts';

/** The first time, the Go program is compiled with its standard library. */
const TIMEOUT_MS = 300_000;
const whyNot = whyNotHere();
const peers = createPeers('present');
const SEVEN = ['good', 'expired', 'wrong signature', 'wrong audience', 'wrong issuer', 'none', 'logged out'];

describe.skipIf(whyNot !== undefined)(`contestants of the benchmark ${whyNot ?? ''}`.trim(), () => {
  const resources = new AsyncDisposableStack();
  let shared: Setup;
  beforeAll(async () => {
    shared = await sharedSetup(resources);
  }, TIMEOUT_MS);
  afterAll(() => resources.disposeAsync());

  const withTokens = [...GATEWAYS, ...peers].filter(
    ({ kind, credential }) => kind !== 'limit' && credential === 'token',
  );
  test.for(withTokens.map((contestant) => [contestant.id, contestant] as const))(
    '%s accepts a good token and refuses the six others of the seven with 401',
    { timeout: TIMEOUT_MS },
    async ([, contestant], context) => {
      await using server = await startHere(contestant, shared, context);
      const checks = await checkSevenTokens(contestant, server, shared);
      expect(checks.map(({ token, status }) => [token, status])).toEqual(
        SEVEN.map((token) => [token, token === 'good' ? 200 : 401]),
      );
    },
  );

  test('express accepts a good cookie, and refuses a forged one and that of an ended session with 401', {
    timeout: TIMEOUT_MS,
  }, async (context) => {
    const [express] = peers.filter(({ id }) => id === 'express');
    if (express === undefined) throw new Error('there is no express');
    await using server = await startHere(express, shared, context);
    const checks = await checkSevenTokens(express, server, shared);
    expect(checks.map(({ token, status }) => [token, status])).toEqual([
      ['good', 200],
      ['wrong signature', 401],
      ['logged out', 401],
    ]);
  });
});
