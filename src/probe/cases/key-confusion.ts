import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Attack, TOKEN_INVALID } from '../attack.ts';
import { type JwsAlgorithm, signatureOf } from '../forge.ts';
import type { Material } from '../material.ts';
import { bearers } from '../requests.ts';
import { byTheSigner, trueHeader } from '../variations.ts';

const HMAC: readonly JwsAlgorithm[] = ['HS256', 'HS384', 'HS512'];

type SecretsOf = (material: Material) => (Buffer | string)[];

/** The live token's claims under an HMAC, with each of the secrets and each of the digests. */
const macs = (secretsOf: SecretsOf) => (material: Material) =>
  bearers(
    material,
    secretsOf(material).flatMap((secret) =>
      HMAC.map((algorithm) =>
        byTheSigner(material, {
          header: { ...trueHeader(material), alg: algorithm },
          algorithm,
          key: Buffer.from(secret),
        }),
      ),
    ),
  );

const confusion = (id: string, form: string, why: string, secretsOf: SecretsOf): Attack => ({
  id: `hmac-${id}`,
  title: `a token by HMAC whose secret is ${form}`,
  why,
  build: macs(secretsOf),
  expect: TOKEN_INVALID,
});

const pem = (key: KeyObject, type: 'spki' | 'pkcs1'): string =>
  key.export({ type, format: 'pem' }).toString();
const der = (key: KeyObject, type: 'spki' | 'pkcs1'): Buffer => key.export({ type, format: 'der' });

/** The ways in which a program may hold the text of a PEM file. */
const asRead = (text: string): string[] => [
  text,
  text.trim(),
  `\n${text}`,
  text.replaceAll('\n', '\r\n'),
  text.replaceAll(/-----[^-]+-----|\n/g, ''),
];

/** The modulus and what else makes the public key, as JWK has it. */
const jwkOf = (material: Material) => material.publicKey.export({ format: 'jwk' });

const CONFUSION_ATTACKS: Attack[] = [
  confusion(
    'pem-spki',
    'the public key in PEM (SPKI)',
    'e-book ch. 3, complaint 2; RFC 8725 §2.1; CVE-2015-9235; CVE-2026-34950',
    ({ publicKey }) => asRead(pem(publicKey, 'spki')),
  ),
  confusion(
    'pem-pkcs1',
    'the public key in PEM (PKCS #1)',
    'e-book ch. 3, complaint 2; CVE-2017-11424; CVE-2023-48223',
    ({ publicKey }) => asRead(pem(publicKey, 'pkcs1')),
  ),
  confusion(
    'der',
    'the public key in DER (SPKI or PKCS #1)',
    'e-book ch. 3, complaint 2; CVE-2016-10555',
    ({ publicKey }) => [der(publicKey, 'spki'), der(publicKey, 'pkcs1')],
  ),
  confusion('jwk', 'the public key as a JWK', 'RFC 8725 §2.1; CVE-2026-48526', (material) => {
    const { kty, n, e } = jwkOf(material);
    return [
      JSON.stringify({ kty, n, e }),
      JSON.stringify({ e, kty, n }),
      JSON.stringify({ kty, n, e, kid: material.live.kid, alg: 'PS256', use: 'sig' }),
    ];
  }),
  confusion('jwks', 'the published key set, byte for byte', 'RFC 8725 §2.1', ({ keySetText }) => [
    keySetText,
  ]),
  confusion('modulus', "the public key's modulus", 'RFC 8725 §2.1, §3.5', (material) => {
    const { n = '' } = jwkOf(material);
    const bytes = Buffer.from(n, 'base64url');
    return [n, bytes, bytes.toString('hex'), bytes.toString('base64')];
  }),
  confusion('kid', 'the kid', 'RFC 8725 §3.5', ({ live }) => [live.kid, Buffer.from(live.kid, 'base64url')]),
  confusion('empty', 'empty, or zeros', 'RFC 8725 §3.5; CVE-2019-20933', () => ['', Buffer.alloc(32), '\0']),
  confusion('weak', 'a word that everybody tries', 'RFC 8725 §2.2, §3.5', ({ live }) => [
    'secret',
    'your-256-bit-secret',
    'changeme',
    'key',
    'null',
    'undefined',
    'portcullis',
    String(live.claims.iss),
  ]),
];

const RELATED_ATTACKS: Attack[] = [
  {
    id: 'hmac-labelled-ps256',
    title: 'a token by HMAC with the public key, whose header still says PS256',
    why: 'RFC 8725 §3.1',
    build: (material) =>
      bearers(
        material,
        [pem(material.publicKey, 'spki'), pem(material.publicKey, 'pkcs1')].map((secret) =>
          byTheSigner(material, { algorithm: 'HS256', key: Buffer.from(secret) }),
        ),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'hmac-of-live-token',
    title: 'a live token with an HMAC by its own signature in place of the signature',
    why: 'RFC 8725 §3.3',
    build: (material) => {
      const { header, payload, signature } = material.live;
      const key = Buffer.from(signature, 'base64url');
      const mac = signatureOf(`${header}.${payload}`, { algorithm: 'HS256', key });
      return bearers(material, [`${header}.${payload}.${mac}`]);
    },
    expect: TOKEN_INVALID,
  },
  {
    id: 'hmac-foreign-public-key',
    title: "a token by HMAC with the public half of an attacker's own key",
    why: 'RFC 8725 §2.1; CVE-2022-29217',
    build: macs(({ foreign }) => [
      pem(createPublicKey(foreign.rsa), 'spki'),
      createPublicKey(foreign.ed25519).export({ type: 'spki', format: 'pem' }).toString(),
    ]),
    expect: TOKEN_INVALID,
  },
];

export const KEY_CONFUSION_ATTACKS: readonly Attack[] = [...CONFUSION_ATTACKS, ...RELATED_ATTACKS];
