import { createHmac, createPublicKey } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import type { AttackContext } from '../../src/probe/attack.ts';
import { ATTACKS, type AttackResult, runAttack, runBattery } from '../../src/probe/battery.ts';
import type { Target } from '../../src/probe/exchange.ts';
import { prepareAttacks } from '../../src/probe/prepare.ts';
import { formatReport, isSafe } from '../../src/probe/report.ts';
import { type Flaw, type FlawedGateway, startFlawedGateway, type Verify } from './flawed-gateway.ts';

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
  const context = await prepareAttacks(target, { ...user, signingKey: flawed.privateKey });
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

const succeeds = (verification: Promise<unknown>): Promise<boolean> =>
  verification.then(
    () => true,
    () => false,
  );

const verifyWith =
  (algorithms: string[]): Verify =>
  (token, key) =>
    succeeds(compactVerify(token, key, { algorithms }));

/** A correct verifier with one mistake. */
const orElse =
  (mistake: Verify): Verify =>
  async (token, key) =>
    (await verifyWith(['PS256'])(token, key)) || mistake(token, key);

function headerOf(token: string): { alg?: unknown; jwk?: unknown } {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return {};
  }
}

const acceptsNone: Verify = (token) => String(headerOf(token).alg).toLowerCase() === 'none';

const acceptsHmac: Verify = (token, key) => {
  const secret = key.export({ type: 'spki', format: 'pem' });
  const [header, payload, signature] = token.split('.');
  const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return headerOf(token).alg === 'HS256' && signature === mac;
};

const acceptsJwk: Verify = (token) => {
  const { jwk } = headerOf(token);
  if (jwk === undefined) return false;
  return verifyWith(['PS256', 'RS256'])(token, createPublicKey({ key: jwk as JWK, format: 'jwk' }));
};

/** A typical setup: one call of jose with every relevant option, and no whitelist. */
const joseOnly: Verify = (token, key) =>
  succeeds(
    jwtVerify(token, key, {
      algorithms: ['PS256'],
      issuer: 'http://127.0.0.1:8080',
      audience: 'portcullis-api',
      typ: 'at+jwt',
    }),
  );

describe('the battery finds the vulnerability of a gateway that', () => {
  test.each<[string, Verify, string[], string[]]>([
    ['accepts alg "none"', orElse(acceptsNone), ['none-unsigned', 'none-signed'], ['foreign-ps256', 'jwk']],
    [
      'uses its public key as an HMAC secret',
      orElse(acceptsHmac),
      ['hmac-pem-spki'],
      ['none-unsigned', 'jwk'],
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
