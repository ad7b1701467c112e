import { type Forgery, forge } from './forge.ts';
import type { Material } from './material.ts';

/** The header that the gateway writes. */
export const trueHeader = ({ live }: Material): Record<string, unknown> => ({
  alg: 'PS256',
  typ: 'at+jwt',
  kid: live.kid,
});

/** A token by the signer that is right in everything but what is given. */
export const byTheSigner = (material: Material, wrong: Partial<Forgery>): string =>
  forge({
    header: trueHeader(material),
    payload: material.live.claims,
    algorithm: 'PS256',
    key: material.signer,
    ...wrong,
  });

/** The same with some members of the header changed; one that is undefined is left out. */
export const withHeader = (material: Material, change: Record<string, unknown>): string =>
  byTheSigner(material, { header: { ...trueHeader(material), ...change } });

/** The same with some claims changed; one that is undefined is left out. */
export const withClaims = (material: Material, change: Record<string, unknown>): string =>
  byTheSigner(material, { payload: { ...material.live.claims, ...change } });

/** A token with the claims of the live one, signed with a key that is an attacker's own. */
export const byAStranger = (material: Material, wrong: Partial<Forgery>): string =>
  byTheSigner(material, { key: material.foreign.rsa, ...wrong });

/** A word in every mixture of small and capital letters. */
export const inEveryCase = (word: string): string[] =>
  Array.from({ length: 2 ** word.length }, (_, mask) =>
    [...word].map((letter, at) => ((mask >> at) & 1 ? letter.toUpperCase() : letter)).join(''),
  );
