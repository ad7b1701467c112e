import { decodeJwt, SignJWT } from 'jose';
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

function assertion({ signing }: KeyRing, { sid = 's', atMs = NOW_MS } = {}): string {
  const iat = Math.floor(atMs / 1000);
  const about = { sub: 'bob', sid, role: 'user', scope: ['accounts:read'] };
  const request = { jti: 'j'.repeat(22), htm: 'GET', path: '/accounts' };
  return signAssertion(signing.assertionKey, {
    ...about,
    ...request,
    iss: ISSUER,
    aud: 'bank',
    iat,
    exp: iat + 15,
  });
}

test('a new key is found with the first assertion that names it, even directly after a fetch', async ({
  publisher,
  isValid,
}) => {
  expect(await isValid(assertion(one), NOW_MS)).toBe(true);
  publisher.publish(both);
  expect(await isValid(assertion(two), NOW_MS + 10)).toBe(true);
  expect(publisher.count).toBe(2);
});

test('many assertions with unknown keys cause at most one fetch per second', async ({
  publisher,
  isValid,
}) => {
  expect(await isValid(assertion(one), NOW_MS)).toBe(true);
  const tokens = Array.from({ length: 20 }, (_, n) => assertion(two, { sid: `s${n}` }));
  const outcomes = await Promise.all(tokens.map((token) => isValid(token, NOW_MS + 10)));
  expect(new Set(outcomes)).toEqual(new Set([false]));
  expect(publisher.count).toBe(2);
});

test('a cached assertion is refused after its key is removed, within 5 s under load', async ({
  publisher,
  isValid,
}) => {
  publisher.publish(both);
  const token = assertion(two);
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
  expect(await isValid(assertion(two), NOW_MS)).toBe(true);
  publisher.publish(one);
  const atMs = NOW_MS + 30_000;
  expect(await isValid(assertion(two, { atMs }), atMs)).toBe(false);
});

test('while the set cannot be fetched, known keys are used for 30 s, after which it is a fault and not a refusal', async ({
  publisher,
  verifier,
  isValid,
}) => {
  expect(await isValid(assertion(one), NOW_MS)).toBe(true);
  publisher.respondWith((_incoming, outgoing) => outgoing.writeHead(500).end());
  const token = assertion(one, { atMs: NOW_MS + 29_999 });
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
  await expect(verifier.verify(assertion(two), NOW_MS)).rejects.toBeInstanceOf(KeysUnavailable);
  expect(other.count).toBe(0);
  await other.close();
});

test('of the published keys only those for ES256 on P-256 verify an assertion', async ({
  publisher,
  isValid,
}) => {
  const { assertionKey } = one.signing;
  const published = (changes: object): void =>
    publisher.respondWith((_incoming, outgoing) =>
      outgoing.end(JSON.stringify({ keys: [one.signing.jwk, { ...assertionKey.jwk, ...changes }] })),
    );
  for (const [n, changes] of [
    { alg: undefined },
    { alg: 'PS256' },
    { use: 'enc' },
    { kty: 'OKP' },
  ].entries()) {
    const atMs = NOW_MS + n * 60_000;
    published(changes);
    expect([changes, await isValid(assertion(one, { atMs }), atMs)]).toEqual([changes, false]);
  }
  const atMs = NOW_MS + 600_000;
  published({});
  expect(await isValid(assertion(one, { atMs }), atMs)).toBe(true);
});

test('an assertion that the key of access tokens signed is refused, whatever its header names', async ({
  publisher,
  isValid,
}) => {
  publisher.publish(one);
  const typ = 'portcullis-assertion+jwt';
  const { kid, privateKey, assertionKey } = one.signing;
  const claims = decodeJwt(assertion(one));
  const rs = (header: object): Promise<string> =>
    new SignJWT(claims).setProtectedHeader({ alg: 'PS256', typ, ...header }).sign(privateKey);
  const labeled = async (header: object): Promise<string> => {
    const [, payload, signature] = (await rs({ kid })).split('.');
    return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`;
  };
  for (const forged of [
    await rs({ kid }),
    await rs({ kid: assertionKey.kid }),
    await labeled({ alg: 'ES256', typ, kid }),
    await labeled({ alg: 'ES256', typ, kid: assertionKey.kid }),
  ])
    expect(await isValid(forged, NOW_MS)).toBe(false);
  expect(await isValid(assertion(one), NOW_MS)).toBe(true);
});
