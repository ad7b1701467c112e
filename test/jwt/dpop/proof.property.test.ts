import fc from 'fast-check';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify } from 'jose';
import { expect, test } from 'vitest';
import { Refusal } from '../../../src/refusal.ts';
import { DpopClient } from '../../support/dpop.ts';
import { NOW_MS, URL, verdictOf, verifierWith } from './proof-verifier.ts';

const clients = (['ES256', 'EdDSA', 'Ed25519', 'PS256'] as const).map((alg) => new DpopClient(alg));
const verify = verifierWith();
const EXPECTED = { method: 'GET', urls: [URL], accessToken: 'a.b.c' };
const NOW = NOW_MS / 1000;

const anyClient = fc.constantFrom(...clients);
const odd = fc.oneof(fc.jsonValue(), fc.constantFrom('GET', URL, NOW, '', null, -1, 0.5, []));

/** Whether jose accepts the signature of a proof, by the key in its header. */
async function isAcceptedByJose(proof: string): Promise<boolean> {
  const options = {
    typ: 'dpop+jwt',
    algorithms: clients.map(({ alg }) => alg),
    currentDate: new Date(NOW_MS),
  };
  return jwtVerify(proof, EmbeddedJWK, options).then(
    () => true,
    () => false,
  );
}

test('every proof with right claims is accepted, with the thumbprint that jose computes', async () => {
  const claims = fc.record({
    iat: fc.integer({ min: NOW - 60, max: NOW + 60 }),
    jti: fc.string({ minLength: 1 }),
  });
  await fc.assert(
    fc.asyncProperty(anyClient, claims, async (client, { iat, jti }) => {
      const proof = client.proof('GET', URL, EXPECTED.accessToken, { claims: { iat, jti } });
      const outcome = verify(proof, EXPECTED, NOW_MS);
      expect(await isAcceptedByJose(proof)).toBe(true);
      expect(outcome).toMatchObject({ jkt: await calculateJwkThumbprint(client.jwk) });
    }),
    { numRuns: 60 },
  );
});

test('a proof with any one claim replaced is refused, unless the claim is still right', () => {
  const name = fc.constantFrom('htm', 'htu', 'iat', 'ath', 'jti');
  fc.assert(
    fc.property(anyClient, name, odd, (client, claim, value) => {
      const right = client.proof('GET', URL, EXPECTED.accessToken, { nowMs: NOW_MS });
      const [, payload = ''] = right.split('.');
      const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
      fc.pre(value !== claims[claim] && !(claim === 'jti' && typeof value === 'string' && value !== ''));
      const proof = client.proof('GET', URL, EXPECTED.accessToken, { claims: { ...claims, [claim]: value } });
      expect(verdictOf(verify(proof, EXPECTED, NOW_MS))).toBe(`proof_invalid: ${claim}`);
    }),
    { numRuns: 150 },
  );
});

test('whatever is accepted with a changed header, jose accepts as well', async () => {
  const name = fc.constantFrom('typ', 'alg', 'jwk', 'kid', 'crit', 'jku', 'x5c', 'b64', 'zip');
  await fc.assert(
    fc.asyncProperty(anyClient, name, odd, async (client, parameter, value) => {
      const changes = { nowMs: NOW_MS, header: { [parameter]: value } };
      const proof = client.proof('GET', URL, EXPECTED.accessToken, changes);
      const outcome = verify(proof, EXPECTED, NOW_MS);
      if (!(outcome instanceof Refusal)) expect(await isAcceptedByJose(proof)).toBe(true);
      if (!['typ', 'alg'].includes(parameter)) expect(outcome).toBeInstanceOf(Refusal);
    }),
    { numRuns: 150 },
  );
});

test('a proof with any one character replaced is refused', () => {
  const proof = clients[0]?.proof('GET', URL, EXPECTED.accessToken, { nowMs: NOW_MS }) ?? '';
  const character = fc.constantFrom(...'ABCXYZabcxyz019-_.=+/ ');
  fc.assert(
    fc.property(fc.nat(proof.length - 1), character, (at, replacement) => {
      fc.pre(proof[at] !== replacement);
      const changed = proof.slice(0, at) + replacement + proof.slice(at + 1);
      expect(verify(changed, EXPECTED, NOW_MS)).toBeInstanceOf(Refusal);
    }),
    { numRuns: 300 },
  );
});
