import type { KeyObject } from 'node:crypto';
import { type Attack, TOKEN_INVALID } from '../attack.ts';
import type { ForeignKeys } from '../foreign-keys.ts';
import { encode, type JwsAlgorithm } from '../forge.ts';
import type { Material } from '../material.ts';
import { bearers } from '../requests.ts';
import { byAStranger, byTheSigner, inEveryCase, trueHeader, withHeader } from '../variations.ts';

const NONE = [...inEveryCase('none'), ' none', 'none ', 'none\0', 'n\u043ene', 'ｎｏｎｅ'];

/** The live token's claims under a header with another `alg`, and anything as the signature. */
const relabelled = (material: Material, alg: unknown, signature: string): string =>
  `${encode({ ...trueHeader(material), alg })}.${material.live.payload}.${signature}`;

const NONE_ATTACKS: Attack[] = [
  {
    id: 'none-unsigned',
    title: 'a token with alg "none" in any letters and an empty signature',
    why: 'RFC 8725 §2.1, §3.2; e-book ch. 3, complaint 1; CVE-2015-2951',
    build: (material) =>
      bearers(
        material,
        NONE.map((alg) => relabelled(material, alg, '')),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'none-signed',
    title: 'a token with alg "none" in any letters and the signature of a live token',
    why: 'RFC 8725 §2.1, §3.2; e-book ch. 3, complaint 1',
    build: (material) =>
      bearers(
        material,
        NONE.map((alg) => relabelled(material, alg, material.live.signature)),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'none-two-parts',
    title: 'a token with alg "none" of two parts only, or with some text for a signature',
    why: 'RFC 7519 §6; RFC 8725 §2.1',
    build: (material) => {
      const unsigned = relabelled(material, 'none', '');
      return bearers(material, [unsigned.slice(0, -1), `${unsigned}none`, `${unsigned}AA`]);
    },
    expect: TOKEN_INVALID,
  },
  {
    id: 'none-bare',
    title: 'a token with nothing but alg "none" in its header',
    why: 'RFC 8725 §2.1; CVE-2022-23540',
    build: (material) =>
      bearers(
        material,
        [{ alg: 'none' }, { alg: 'none', typ: 'JWT' }].map(
          (header) => `${encode(header)}.${material.live.payload}.`,
        ),
      ),
    expect: TOKEN_INVALID,
  },
];

const LABEL_ATTACKS: Attack[] = [
  {
    id: 'alg-relabelled',
    title: 'a live token whose header says another algorithm than it was signed with',
    why: 'RFC 8725 §3.1',
    build: (material) =>
      bearers(
        material,
        ['HS256', 'RS256', 'PS384', 'PS512', 'ES256', 'EdDSA', 'RSA-PSS', 'PS256K'].map((alg) =>
          relabelled(material, alg, material.live.signature),
        ),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'alg-letters',
    title: 'a token whose alg is "PS256" in other letters',
    why: 'RFC 7515 §4.1.1: alg is case-sensitive',
    build: (material) =>
      bearers(
        material,
        ['ps256', 'Ps256', 'PS256 ', 'PS256\0', 'ＰＳ256'].map((alg) => withHeader(material, { alg })),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'alg-missing',
    title: 'a token whose header has no alg, or null, or an empty one',
    why: 'RFC 7515 §4.1.1; RFC 8725 §3.1',
    build: (material) =>
      bearers(
        material,
        [undefined, null, ''].map((alg) => withHeader(material, { alg })),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'alg-of-another-type',
    title: 'a token whose alg is a list, an object, a number or a truth value',
    why: 'e-book ch. 3, complaint 2; RFC 8725 §3.1',
    build: (material) =>
      bearers(
        material,
        [['PS256'], ['PS256', 'none'], { alg: 'PS256' }, 256, true].map((alg) =>
          withHeader(material, { alg }),
        ),
      ),
    expect: TOKEN_INVALID,
  },
];

const strangers = (
  id: string,
  algorithms: Partial<Record<JwsAlgorithm, keyof ForeignKeys>>,
  why: string,
): Attack => ({
  id: `foreign-${id}`,
  title: `a token signed with an attacker's key by ${Object.keys(algorithms).join(', ')}`,
  why,
  build: (material) =>
    bearers(
      material,
      (Object.entries(algorithms) as [JwsAlgorithm, keyof ForeignKeys][]).map(([algorithm, name]) =>
        byAStranger(material, {
          header: { ...trueHeader(material), alg: algorithm },
          algorithm,
          key: material.foreign[name],
        }),
      ),
    ),
  expect: TOKEN_INVALID,
});

const underOwnKey = (material: Material, algorithm: JwsAlgorithm, key: KeyObject): string =>
  byTheSigner(material, { header: { ...trueHeader(material), alg: algorithm }, algorithm, key });

const KEY_ATTACKS: Attack[] = [
  strangers('rs', { RS256: 'rsa', RS384: 'rsa', RS512: 'rsa' }, 'RFC 8725 §3.1, §3.2'),
  strangers('ps', { PS384: 'rsa', PS512: 'rsa' }, 'RFC 8725 §3.1'),
  strangers('es', { ES256: 'p256', ES384: 'p384', ES512: 'p521' }, 'RFC 8725 §3.1, §3.4'),
  strangers('eddsa', { EdDSA: 'ed25519', Ed25519: 'ed25519' }, 'RFC 8725 §3.1; RFC 8037 §3.1'),
  strangers('ps256', { PS256: 'rsa' }, 'RFC 8725 §3.3: the kid is the live one, the key is not'),
  {
    id: 'own-key-other-algorithm',
    title: "a token signed with the gateway's key, but by another RSA algorithm",
    why: 'RFC 8725 §3.1: each key is used with exactly one algorithm',
    build: (material) =>
      bearers(
        material,
        (['RS256', 'RS384', 'RS512', 'PS384', 'PS512'] as const).map((algorithm) =>
          underOwnKey(material, algorithm, material.signer),
        ),
      ),
    expect: TOKEN_INVALID,
  },
  {
    id: 'own-key-other-padding',
    title: 'a token marked PS256 that is signed by PKCS #1 v1.5, or with another salt',
    why: 'RFC 7518 §3.5; RFC 8725 §3.3',
    build: (material) =>
      bearers(material, [
        byTheSigner(material, { algorithm: 'RS256' }),
        ...[0, 20, 33, 222].map((saltLength) => byTheSigner(material, { saltLength })),
      ]),
    expect: TOKEN_INVALID,
  },
];

export const ALGORITHM_ATTACKS: readonly Attack[] = [...NONE_ATTACKS, ...LABEL_ATTACKS, ...KEY_ATTACKS];
