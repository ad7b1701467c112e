import { type Attack, TOKEN_INVALID } from '../attack.ts';
import type { IssuedToken, Material } from '../material.ts';
import { bearers, bothWays } from '../requests.ts';

type Part = 'header' | 'payload' | 'signature';

const assemble = (live: IssuedToken, part: Part, text: string): string =>
  [live.header, live.payload, live.signature]
    .map((own, at) => (['header', 'payload', 'signature'][at] === part ? text : own))
    .join('.');

/** A part with one bit of it flipped, for bits spread over all of it, the first and the last among them. */
function flipped(part: string): string[] {
  const bytes = Buffer.from(part, 'base64url');
  const last = bytes.length * 8 - 1;
  return Array.from({ length: 12 }, (_, step) => {
    const bit = Math.round((last * step) / 11);
    const copy = Buffer.from(bytes);
    copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return copy.toString('base64url');
  });
}

const flip = (part: Part): Attack => ({
  id: `flipped-${part}`,
  title: `a live token with one bit of its ${part} flipped`,
  why: 'RFC 8725 §3.3',
  build: (material) =>
    bothWays(
      material,
      flipped(material.live[part]).map((text) => assemble(material.live, part, text)),
    ),
  expect: TOKEN_INVALID,
});

/** Live tokens with other bytes in place of the signature. */
const resigned = (id: string, title: string, why: string, signatures: SignaturesOf): Attack => ({
  id: `signature-${id}`,
  title,
  why,
  build: (material) =>
    bearers(
      material,
      signatures(material).map((bytes) => assemble(material.live, 'signature', bytes.toString('base64url'))),
    ),
  expect: TOKEN_INVALID,
});

type SignaturesOf = (material: Material) => Buffer[];

const bytesOf = ({ live }: Material): Buffer => Buffer.from(live.signature, 'base64url');
const modulusOf = ({ publicKey }: Material): Buffer =>
  Buffer.from(publicKey.export({ format: 'jwk' }).n ?? '', 'base64url');

/** A number as many bytes long as the modulus, off from it by `by`, which is small. */
function nearModulus(material: Material, by: number): Buffer {
  const modulus = modulusOf(material);
  const value = BigInt(`0x${modulus.toString('hex')}`) + BigInt(by);
  return Buffer.from(value.toString(16).padStart(modulus.length * 2, '0'), 'hex');
}

const SIGNATURE_ATTACKS: Attack[] = [
  {
    id: 'signature-removed',
    title: 'a live token without its signature, with the dot and without it',
    why: 'RFC 8725 §2.1; CVE-2020-28042',
    build: (material) => {
      const { header, payload } = material.live;
      return bothWays(material, [`${header}.${payload}.`, `${header}.${payload}`]);
    },
    expect: TOKEN_INVALID,
  },
  resigned(
    'truncated',
    'a live token with a part of its signature',
    'RFC 8725 §3.3; CVE-2020-28042',
    (material) => [1, 32, 128, 255].map((length) => bytesOf(material).subarray(0, length)),
  ),
  resigned(
    'extended',
    'a live token with bytes before or behind its signature',
    'RFC 8017 §8.1.2',
    (material) => [
      Buffer.concat([bytesOf(material), Buffer.of(0)]),
      Buffer.concat([Buffer.of(0), bytesOf(material)]),
      Buffer.concat([bytesOf(material), bytesOf(material)]),
    ],
  ),
  resigned(
    'zeros',
    'a live token with a signature of zeros or ones',
    'RFC 8725 §3.4; CVE-2022-21449',
    (material) => {
      const { length } = bytesOf(material);
      return [Buffer.alloc(1), Buffer.alloc(length), Buffer.alloc(length, 0xff), Buffer.alloc(64)];
    },
  ),
  resigned(
    'degenerate',
    'a live token whose signature is 1, n - 1, n or n + 1',
    'RFC 8017 §5.2.2',
    (material) => [
      nearModulus(material, -1),
      nearModulus(material, 0),
      nearModulus(material, 1),
      Buffer.concat([Buffer.alloc(modulusOf(material).length - 1), Buffer.of(1)]),
    ],
  ),
  resigned('reversed', 'a live token with its signature back to front', 'RFC 8725 §3.3', (material) => [
    bytesOf(material).reverse(),
  ]),
];

/** Java accepted r = s = 0 as the signature of everything. */
const ZERO_SIGNATURES: readonly (readonly [alg: string, bytes: Buffer])[] = [
  ['ES256', Buffer.alloc(64)],
  ['ES384', Buffer.alloc(96)],
  ['ES512', Buffer.alloc(132)],
  ['ES256', Buffer.from('3006020100020100', 'hex')],
  ['EdDSA', Buffer.alloc(64)],
];

const SPLICE_ATTACKS: Attack[] = [
  {
    id: 'psychic-signature',
    title: 'a token with an elliptic-curve signature of zeros',
    why: 'RFC 8725 §3.4; CVE-2022-21449',
    build: (material) =>
      bearers(
        material,
        ZERO_SIGNATURES.map(([alg, bytes]) => {
          const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: material.live.kid }));
          return `${header.toString('base64url')}.${material.live.payload}.${bytes.toString('base64url')}`;
        }),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'spliced',
    title: 'the parts of two genuine tokens, put together anew',
    why: 'RFC 8725 §2.7, §3.3',
    build: (material) => {
      const { live, loggedOut } = material;
      return bothWays(material, [
        `${live.header}.${loggedOut.payload}.${live.signature}`,
        `${live.header}.${live.payload}.${loggedOut.signature}`,
        `${live.payload}.${live.header}.${live.signature}`,
        `${live.header}.${live.signature}.${live.payload}`,
      ]);
    },
    expect: TOKEN_INVALID,
  },
  {
    id: 'emptied',
    title: 'a live token with an empty part',
    why: 'RFC 7515 §5.2',
    build: (material) => {
      const { header, payload, signature } = material.live;
      return bothWays(material, [
        `.${payload}.${signature}`,
        `${header}..${signature}`,
        '..',
        '.',
        `${header}..`,
        `..${signature}`,
      ]);
    },
    expect: TOKEN_INVALID,
  },
];

export const TAMPERING_ATTACKS: readonly Attack[] = [
  flip('header'),
  flip('payload'),
  flip('signature'),
  ...SIGNATURE_ATTACKS,
  ...SPLICE_ATTACKS,
];
