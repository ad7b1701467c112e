import type { Attack, AttackContext, AttackerKeys } from '../attack.ts';
import { encode, gatewayHeader, type JwsAlgorithm, signedToken, tokenOf, withHeader } from '../forge.ts';
import { bearerAttack } from '../requests.ts';

/** A word in every combination of lower-case and upper-case letters. */
const caseVariants = (word: string): string[] =>
  Array.from({ length: 2 ** word.length }, (_, mask) =>
    [...word].map((letter, at) => ((mask >> at) & 1 ? letter.toUpperCase() : letter)).join(''),
  );

const NONE = [...caseVariants('none'), ' none', 'none ', 'none\0', 'n\u043ene', 'ｎｏｎｅ'];

/** The live token's claims under a header with a different `alg`, with any text as the signature. */
const relabeled = (context: AttackContext, alg: unknown, signature: string): string =>
  `${encode({ ...gatewayHeader(context), alg })}.${context.live.payload}.${signature}`;

const foreignKeyAttack = (
  id: string,
  algorithms: Partial<Record<JwsAlgorithm, keyof AttackerKeys>>,
  why: string,
): Attack =>
  bearerAttack(
    `foreign-${id}`,
    `a token signed by ${Object.keys(algorithms).join(', ')} with the attacker's key`,
    why,
    (context) =>
      (Object.entries(algorithms) as [JwsAlgorithm, keyof AttackerKeys][]).map(([algorithm, name]) =>
        tokenOf(context, algorithm, context.attackerKeys[name]),
      ),
  );

export const ALGORITHM_ATTACKS: readonly Attack[] = [
  bearerAttack(
    'none-unsigned',
    'a token with alg "none" in any case and an empty signature',
    'RFC 8725 §2.1, §3.2; Redis e-book ch. 3, criticism 1; CVE-2015-2951',
    (context) => NONE.map((alg) => relabeled(context, alg, '')),
  ),
  bearerAttack(
    'none-signed',
    'a token with alg "none" in any case and the signature of a live token',
    'RFC 8725 §2.1, §3.2; Redis e-book ch. 3, criticism 1',
    (context) => NONE.map((alg) => relabeled(context, alg, context.live.signature)),
  ),
  bearerAttack(
    'none-two-parts',
    'a token with alg "none" in two parts, or with arbitrary text as the signature',
    'RFC 7519 §6; RFC 8725 §2.1',
    (context) => {
      const unsigned = relabeled(context, 'none', '');
      return [unsigned.slice(0, -1), `${unsigned}none`, `${unsigned}AA`];
    },
  ),
  bearerAttack(
    'none-bare',
    'a token with only alg "none" in its header',
    'RFC 8725 §2.1; CVE-2022-23540',
    ({ live }) =>
      [{ alg: 'none' }, { alg: 'none', typ: 'JWT' }].map((header) => `${encode(header)}.${live.payload}.`),
  ),
  bearerAttack(
    'alg-relabeled',
    'a live token whose header names a different algorithm',
    'RFC 8725 §3.1',
    (context) =>
      ['HS256', 'RS256', 'PS384', 'PS512', 'ES256', 'EdDSA', 'RSA-PSS', 'PS256K'].map((alg) =>
        relabeled(context, alg, context.live.signature),
      ),
  ),
  bearerAttack(
    'alg-letters',
    'a token whose alg is a variant of "PS256"',
    'RFC 7515 §4.1.1: alg is case-sensitive',
    (context) =>
      ['ps256', 'Ps256', 'PS256 ', 'PS256\0', 'ＰＳ256'].map((alg) => withHeader(context, { alg })),
  ),
  bearerAttack(
    'alg-missing',
    'a token whose alg is missing, null or empty',
    'RFC 7515 §4.1.1; RFC 8725 §3.1',
    (context) => [undefined, null, ''].map((alg) => withHeader(context, { alg })),
  ),
  bearerAttack(
    'alg-of-another-type',
    'a token whose alg is an array, an object, a number or a boolean',
    'Redis e-book ch. 3, criticism 2; RFC 8725 §3.1',
    (context) =>
      [['PS256'], ['PS256', 'none'], { alg: 'PS256' }, 256, true].map((alg) => withHeader(context, { alg })),
  ),
  foreignKeyAttack('rs', { RS256: 'rsa', RS384: 'rsa', RS512: 'rsa' }, 'RFC 8725 §3.1, §3.2'),
  foreignKeyAttack('ps', { PS384: 'rsa', PS512: 'rsa' }, 'RFC 8725 §3.1'),
  foreignKeyAttack('es', { ES256: 'p256', ES384: 'p384', ES512: 'p521' }, 'RFC 8725 §3.1, §3.4'),
  foreignKeyAttack('eddsa', { EdDSA: 'ed25519', Ed25519: 'ed25519' }, 'RFC 8725 §3.1; RFC 8037 §3.1'),
  foreignKeyAttack('ps256', { PS256: 'rsa' }, 'RFC 8725 §3.3: the kid is the live one, the key is not'),
  bearerAttack(
    'own-key-other-algorithm',
    "a token signed with the gateway's key by another RSA algorithm",
    'RFC 8725 §3.1: each key is used with exactly one algorithm',
    (context) =>
      (['RS256', 'RS384', 'RS512', 'PS384', 'PS512'] as const).map((algorithm) =>
        tokenOf(context, algorithm, context.signingKey),
      ),
  ),
  bearerAttack(
    'assertion-key',
    'an access token signed by ES256 with the key of assertions',
    'RFC 8725 §3.1, §3.8: each kind of token has its own algorithm and key',
    (context) => {
      const { assertionKid, assertionKey } = context;
      const signed = tokenOf(context, 'ES256', assertionKey, { kid: assertionKid });
      return [signed, tokenOf(context, 'ES256', assertionKey)];
    },
  ),
  bearerAttack(
    'assertion-key-labeled-ps256',
    'a token labeled PS256 under the kid of the key of assertions',
    'RFC 8725 §3.1: each key is used with exactly one algorithm',
    (context) => {
      const header = { ...gatewayHeader(context), kid: context.assertionKid };
      const byEc = { algorithm: 'ES256', key: context.assertionKey } as const;
      return [
        signedToken(context, { header, ...byEc }),
        signedToken(context, byEc),
        signedToken(context, { header }),
      ];
    },
  ),
  bearerAttack(
    'own-key-other-padding',
    'a token labeled PS256 but signed with PKCS #1 v1.5 or a different salt length',
    'RFC 7518 §3.5; RFC 8725 §3.3',
    (context) => [
      signedToken(context, { algorithm: 'RS256' }),
      ...[0, 20, 33, 222].map((saltLength) => signedToken(context, { saltLength })),
    ],
  ),
];
