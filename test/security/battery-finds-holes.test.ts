import { createHmac, createPublicKey } from 'node:crypto';
import { compactVerify, decodeProtectedHeader, type JWK, jwtVerify } from 'jose';
import { afterEach, describe, expect, test } from 'vitest';
import { ATTACKS, runAttack, runBattery } from '../../src/probe/battery.ts';
import { gatherMaterial, type Material } from '../../src/probe/material.ts';
import type { Target } from '../../src/probe/raw-request.ts';
import { formatReport, isSafe } from '../../src/probe/report.ts';
import { type Flaw, type FlawedGateway, type Judgement, startFlawedGateway } from './flawed-gateway.ts';

let flawed: FlawedGateway | undefined;
afterEach(() => flawed?.close());

async function attackable(flaw: Flaw): Promise<{ target: Target; material: Material }> {
  flawed = await startFlawedGateway(flaw);
  const target = { origin: new URL(flawed.url) };
  const user = { username: 'bob', password: 'foobared' };
  return { target, material: await gatherMaterial(target, { ...user, signer: flawed.privateKey }) };
}

const attack = (id: string) => {
  const found = ATTACKS.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`no attack is called ${id}`);
  return found;
};

const verifiesWith =
  (algorithms: string[]): Judgement =>
  (token, key) =>
    compactVerify(token, key, { algorithms }).then(
      () => true,
      () => false,
    );

/** A verifier that is right, plus one mistake of its own. */
const orElse =
  (mistake: Judgement): Judgement =>
  async (token, key) =>
    (await verifiesWith(['PS256'])(token, key)) || mistake(token, key);

function headerOf(token: string): { alg?: unknown; jwk?: unknown } {
  try {
    return decodeProtectedHeader(token);
  } catch {
    return {};
  }
}

const believesNone: Judgement = (token) => String(headerOf(token).alg).toLowerCase() === 'none';

const believesHmac: Judgement = (token, key) => {
  const secret = key.export({ type: 'spki', format: 'pem' });
  const [header, payload, signature] = token.split('.');
  const mac = createHmac('sha256', secret).update(`${header}.${payload}`).digest('base64url');
  return headerOf(token).alg === 'HS256' && signature === mac;
};

const believesJwk: Judgement = (token) => {
  const { jwk } = headerOf(token);
  if (jwk === undefined) return false;
  return verifiesWith(['PS256', 'RS256'])(token, createPublicKey({ key: jwk as JWK, format: 'jwk' }));
};

/** What many take for enough: jose, with everything that one call of it can be told, and no whitelist. */
const trustsJose: Judgement = (token, key) =>
  jwtVerify(token, key, {
    algorithms: ['PS256'],
    issuer: 'http://127.0.0.1:8080',
    audience: 'portcullis-api',
    typ: 'at+jwt',
  }).then(
    () => true,
    () => false,
  );

describe('the battery finds the hole of a gateway that', () => {
  test.each<[string, Judgement, string[], string[]]>([
    ['believes alg "none"', orElse(believesNone), ['none-unsigned', 'none-signed'], ['foreign-ps256', 'jwk']],
    ['takes its public key for a secret', orElse(believesHmac), ['hmac-pem-spki'], ['none-unsigned', 'jwk']],
    ['believes the key that a token brings along', orElse(believesJwk), ['jwk'], ['none-unsigned', 'x5c']],
    ['takes RS256 as well', verifiesWith(['PS256', 'RS256']), ['own-key-other-algorithm'], ['foreign-rs']],
    [
      'asks a library and nobody else',
      trustsJose,
      ['logged-out', 'never-whitelisted', 'spelling-spare-bits', 'claim-aud-list', 'claim-exp-fraction'],
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
  ])('%s', async (_what, admits, holes, walls) => {
    const { target, material } = await attackable({ admits });
    const verdictOf = async (id: string) => (await runAttack(target, material, attack(id))).verdict;
    for (const id of holes) expect(await verdictOf(id), id).toBe('got in');
    for (const id of walls) expect(await verdictOf(id), id).toBe('refused');
  });
});

test('of a gateway that lets everybody in not one attack is reported as refused', async () => {
  const { target, material } = await attackable({ admits: () => true });
  const result = await runBattery(target, material);
  expect(result.attacks.filter(({ passed }) => passed)).toEqual([]);
  expect(result.controls.map(({ held }) => held)).toEqual([true, false, true]);
  expect(isSafe(result)).toBe(false);
  expect(Number(/, (\d+) got in/.exec(formatReport(result))?.[1])).toBeGreaterThan(120);
});

/** Admits the token of the first log-in, and no more than `most` times. */
const onlyTheFirst = (most: number): Judgement => {
  let live: string | undefined;
  let left = most;
  return (token) => {
    live ??= token;
    left -= token === live ? 1 : 0;
    return token === live && left >= 0;
  };
};

test('a gateway that dies under the attacks is not safe, although it refuses everything', async () => {
  const { target, material } = await attackable({ admits: onlyTheFirst(3) });
  const { attacks, controls } = await runBattery(target, material);
  expect(controls.map(({ held }) => held)).toEqual([true, true, false]);
  expect(isSafe({ attacks: attacks.filter(({ passed }) => passed), controls })).toBe(false);
});

test('a connection that is closed in place of an answer is told apart from a refusal', async () => {
  const admits = onlyTheFirst(Number.POSITIVE_INFINITY);
  const { target, material } = await attackable({ admits, refuses: (outgoing) => outgoing.destroy() });
  const result = await runBattery(target, material);
  const report = formatReport(result);
  expect(result.attacks.map(({ verdict }) => verdict)).not.toContain('refused');
  expect(report).toMatch(/^none-unsigned .* connection closed ×21 +NO ANSWER$/m);
  expect(report).toMatch(/, \d+ not properly refused$/);
  expect(isSafe(result)).toBe(false);
});

test('a gateway that never answers is given up after the deadline', async () => {
  const admits = onlyTheFirst(Number.POSITIVE_INFINITY);
  const { target, material } = await attackable({ admits, refuses: () => {} });
  const { outcomes, passed } = await runAttack(
    { ...target, deadlineMs: 200 },
    material,
    attack('foreign-ps256'),
  );
  expect(outcomes).toEqual([{ unanswered: 'no answer in time' }]);
  expect(passed).toBe(false);
});

test.each([
  ['a fault', 500, 'unclear'],
  ['being busy', 503, 'unclear'],
  ['the word that the token was good but not enough', 403, 'got in'],
  ["the bank's silence", 502, 'got in'],
  ['a page elsewhere', 302, 'got in'],
])('to answer with %s is not to refuse', async (_what, status, verdict) => {
  const refuses: Flaw['refuses'] = (outgoing) => {
    outgoing.writeHead(status, { 'content-type': 'application/problem+json', location: '/log-in' });
    outgoing.end(JSON.stringify({ status, code: 'token_invalid' }));
  };
  const { target, material } = await attackable({ admits: onlyTheFirst(Number.POSITIVE_INFINITY), refuses });
  const result = await runAttack(target, material, attack('foreign-ps256'));
  expect(result).toMatchObject({ verdict, passed: false });
});
