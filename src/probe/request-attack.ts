import type { Attack, Refused } from './attack.ts';
import type { Material } from './material.ts';
import { type RawParts, rawRequest } from './requests.ts';

/**
 * An attack that lies in how a request is made and not in its token. Where only its header lines are special, they
 * are enough.
 */
export const requestAttack = (
  id: string,
  title: string,
  why: string,
  expect: Refused,
  parts: (material: Material) => (RawParts | readonly string[])[],
): Attack => ({
  id,
  title,
  why,
  build: (material) =>
    parts(material).map((part) => rawRequest(material, 'at' in part ? { lines: part } : part)),
  expect,
});
