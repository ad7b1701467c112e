import { test as base, expect } from 'vitest';
import { type AssertionVerifier, createAssertionVerifier, signAssertion } from '../../src/jwt/assertion.ts';
import { KeysUnavailable, RemoteJwks } from '../../src/keys/remote-jwks.ts';
import { type KeyRing, keyRingFromPem, makeKeyPem, ringOf } from '../../src/keys/ring.ts';
import { Refusal } from '../../src/refusal.ts';
import { ROLES, SCOPES } from '../../src/users/roles.ts';
import { until } from '../support/until.ts';
import { startUpstream, type Upstream } from '../support/upstream.ts';

const NOW_MS = 1_800_000_000_000;
const ISSUER = 'https://gate.example';

const one = await keyRingFromPem(await makeKeyPem());
const two = await keyRingFromPem(await makeKeyPem());
const both = ringOf(one.signing, [two.signing]);

/** The server that publishes the keys. */
interface Publisher extends Upstream {
  publish(ring: KeyRing): void;
}

const test = base
  .extend('publisher', async ({}, { onCleanup }): Promise<Publisher> => {
    let published = one;
    const upstream = await startUpstream((_incoming, outgoing) =>
      outgoing.end(JSON.stringify(published.jwks)),
    );
    onCleanup(() => upstream.close());
    const publish = (ring: KeyRing): void => {
      published = ring;
    };
    return Object.assign(upstream, { publish });
  })
  .extend('verifier', ({ publisher }): AssertionVerifier => {
    const expected = { issuer: ISSUER, audience: 'bank', roles: ROLES, scopes: SCOPES };
    return createAssertionVerifier(expected, new RemoteJwks(publisher.url));
  })
  .extend('isValid', ({ verifier }) => async (token: string, nowMs: number): Promise<boolean> => {
    return !((await verifier.verify(token, nowMs)) instanceof Refusal);
  });

function assertion(ring: KeyRing, sid = 's'): Promise<string> {
  const iat = NOW_MS / 1000;
  const about = { sub: 'bob', sid, role: 'user', scope: ['accounts:read'] };
  return signAssertion(ring, { ...about, iss: ISSUER, aud: 'bank', iat, exp: iat + 60 });
}

test('a new key is found with the first assertion that names it, even directly after a fetch', async ({
  publisher,
  isValid,
}) => {
  expect(await isValid(await assertion(one), NOW_MS)).toBe(true);
  publisher.publish(both);
  expect(await isValid(await assertion(two), NOW_MS + 10)).toBe(true);
  expect(publisher.count).toBe(2);
});

test('many assertions with unknown keys cause at most one fetch per second', async ({
  publisher,
  isValid,
}) => {
  expect(await isValid(await assertion(one), NOW_MS)).toBe(true);
  const tokens = await Promise.all(Array.from({ length: 20 }, (_, n) => assertion(two, `s${n}`)));
  const outcomes = await Promise.all(tokens.map((token) => isValid(token, NOW_MS + 10)));
  expect(new Set(outcomes)).toEqual(new Set([false]));
  expect(publisher.count).toBe(2);
});

test('a cached assertion is refused after its key is removed, within 5 s under load', async ({
  publisher,
  isValid,
}) => {
  publisher.publish(both);
  const token = await assertion(two);
  expect(await isValid(token, NOW_MS)).toBe(true);
  publisher.publish(one);
  expect(await isValid(token, NOW_MS + 4999)).toBe(true);
  expect(await isValid(token, NOW_MS + 5000)).toBe(true);
  await until(() => publisher.count === 2);
  await until(async () => !(await isValid(token, NOW_MS + 5001)));
});

test('after a pause, a key set older than 30 s is fetched again before it is used', async ({
  publisher,
  isValid,
}) => {
  publisher.publish(both);
  const token = await assertion(two);
  expect(await isValid(token, NOW_MS)).toBe(true);
  publisher.publish(one);
  expect(await isValid(token, NOW_MS + 30_000)).toBe(false);
});

test('while the set cannot be fetched, known keys are used for 30 s, after which it is a fault and not a refusal', async ({
  publisher,
  verifier,
  isValid,
}) => {
  const token = await assertion(one);
  expect(await isValid(token, NOW_MS)).toBe(true);
  publisher.respondWith((_incoming, outgoing) => outgoing.writeHead(500).end());
  expect(await isValid(token, NOW_MS + 29_999)).toBe(true);
  await expect(verifier.verify(token, NOW_MS + 30_000)).rejects.toBeInstanceOf(KeysUnavailable);
  publisher.respondWith((_incoming, outgoing) => outgoing.end('{"keys":"none"}'));
  await expect(verifier.verify(token, NOW_MS + 30_000)).rejects.toBeInstanceOf(KeysUnavailable);
  publisher.respondWith((_incoming, outgoing) => outgoing.end(JSON.stringify(one.jwks)));
  expect(await isValid(token, NOW_MS + 30_000)).toBe(true);
});

test('a redirect to other keys is not followed', async ({ publisher, verifier }) => {
  const other = await startUpstream((_incoming, outgoing) => outgoing.end(JSON.stringify(two.jwks)));
  publisher.respondWith((_incoming, outgoing) => outgoing.writeHead(302, { location: other.url }).end());
  await expect(verifier.verify(await assertion(two), NOW_MS)).rejects.toBeInstanceOf(KeysUnavailable);
  expect(other.count).toBe(0);
  await other.close();
});
