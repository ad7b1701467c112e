import type { Attack, AttackContext, IssuedToken } from '../attack.ts';
import { encode } from '../forge.ts';
import { bearerAttack, credentialAttack } from '../requests.ts';

const PARTS = ['header', 'payload', 'signature'] as const;
type Part = (typeof PARTS)[number];

/** The live token with another text as one of its parts. */
const withPart = (live: IssuedToken, part: Part, text: string): string =>
  PARTS.map((name) => (name === part ? text : live[name])).join('.');

/** A part with one bit flipped, for 12 bits evenly spread from the first to the last. */
function flippedBits(part: string): string[] {
  const bytes = Buffer.from(part, 'base64url');
  const last = bytes.length * 8 - 1;
  return Array.from({ length: 12 }, (_, step) => {
    const bit = Math.round((last * step) / 11);
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy.toString('base64url');
  });
}

/** Live tokens with other bytes as the signature. */
const signatureAttack = (
  id: string,
  title: string,
  why: string,
  signatures: (context: AttackContext) => Buffer[],
): Attack =>
  bearerAttack(`signature-${id}`, `a live token ${title}`, why, (context) =>
    signatures(context).map((bytes) => withPart(context.live, 'signature', bytes.toString('base64url'))),
  );

const signatureBytes = ({ live }: AttackContext): Buffer => Buffer.from(live.signature, 'base64url');
const modulusOf = ({ publicKey }: AttackContext): Buffer =>
  Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');

/** The modulus plus a small number, in as many bytes as the modulus. */
function modulusPlus(context: AttackContext, difference: number): Buffer {
  const modulus = modulusOf(context);
  const value = BigInt(`0x${modulus.toString('hex')}`) + BigInt(difference);
  return Buffer.from(value.toString(16).padStart(modulus.length * 2, '0'), 'hex');
}

/** Java accepted r = s = 0 as a signature of any content. */
const ZERO_SIGNATURES: readonly (readonly [alg: string, bytes: Buffer])[] = [
  ['ES256', Buffer.alloc(64)],
  ['ES384', Buffer.alloc(96)],
  ['ES512', Buffer.alloc(132)],
  ['ES256', Buffer.from('3006020100020100', 'hex')],
  ['EdDSA', Buffer.alloc(64)],
];

export const TAMPERING_ATTACKS: readonly Attack[] = [
  ...PARTS.map((part) =>
    credentialAttack(
      `flipped-${part}`,
      `a live token with one bit of its ${part} flipped`,
      'RFC 8725 §3.3',
      ({ live }) => flippedBits(live[part]).map((text) => withPart(live, part, text)),
    ),
  ),
  credentialAttack(
    'signature-removed',
    'a live token without its signature, with and without the second dot',
    'RFC 8725 §2.1; CVE-2020-28042',
    ({ live: { header, payload } }) => [`${header}.${payload}.`, `${header}.${payload}`],
  ),
  signatureAttack('truncated', 'with a truncated signature', 'RFC 8725 §3.3; CVE-2020-28042', (context) =>
    [1, 32, 128, 255].map((length) => signatureBytes(context).subarray(0, length)),
  ),
  signatureAttack(
    'extended',
    'with additional bytes before or after its signature',
    'RFC 8017 §8.1.2',
    (context) => {
      const bytes = signatureBytes(context);
      return [
        [bytes, Buffer.of(0)],
        [Buffer.of(0), bytes],
        [bytes, bytes],
      ].map((parts) => Buffer.concat(parts));
    },
  ),
  signatureAttack(
    'zeros',
    'with a signature of zeros or ones',
    'RFC 8725 §3.4; CVE-2022-21449',
    (context) => {
      const { length } = signatureBytes(context);
      return [Buffer.alloc(1), Buffer.alloc(length), Buffer.alloc(length, 0xff), Buffer.alloc(64)];
    },
  ),
  signatureAttack('degenerate', 'whose signature is 1, n - 1, n or n + 1', 'RFC 8017 §5.2.2', (context) => [
    ...[-1, 0, 1].map((difference) => modulusPlus(context, difference)),
    Buffer.concat([Buffer.alloc(modulusOf(context).length - 1), Buffer.of(1)]),
  ]),
  signatureAttack('reversed', 'with its signature in reverse byte order', 'RFC 8725 §3.3', (context) => [
    signatureBytes(context).reverse(),
  ]),
  bearerAttack(
    'psychic-signature',
    'a token with an elliptic-curve signature of zeros',
    'RFC 8725 §3.4; CVE-2022-21449',
    ({ live: { kid, payload } }) =>
      ZERO_SIGNATURES.map(
        ([alg, bytes]) => `${encode({ alg, typ: 'at+jwt', kid })}.${payload}.${encode(bytes)}`,
      ),
  ),
  credentialAttack(
    'spliced',
    'a combination of the parts of two issued tokens',
    'RFC 8725 §2.7, §3.3',
    ({ live, loggedOut }) => [
      `${live.header}.${loggedOut.payload}.${live.signature}`,
      `${live.header}.${live.payload}.${loggedOut.signature}`,
      `${live.payload}.${live.header}.${live.signature}`,
      `${live.header}.${live.signature}.${live.payload}`,
    ],
  ),
  credentialAttack(
    'emptied',
    'a live token with an empty part',
    'RFC 7515 §5.2',
    ({ live: { header, payload, signature } }) => [
      `.${payload}.${signature}`,
      `${header}..${signature}`,
      '..',
      '.',
      `${header}..`,
      `..${signature}`,
    ],
  ),
];
