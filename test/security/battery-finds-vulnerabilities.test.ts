import { afterEach, describe, expect, test } from 'vitest';
import type { AttackContext } from '../../src/probe/attack.ts';
import { ATTACKS, type AttackResult, runAttack, runBattery } from '../../src/probe/battery.ts';
import type { Target } from '../../src/probe/exchange.ts';
import { prepareAttacks } from '../../src/probe/prepare.ts';
import { formatReport, isSafe } from '../../src/probe/report.ts';
import { type Flaw, type FlawedGateway, startFlawedGateway, type Verify } from './flawed-gateway.ts';
import {
  acceptsAssertionKey,
  acceptsHmac,
  acceptsJwk,
  acceptsNone,
  joseOnly,
  orElse,
  verifyWith,
} from './flawed-verifiers.ts';

let flawed: FlawedGateway | undefined;
afterEach(() => flawed?.close());

interface Scene {
  target: Target;
  context: AttackContext;
  /** Runs one attack. */
  attack(id: string, options?: Partial<Target>): Promise<AttackResult>;
}

async function startFlawed(flaw: Flaw): Promise<Scene> {
  flawed = await startFlawedGateway(flaw);
  const target = { origin: new URL(flawed.url) };
  const user = { username: 'bob', password: 'foobared' };
  const context = await prepareAttacks(target, {
    ...user,
    signingKey: flawed.privateKey,
    assertionKey: flawed.assertionKey,
  });
  return {
    target,
    context,
    attack: (id, options) => {
      const found = ATTACKS.find((candidate) => candidate.id === id);
      if (found === undefined) throw new Error(`there is no attack ${id}`);
      return runAttack({ ...target, ...options }, context, found);
    },
  };
}

describe('the battery finds the vulnerability of a gateway that', () => {
  test.each<[string, Verify, string[], string[]]>([
    ['accepts alg "none"', orElse(acceptsNone), ['none-unsigned', 'none-signed'], ['foreign-ps256', 'jwk']],
    [
      'uses its public key as an HMAC secret',
      orElse(acceptsHmac),
      ['hmac-pem-spki'],
      ['none-unsigned', 'jwk'],
    ],
    [
      'accepts the key of assertions for access tokens',
      orElse(acceptsAssertionKey),
      ['assertion-key'],
      ['foreign-es'],
    ],
    ['trusts a key embedded in the token', orElse(acceptsJwk), ['jwk'], ['none-unsigned', 'x5c']],
    ['also accepts RS256', verifyWith(['PS256', 'RS256']), ['own-key-other-algorithm'], ['foreign-rs']],
    [
      'relies on a JWT library only',
      joseOnly,
      ['logged-out', 'never-whitelisted', 'encoding-spare-bits', 'claim-aud-list', 'claim-exp-fraction'],
      [
        'none-unsigned',
        'hmac-pem-spki',
        'jwk',
        'claim-iss-other',
        'claim-exp-past',
        'typ-other',
        'flipped-payload',
      ],
    ],
  ])('%s', async (_what, verify, accepted, rejected) => {
    const { attack } = await startFlawed({ verify });
    for (const id of accepted) expect((await attack(id)).verdict, id).toBe('accepted');
    for (const id of rejected) expect((await attack(id)).verdict, id).toBe('rejected');
  });
});

test('against a gateway that accepts every token, no attack is reported as rejected', async () => {
  const { target, context } = await startFlawed({ verify: () => true });
  const result = await runBattery(target, context);
  expect(result.attacks.filter(({ passed }) => passed)).toEqual([]);
  expect(result.controls.map(({ passed }) => passed)).toEqual([true, false, true]);
  expect(isSafe(result)).toBe(false);
  expect(Number(/, (\d+) accepted/.exec(formatReport(result))?.[1])).toBeGreaterThan(120);
});

/** Accepts the token of the first login, at most `max` times. */
const onlyTheFirst = (max = Number.POSITIVE_INFINITY): Verify => {
  let live: string | undefined;
  let left = max;
  return (token) => {
    live ??= token;
    left -= token === live ? 1 : 0;
    return token === live && left >= 0;
  };
};

test('a gateway that stops accepting valid tokens during the attacks is not reported as safe', async () => {
  const { target, context } = await startFlawed({ verify: onlyTheFirst(3) });
  const { attacks, controls } = await runBattery(target, context);
  expect(controls.map(({ passed }) => passed)).toEqual([true, true, false]);
  expect(isSafe({ attacks: attacks.filter(({ passed }) => passed), controls })).toBe(false);
});

test('a connection closed without a response is not reported as a rejection', async () => {
  const { target, context } = await startFlawed({
    verify: onlyTheFirst(),
    reject: (outgoing) => outgoing.destroy(),
  });
  const result = await runBattery(target, context);
  const report = formatReport(result);
  expect(result.attacks.map(({ verdict }) => verdict)).not.toContain('rejected');
  expect(report).toMatch(/^none-unsigned .* connection closed ×21 +NO RESPONSE$/m);
  expect(report).toMatch(/, \d+ not properly rejected$/);
  expect(isSafe(result)).toBe(false);
});

test('a request without a response times out', async () => {
  const { attack } = await startFlawed({ verify: onlyTheFirst(), reject: () => {} });
  const { outcomes, passed } = await attack('foreign-ps256', { timeoutMs: 200 });
  expect(outcomes).toEqual([{ failure: 'timed out' }]);
  expect(passed).toBe(false);
});

test.each([
  ['an internal error', 500, 'unclear'],
  ['an overload', 503, 'unclear'],
  ['insufficient permissions', 403, 'accepted'],
  ['an upstream error', 502, 'accepted'],
  ['a redirect', 302, 'accepted'],
])('a response that reports %s is not a rejection', async (_what, status, verdict) => {
  const reject: Flaw['reject'] = (outgoing) => {
    outgoing.writeHead(status, { 'content-type': 'application/problem+json', location: '/login' });
    outgoing.end(JSON.stringify({ status, code: 'token_invalid' }));
  };
  const { attack } = await startFlawed({ verify: onlyTheFirst(), reject });
  expect(await attack('foreign-ps256')).toMatchObject({ verdict, passed: false });
});
