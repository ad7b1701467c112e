import { afterEach, beforeEach, expect, test } from 'vitest';
import { type AssertionVerifier, createAssertionVerifier, signAssertion } from '../../src/jwt/assertion.ts';
import { KeysUnavailable, RemoteJwks } from '../../src/keys/remote-jwks.ts';
import { fixedRing, type KeyRing, keyRingFromPem, makeKeyPem, ringOf } from '../../src/keys/ring.ts';
import { Refusal } from '../../src/refusal.ts';
import { ROLES, SCOPES } from '../../src/users/roles.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const NOW_MS = 1_800_000_000_000;
const ISSUER = 'https://gate.example';

let gateway: Upstream;
let verifier: AssertionVerifier;
let published: KeyRing;
const [one, two] = await Promise.all([1, 2].map(async () => keyRingFromPem(await makeKeyPem())));
if (one === undefined || two === undefined) throw new Error('no keys');
const both = ringOf(one.signing, [two.signing]);

beforeEach(async () => {
  published = one;
  gateway = await startUpstream((_incoming, outgoing) => outgoing.end(JSON.stringify(published.jwks)));
  verifier = createAssertionVerifier(
    { issuer: ISSUER, audience: 'bank', roles: ROLES, scopes: SCOPES },
    new RemoteJwks(gateway.url),
  );
});
afterEach(() => gateway.close());

const assertion = (ring: KeyRing, atMs = NOW_MS, sid = 's'): Promise<string> => {
  const iat = Math.floor(atMs / 1000);
  const about = { sub: 'bob', sid, role: 'user', scope: ['accounts:read'] } as const;
  return signAssertion(fixedRing(ring).at(atMs), {
    ...about,
    scope: [...about.scope],
    iss: ISSUER,
    aud: 'bank',
    iat,
    exp: iat + 60,
  });
};
const isGood = async (token: string, nowMs: number): Promise<boolean> =>
  !((await verifier.verify(token, nowMs)) instanceof Refusal);

test('a new key is found with the first assertion that names it, even directly after a fetch', async () => {
  expect(await isGood(await assertion(one), NOW_MS)).toBe(true);
  published = both;
  expect(await isGood(await assertion(two), NOW_MS + 10)).toBe(true);
  expect(gateway.count).toBe(2);
});

test('many assertions with unknown keys cause at most one fetch per second', async () => {
  expect(await isGood(await assertion(one), NOW_MS)).toBe(true);
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => assertion(two, NOW_MS, `s${n}`)));
  const verdicts = await Promise.all(tokens.map((token) => isGood(token, NOW_MS + 10)));
  expect(new Set(verdicts)).toEqual(new Set([false]));
  expect(gateway.count).toBe(2);
});

test('a cached assertion is refused within 5 s of use after its key is removed', async () => {
  published = both;
  const token = await assertion(two);
  expect(await isGood(token, NOW_MS)).toBe(true);
  published = one;
  expect(await isGood(token, NOW_MS + 4999)).toBe(true);
  expect(await isGood(token, NOW_MS + 5000)).toBe(true);
  await until(() => gateway.count === 2);
  await until(async () => !(await isGood(token, NOW_MS + 5001)));
});

test('after a pause, a key set older than 30 s is fetched again before it is used', async () => {
  published = both;
  const token = await assertion(two);
  expect(await isGood(token, NOW_MS)).toBe(true);
  published = one;
  expect(await isGood(token, NOW_MS + 30_000)).toBe(false);
});

test('while the set cannot be fetched, known keys are used for 30 s; after that it is a fault and not a refusal', async () => {
  const token = await assertion(one);
  expect(await isGood(token, NOW_MS)).toBe(true);
  gateway.answerWith((_incoming, outgoing) => outgoing.writeHead(500).end());
  expect(await isGood(token, NOW_MS + 29_999)).toBe(true);
  await expect(verifier.verify(token, NOW_MS + 30_000)).rejects.toBeInstanceOf(KeysUnavailable);
  gateway.answerWith((_incoming, outgoing) => outgoing.end('{"keys":"none"}'));
  await expect(verifier.verify(token, NOW_MS + 30_000)).rejects.toBeInstanceOf(KeysUnavailable);
  gateway.answerWith((_incoming, outgoing) => outgoing.end(JSON.stringify(one.jwks)));
  expect(await isGood(token, NOW_MS + 30_000)).toBe(true);
});

test('a redirect to other keys is not followed', async () => {
  const stranger = await startUpstream((_incoming, outgoing) => outgoing.end(JSON.stringify(two.jwks)));
  gateway.answerWith((_incoming, outgoing) => outgoing.writeHead(302, { location: stranger.url }).end());
  await expect(verifier.verify(await assertion(two), NOW_MS)).rejects.toBeInstanceOf(KeysUnavailable);
  expect(stranger.count).toBe(0);
  await stranger.close();
});
