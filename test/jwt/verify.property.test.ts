import { constants, createPrivateKey, sign } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { accessRules } from '../../src/jwt/access-token.ts';
import { encodePart } from '../../src/jwt/canonical.ts';
import { encodeHeader } from '../../src/jwt/signature.ts';
import { createJwtVerifier } from '../../src/jwt/verify.ts';
import { keyRingFromPem, makeKeyPem } from '../../src/keys/ring.ts';
import { Refusal } from '../../src/refusal.ts';
import { verifyWithJose } from './jose-verifier.ts';

const NOW_MS = 1_800_000_000_000;
const NOW = NOW_MS / 1000;
const EXPECTED = { issuer: 'https://gate.example', audience: 'portcullis-api' };
const rules = accessRules(EXPECTED);

const [pem, foreignPem] = [await makeKeyPem(), await makeKeyPem()];
const { all: keys, signing } = await keyRingFromPem(pem);
const verify = createJwtVerifier(rules, keys);
const header = encodeHeader(rules.kind, signing.kid);

const claims = {
  iss: EXPECTED.issuer,
  aud: EXPECTED.audience,
  sub: 's'.repeat(22),
  client_id: 'portcullis-web',
  sid: 'i'.repeat(22),
  jti: 'j'.repeat(22),
  auth_time: NOW,
  iat: NOW,
  exp: NOW + 300,
};

function signParts(encodedHeader: string, payload: Buffer, { ofKey = pem, saltLength = 32 } = {}): string {
  const signed = `${encodedHeader}.${payload.toString('base64url')}`;
  const key = { key: createPrivateKey(ofKey), padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

const signText = (text: string): string => signParts(header, Buffer.from(text));

const names = Object.keys(claims);
const times = fc.oneof(fc.integer({ min: NOW - 400, max: NOW + 400 }), fc.double(), fc.constant(NOW + 0.5));
const oddValue = fc.oneof(fc.jsonValue(), times, fc.constantFrom(...Object.values(claims)), fc.string());
const withChanges = fc
  .dictionary(fc.constantFrom(...names, 'nbf', 'cnf', '__proto__', 'constructor'), oddValue, { maxKeys: 2 })
  .map((changes) =>
    JSON.stringify(Object.defineProperties({ ...claims }, Object.getOwnPropertyDescriptors(changes))),
  );
const without = fc.subarray(names, { minLength: 6 }).map((kept) => JSON.stringify(claims, kept));
const text = fc.oneof(withChanges, without, fc.constant(JSON.stringify(claims)));

/** Tokens that the gateway's key signed, whose claims may be wrong in every way. */
const signedClaims = text.map(signText);
const signedText = fc
  .tuple(
    text,
    fc.nat(300),
    fc.constantFrom(' ', '\n', ',', '"', '\ufeff', '0', 'e1', '"sub":"x",', '\\u0041'),
  )
  .map(([json, at, added]) => signText(json.slice(0, at) + added + json.slice(at)));
const signedBytes = fc.tuple(text, fc.nat(300), fc.integer({ min: 0, max: 255 })).map(([json, at, byte]) => {
  const bytes = Buffer.from(json);
  bytes[at % bytes.length] = byte;
  return signParts(header, bytes);
});
const otherHeader = fc
  .record({
    alg: fc.constantFrom('PS256', 'ES256', 'none', 'RS256'),
    typ: fc.constantFrom('at+jwt', 'JWT'),
    kid: fc.constantFrom(signing.kid, 'x'),
  })
  .map((given) => signParts(encodePart(given), Buffer.from(JSON.stringify(claims))));
const otherSignature = fc
  .constantFrom({ ofKey: foreignPem }, { saltLength: 0 }, { saltLength: 20 }, { saltLength: 222 })
  .map((options) => signParts(header, Buffer.from(JSON.stringify(claims)), options));
/** Changed after it was signed. */
const changedText = fc
  .tuple(signedClaims, fc.nat(), fc.nat(2), fc.string({ maxLength: 3 }))
  .map(([token, at, removed, added]) => {
    const start = at % token.length;
    return token.slice(0, start) + added + token.slice(start + removed);
  });
const anyToken = fc.oneof(
  { weight: 3, arbitrary: signedClaims },
  { weight: 2, arbitrary: signedText },
  { weight: 2, arbitrary: signedBytes },
  { weight: 3, arbitrary: changedText },
  otherHeader,
  otherSignature,
);
const anyTime = fc.oneof(
  fc.constant(NOW_MS),
  fc.integer({ min: NOW_MS - 20_000, max: NOW_MS + 400_000 }),
  fc.constantFrom(NOW_MS + 299_999, NOW_MS + 300_000, NOW_MS - 10_000, NOW_MS - 10_001),
);

const outcomeOf = (result: object): unknown => (result instanceof Refusal ? result.reason : result);

test('our verifier accepts exactly the tokens that jose and our checks accept, and refuses others for the same reason', async () => {
  const seen = new Map<unknown, number>();
  await fc.assert(
    fc.asyncProperty(anyToken, anyTime, async (token, nowMs) => {
      const ours = outcomeOf(verify(token, nowMs));
      expect(ours).toEqual(outcomeOf(await verifyWithJose(rules, keys, token, nowMs)));
      const kind = typeof ours === 'string' ? ours : 'accepted';
      seen.set(kind, (seen.get(kind) ?? 0) + 1);
    }),
    { numRuns: 4000 },
  );
  for (const kind of ['accepted', 'spelling', 'header', 'signature', 'claims', 'expired'])
    expect(seen.get(kind), kind).toBeGreaterThan(20);
});
